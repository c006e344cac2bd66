//! What a tool asks of the client that called it: on revision 2026-07-28 by an answer that wants input, with a sealed state where the
//! tool has one; on the older ones by a request of its own in the middle of the call.

#![expect(
    deprecated,
    reason = "sampling, roots and logging are what older clients know"
)]

use futures::future::try_join_all;
use rmcp::RoleServer;
use rmcp::model::{
    ClientCapabilities, ErrorData, InputRequest, InputRequests, InputRequiredResult,
    InputResponses, ProtocolVersion, RequestStateCodec,
};
use rmcp::service::RequestContext;
use serde_json::{Map, Value, json};

/// What is asked, round for round, each question under its key.
pub(crate) struct Plan {
    rounds: Vec<Vec<(&'static str, Value)>>,
    /// The round travels in a state that the client must bring back as it was.
    sealed: bool,
}

/// What has come of a plan.
pub(crate) enum Outcome {
    Answered(Map<String, Value>),
    Asked(InputRequiredResult),
}

fn form(message: &str, properties: &Value, required: &[&str]) -> Value {
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "method": "elicitation/create", "params": { "mode": "form", "message": message, "requestedSchema": schema } })
}

fn field(message: &str, name: &str) -> Value {
    form(message, &json!({ name: { "type": "string" } }), &[name])
}

fn sampling(prompt: &str) -> Value {
    let messages = json!([{ "role": "user", "content": { "type": "text", "text": prompt } }]);
    json!({ "method": "sampling/createMessage", "params": { "messages": messages, "maxTokens": 100 } })
}

fn roots() -> Value {
    json!({ "method": "roots/list" })
}

fn defaults() -> Value {
    let properties = json!({
        "name": { "type": "string", "description": "Name", "default": "John Doe" },
        "age": { "type": "integer", "description": "Age", "default": 30 },
        "score": { "type": "number", "description": "Score", "default": 95.5 },
        "status": { "type": "string", "description": "Status", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "description": "Verified", "default": true },
    });
    form("Please look over the defaults", &properties, &[])
}

fn choices() -> Value {
    let titled = |first: &str, titles: [&str; 3]| {
        let numbered = titles.iter().zip(1..);
        let each = numbered
            .map(|(title, number)| json!({ "const": format!("{first}{number}"), "title": title }));
        each.collect::<Vec<_>>()
    };
    let plain = ["option1", "option2", "option3"];
    let properties = json!({
        "untitledSingle": { "type": "string", "enum": plain },
        "titledSingle": { "type": "string", "oneOf": titled("value", ["First Option", "Second Option", "Third Option"]) },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled("value", ["First Choice", "Second Choice", "Third Choice"]) } },
    });
    form("Please choose", &properties, &[])
}

/// What this tool or prompt asks; `None`: nothing.
pub(crate) fn plan(name: &str, arguments: &Value, client: &ClientCapabilities) -> Option<Plan> {
    let given = |key: &str| arguments[key].as_str().unwrap_or("nothing");
    let once = |questions| (vec![questions], false);
    let (rounds, sealed) = match name {
        "test_sampling" => once(vec![("sampled", sampling(given("prompt")))]),
        "test_elicitation" => {
            let person = json!({
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" },
            });
            once(vec![(
                "elicited",
                form(given("message"), &person, &["username", "email"]),
            )])
        }
        "test_elicitation_sep1034_defaults" => once(vec![("elicited", defaults())]),
        "test_elicitation_sep1330_enums" => once(vec![("elicited", choices())]),
        "test_streaming_elicitation" => once(vec![("elicited", field("A value, please", "value"))]),
        "test_input_required_result_elicitation" | "test_tool_with_task" => {
            once(vec![("user_name", field("What is your name?", "name"))])
        }
        "test_input_required_result_sampling" => once(vec![(
            "capital_question",
            sampling("What is the capital of France?"),
        )]),
        "test_input_required_result_list_roots" => once(vec![("client_roots", roots())]),
        "test_input_required_result_prompt" => {
            once(vec![("user_context", field("Which context?", "context"))])
        }
        "test_input_required_result_capabilities" => {
            let all = [
                (
                    client.elicitation.is_some(),
                    "user_name",
                    field("What is your name?", "name"),
                ),
                (
                    client.sampling.is_some(),
                    "greeting",
                    sampling("Generate a greeting"),
                ),
                (client.roots.is_some(), "client_roots", roots()),
            ];
            let able = all.into_iter().filter(|(able, ..)| *able);
            once(able.map(|(_, key, question)| (key, question)).collect())
        }
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => {
            let yes = form(
                "Please confirm",
                &json!({ "ok": { "type": "boolean" } }),
                &["ok"],
            );
            (vec![vec![("confirm", yes)]], true)
        }
        "test_input_required_result_multiple_inputs" => {
            let three = vec![
                ("user_name", field("What is your name?", "name")),
                ("greeting", sampling("Generate a greeting")),
                ("client_roots", roots()),
            ];
            (vec![three], true)
        }
        "test_input_required_result_multi_round" => {
            let name = vec![("step1", field("What is your name?", "name"))];
            let colour = vec![("step2", field("What is your favourite colour?", "color"))];
            (vec![name, colour], true)
        }
        _ => return None,
    };
    Some(Plan { rounds, sealed })
}

fn internal(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

impl Plan {
    /// Asks what is not answered yet.
    pub(crate) async fn follow(
        self,
        seal: &RequestStateCodec,
        state: Option<&str>,
        responses: Option<&InputResponses>,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome, ErrorData> {
        let version = context.protocol_version();
        let stateless = version
            .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        if stateless {
            return self.next(seal, state, responses);
        }
        let mut answers = Map::new();
        for round in self.rounds {
            let asked = round.into_iter().map(async |(key, question)| {
                let answer = ask(question, context).await?;
                Ok::<_, ErrorData>((key.to_owned(), answer))
            });
            answers.extend(try_join_all(asked).await?);
        }
        Ok(Outcome::Answered(answers))
    }

    /// Another round, or what the last one brought.
    fn next(
        self,
        seal: &RequestStateCodec,
        state: Option<&str>,
        responses: Option<&InputResponses>,
    ) -> Result<Outcome, ErrorData> {
        let asked = match state {
            Some(state) => Some(seal.open_json::<usize>(state).map_err(|_| {
                ErrorData::invalid_params("this requestState is not the one that was given", None)
            })?),
            None => (!self.sealed).then_some(0),
        };
        let round = match asked {
            None => 0,
            Some(round) => {
                let questions = self
                    .rounds
                    .get(round)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let answered = |key: &str| responses?.get(key).filter(|answer| answer.is_object());
                let answers: Map<_, _> = questions
                    .iter()
                    .filter_map(|(key, _)| Some(((*key).to_owned(), answered(key)?.clone())))
                    .collect();
                if answers.len() < questions.len() {
                    round
                } else if round + 1 < self.rounds.len() {
                    round + 1
                } else {
                    return Ok(Outcome::Answered(answers));
                }
            }
        };
        let state = if self.sealed {
            Some(seal.seal_json(&round).map_err(internal)?)
        } else {
            None
        };
        let questions: Map<_, _> = self
            .rounds
            .into_iter()
            .nth(round)
            .unwrap_or_default()
            .into_iter()
            .map(|(key, question)| (key.to_owned(), question))
            .collect();
        let questions: InputRequests =
            serde_json::from_value(Value::Object(questions)).map_err(internal)?;
        Ok(Outcome::Asked(InputRequiredResult::new(
            Some(questions),
            state,
        )))
    }
}

/// Asks one thing in the middle of the call.
async fn ask(question: Value, context: &RequestContext<RoleServer>) -> Result<Value, ErrorData> {
    let question: InputRequest = serde_json::from_value(question).map_err(internal)?;
    let peer = &context.peer;
    let answer = match question {
        InputRequest::CreateMessage(request) => serde_json::to_value(
            peer.create_message(request.params)
                .await
                .map_err(internal)?,
        ),
        InputRequest::Elicitation(request) => serde_json::to_value(
            peer.create_elicitation(request.params)
                .await
                .map_err(internal)?,
        ),
        InputRequest::ListRoots(_) => {
            serde_json::to_value(peer.list_roots().await.map_err(internal)?)
        }
        _ => return Err(internal("nothing else is asked")),
    };
    answer.map_err(internal)
}

/// What a tool says of the answers that it got.
pub(crate) fn summary(name: &str, answers: &Map<String, Value>) -> String {
    let label = match name {
        "test_sampling" => {
            let content = &answers["sampled"]["content"];
            let said = content["text"].as_str().or(content[0]["text"].as_str());
            return format!("LLM response: {}", said.unwrap_or("nothing"));
        }
        "test_elicitation" => "User response",
        "test_elicitation_sep1034_defaults" | "test_elicitation_sep1330_enums" => {
            "Elicitation completed"
        }
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => {
            return "Confirmed: state-ok".to_owned();
        }
        _ => return Value::Object(answers.clone()).to_string(),
    };
    let elicited = &answers["elicited"];
    let action = elicited["action"].as_str().unwrap_or("none");
    format!("{label}: action={action}, content={}", elicited["content"])
}

//! What the server asks a caller during a call, in the way of either revision.

use rmcp::model::*;
use rmcp::service::Peer;
use rmcp::{RoleServer, ServiceError};
use serde_json::{Value, json};

use super::{Up, Way};
use crate::harness::typed;

/// Comes back with the answers as it went out, or the call is refused.
const STATE: &str = "half \"way\" / é";
const KEY: &str = "the question";

impl Up {
    /// Answers a call to a tool that asks its caller one thing. Without a handshake the question is the result of a first round.
    pub(super) async fn ask(
        &self,
        request: &CallToolRequestParams,
        peer: &Peer<RoleServer>,
    ) -> CallToolResponse {
        let answer = match self.way {
            Way::Handshake => self.put(&request.name, peer).await,
            Way::Stateless => match request.input_responses.as_ref() {
                Some(_) if request.request_state.as_deref() != Some(STATE) => {
                    return text(format!("a strange state: {:?}", request.request_state));
                }
                Some(answers) => Ok(answers[KEY].clone()),
                None => return self.question(&request.name),
            },
        };
        match (&*request.name, answer) {
            (_, Err(error)) => text(format!("refused: {error}")),
            ("sample", Ok(answer)) => text(format!(
                "{} says so",
                answer["model"].as_str().expect("a model")
            )),
            ("roots", Ok(answer)) => text(answer["roots"][0]["uri"].as_str().expect("a folder")),
            (_, Ok(answer)) => text(answer.to_string()),
        }
    }

    async fn put(&self, tool: &str, peer: &Peer<RoleServer>) -> Result<Value, ServiceError> {
        let json = match tool {
            "sample" => serde_json::to_value(peer.create_message(typed(sampling())).await?),
            "elicit" => {
                let params = typed(self.elicitation());
                serde_json::to_value(peer.create_elicitation(params).await?)
            }
            _ => serde_json::to_value(peer.list_roots().await?),
        };
        Ok(json.expect("JSON"))
    }

    /// Asks two things without waiting in between.
    pub(super) async fn ask_at_once(&self, peer: &Peer<RoleServer>) -> String {
        let (sampled, roots) = tokio::join!(self.put("sample", peer), self.put("roots", peer));
        let (sampled, roots) = (sampled.expect("an answer"), roots.expect("an answer"));
        let (model, folder) = (&sampled["model"], &roots["roots"][0]["uri"]);
        format!("{model} in {folder}")
    }

    fn question(&self, tool: &str) -> CallToolResponse {
        let request = match tool {
            "sample" => json!({ "method": "sampling/createMessage", "params": sampling() }),
            "elicit" => json!({ "method": "elicitation/create", "params": self.elicitation() }),
            _ => json!({ "method": "roots/list" }),
        };
        let requests: InputRequests = typed(json!({ KEY: request }));
        InputRequiredResult::new(Some(requests), Some(STATE.to_owned())).into()
    }

    fn elicitation(&self) -> Value {
        json!({
            "mode": "form",
            "message": format!("a name for {}?", self.name),
            "requestedSchema": { "type": "object", "properties": { "name": { "type": "string" } } },
        })
    }
}

fn sampling() -> Value {
    json!({
        "messages": [{ "role": "user", "content": { "type": "text", "text": "capital?" } }],
        "maxTokens": 5,
    })
}

pub(super) fn text(text: impl Into<String>) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(text)]).into()
}

//! What a client reads when its request has no answer of a server: one sentence, why, and what helps.
//!
//! A tool call gets a result with `isError`, so that a model can read it; everything else a JSON-RPC error.

use mcp::merge::Listing;
use mcp::message::{Message, code};
use mcp::{method, raw};

use crate::explained::Explained;
use crate::route::Missing;
use crate::sign_in::Needed;
use crate::upstream::CallError;

/// The answer to a request that a server did not answer.
pub(super) fn unanswered(
    id: &str,
    asked: &str,
    error: &CallError,
    explained: &Explained,
) -> Message {
    let text = match error {
        CallError::NeedsSignIn(needed) => sign_in(needed),
        CallError::NotConnected { .. }
        | CallError::Failed { .. }
        | CallError::Timeout { .. }
        | CallError::Unreadable(_)
        | CallError::NotAsked { .. }
        | CallError::Unanswered { .. } => error.to_string(),
    };
    if asked == method::TOOLS_CALL {
        return tool_error(id, &format!("{text}\n\n{explained}"));
    }
    let data = data(error, explained);
    Message::failure(Some(id), code::SERVER_ERROR, &text, data.as_deref())
}

/// The answer to a request for something that is not there, or hidden.
pub(super) fn missing(id: &str, asked: &str, missing: &Missing) -> Message {
    let what = match missing.listing {
        Listing::Tools => "tool",
        Listing::Prompts => "prompt",
        Listing::Resources => "resource",
        Listing::Templates => "resource template",
    };
    let list = missing.listing.method();
    let text = format!(
        "the {what} {:?} is not available here; {list} shows what is",
        missing.name
    );
    match (asked, missing.listing) {
        (method::TOOLS_CALL, _) => tool_error(id, &text),
        // rule: mcp-resources-not-found -- an unknown resource is error -32002, with the address in its data.
        (_, Listing::Resources) => {
            let data = format!("{{\"uri\":{}}}", raw::quote(&missing.name));
            Message::failure(Some(id), code::RESOURCE_NOT_FOUND, &text, Some(&data))
        }
        (_, Listing::Tools | Listing::Prompts | Listing::Templates) => {
            Message::failure(Some(id), code::INVALID_PARAMS, &text, None)
        }
    }
}

/// The answer to a request in which the server asked what its client cannot answer.
// rule: mcp-missing-capability -- such a request is refused with error -32021, which names what the client would have to declare.
pub(super) fn incapable(id: &str, question: &Message) -> Message {
    let asked = question.method().unwrap_or_default();
    let needed = match asked {
        method::SAMPLE => "sampling",
        method::ELICIT => "elicitation",
        method::ROOTS_LIST => "roots",
        _ => {
            let text = format!("the server asked {asked}, and no client can answer that here");
            return Message::failure(Some(id), code::SERVER_ERROR, &text, None);
        }
    };
    let text = format!("the server asked {asked}, and the client did not declare {needed}");
    let data = format!("{{\"requiredCapabilities\":{{\"{needed}\":{{}}}}}}");
    Message::failure(Some(id), code::MISSING_CAPABILITY, &text, Some(&data))
}

/// The answer to a request that the hub gave up because it stops.
pub(super) fn stopping(id: &str, asked: &str) -> Message {
    let text = "the hub stops, and the answer took longer than it could wait; whether the request was carried out is not known";
    if asked == method::TOOLS_CALL {
        return tool_error(id, text);
    }
    Message::failure(Some(id), code::SERVER_ERROR, text, None)
}

fn sign_in(needed: &Needed) -> String {
    let (server, reason) = (&needed.server, &needed.reason);
    match &needed.authorization_url {
        Some(link) => {
            let code = needed.user_code.as_ref();
            let code = code.map(|code| format!(" (the code is {code})"));
            let code = code.unwrap_or_default();
            format!(
                "{server} needs a sign-in: {reason}. Open {link} to sign in{code}, and call again."
            )
        }
        None => format!("the server {server} needs a sign-in before it can be used. {needed}"),
    }
}

fn tool_error(id: &str, text: &str) -> Message {
    let text = raw::quote(&format!("Error: {text}"));
    let result =
        format!("{{\"content\":[{{\"type\":\"text\",\"text\":{text}}}],\"isError\":true}}");
    Message::success(id, &result)
}

/// For programs: what a person reads, in its parts, and where to sign in.
fn data(error: &CallError, explained: &Explained) -> Option<String> {
    let mut data = match error {
        CallError::NeedsSignIn(needed) => serde_json::to_value(needed).ok()?,
        CallError::NotConnected { .. }
        | CallError::Failed { .. }
        | CallError::Timeout { .. }
        | CallError::Unreadable(_)
        | CallError::NotAsked { .. }
        | CallError::Unanswered { .. } => serde_json::json!({ "errorCode": explained.code }),
    };
    data["explained"] = serde_json::to_value(explained).ok()?;
    Some(data.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_in::State;

    fn needed() -> CallError {
        CallError::NeedsSignIn(Needed {
            server: "linear".into(),
            state: State::OauthRequired,
            reason: "nobody signed in yet".into(),
            action: "open the link".into(),
            authorization_url: Some("https://as.example.test/authorize?x=1".into()),
            user_code: None,
            cause: Some(crate::cause::Cause::SignInNeeded),
        })
    }

    fn explained() -> Explained {
        Explained::of(crate::cause::Cause::SignInNeeded, Some("linear"))
    }

    #[test]
    fn a_tool_call_that_misses_a_sign_in_reads_the_reason_and_the_link() {
        let answer = unanswered("7", method::TOOLS_CALL, &needed(), &explained());
        let result = answer.result().unwrap();
        assert_eq!(answer.id(), Some("7"));
        assert_eq!(raw::field(result, "isError"), Ok(Some("true")));
        for words in [
            "Error: ",
            "nobody signed in yet",
            "https://as.example.test/authorize?x=1",
            "MCPHUB-AUTH-001",
            "\\nWhat happened   Nobody is signed in",
            "\\nDo ",
        ] {
            assert!(result.contains(words), "{words} in {result}");
        }
    }

    #[test]
    fn another_request_gets_an_error_with_the_link_in_its_data() {
        let answer = unanswered("7", method::PROMPTS_GET, &needed(), &explained());
        let link = raw::string_at(answer.error().unwrap(), &["data", "authorizationUrl"]);
        assert_eq!(
            link.unwrap().unwrap(),
            "https://as.example.test/authorize?x=1"
        );
        let code = raw::string_at(answer.error().unwrap(), &["data", "explained", "code"]);
        assert_eq!(code.unwrap().unwrap(), "MCPHUB-AUTH-001");
    }

    // rule: mcp-resources-not-found
    #[test]
    fn a_missing_resource_is_named_in_the_data() {
        let gone = Missing {
            listing: Listing::Resources,
            name: "file:///x".into(),
        };
        let answer = missing("1", method::RESOURCES_READ, &gone);
        let error = answer.error().unwrap();
        assert_eq!(raw::field(error, "code"), Ok(Some("-32002")));
        assert_eq!(raw::at(error, &["data", "uri"]), Ok(Some("\"file:///x\"")));
    }

    #[test]
    fn a_missing_tool_is_a_result_that_a_model_can_read() {
        let gone = Missing {
            listing: Listing::Tools,
            name: "nope\"".into(),
        };
        let answer = missing("1", method::TOOLS_CALL, &gone);
        let text = raw::at(answer.result().unwrap(), &["content"])
            .unwrap()
            .unwrap();
        assert!(
            text.contains("is not available here; tools/list shows what is"),
            "{text}"
        );
    }
}

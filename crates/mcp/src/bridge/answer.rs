//! What servers that shake hands answer, in the words of the stateless revision.
//!
//! MCP 2026-07-28: server, "Discovery" and "Caching"; patterns, "Multi Round-Trip Requests", the server's side.

use super::key;
use crate::message::{Message, code};
use crate::raw::{self, Unreadable};
use crate::revision::Revision;
use crate::{merge::Listing, method};

/// A response with all that the stateless revision wants in it. What stands there already stays as it is.
// rule: mcp-result-type, mcp-caching -- every result says what it is, and a list or a resource how long it may be kept and by whom.
pub fn completed(asked: &str, response: Message) -> Message {
    if let Some(error) = response.error() {
        return match renumbered(error) {
            Some(error) => failure(&response, &error),
            None => response,
        };
    }
    match response.result().map(|result| complete(asked, result)) {
        Some(Ok(Some(result))) => response.with_result(&result),
        Some(Ok(None) | Err(_)) | None => response,
    }
}

fn complete(asked: &str, result: &str) -> Result<Option<String>, Unreadable> {
    let keys = ["resultType", "ttlMs", "cacheScope"];
    let [kind, ttl, scope] = raw::fields(result, keys)?;
    let mut added: Vec<(&str, &str)> = Vec::new();
    if kind.is_none() {
        added.push(("resultType", "\"complete\""));
    }
    let is_complete = kind.is_none_or(|kind| kind == "\"complete\"");
    if is_complete && is_cacheable(asked) {
        // Nobody said how long it holds, and what one caller sees is not for another.
        if ttl.is_none() {
            added.push(("ttlMs", "0"));
        }
        if scope.is_none() {
            added.push(("cacheScope", "\"private\""));
        }
    }
    if added.is_empty() {
        return Ok(None);
    }
    let mut result = result.to_owned();
    for (key, value) in added {
        result = raw::set(&result, key, value)?;
    }
    Ok(Some(result))
}

fn is_cacheable(asked: &str) -> bool {
    Listing::of_method(asked).is_some()
        || matches!(asked, method::DISCOVER | method::RESOURCES_READ)
}

// rule: mcp-resource-missing -- since 2026-07-28 a resource that is not there is an invalid parameter.
fn renumbered(error: &str) -> Option<String> {
    let number = raw::field(error, "code").ok().flatten()?;
    let old: i64 = number.parse().ok()?;
    (old == code::RESOURCE_NOT_FOUND)
        .then(|| raw::set(error, "code", &code::INVALID_PARAMS.to_string()).ok())
        .flatten()
}

fn failure(response: &Message, error: &str) -> Message {
    let id = response.id().unwrap_or("null");
    let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}");
    // It was a message before, and only a number in it is another.
    Message::parse(text).unwrap_or_else(|_| response.clone())
}

/// The result of `server/discover`, made from what a server said in its introduction.
// rule: mcp-discover -- revisions, capabilities, and who it is.
// rule: mcp-task-old-capability -- tasks as revision 2025-11-25 has them, which no stateless client can use, are not offered to one.
pub fn discovered(introduction: &str) -> Result<String, Unreadable> {
    let keys = ["capabilities", "serverInfo", "instructions"];
    let [capabilities, info, instructions] = raw::fields(introduction, keys)?;
    let versions: Vec<String> = supported().map(raw::quote).collect();
    let info = info
        .map(|info| format!(",\"_meta\":{{{}:{info}}}", raw::quote(key::SERVER_INFO)))
        .unwrap_or_default();
    let instructions = instructions
        .map(|text| format!(",\"instructions\":{text}"))
        .unwrap_or_default();
    let capabilities = capabilities.filter(|capabilities| raw::is_object(capabilities));
    let capabilities = raw::without(capabilities.unwrap_or("{}"), &["tasks"])?;
    Ok(format!(
        "{{\"resultType\":\"complete\",\"supportedVersions\":[{}],\"capabilities\":{capabilities}{info}{instructions},\"ttlMs\":0,\"cacheScope\":\"private\"}}",
        versions.join(","),
    ))
}

/// What the hub speaks, the newest first.
fn supported() -> impl Iterator<Item = &'static str> {
    Revision::ALL.iter().rev().map(|revision| revision.as_str())
}

/// Questions of a server, each under a key, as the result of the request in which they were asked.
// rule: mcp-mrtr-requests
pub fn input_required<'a>(
    questions: impl IntoIterator<Item = (String, &'a Message)>,
    state: &str,
) -> String {
    let requests = questions.into_iter().map(|(key, question)| {
        let params = question.params();
        let params = params.map(|params| format!(",\"params\":{params}"));
        format!(
            "{}:{{\"method\":{}{}}}",
            raw::quote(&key),
            raw::quote(question.method().unwrap_or_default()),
            params.unwrap_or_default(),
        )
    });
    let requests: Vec<String> = requests.collect();
    format!(
        "{{\"resultType\":\"input_required\",\"inputRequests\":{{{}}},\"requestState\":{}}}",
        requests.join(","),
        raw::quote(state),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(asked: &str, result: &str) -> String {
        let response = completed(asked, Message::success("1", result));
        response.result().unwrap().to_owned()
    }

    // rule: mcp-result-type, mcp-caching
    #[test]
    fn a_result_says_what_it_is_and_how_long_it_may_be_kept() {
        assert_eq!(
            done("tools/call", r#"{"content":[]}"#),
            r#"{"content":[],"resultType":"complete"}"#
        );
        assert_eq!(
            done("tools/list", r#"{"tools":[]}"#),
            r#"{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#
        );
        let said = r#"{"tools":[],"ttlMs":5,"cacheScope":"public","resultType":"complete"}"#;
        assert_eq!(done("tools/list", said), said);
        let asks = r#"{"resultType":"input_required","requestState":"x"}"#;
        assert_eq!(done("resources/read", asks), asks);
    }

    // rule: mcp-resource-missing
    #[test]
    fn a_resource_that_is_not_there_is_an_invalid_parameter() {
        let old = Message::failure(Some("1"), -32002, "gone", Some("{\"uri\":\"x\"}"));
        let new = completed("resources/read", old);
        assert_eq!(raw::field(new.error().unwrap(), "code"), Ok(Some("-32602")));
        assert!(new.text().contains("\"uri\":\"x\""));
    }

    // rule: mcp-discover
    #[test]
    fn an_introduction_becomes_the_answer_to_discover() {
        let found = discovered(
            r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"},"instructions":"x"}"#,
        )
        .unwrap();
        assert_eq!(super::super::supported(&found).unwrap()[0], "2026-07-28");
        assert_eq!(
            raw::at(&found, &["_meta", key::SERVER_INFO, "name"]),
            Ok(Some("\"s\""))
        );
        assert_eq!(raw::at(&found, &["capabilities", "tools"]), Ok(Some("{}")));
    }

    // rule: mcp-task-old-capability
    #[test]
    fn tasks_of_the_older_kind_are_not_offered_without_a_handshake() {
        let found = discovered(
            r#"{"capabilities":{"tasks":{"list":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}}"#,
        )
        .unwrap();
        assert_eq!(
            raw::field(&found, "capabilities"),
            Ok(Some(
                r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#
            ))
        );
    }

    // rule: mcp-mrtr-requests
    #[test]
    fn a_question_becomes_a_result_that_can_be_asked() {
        let question = Message::request("9", "elicitation/create", Some(r#"{"message":"?"}"#));
        let other = Message::request("10", "roots/list", None);
        let questions = [("q".to_owned(), &question), ("r".to_owned(), &other)];
        let result = input_required(questions, "state");
        let super::super::Outcome::InputRequired(input) = super::super::outcome(&result).unwrap()
        else {
            panic!("{result}");
        };
        let asked = input.questions.iter().map(|q| (&*q.key, &*q.method));
        assert_eq!(
            asked.collect::<Vec<_>>(),
            [("q", "elicitation/create"), ("r", "roots/list")]
        );
        assert_eq!(input.state.as_deref(), Some("\"state\""));
    }
}

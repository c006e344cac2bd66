//! Tasks: requests that a server answers later, when it is asked how they stand.
//!
//! MCP 2025-11-25, basic utilities, "Tasks", and `io.modelcontextprotocol/tasks`, the extension of 2026-07-28. Opens as much as is needed
//! to know which task a message is about. Leaves out whose task it is (`hub::session`).

use std::borrow::Cow;

use crate::message::Message;
use crate::method;
use crate::raw::{self, Unreadable};

/// What the extension is called in `capabilities.extensions`.
pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// A task as its server describes it, as far as the hub acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task<'a> {
    pub id: Cow<'a, str>,
    /// How long the server keeps it, in milliseconds from its creation; `None`: it does not say, or for ever.
    pub ttl: Option<u64>,
}

impl<'a> Task<'a> {
    /// Reads the description of a task: the result of `tasks/get`, an entry of a list, the params of a notification.
    pub fn read(task: &'a str) -> Option<Self> {
        let [id, ttl, ttl_ms] = raw::fields(task, ["taskId", "ttl", "ttlMs"]).ok()?;
        let milliseconds = ttl_ms.or(ttl).and_then(|ttl| ttl.parse().ok());
        Some(Self {
            id: id.and_then(raw::string)?,
            ttl: milliseconds,
        })
    }
}

/// The task that a result announces instead of the answer; `None`: it is the answer.
// rule: mcp-task-created -- a result of type "task" is a task; before the extension the task stood under the key "task".
pub fn created(result: &str) -> Option<Task<'_>> {
    if !result.contains("taskId") && !result.contains("\\u") {
        return None;
    }
    let [kind, task] = raw::fields(result, ["resultType", "task"]).ok()?;
    if kind.and_then(raw::string).as_deref() == Some("task") {
        return Task::read(result);
    }
    task.filter(|task| raw::is_object(task))
        .and_then(Task::read)
}

/// The task that a request is about.
///
/// # Errors
/// When the params can be read in two ways.
pub fn asked(request: &Message) -> Result<Option<Cow<'_, str>>, Unreadable> {
    raw::string_at(request.params().unwrap_or("{}"), &["taskId"])
}

/// The task that a notification tells of; `None`: it is about something else.
pub fn told(notification: &Message) -> Option<Cow<'_, str>> {
    match notification.method() {
        Some(method::TASK_STATUS | method::TASK_TOLD) => asked(notification).ok().flatten(),
        Some(_) | None => None,
    }
}

/// A page of `tasks/list` with those tasks alone that are wanted, and none of what is no list; `None`: it stays as it is.
///
/// # Errors
/// When the result can be read in two ways.
pub fn only(
    result: &str,
    wanted: impl Fn(&Task<'_>) -> bool,
) -> Result<Option<String>, Unreadable> {
    let Some(tasks) = raw::field(result, "tasks")? else {
        return Ok(None);
    };
    let Some(tasks) = raw::elements(tasks) else {
        return raw::replace(result, &["tasks"], "[]");
    };
    let kept: Vec<&str> = tasks
        .iter()
        .copied()
        .filter(|task| Task::read(task).is_some_and(|task| wanted(&task)))
        .collect();
    if kept.len() == tasks.len() {
        return Ok(None);
    }
    raw::replace(result, &["tasks"], &format!("[{}]", kept.join(",")))
}

/// Whether capabilities, of a client or a server, have the extension.
// rule: mcp-task-capability -- whoever uses tasks says so: `io.modelcontextprotocol/tasks` among the extensions, an object.
pub fn is_declared(capabilities: &str) -> bool {
    if !capabilities.contains("extensions") && !capabilities.contains("\\u") {
        return false;
    }
    let declared = raw::at(capabilities, &["extensions", EXTENSION]);
    declared.ok().flatten().is_some_and(raw::is_object)
}

/// The data of the error that tells a client to declare the extension.
pub fn required() -> String {
    format!("{{\"requiredCapabilities\":{{\"extensions\":{{\"{EXTENSION}\":{{}}}}}}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(result: &str) -> Option<String> {
        created(result).map(|task| task.id.into_owned())
    }

    // rule: mcp-task-created
    #[test]
    fn a_task_is_announced_in_one_of_two_ways() {
        let flat = r#"{"resultType":"task","taskId":"a","status":"working","ttlMs":60000}"#;
        assert_eq!(id(flat).as_deref(), Some("a"));
        assert_eq!(created(flat).unwrap().ttl, Some(60_000));
        let nested = r#"{"task":{"taskId":"b","status":"working","ttl":5}}"#;
        assert_eq!(created(nested).unwrap().ttl, Some(5));
        assert_eq!(
            id(r#"{"\u0074ask":{"\u0074askId":"c"}}"#).as_deref(),
            Some("c")
        );
        for answer in [
            r#"{"content":[{"type":"text","text":"taskId"}]}"#,
            r#"{"resultType":"complete","taskId":"a"}"#,
            r#"{"structuredContent":{"task":{"taskId":"a"}}}"#,
            r#"{"task":"taskId"}"#,
            r#"{"resultType":"task","taskId":7}"#,
        ] {
            assert_eq!(id(answer), None, "{answer}");
        }
    }

    #[test]
    fn a_task_for_ever_has_no_time_to_live() {
        let task = Task::read(r#"{"taskId":"a","ttlMs":null}"#).unwrap();
        assert_eq!((&*task.id, task.ttl), ("a", None));
    }

    #[test]
    fn a_list_keeps_what_is_wanted_and_every_byte_of_it() {
        let list =
            r#"{"tasks":[{"taskId":"a"},{"n":1e400,"taskId":"b"},{"id":"c"}],"nextCursor":"x"}"#;
        let only_b = only(list, |task| task.id == "b").unwrap().unwrap();
        assert_eq!(
            only_b,
            r#"{"tasks":[{"n":1e400,"taskId":"b"}],"nextCursor":"x"}"#
        );
        assert_eq!(only(r#"{"tasks":[{"taskId":"a"}]}"#, |_| true), Ok(None));
        assert_eq!(only(r#"{"content":[]}"#, |_| false), Ok(None));
        assert_eq!(
            only(r#"{"tasks":{"a":{"taskId":"a"}}}"#, |_| true),
            Ok(Some(r#"{"tasks":[]}"#.to_owned()))
        );
    }

    // rule: mcp-task-capability
    #[test]
    fn the_extension_is_declared_as_an_object() {
        assert!(is_declared(
            r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#
        ));
        for without in [
            "{}",
            r#"{"extensions":{}}"#,
            r#"{"extensions":{"io.modelcontextprotocol/tasks":null}}"#,
            r#"{"io.modelcontextprotocol/tasks":{}}"#,
        ] {
            assert!(!is_declared(without), "{without}");
        }
    }

    #[test]
    fn notifications_of_either_kind_name_their_task() {
        for method in ["notifications/tasks", "notifications/tasks/status"] {
            let told_of = Message::notification(method, Some(r#"{"taskId":"a"}"#));
            assert_eq!(told(&told_of).as_deref(), Some("a"));
        }
        let other = Message::notification("notifications/message", Some(r#"{"taskId":"a"}"#));
        assert_eq!(told(&other), None);
    }
}

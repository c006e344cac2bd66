//! The four tools: echo, add, whoami, slow.

use std::time::Duration;

use serde_json::{Value, json};

use super::admission::Admitted;

/// Longest time that `slow` takes, whatever is asked.
const SLOWEST: u64 = 60_000;

/// What a call turns out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Called {
    /// A result at once.
    Done(Value),
    /// A result after a while, in steps that may be reported.
    Slow {
        step: Duration,
        steps: u64,
        result: Value,
    },
    /// No tool of this name, or arguments that it cannot take.
    Refused(String),
}

pub(super) fn list() -> Value {
    json!({ "tools": [
        {
            "name": "echo", "title": "Echo", "description": "Gives back the text it gets.",
            "inputSchema": { "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] },
            "annotations": { "readOnlyHint": true },
        },
        {
            "name": "add", "title": "Add", "description": "Adds two numbers.",
            "inputSchema": { "type": "object", "properties": { "a": { "type": "number" }, "b": { "type": "number" } },
                             "required": ["a", "b"] },
            "outputSchema": { "type": "object", "properties": { "sum": { "type": "number" } }, "required": ["sum"] },
            "annotations": { "readOnlyHint": true },
        },
        {
            "name": "whoami", "title": "Who am I", "description": "Tells whose token came with the call.",
            "inputSchema": { "type": "object", "properties": {} },
            "annotations": { "readOnlyHint": true },
        },
        {
            "name": "slow", "title": "Slow", "description": "Answers after a while, with progress when the answer is a stream.",
            "inputSchema": { "type": "object", "properties": {
                "milliseconds": { "type": "integer", "minimum": 0, "maximum": SLOWEST },
                "steps": { "type": "integer", "minimum": 1, "maximum": 100 } } },
            "annotations": { "readOnlyHint": true },
        },
    ] })
}

pub(super) fn call(name: &str, arguments: &Value, admitted: &Admitted) -> Called {
    match name {
        "echo" => match arguments["text"].as_str() {
            Some(text) => Called::Done(text_result(text)),
            None => Called::Refused("echo needs text".to_owned()),
        },
        "add" => add(&arguments["a"], &arguments["b"]),
        "whoami" => Called::Done(whoami(admitted)),
        "slow" => {
            let milliseconds = arguments["milliseconds"]
                .as_u64()
                .unwrap_or(200)
                .min(SLOWEST);
            let steps = arguments["steps"].as_u64().unwrap_or(1).clamp(1, 100);
            let result = text_result(&format!("done after {milliseconds} ms"));
            Called::Slow {
                step: Duration::from_millis(milliseconds / steps),
                steps,
                result,
            }
        }
        unknown => Called::Refused(format!("unknown tool: {unknown}")),
    }
}

fn text_result(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

fn add(a: &Value, b: &Value) -> Called {
    let sum = match (a.as_i64(), b.as_i64(), a.as_f64(), b.as_f64()) {
        (Some(a), Some(b), _, _) => a
            .checked_add(b)
            .map_or_else(|| json!(a as f64 + b as f64), |sum| json!(sum)),
        (_, _, Some(a), Some(b)) => json!(a + b),
        _otherwise => return Called::Refused("add needs the numbers a and b".to_owned()),
    };
    let mut result = text_result(&sum.to_string());
    result["structuredContent"] = json!({ "sum": sum });
    Called::Done(result)
}

fn whoami(admitted: &Admitted) -> Value {
    let Some(terms) = admitted else {
        return text_result("nobody: no token was demanded");
    };
    let answer = json!({
        "subject": terms.subject,
        "clientId": terms.client_id,
        "scopes": terms.scopes,
        "audience": terms.audience,
    });
    let mut result = text_result(&answer.to_string());
    result["structuredContent"] = answer;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_whole() {
        let Called::Done(result) = call("add", &json!({"a": 2, "b": 3}), &None) else {
            panic!("not done")
        };
        assert_eq!(result["content"][0]["text"], "5");
        assert_eq!(result["structuredContent"]["sum"].to_string(), "5");
    }

    #[test]
    fn a_tool_that_does_not_exist_is_named() {
        assert_eq!(
            call("nope", &Value::Null, &None),
            Called::Refused("unknown tool: nope".to_owned())
        );
    }
}

//! Tools that may run as tasks: the extension `io.modelcontextprotocol/tasks`, under the names that the suite asks for.
//!
//! A client that did not declare the extension is answered at once where the tool can do so, and refused where it cannot.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::*;
use rmcp::task_manager::{TaskContext, TaskExit, TaskFuture, TaskManager, TaskOptions};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::content;

/// The tools, and what they want to know.
const TOOLS: [(&str, &str); 7] = [
    ("greet", "name"),
    ("slow_compute", "label"),
    ("failing_job", "label"),
    ("protocol_error_job", "label"),
    ("confirm_delete", "filename"),
    ("multi_input", "label"),
    ("test_tool_with_task", "label"),
];

/// So often a client may ask how it stands.
const POLL_MS: u64 = 200;

pub(crate) fn listed() -> Vec<Value> {
    let all = TOOLS.iter().map(|(name, key)| {
        let mut properties = json!({ *key: { "type": "string" } });
        if *name == "slow_compute" {
            properties["seconds"] = json!({ "type": "number" });
        }
        let schema = json!({ "type": "object", "properties": properties });
        json!({ "name": name, "description": "Takes its time", "inputSchema": schema })
    });
    all.collect()
}

pub(crate) fn has(tool: &str) -> bool {
    TOOLS.iter().any(|(name, _)| *name == tool)
}

/// The answer of one of these tools. `answers`: what was asked before there is a task.
pub(crate) fn call(
    tasks: &TaskManager,
    name: &str,
    arguments: &Value,
    answers: &Value,
    client: &ClientCapabilities,
) -> Result<CallToolResponse, ErrorData> {
    if name == "greet" {
        let who = arguments["name"].as_str().unwrap_or("friend");
        return Ok(done(&format!("Hello, {who}!")).into());
    }
    if !client.supports_tasks() {
        return at_once(name, arguments);
    }
    let (name, arguments, answers) = (name.to_owned(), arguments.clone(), answers.clone());
    let options = TaskOptions::new().with_poll_interval_ms(POLL_MS);
    let task = tasks.spawn(options, move |task| -> TaskFuture {
        Box::pin(async move { work(&name, &arguments, &answers, &task).await })
    });
    Ok(CreateTaskResult::new(task).into())
}

/// Where there is no task to wait for.
fn at_once(name: &str, arguments: &Value) -> Result<CallToolResponse, ErrorData> {
    match name {
        "slow_compute" => Ok(computed(arguments).into()),
        "protocol_error_job" => Err(broken()),
        _ => {
            let tasks = ClientCapabilities::builder().enable_tasks().build();
            Err(ErrorData::missing_required_client_capability(tasks))
        }
    }
}

async fn work(
    name: &str,
    arguments: &Value,
    answers: &Value,
    task: &TaskContext,
) -> Result<CallToolResult, TaskExit> {
    match name {
        "slow_compute" => match timeout(seconds(arguments), task.cancelled()).await {
            Ok(()) => Err(TaskExit::Cancelled),
            Err(_) => Ok(computed(arguments)),
        },
        "failing_job" => Ok(CallToolResult::error(vec![ContentBlock::text(
            "This job always fails",
        )])),
        "protocol_error_job" => Err(TaskExit::Error(broken())),
        "confirm_delete" => {
            let file = arguments["filename"].as_str().unwrap_or_default();
            let answer = task
                .request_input("confirm", question("Delete it?", "confirm", "boolean")?)
                .await?;
            let confirmed = &answer["content"]["confirm"];
            Ok(done(&format!("{file}: {confirmed}")))
        }
        "multi_input" => {
            let ask = |key: &'static str| async move {
                task.request_input(key, question(key, "name", "string")?)
                    .await
            };
            let (first, second) = tokio::join!(ask("first"), ask("second"));
            Ok(done(&format!("{} and {}", first?, second?)))
        }
        _ => {
            let name = &answers["user_name"]["content"]["name"];
            let name = name.as_str().unwrap_or("friend");
            Ok(done(&format!("Hello, {name}, later")))
        }
    }
}

fn seconds(arguments: &Value) -> Duration {
    Duration::try_from_secs_f64(arguments["seconds"].as_f64().unwrap_or_default())
        .unwrap_or_default()
}

fn computed(arguments: &Value) -> CallToolResult {
    let label = arguments["label"].as_str().unwrap_or_default();
    done(&format!("computed {label}"))
}

fn done(text: &str) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

fn broken() -> ErrorData {
    ErrorData::internal_error("This job breaks", None)
}

fn question(message: &str, field: &str, kind: &str) -> Result<InputRequest, ErrorData> {
    let schema =
        json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    content::typed(json!({
        "method": "elicitation/create",
        "params": { "mode": "form", "message": message, "requestedSchema": schema },
    }))
}

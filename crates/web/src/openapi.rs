//! `/openapi.json`: what `/api` takes and answers, as OpenAPI 3.1, for the dashboard's types and everybody's programs.
//!
//! It is made of the handlers themselves; `crates/web/openapi.json` is what it was when somebody last looked (`tests/openapi.rs`).
//! Leaves out what is not `/api`: MCP endpoints, probes, pages for people.

mod failures;

use std::sync::LazyLock;

use http::{HeaderName, header};
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::api;
use crate::api::answer::Failure;
use crate::app::App;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = format!("{:#}", document());
    text.push('\n');
    text
});

/// The document, as it is served.
pub(crate) fn text() -> &'static str {
    &TEXT
}

pub(crate) async fn serve() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], text())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "MCPHub",
        description = "The REST API of the hub. Answers are `{success, message?, data}`, errors `{success: false, message, code?}`."
    ),
    components(schemas(Failure)),
    tags(
        (name = "servers", description = "The servers of the hub: what is there, and changes of it"),
        (name = "sign-in", description = "Signing in to servers, and what happened meanwhile"),
        (name = "groups", description = "Named subsets of servers, served at `/mcp/{group}`"),
        (name = "keys", description = "The bearer keys that clients of `/mcp` send"),
        (name = "clients", description = "Which MCP clients are connected"),
        (name = "activity", description = "Which tools were called lately, by whom, and what came of it"),
        (name = "people", description = "Who may use the API"),
        (name = "settings", description = "The settings of the hub"),
        (name = "logs", description = "The hub's own log"),
    )
)]
struct Head;

fn document() -> Value {
    let described =
        OpenApiRouter::<App>::with_openapi(Head::openapi()).nest("/api", api::described());
    let (_, document) = described.split_for_parts();
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    // Beside the document stands what it describes, whatever the prefix.
    document["servers"] = json!([{ "url": "." }]);
    document["components"]["securitySchemes"] = json!({
        "login": { "type": "apiKey", "in": "header", "name": "x-auth-token", "description": "The token of `POST /api/auth/login`" },
        "bearer": { "type": "http", "scheme": "bearer", "description": "The same token, or a system key with access to all" },
    });
    document["security"] = json!([{ "login": [] }, { "bearer": [] }]);
    failures::describe(&mut document, &Failure::name());
    event_by_event(&mut document);
    absent_not_null(&mut document);
    named(&mut document);
    document
}

/// A stream of events holds no JSON itself: the data of each event does.
fn event_by_event(document: &mut Value) {
    match document {
        Value::Array(list) => list.iter_mut().for_each(event_by_event),
        Value::Object(object) => {
            if let Some(stream) = object.get_mut("text/event-stream") {
                let data = stream["schema"].take();
                stream["schema"] = json!({
                    "type": "object",
                    "properties": {
                        "event": { "type": "string" },
                        "data": { "type": "string", "contentMediaType": "application/json", "contentSchema": data },
                    },
                });
            } else {
                object.values_mut().for_each(event_by_event);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A shape that has a name is written down once.
fn named(document: &mut Value) {
    let Some(Value::Object(schemas)) = document.pointer("/components/schemas").cloned() else {
        return;
    };
    for (name, schema) in &schemas {
        let mut schema = schema.clone();
        if let Some(object) = schema.as_object_mut() {
            object.values_mut().for_each(|part| by_name(part, &schemas));
        }
        document["components"]["schemas"][name] = schema;
    }
}

fn by_name(part: &mut Value, schemas: &Map<String, Value>) {
    if part.get("type").is_some_and(|kind| kind == "object") || part.get("oneOf").is_some() {
        let same = schemas.iter().find(|(_, schema)| *schema == part);
        if let Some((name, _)) = same {
            *part = json!({ "$ref": format!("#/components/schemas/{name}") });
            return;
        }
    }
    match part {
        Value::Array(parts) => parts.iter_mut().for_each(|part| by_name(part, schemas)),
        Value::Object(parts) => parts.values_mut().for_each(|part| by_name(part, schemas)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What may be left out of a value is never null there: it is absent.
fn absent_not_null(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(absent_not_null),
        Value::Object(object) => {
            object.values_mut().for_each(absent_not_null);
            let required = object.get("required").cloned().unwrap_or_default();
            let needed = |name: &str| {
                required
                    .as_array()
                    .is_some_and(|all| all.contains(&name.into()))
            };
            let properties = object.get_mut("properties").and_then(Value::as_object_mut);
            for (name, schema) in properties.into_iter().flatten() {
                if !needed(name)
                    && let Some(schema) = schema.as_object_mut()
                {
                    without_null(schema);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("oneOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.shift_remove("oneOf");
            schema.extend(only);
        }
    }
}

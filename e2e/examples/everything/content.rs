//! What the server offers, under the names that the suite asks for.

use rmcp::ErrorData;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::tasks;

/// One red pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";
/// A silent sample.
const SILENCE: &str = "UklGRiUAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQEAAACA";

/// How long a client may keep a list.
const KEPT_MS: u64 = 60_000;

/// JSON as a type of `rmcp`.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

pub(crate) fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn image() -> Value {
    json!({ "type": "image", "data": PIXEL, "mimeType": "image/png" })
}

fn embedded(uri: &str, kind: &str, text: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } })
}

/// A list as both kinds of revision want it: the older ones do not mind the marks of the newer.
pub(crate) fn list(key: &str, entries: &Value) -> Value {
    json!({ key: entries, "resultType": "complete", "ttlMs": KEPT_MS, "cacheScope": "public" })
}

/// Tools that need nothing.
const PLAIN: [(&str, &str); 24] = [
    ("test_simple_text", "Answers with text"),
    ("test_image_content", "Answers with an image"),
    ("test_audio_content", "Answers with sound"),
    ("test_embedded_resource", "Answers with a resource"),
    (
        "test_multiple_content_types",
        "Answers with text, an image and a resource",
    ),
    ("test_error_handling", "Always fails"),
    ("test_tool_with_logging", "Logs while it runs"),
    ("test_tool_with_progress", "Tells how far it is"),
    ("test_elicitation_sep1034_defaults", "Asks with defaults"),
    (
        "test_elicitation_sep1330_enums",
        "Asks with every kind of choice",
    ),
    ("test_reconnection", "Takes its time"),
    ("test_logging_tool", "Logs once, where logs are wanted"),
    ("test_missing_capability", "Wants a client with a model"),
    ("test_streaming_elicitation", "Asks for a value"),
    ("test_trigger_tool_change", "Adds a tool and says so"),
    ("test_trigger_prompt_change", "Adds a prompt and says so"),
    ("test_input_required_result_elicitation", "Asks for a name"),
    (
        "test_input_required_result_sampling",
        "Asks the client's model",
    ),
    (
        "test_input_required_result_list_roots",
        "Asks for the client's folders",
    ),
    (
        "test_input_required_result_request_state",
        "Asks, and remembers by a state",
    ),
    (
        "test_input_required_result_tampered_state",
        "Asks, and takes no other state",
    ),
    (
        "test_input_required_result_multiple_inputs",
        "Asks three things at once",
    ),
    ("test_input_required_result_multi_round", "Asks twice"),
    (
        "test_input_required_result_capabilities",
        "Asks what this client can answer",
    ),
];

/// The tools, and as many more as were added since.
pub(crate) fn tools(added: usize) -> Value {
    let plain = PLAIN.iter().map(|(name, description)| {
        json!({ "name": name, "description": description, "inputSchema": { "type": "object", "properties": {} } })
    });
    let mut tools: Vec<Value> = plain.collect();
    tools.push(wanting(
        "test_sampling",
        "Asks the client's model",
        "prompt",
        json!({}),
    ));
    tools.push(wanting(
        "test_elicitation",
        "Asks the client's user",
        "message",
        json!({}),
    ));
    tools.push(wanting(
        "test_custom_header",
        "Reads a header",
        "value",
        json!({ "x-mcp-header": "Value" }),
    ));
    tools.push(json!({
        "name": "json_schema_2020_12_tool",
        "description": "Tool with JSON Schema 2020-12 features",
        "inputSchema": modern_schema(),
    }));
    tools.extend(tasks::listed());
    let more = (0..added).map(|number| {
        json!({ "name": format!("added_{number}"), "description": "Added while the server ran", "inputSchema": { "type": "object", "properties": {} } })
    });
    tools.extend(more);
    Value::Array(tools)
}

/// A tool with one string that it needs.
pub(crate) fn wanting(name: &str, description: &str, key: &str, more: Value) -> Value {
    let mut wanted = json!({ "type": "string", "description": description });
    if let (Some(wanted), Value::Object(more)) = (wanted.as_object_mut(), more) {
        wanted.extend(more);
    }
    let schema = json!({ "type": "object", "properties": { key: wanted }, "required": [key] });
    json!({ "name": name, "description": description, "inputSchema": schema })
}

fn modern_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
        } },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

/// The content of a tool that only answers.
pub(crate) fn answer(tool: &str) -> Option<Value> {
    Some(match tool {
        "test_simple_text" => json!([text("This is a simple text response for testing.")]),
        "test_image_content" => json!([image()]),
        "test_audio_content" => {
            json!([{ "type": "audio", "data": SILENCE, "mimeType": "audio/wav" }])
        }
        "test_embedded_resource" => json!([embedded(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content."
        )]),
        "test_multiple_content_types" => json!([
            text("Multiple content types test:"),
            image(),
            embedded(
                "test://mixed-content-resource",
                "application/json",
                "{\"test\":\"data\",\"value\":123}"
            ),
        ]),
        "test_error_handling" => {
            json!([text("This tool intentionally returns an error for testing")])
        }
        "json_schema_2020_12_tool" => json!([text("The schema was understood.")]),
        _ => return None,
    })
}

/// The prompts, and as many more as were added since.
pub(crate) fn prompts(added: usize) -> Value {
    let wanted = |name: &str| json!({ "name": name, "required": true });
    let mut prompts = vec![
        json!({ "name": "test_simple_prompt", "description": "A prompt without arguments" }),
        json!({ "name": "test_prompt_with_arguments", "description": "A prompt with two arguments", "arguments": [wanted("arg1"), wanted("arg2")] }),
        json!({ "name": "test_prompt_with_embedded_resource", "description": "A prompt with a resource", "arguments": [wanted("resourceUri")] }),
        json!({ "name": "test_prompt_with_image", "description": "A prompt with an image" }),
        json!({ "name": "test_input_required_result_prompt", "description": "A prompt that asks for its context" }),
    ];
    prompts.extend((0..added).map(|number| json!({ "name": format!("added_{number}"), "description": "Added while the server ran" })));
    Value::Array(prompts)
}

/// A prompt with these arguments filled in.
pub(crate) fn prompt(name: &str, arguments: &Value) -> Option<Value> {
    let given = |key: &str| arguments[key].as_str().unwrap_or_default();
    let said = match name {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (first, second) = (given("arg1"), given("arg2"));
            vec![text(&format!(
                "Prompt with arguments: arg1='{first}', arg2='{second}'"
            ))]
        }
        "test_prompt_with_embedded_resource" => vec![
            embedded(
                given("resourceUri"),
                "text/plain",
                "Embedded resource content for testing.",
            ),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![image(), text("Please analyze the image above.")],
        "test_input_required_result_prompt" => vec![text("The context is known.")],
        _ => return None,
    };
    let messages: Vec<_> = said
        .into_iter()
        .map(|content| json!({ "role": "user", "content": content }))
        .collect();
    Some(json!({ "description": name, "messages": messages, "resultType": "complete" }))
}

pub(crate) fn resources() -> Value {
    json!([
        { "uri": "test://static-text", "name": "Static text", "mimeType": "text/plain" },
        { "uri": "test://static-binary", "name": "Static image", "mimeType": "image/png" },
        { "uri": "test://watched-resource", "name": "Watched", "mimeType": "text/plain" },
    ])
}

pub(crate) fn templates() -> Value {
    json!([{ "uriTemplate": "test://template/{id}/data", "name": "Template", "mimeType": "application/json" }])
}

pub(crate) fn read(uri: &str) -> Option<Value> {
    let id = uri
        .strip_prefix("test://template/")
        .and_then(|rest| rest.strip_suffix("/data"));
    Some(match (uri, id) {
        ("test://static-text", _) => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource." })
        }
        ("test://static-binary", _) => {
            json!({ "uri": uri, "mimeType": "image/png", "blob": PIXEL })
        }
        ("test://watched-resource", _) => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "Watch me." })
        }
        (_, Some(id)) => {
            let text =
                json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            json!({ "uri": uri, "mimeType": "application/json", "text": text.to_string() })
        }
        (_, None) => return None,
    })
}

//! `mcphub call <server> <tool> [key=value]...`: calls a tool through the hub.

use std::path::Path;

use clap::Args;
use serde_json::{Map, Value};

use super::Desk;
use crate::failure::{Exit, Failure};
use crate::rest::shape::Server;

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// As `mcphub servers` names it
    server: String,
    /// As the server names it
    tool: String,
    /// Arguments: `limit=5` is a number, `open=true` true or false, `text=@notes.txt` the content of a file
    #[arg(value_name = "KEY=VALUE")]
    arguments: Vec<String>,
    /// All arguments as one JSON object, or `@file` with one
    #[arg(long, value_name = "JSON")]
    params_json: Option<String>,
    /// Takes every value as text
    #[arg(long)]
    no_coerce: bool,
}

pub(crate) async fn run(desk: &Desk, call: Call) -> Result<(), Failure> {
    let server = desk.hub.server(&call.server).await?;
    let arguments = arguments(&call, schema(&server, &call.tool))?;
    let told = match desk.hub.call(&call.server, &call.tool, &arguments).await {
        Ok(told) => told,
        Err(failure) => return Err(explained(desk, &call.server, failure).await),
    };
    desk.output.result(&told);
    if told["isError"] == Value::Bool(true) {
        let said = texts(&told).join("\n");
        return Err(explained(desk, &call.server, Failure::api(said))
            .await
            .beside_a_result());
    }
    for text in texts(&told) {
        desk.output.line(text);
    }
    Ok(())
}

/// A call that failed because a person must sign in says so by its exit code, and how.
async fn explained(desk: &Desk, server: &str, failure: Failure) -> Failure {
    if !matches!(failure.exit, Exit::Api | Exit::SignInNeeded) {
        return failure;
    }
    match desk.hub.server(server).await {
        Ok(server) if server.waits_for_a_person() => {
            let needed = Failure::new(Exit::SignInNeeded, failure.what());
            match server.cure(desk.hub.address()) {
                Some(cure) => needed.cure(cure),
                None => needed,
            }
        }
        Ok(_) | Err(_) => failure, // the first failure says more than one about asking again
    }
}

fn schema<'a>(server: &'a Server, tool: &str) -> &'a Value {
    let prefixed = |name: &str| {
        name.strip_prefix(server.name.as_str())
            .is_some_and(|rest| rest.ends_with(tool) && rest.len() == tool.len() + 1)
    };
    server
        .tools
        .iter()
        .find(|it| it.name == tool || prefixed(&it.name))
        .map_or(&Value::Null, |it| &it.input_schema)
}

fn arguments(call: &Call, schema: &Value) -> Result<Value, Failure> {
    let mut all = match &call.params_json {
        Some(text) => object(&from_file(text)?)?,
        None => Map::new(),
    };
    for pair in &call.arguments {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`{pair}` is not of the form key=value"))
                .cure("write `limit=5`, or all arguments at once: --params-json '{\"limit\": 5}'")
        })?;
        let wants_text = schema["properties"][key]["type"] == "string";
        let file = value.starts_with('@');
        let text = from_file(value)?;
        let value = if file || wants_text || call.no_coerce {
            Value::String(text)
        } else {
            coerced(text)
        };
        all.insert(key.to_owned(), value);
    }
    Ok(Value::Object(all))
}

fn object(text: &str) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Failure::usage(format!(
            "--params-json must be an object, and is {other}"
        ))),
        Err(error) => Err(Failure::usage(format!("--params-json is no JSON: {error}"))),
    }
}

fn from_file(value: &str) -> Result<String, Failure> {
    let Some(path) = value.strip_prefix('@') else {
        return Ok(value.to_owned());
    };
    std::fs::read_to_string(Path::new(path))
        .map_err(|error| Failure::usage(format!("cannot read {path}: {error}")))
}

/// JSON where it is JSON, else text.
fn coerced(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// What a result says in words; of pictures and the like, what they are.
fn texts(result: &Value) -> Vec<String> {
    let Some(parts) = result["content"].as_array() else {
        return vec![format!("{result:#}")];
    };
    parts
        .iter()
        .map(|part| {
            match (
                part["text"].as_str(),
                part["resource"]["text"].as_str(),
                part["uri"].as_str(),
            ) {
                (Some(text), ..) | (None, Some(text), _) | (None, None, Some(text)) => {
                    text.to_owned()
                }
                (None, None, None) => {
                    format!(
                        "[{} {}]",
                        part["type"].as_str().unwrap_or("content"),
                        part["mimeType"].as_str().unwrap_or_default()
                    )
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(arguments: &[&str]) -> Call {
        Call {
            server: "s".into(),
            tool: "t".into(),
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            params_json: None,
            no_coerce: false,
        }
    }

    #[test]
    fn a_value_is_json_where_it_is_json() {
        let call = call(&[
            "a=5", "b=true", "c=text=x", "d=[1]", "e=", "f=null", "g=\"5\"",
        ]);
        let expected =
            json!({ "a": 5, "b": true, "c": "text=x", "d": [1], "e": "", "f": null, "g": "5" });
        assert_eq!(arguments(&call, &Value::Null).unwrap(), expected);
    }

    #[test]
    fn a_parameter_that_wants_text_gets_text() {
        let schema =
            json!({ "properties": { "zip": { "type": "string" }, "n": { "type": "integer" } } });
        assert_eq!(
            arguments(&call(&["zip=12345", "n=5"]), &schema).unwrap(),
            json!({ "zip": "12345", "n": 5 })
        );
    }

    #[test]
    fn single_arguments_go_before_the_object() {
        let mut call = call(&["a=2"]);
        call.params_json = Some(r#"{"a": 1, "b": 1}"#.into());
        assert_eq!(
            arguments(&call, &Value::Null).unwrap(),
            json!({ "a": 2, "b": 1 })
        );
        call.params_json = Some("[1]".into());
        assert_eq!(
            arguments(&call, &Value::Null).unwrap_err().exit,
            Exit::Usage
        );
    }

    #[test]
    fn a_picture_is_named_and_not_dumped() {
        let result = json!({ "content": [{ "type": "text", "text": "hi" }, { "type": "image", "mimeType": "image/png", "data": "AAAA" }] });
        assert_eq!(texts(&result), ["hi", "[image image/png]"]);
    }
}

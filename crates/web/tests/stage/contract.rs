//! The description of `/api` against what is really answered: strictly, so that a key that is not described is an error, too.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::from_str(mcphub_web::description()).unwrap();
    closed(&mut document);
    document
});

/// The routes that did what they are there for, and whose answer was as described.
static DONE: Mutex<BTreeSet<(&str, &str)>> = Mutex::new(BTreeSet::new());

pub(crate) fn done() -> BTreeSet<(&'static str, &'static str)> {
    DONE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// An object has the keys that are named, unless its description allows more.
fn closed(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(closed),
        Value::Object(object) => {
            object.values_mut().for_each(closed);
            if object.get("type").is_some_and(|kind| kind == "object")
                && object.get("properties").is_some_and(Value::is_object)
            {
                let open = object.entry("additionalProperties");
                open.or_insert(false.into());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// All methods and paths of the description.
pub(crate) fn routes() -> Vec<(&'static str, &'static str)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, item)| {
        let methods = METHODS
            .into_iter()
            .filter(|method| item.get(*method).is_some());
        methods.map(|method| (method, path.as_str()))
    });
    routes.collect()
}

/// Whether an answer of `/api` is what is described for it. What is asked elsewhere is not judged.
pub(crate) fn check(method: &str, path: &str, status: u16, text: &str) -> Result<(), String> {
    let Some(start) = path.find("/api/") else {
        return Ok(());
    };
    let path = &path[start..];
    // Where the API stands under a prefix, it is not what answers without.
    let elsewhere = status == 404 && text.contains("there is nothing at this address");
    let described = routes().into_iter().find(|(described, template)| {
        described.eq_ignore_ascii_case(method) && fits(path, template) && !elsewhere
    });
    let schema = match described {
        Some((method, template)) => {
            let responses = &DOCUMENT["paths"][template][method]["responses"];
            let Some(response) = responses.get(status.to_string()) else {
                return Err(format!("{method} {template}: {status} is not described"));
            };
            let shared = response["$ref"].as_str();
            let response = shared.map_or(response, |at| {
                DOCUMENT.pointer(at.trim_start_matches('#')).unwrap()
            });
            response["content"]["application/json"]["schema"].clone()
        }
        // Nothing is there, and that is said like everything that fails.
        None => json!({ "$ref": "#/components/schemas/Problem" }),
    };
    let answer = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let whole = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
    let validator: Validator =
        jsonschema::validator_for(&whole).map_err(|error| error.to_string())?;
    match (validator.validate(&answer), described) {
        (Ok(()), Some(route)) if status < 300 => {
            DONE.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(route);
            Ok(())
        }
        (Ok(()), _) => Ok(()),
        (Err(error), _) => Err(format!(
            "{} breaks its description: {error}",
            error.instance_path()
        )),
    }
}

/// A name in the path is one part of it: it is escaped.
fn fits(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path
            .zip(template)
            .all(|(word, wanted)| wanted.starts_with('{') || word == wanted)
}

/// Whether a value is as a part of the description says.
pub(crate) fn fits_schema(name: &str, value: &Value) -> Result<(), String> {
    let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    let whole = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
    let validator = jsonschema::validator_for(&whole).map_err(|error| error.to_string())?;
    validator.validate(value).map_err(|error| error.to_string())
}

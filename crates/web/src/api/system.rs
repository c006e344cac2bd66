//! `/api/settings` and `/api/system-config`: what the hub itself does. Secrets are shown as asterisks, and what is sent back so stays as it is stored.
//!
//! Leaves out MCPHub's check of each section: what cannot be read is refused with the words of the settings file.

use axum::Json;
use axum::extract::State;
use hub::cause::Cause;
use serde_json::{Map, Value, json};
use settings::File;
use utoipa::ToSchema;

use super::answer::Answer;
use super::export::whole;
use super::redaction::{self, redact};
use super::servers::edit;
use super::shape::{Anything, Keys};
use super::{Body, change};
use crate::access::Admin;
use crate::app::App;
use crate::problem::{Problem, Whose};

const SYSTEM: &str = "systemConfig";

/// The settings as they are written, without secrets and sign-ins.
#[derive(ToSchema)]
#[schema(as = Settings, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes the file, which is passed on as it is written"
)]
struct Written {
    system_config: Keys,
    #[serde(flatten)]
    more: std::collections::HashMap<String, Anything>,
}

/// The settings as they are written, without a secret and without anybody's sign-in.
#[utoipa::path(
    get,
    path = "/settings",
    operation_id = "readSettings",
    tag = "settings",
    responses((status = 200, description = "The settings", body = Answer<Written>))
)]
pub(super) async fn read(State(app): State<App>, _: Admin) -> Json<Answer<Value>> {
    let mut shown = whole(app.hub().store().file().document());
    if !shown[SYSTEM].is_object() {
        shown[SYSTEM] = json!({});
    }
    Answer::of(shown)
}

/// Changes what is sent of `systemConfig`, at any depth; `null` takes a key out.
#[utoipa::path(
    put,
    path = "/system-config",
    operation_id = "changeSystemConfig",
    tag = "settings",
    request_body = Keys,
    responses((status = 200, description = "`systemConfig` as it is written now, without secrets", body = Answer<Keys>))
)]
pub(super) async fn replace(
    State(app): State<App>,
    _: Admin,
    Body(sent): Body<Map<String, Value>>,
) -> Result<Json<Answer<Value>>, Problem> {
    if sent.is_empty() {
        return Err(Problem::request(
            "nothing to change: send keys of systemConfig",
        ));
    }
    let _turn = app.changing().lock().await;
    let file = app.hub().store().file();
    let old = file
        .document()
        .get(SYSTEM)
        .cloned()
        .unwrap_or_else(|| json!({}));
    let sent = redaction::restore(&Value::Object(sent), Some(&old));
    let sent = sent.map_err(|error| Problem::request(error.to_string()))?;
    let mut new = old.clone();
    merge(&mut new, sent);
    makes_sense(&old, &new)?;
    edit(&app, change::between(&[SYSTEM], &old, &new)).await?;
    Ok(Answer::told("the settings were changed", redact(&new)))
}

/// RFC 7396.
fn merge(into: &mut Value, sent: Value) {
    let Value::Object(sent) = sent else {
        *into = sent;
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (key, value) in sent {
        if value.is_null() {
            into.as_object_mut().map(|object| object.shift_remove(&key));
        } else {
            merge(&mut into[key], value);
        }
    }
}

/// Refuses what the hub would not take up, unless it is there already. What a placeholder will hold is not known here.
fn makes_sense(old: &Value, new: &Value) -> Result<(), Problem> {
    let known = problems(old)?;
    let placeholder = |problem: &settings::Problem| {
        let mut path = problem.path.iter().skip(1);
        let found = path.try_fold(new, |at, key| at.get(key));
        found
            .and_then(Value::as_str)
            .is_some_and(|text| text.contains('$'))
    };
    let fresh = |problem: &settings::Problem| !known.contains(problem) && !placeholder(problem);
    match problems(new)?.into_iter().find(fresh) {
        None => Ok(()),
        Some(problem) => Err(Problem::new(Whose::Settings, problem.to_string())
            .code("bad_config")
            .cause(Cause::BadRequest)),
    }
}

fn problems(system: &Value) -> Result<Vec<settings::Problem>, Problem> {
    let alone = File::parse(&json!({ SYSTEM: system }).to_string());
    let alone = alone.map_err(|error| Problem::request(format!("it cannot be read: {error}")))?;
    Ok(settings::resolve(&alone, &|_: &str| None).problems)
}

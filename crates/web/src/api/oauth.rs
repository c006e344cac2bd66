//! `/api/servers/:name/oauth`: start a sign-in, finish it by pasting, sign out, and what happened.

use axum::Json;
use axum::extract::State;
use hub::sign_in::{Account, CallbackError, Forget, Needed, SignInError};
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Grants;

use super::servers::no_server;
use super::view::{rfc3339, sees};
use super::{Body, Named};
use crate::access::Visitor;
use crate::app::App;
use crate::problem::{Problem, Whose};

/// POST `.../authorize` -> `{authorizationUrl, shortUrl, expiresAt}` (`shortUrl`: the hub's own page in front of it, to be typed), with `userCode` and `verificationUri` where a code is typed.
pub(super) async fn authorize(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
) -> Result<Json<Value>, Problem> {
    let account = account(&app, &visitor, &name)?;
    let link = app
        .hub()
        .sign_ins()
        .begin(&account)
        .await
        .map_err(|error| not_begun(&error))?;
    let asked_by = match &visitor.username {
        Some(username) => format!("user:{username}"),
        None => "operator".to_owned(),
    };
    let ticket = app.hub().sign_ins().ticket(&account, &asked_by);
    let mut data = json!({
        "authorizationUrl": link.url,
        "shortUrl": ticket.short,
        "expiresAt": rfc3339(link.expires_at),
    });
    if let Some(typed) = link.typed {
        data["userCode"] = typed.user_code.into();
        data["verificationUri"] = typed.verification_uri.into();
    }
    Ok(Json(json!({ "success": true, "data": data })))
}

#[derive(Deserialize)]
pub(super) struct Pasted {
    pasted: String,
}

/// POST `.../complete {pasted}`: the whole address, its query, or the bare code.
pub(super) async fn complete(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
    Body(sent): Body<Pasted>,
) -> Result<Json<Value>, Problem> {
    let account = account(&app, &visitor, &name)?;
    let done = app
        .hub()
        .sign_ins()
        .complete(&account, sent.pasted.trim())
        .await
        .map_err(|error| not_completed(&error))?;
    if let Some(again) = done.again {
        let message = "the login server wants to be asked differently; open the new link";
        return Ok(Json(
            json!({ "success": true, "message": message, "data": { "authorizationUrl": again } }),
        ));
    }
    Ok(Json(
        json!({ "success": true, "message": format!("signed in to {name}"), "data": { "server": done.server } }),
    ))
}

#[derive(Deserialize)]
pub(super) struct Scope {
    scope: Option<String>,
}

/// POST `.../disconnect {scope: 'tokens' | 'all'}`.
pub(super) async fn disconnect(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
    Body(sent): Body<Scope>,
) -> Result<Json<Value>, Problem> {
    let account = account(&app, &visitor, &name)?;
    let (forget, scope) = match sent.scope.as_deref() {
        None | Some("tokens") => (Forget::Tokens, "tokens"),
        Some("all") => (Forget::All, "all"),
        Some(other) => {
            return Err(Problem::request(format!(
                "scope is {other:?}; it must be \"tokens\" or \"all\""
            )));
        }
    };
    if forget == Forget::All && account.user.is_some() && !visitor.is_admin {
        return Err(Problem::new(
            Whose::Forbidden,
            "the registration belongs to all users of the server; only an administrator may forget it",
        )
        .code("not_an_administrator"));
    }
    let revoked = app
        .hub()
        .sign_ins()
        .sign_out(&account, forget)
        .await
        .map_err(|error| not_begun(&error))?;
    let data = json!({ "scope": scope, "revoked": revoked });
    Ok(Json(
        json!({ "success": true, "message": format!("signed out of {name}"), "data": data }),
    ))
}

/// GET `.../journal`.
pub(super) async fn journal(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
) -> Result<Json<Value>, Problem> {
    let settings = app.hub().store().current();
    settings
        .server(&name)
        .filter(|server| sees(&visitor, server))
        .ok_or_else(|| no_server(&name))?;
    let user = visitor.username.as_deref();
    let entries = app.hub().journal().entries_of(&name, user);
    Ok(Json(json!({ "success": true, "data": entries })))
}

/// Whose sign-in this visitor may begin, finish and end: an administrator's word counts for one that all share, and for one
/// that each user has, every user's own.
// rule: at-37
fn account(app: &App, visitor: &Visitor, name: &str) -> Result<Account, Problem> {
    let settings = app.hub().store().current();
    let server = settings
        .server(name)
        .filter(|server| sees(visitor, server))
        .ok_or_else(|| no_server(name))?;
    if server.oauth.tokens == Grants::PerUser {
        return Ok(Account::of(name, visitor.username.as_deref()));
    }
    if !visitor.is_admin {
        let message = "only an administrator may do this";
        return Err(Problem::new(Whose::Forbidden, message).code("not_an_administrator"));
    }
    Ok(Account::shared(name))
}

/// A person has to act first, or cannot before the server or its login server answers again.
pub(super) fn needed(needed: &Needed) -> Problem {
    let (whose, code) = match needed.state.waits_for_a_person() {
        true => (Whose::Person, "sign_in_needed"),
        false => (Whose::Upstream, "no_sign_in_now"),
    };
    Problem::new(whose, format!("{}: {}", needed.server, needed.reason))
        .code(code)
        .with("status", needed.state.word())
        .with("reason", needed.reason.as_str())
        .with("action", needed.action.as_str())
        .with("authorizationUrl", needed.authorization_url.as_deref())
        .with("userCode", needed.user_code.as_deref())
}

fn not_begun(error: &SignInError) -> Problem {
    match error {
        SignInError::UnknownServer(name) => no_server(name),
        SignInError::Disabled(_) => Problem::new(Whose::Settings, error.to_string())
            .code("disabled")
            .with("action", "switch the server on first"),
        SignInError::NotHttp(_) => Problem::request(error.to_string()).code("no_sign_in"),
        SignInError::NoUser(_) | SignInError::NotPerUser(_) => {
            Problem::new(Whose::Forbidden, error.to_string()).code("no_user")
        }
        SignInError::Settings { .. } => {
            Problem::new(Whose::Settings, error.to_string()).code("bad_config")
        }
        SignInError::Needed(why) => needed(why),
        SignInError::Store(_) => Problem::us("storing the sign-in", error),
    }
}

fn not_completed(error: &CallbackError) -> Problem {
    let (whose, code) = match error {
        CallbackError::Malformed(_) => (Whose::Request, "malformed"),
        CallbackError::UnknownState => (Whose::Request, "unknown_state"),
        CallbackError::AlreadyUsed => (Whose::Request, "already_used"),
        CallbackError::WrongIssuer(_) => (Whose::Request, "wrong_issuer"),
        CallbackError::Denied { .. } => (Whose::Request, "denied"),
        CallbackError::Client { .. } => (Whose::Upstream, "client_rejected"),
        CallbackError::Exchange { .. } => (Whose::Upstream, "exchange_failed"),
        CallbackError::Store { .. } => return Problem::us("storing the token", error),
    };
    Problem::new(whose, error.to_string()).code(code)
}

//! Tokens of an issuer outside the hub at its doors: after keys and after what the hub itself gave, and before a login.
//!
//! A token that names the issuer of the settings is judged as one of its own and as nothing else: if it is not good, nobody comes in by it, also where the door is open to all.

use std::time::SystemTime;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use hub::access::outside::{Refused, Vouched};
use hub::access::{Caller, Denied};
use hub::cause::Cause;
use serde_json::json;

use super::{NotAdmitted, Visitor, bearer, is_operator, key_in};
use crate::app::App;
use crate::problem::{Problem, Whose};
use crate::session::Person;

/// For `Retry-After`: the issuer is asked for its keys once a minute.
const AGAIN: &str = "60";
/// What a token has to be for where people, and not clients, do something.
const API: &str = "/api";

/// Whom the issuer vouches for at an endpoint of MCP; `user`: at that user's address. `None`: no token of it was sent.
pub(crate) async fn admit(
    app: &App,
    user: Option<&str>,
    (path, headers): (&str, &HeaderMap),
) -> Option<Result<Caller, NotAdmitted>> {
    let token = presented(app, headers)?;
    let vouched = app.hub().outside().vouched(token).await?;
    let admitted = caller(app, vouched, path).and_then(|caller| match user {
        Some(user) if caller.user() != Some(user) => Err(Denied::SomebodyElse),
        Some(_) | None => Ok(caller),
    });
    Some(admitted.map_err(|denied| NotAdmitted::new(denied, app, (path, headers))))
}

/// When the token of the issuer is over that opens a stream of `/api` with these headers.
pub(crate) fn until(app: &App, headers: &HeaderMap) -> Option<SystemTime> {
    let vouched = app.hub().outside().known(presented(app, headers)?)?;
    vouched.ok().map(|vouched| vouched.until)
}

/// Whom the issuer vouches for at `/api`.
pub(super) async fn visitor(app: &App, headers: &HeaderMap) -> Option<Result<Visitor, Problem>> {
    let token = presented(app, headers)?;
    let vouched = app.hub().outside().vouched(token).await?;
    Some(visited(app, vouched))
}

/// As `visitor`, by what is known already.
pub(super) fn known_visitor(app: &App, headers: &HeaderMap) -> Option<Result<Visitor, Problem>> {
    let token = presented(app, headers)?;
    let vouched = app.hub().outside().known(token)?;
    Some(visited(app, vouched))
}

/// Whom the issuer vouches for at the hub's pages, where what stands in front of the hub sends his token with each request; else why not. `None`: none was sent.
pub(crate) async fn person(app: &App, headers: &HeaderMap) -> Option<Result<Person, String>> {
    let token = presented(app, headers)?;
    let vouched = app.hub().outside().vouched(token).await?;
    let person = caller(app, vouched, API).and_then(|caller| {
        let username = caller.user().ok_or(Denied::Unknown)?.to_owned();
        let is_admin = is_admin(app, &username);
        Ok(Person { username, is_admin })
    });
    Some(person.map_err(|denied| denied.to_string()))
}

/// A word that may be a token of the issuer. Whoever shows something of the hub's own comes by that.
fn presented<'h>(app: &App, headers: &'h HeaderMap) -> Option<&'h str> {
    let now = app.now();
    now.settings.forward_auth.issuer()?;
    let at = app.hub().clock().now();
    let own = |word: &str| is_operator(app, word) || now.rules.knows(word, at);
    if key_in(headers, &now.key_header).is_some_and(own) {
        return None;
    }
    bearer(headers).filter(|token| !own(token))
}

fn caller(app: &App, vouched: Result<Vouched, Refused>, path: &str) -> Result<Caller, Denied> {
    let vouched = vouched?.below(&app.options().prefix());
    app.now().rules.vouched(&vouched, path)
}

fn visited(app: &App, vouched: Result<Vouched, Refused>) -> Result<Visitor, Problem> {
    let caller = caller(app, vouched, API).map_err(problem)?;
    Ok(Visitor {
        who: caller.who(),
        username: caller.user().map(str::to_owned),
        is_admin: caller.user().is_some_and(|user| is_admin(app, user)),
        only_reads: false,
    })
}

fn is_admin(app: &App, username: &str) -> bool {
    let now = app.now();
    let mut users = now.settings.users.iter();
    users.any(|user| user.username == username && user.is_admin)
}

fn problem(denied: Denied) -> Problem {
    let message = denied.to_string();
    let Denied::Outside(refused) = denied else {
        return Problem::new(Whose::Stranger, message).code("not_logged_in");
    };
    if refused.is_about_account() {
        return Problem::new(Whose::Forbidden, message).code("no_account");
    }
    if refused == Refused::Unwritten {
        let problem = Problem::new(Whose::Us, message).code("account_not_written");
        return problem.cause(Cause::SettingsNotWritten);
    }
    match refused.is_temporary() {
        true => Problem::new(Whose::Stopping, message)
            .code("issuer_unreachable")
            .cause(Cause::NotLoggedIn),
        false => Problem::new(Whose::Stranger, message).code("not_logged_in"),
    }
}

/// Whether no other token would do any good.
pub(super) fn is_final(denied: Denied) -> bool {
    matches!(denied, Denied::Outside(refused) if refused.is_about_account())
}

/// The answer to whoever may have brought a good token, and shall keep it.
pub(super) fn later(denied: Denied) -> Option<Response> {
    let Denied::Outside(refused) = denied else {
        return None;
    };
    refused.is_temporary().then(|| {
        let why = refused.to_string();
        let body = json!({ "error": "temporarily_unavailable", "error_description": why });
        let again = [(header::RETRY_AFTER, AGAIN)];
        (StatusCode::SERVICE_UNAVAILABLE, again, Json(body)).into_response()
    })
}

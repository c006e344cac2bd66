//! `/api/servers/:name/oauth`: start a sign-in, finish it by pasting, sign out, and what happened.

use axum::Json;
use axum::extract::State;
use hub::cause::{Cause, Family};
use hub::explained::Explained;
use hub::journal::Entry;
use hub::sign_in::{Account, CallbackError, Forget, Needed, SignInError, SignedOut, Ticket};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use settings::{Grants, Server};
use utoipa::ToSchema;

use super::answer::Answer;
use super::servers::no_server;
use super::shape::JournalEntry;
use super::view::{rfc3339, sees};
use super::{Body, Named};
use crate::access::Visitor;
use crate::app::App;
use crate::problem::{Problem, Whose};

/// Where a person signs in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignInLink)]
pub(super) struct Link {
    authorization_url: String,
    /// The hub's own page in front of it, short enough to be typed.
    short_url: String,
    /// RFC 3339, in UTC.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Where a code is typed: the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code: Option<String>,
    /// Where a code is typed: the address for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri: Option<String>,
}

/// Starts a sign-in.
#[utoipa::path(
    post,
    path = "/servers/{name}/oauth/authorize",
    operation_id = "beginSignIn",
    tag = "sign-in",
    params(("name" = String, Path, description = "The server's name")),
    responses((status = 200, description = "The link for the person", body = Answer<Link>))
)]
pub(super) async fn authorize(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
) -> Result<Json<Answer<Link>>, Problem> {
    let account = account(&app, &visitor, &name)?;
    let link = app
        .hub()
        .sign_ins()
        .begin(&account)
        .await
        .map_err(|error| not_begun(&app, &account, &error))?;
    let ticket = ticket(&app, &visitor, &account);
    let (user_code, verification_uri) = link
        .typed
        .map(|typed| (typed.user_code, typed.verification_uri))
        .unzip();
    Ok(Answer::of(Link {
        authorization_url: link.url,
        short_url: ticket.short,
        expires_at: rfc3339(link.expires_at),
        user_code,
        verification_uri,
    }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Pasted {
    /// The whole address that the browser arrived at, its query, or the bare code.
    pasted: String,
}

/// What became of what was pasted: one of the two.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignInOutcome)]
pub(super) struct Outcome {
    /// The login server wants to be asked differently, here.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_url: Option<String>,
    /// The server that is signed in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
}

/// Finishes a sign-in with what a person pasted.
#[utoipa::path(
    post,
    path = "/servers/{name}/oauth/complete",
    operation_id = "completeSignIn",
    tag = "sign-in",
    params(("name" = String, Path, description = "The server's name")),
    request_body = Pasted,
    responses((status = 200, description = "Signed in, or another link", body = Answer<Outcome>))
)]
pub(super) async fn complete(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
    Body(sent): Body<Pasted>,
) -> Result<Json<Answer<Outcome>>, Problem> {
    let account = account(&app, &visitor, &name)?;
    let done = app
        .hub()
        .sign_ins()
        .complete(&account, sent.pasted.trim())
        .await
        .map_err(|error| not_completed(&app, &account, &error))?;
    if let Some(again) = done.again {
        let message = "the login server wants to be asked differently; open the new link";
        let outcome = Outcome {
            authorization_url: Some(again),
            server: None,
        };
        return Ok(Answer::told(message, outcome));
    }
    let outcome = Outcome {
        authorization_url: None,
        server: Some(done.server),
    };
    Ok(Answer::told(format!("signed in to {name}"), outcome))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = SignOut)]
pub(super) struct Scope {
    /// `tokens` unless it is said; `all` forgets a registered client, too.
    #[schema(value_type = Option<Forgotten>)]
    scope: Option<String>,
}

/// How much a sign-out forgets.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SignOutScope)]
pub(super) enum Forgotten {
    Tokens,
    All,
}

/// What was forgotten.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedOut)]
pub(super) struct Out {
    scope: Forgotten,
    #[schema(value_type = Revoked)]
    revoked: SignedOut,
}

/// How many tokens were offered for revocation, and what came of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `SignedOut` of the hub")]
struct Revoked {
    attempted: u32,
    succeeded: u32,
    failed: u32,
}

/// Signs out, and revokes the tokens where the login server can.
#[utoipa::path(
    post,
    path = "/servers/{name}/oauth/disconnect",
    operation_id = "signOut",
    tag = "sign-in",
    params(("name" = String, Path, description = "The server's name")),
    request_body = Scope,
    responses((status = 200, description = "Signed out", body = Answer<Out>))
)]
pub(super) async fn disconnect(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
    Body(sent): Body<Scope>,
) -> Result<Json<Answer<Out>>, Problem> {
    let account = account(&app, &visitor, &name)?;
    let (forget, scope) = match sent.scope.as_deref() {
        None | Some("tokens") => (Forget::Tokens, Forgotten::Tokens),
        Some("all") => (Forget::All, Forgotten::All),
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
        .code("not_an_administrator")
        .cause(Cause::NotAnAdministrator));
    }
    let revoked = app
        .hub()
        .sign_ins()
        .sign_out(&account, forget)
        .await
        .map_err(|error| not_begun(&app, &account, &error))?;
    let message = format!("signed out of {name}");
    Ok(Answer::told(message, Out { scope, revoked }))
}

/// What happened to the sign-in of a server, oldest first.
#[utoipa::path(
    get,
    path = "/servers/{name}/oauth/journal",
    operation_id = "readJournal",
    tag = "sign-in",
    params(("name" = String, Path, description = "The server's name")),
    responses((status = 200, description = "The entries", body = Answer<Vec<JournalEntry>>))
)]
pub(super) async fn journal(
    State(app): State<App>,
    visitor: Visitor,
    Named(name): Named,
) -> Result<Json<Answer<Vec<Entry>>>, Problem> {
    let settings = app.hub().store().current();
    settings
        .server(&name)
        .filter(|server| sees(&visitor, server))
        .ok_or_else(|| no_server(&name))?;
    let user = visitor.username.as_deref();
    let entries = app.hub().journal().entries_of(&name, user);
    Ok(Answer::of(entries))
}

/// The hub's own page for this sign-in, as this visitor asked for it.
pub(super) fn ticket(app: &App, visitor: &Visitor, account: &Account) -> Ticket {
    let asked_by = match &visitor.username {
        Some(username) => format!("user:{username}"),
        None => "operator".to_owned(),
    };
    app.hub().sign_ins().ticket(account, &asked_by)
}

/// Whose sign-in this visitor may begin, finish and end: the word of an administrator and of the server's owner counts for one that all
/// share, and for one that each user has, every user's own.
// rule: at-37
pub(super) fn account(app: &App, visitor: &Visitor, name: &str) -> Result<Account, Problem> {
    let settings = app.hub().store().current();
    let server = settings
        .server(name)
        .filter(|server| sees(visitor, server))
        .ok_or_else(|| no_server(name))?;
    if server.oauth.tokens == Grants::PerUser {
        return Ok(Account::of(name, visitor.username.as_deref()));
    }
    if !speaks_for(visitor, server) {
        let message = "all who use this server share its sign-in, so only an administrator or its owner may do this";
        return Err(Problem::new(Whose::Forbidden, message)
            .code("not_an_administrator")
            .cause(Cause::NotAnAdministrator));
    }
    Ok(Account::shared(name))
}

/// May this visitor sign in for all who share a server's sign-in?
// rule: at-37
pub(super) fn speaks_for(visitor: &Visitor, server: &Server) -> bool {
    let user = visitor.username.as_deref();
    let owns = |user| hub::access::signs_in_for_all(user, &server.sharing);
    visitor.is_admin || user.is_some_and(owns)
}

/// A person has to act first, or cannot before the server or its login server answers again.
pub(super) fn needed(needed: &Needed, explained: &Explained) -> Problem {
    let (whose, code) = match needed.state.waits_for_a_person() {
        true => (Whose::Person, "sign_in_needed"),
        false => (Whose::Upstream, "no_sign_in_now"),
    };
    let cause = Cause::find(&explained.code).unwrap_or_else(|| needed.into());
    // The evidence says the rest, once.
    let message = match cause.family() {
        Family::Link => "the server itself cannot be reached, and nobody else says how to sign in",
        Family::Auth | Family::Call | Family::Hub | Family::Conf => &needed.reason,
    };
    Problem::new(whose, format!("{}: {message}", needed.server))
        .code(code)
        .cause(cause)
        .with("explained", told(explained))
        .with("status", needed.state.word())
        .with("reason", needed.reason.as_str())
        .with("action", needed.action.as_str())
        .with("authorizationUrl", needed.authorization_url.as_deref())
        .with("userCode", needed.user_code.as_deref())
}

/// As members of an answer.
pub(super) fn told(explained: &Explained) -> Value {
    serde_json::to_value(explained).unwrap_or_default()
}

fn not_begun(app: &App, account: &Account, error: &SignInError) -> Problem {
    let explained = app.hub().explain_sign_in(account, error);
    let problem = match error {
        SignInError::UnknownServer(name) => no_server(name),
        SignInError::Disabled(_) => Problem::new(Whose::Settings, error.to_string())
            .code("disabled")
            .with("action", "switch the server on first"),
        SignInError::NotHttp(_) => Problem::request(error.to_string()).code("no_sign_in"),
        SignInError::NoUser(_) => Problem::new(Whose::Forbidden, error.to_string()).code("no_user"),
        SignInError::NotPerUser(_) => {
            Problem::new(Whose::Forbidden, error.to_string()).code("not_per_user")
        }
        SignInError::Settings { .. } => {
            Problem::new(Whose::Settings, error.to_string()).code("bad_config")
        }
        SignInError::Needed(why) => needed(why, &explained),
        SignInError::Store(_) => Problem::us("storing the sign-in", error),
    };
    // A nearer cause may be known than what the sign-in met.
    problem
        .cause(Cause::find(&explained.code).unwrap_or_else(|| error.into()))
        .with("explained", told(&explained))
}

fn not_completed(app: &App, account: &Account, error: &CallbackError) -> Problem {
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
    let explained = app.hub().explain_callback(error, Some(account));
    Problem::new(whose, error.to_string())
        .code(code)
        .cause(error.into())
        .with("explained", told(&explained))
}

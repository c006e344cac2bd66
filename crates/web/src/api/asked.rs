//! One request to a server without an MCP session: for what the API does of MCP itself (tool calls, prompts, resources).
//!
//! Who asks must see the server. Leaves out what a session has: nobody is asked back, and a missing sign-in is not waited for but told.

use hub::activity::By;
use hub::cause::Cause;
use hub::sign_in::Needed;
use hub::upstream::{CallError, NotServed, Upstream};
use mcp::message::{Kind, Message, code};
use serde_json::{Value, json};
use settings::{Server, Settings};

use super::oauth::{account as account_of, needed, ticket, told};
use super::servers::no_server;
use super::view::sees;
use crate::access::Visitor;
use crate::app::App;
use crate::problem::{Problem, Whose};

/// The server of this name and the upstream that this visitor's requests go to.
pub(super) fn reached<'s>(
    app: &App,
    visitor: &Visitor,
    settings: &'s Settings,
    name: &str,
) -> Result<(&'s Server, Upstream), Problem> {
    let server = settings
        .server(name)
        .filter(|server| sees(visitor, server))
        .ok_or_else(|| no_server(name))?;
    let upstream = app
        .hub()
        .upstreams()
        .serving(name, visitor.username.as_deref(), None)
        .map_err(|why| not_served(name, &why))?;
    Ok((server, upstream))
}

fn not_served(name: &str, why: &NotServed) -> Problem {
    let problem = match why {
        NotServed::Unknown(_) => no_server(name),
        NotServed::TooMany(_) => {
            Problem::new(Whose::Forbidden, why.to_string()).code("too_many_sessions")
        }
        NotServed::NoUser(_) => Problem::new(Whose::Forbidden, why.to_string()).code("no_user"),
    };
    problem.cause(why.into())
}

/// An item's own name at its server, out of that or the one that clients see.
pub(super) fn own_name<'n>(
    server: &str,
    separator: &str,
    wanted: &'n str,
    knows: impl Fn(&str) -> bool,
) -> &'n str {
    let own = wanted
        .strip_prefix(server)
        .and_then(|rest| rest.strip_prefix(separator));
    if knows(wanted) {
        wanted
    } else {
        own.unwrap_or(wanted)
    }
}

/// Asks for this visitor, and gives the result as it is.
pub(super) async fn asked(
    (app, visitor): (&App, &Visitor),
    upstream: &Upstream,
    (method, params): (&str, &str),
) -> Result<Value, Problem> {
    let request = Message::request("1", method, Some(params));
    let by = || By {
        who: visitor.who.clone(),
        ..By::default()
    };
    let noted = app.hub().activity().begin(upstream, &request, by);
    let answer = response(upstream, request).await;
    let none = || format!("{} ended the call without an answer", upstream.name());
    if let Some(noted) = noted {
        match &answer {
            Ok(Some(answer)) => noted.answered(answer),
            Ok(None) => noted.unanswered(&none()),
            Err(error) => noted.failed(error),
        }
    }
    match answer {
        Ok(Some(answer)) => outcome(upstream.name(), &answer),
        Ok(None) => Err(Problem::new(Whose::Upstream, none())),
        Err(error) => Err(failed((app, visitor), upstream, error)),
    }
}

/// The response. What the server tells meanwhile has no reader here; what it asks is answered with "not possible here", so
/// that it does not wait.
async fn response(upstream: &Upstream, request: Message) -> Result<Option<Message>, CallError> {
    let mut call = upstream.call(request);
    while let Some(message) = call.next().await {
        let message = message?;
        match message.kind() {
            Kind::Response => return Ok(Some(message)),
            Kind::Notification => {}
            Kind::Request => {
                let why = "nobody can be asked during a call over the REST API";
                let refusal = Message::failure(message.id(), code::METHOD_NOT_FOUND, why, None);
                upstream.answer(refusal).await?;
            }
        }
    }
    Ok(None)
}

fn outcome(server: &str, answer: &Message) -> Result<Value, Problem> {
    let unreadable = |error: serde_json::Error| {
        Problem::new(
            Whose::Upstream,
            format!("the answer of {server} cannot be read: {error}"),
        )
    };
    if let Some(result) = answer.result() {
        let result: Value = serde_json::from_str(result).map_err(unreadable)?;
        return Ok(if result.is_object() {
            result
        } else {
            json!({ "content": result })
        });
    }
    let error: Value = serde_json::from_str(answer.error().unwrap_or("{}")).map_err(unreadable)?;
    let message = error["message"].as_str().unwrap_or("no reason given");
    Err(Problem::new(
        Whose::Upstream,
        format!("{server} refused the call: {message}"),
    )
    .code("refused")
    .cause(Cause::CallRefused)
    .with("error", error.clone()))
}

fn failed((app, visitor): (&App, &Visitor), upstream: &Upstream, error: CallError) -> Problem {
    let mut error = error;
    if let CallError::NeedsSignIn(why) = &mut error {
        *why = now_needed((app, visitor), upstream, why.clone());
    }
    let explained = upstream.explain_call(&error);
    let problem = match &error {
        CallError::NeedsSignIn(why) => return needed(why, &explained),
        CallError::NotConnected { .. } => {
            Problem::new(Whose::Upstream, error.to_string()).code("not_connected")
        }
        CallError::Failed { .. } => {
            Problem::new(Whose::Upstream, error.to_string()).code("call_failed")
        }
        CallError::Timeout { .. } => {
            Problem::new(Whose::UpstreamSilent, error.to_string()).code("timeout")
        }
        CallError::Unreadable(_) => Problem::request(error.to_string()),
        CallError::NotAsked { .. } | CallError::Unanswered { .. } => {
            Problem::new(Whose::Upstream, error.to_string())
        }
    };
    problem
        .cause((&error).into())
        .with("explained", told(&explained))
}

/// What is needed as it stands now: the sign-in may have gone on since the upstream stopped at it. The login server's address is for
/// whom it may sign in; everybody else gets the hub's own page, as MCP clients do.
// rule: at-37
fn now_needed((app, visitor): (&App, &Visitor), upstream: &Upstream, why: Needed) -> Needed {
    let account = upstream.account();
    let view = app.hub().sign_ins().view(account);
    let user_code = view.user_code.map(Into::into);
    let mut now = match view.state.usable() {
        // More scopes; or it is just being tried again.
        true => Needed {
            authorization_url: view.authorization_url,
            user_code,
            ..why
        },
        false => Needed {
            server: why.server,
            state: view.state,
            reason: view.reason,
            action: view.action.unwrap_or(why.action),
            authorization_url: view.authorization_url,
            user_code,
            cause: view.cause,
        },
    };
    if account_of(app, visitor, &account.server).is_err() {
        now.user_code = None;
        let link = now.authorization_url.take();
        now.authorization_url = link.map(|_| ticket(app, visitor, account).short);
    }
    now
}

//! POST `/api/doctor`: what `mcphub doctor` says of a server or an address, line by line as it is found out. Ours, not MCPHub's; for administrators.
//!
//! It asks over the hub's own guarded way out, by the hub's settings, and tells no body of an answer. It is over when its reader leaves.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use hub::cause::Cause;
use hub::doctor::{Told, Unexamined, Whom};
use hub::sign_in::SignInError;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use utoipa::ToSchema;

use super::Body;
use super::servers::no_server;
use crate::access::Admin;
use crate::app::App;
use crate::problem::{Problem, Whose};

/// One of `server` and `url`.
#[derive(Deserialize, ToSchema)]
#[schema(as = DoctorWish)]
pub(super) struct Wish {
    /// The name of a server in the settings.
    server: Option<String>,
    /// The address of any other.
    url: Option<String>,
    /// Really registers a client, and takes it back where that is offered. Without it nothing is sent but questions.
    #[serde(default)]
    register: bool,
}

/// What an event holds: a line, or what they come to.
#[derive(ToSchema)]
#[schema(as = DoctorNews)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the hub's own types")]
enum News {
    Line(Box<Line>),
    End(End),
}

/// One thing that was looked at.
#[derive(ToSchema)]
#[schema(as = DoctorLine, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes `Line` of the hub")]
struct Line {
    part: Part,
    verdict: Verdict,
    /// Stable; the words may change.
    code: String,
    /// Of what is wrong: the number of the error.
    error_code: Option<String>,
    /// What was found, in words.
    text: String,
    /// Method and address.
    asked: Option<String>,
    /// What came back, in a few words.
    came: Option<String>,
    /// Where it is written how it should be.
    clause: Option<String>,
    /// What helps.
    r#do: Option<String>,
}

/// A part of the way to a sign-in.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DoctorPart)]
#[expect(dead_code, reason = "describes `Part` of the hub")]
enum Part {
    Address,
    Transport,
    Token,
    Challenge,
    Resource,
    LoginServer,
    Client,
    Request,
    Callback,
    Clock,
    SignIn,
}

/// `note`: works, and a person may want to know.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DoctorVerdict)]
#[expect(dead_code, reason = "describes `Verdict` of the hub")]
enum Verdict {
    Ok,
    Note,
    Wrong,
}

/// What the lines come to.
#[derive(ToSchema)]
#[schema(as = DoctorEnd)]
#[expect(dead_code, reason = "describes the last event")]
struct End {
    outcome: Outcome,
}

#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DoctorOutcome)]
#[expect(dead_code, reason = "describes `Outcome` of the hub")]
enum Outcome {
    Well,
    Wrong,
    /// A person has to register a client; nothing else is wrong.
    NeedsPerson,
    /// Nobody answers at the address.
    Unreachable,
}

/// Looks at a server from outside, step by step to its sign-in.
///
/// Each event named `line` is one thing that was looked at; `end` comes last.
#[utoipa::path(
    post,
    path = "/doctor",
    operation_id = "examine",
    tag = "sign-in",
    request_body = Wish,
    responses((status = 200, description = "The lines, as they come", body = News, content_type = "text/event-stream"))
)]
pub(super) async fn examine(
    State(app): State<App>,
    _: Admin,
    Body(wish): Body<Wish>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    if wish.register && app.options().read_only {
        let message = "this hub is read-only (READONLY), so it registers nothing";
        return Err(Problem::new(Whose::Forbidden, message)
            .code("read_only")
            .cause(Cause::ReadOnly));
    }
    let whom = match (wish.server, wish.url) {
        (Some(server), None) => Whom::Server(server),
        (None, Some(url)) => Whom::Address(url),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Problem::request(
                "say whom to look at: {\"server\": name} or {\"url\": address}",
            ));
        }
    };
    let place = app.examinations().try_acquire_owned().map_err(|_| {
        let wait = Whose::Hurry(Duration::from_secs(5));
        Problem::new(wait, "enough servers are being examined; wait for one")
            .code("too_many_examinations")
    })?;
    let mut examining = app
        .hub()
        .examining(whom, wish.register)
        .map_err(|why| unexamined(&why))?;
    // That there is nothing to look at is found out first.
    let first = examining.next().await.transpose();
    let first = first.map_err(|why| unexamined(&why))?;
    let rest = stream::unfold((examining, place), |(mut examining, place)| async {
        let told = told(&examining.next().await?.ok()?);
        Some((told, (examining, place)))
    });
    let mut draining = app.draining();
    let end = async move {
        // Without a hub there is nothing to wait for.
        drop(draining.wait_for(|draining| *draining).await);
    };
    let events = stream::iter(first.map(|first| told(&first)))
        .chain(rest)
        .map(Ok);
    Ok(Sse::new(events.boxed().take_until(end)).keep_alive(KeepAlive::default()))
}

fn told(told: &Told) -> Event {
    let event = match told {
        Told::Line(line) => Event::default().event("line").json_data(line),
        Told::Outcome(outcome) => {
            let end = json!({ "outcome": outcome });
            Event::default().event("end").json_data(end)
        }
    };
    event.unwrap_or_else(|error| {
        tracing::error!(%error, "a line could not be written");
        Event::default().comment("a line could not be written")
    })
}

fn unexamined(why: &Unexamined) -> Problem {
    let problem = match why {
        Unexamined::Settings(SignInError::UnknownServer(name)) => return no_server(name),
        Unexamined::Settings(SignInError::NotHttp(_)) | Unexamined::Address { .. } => {
            Problem::request(why.to_string())
        }
        Unexamined::Settings(_) | Unexamined::Header(_) => {
            Problem::new(Whose::Settings, why.to_string())
        }
    };
    problem.code("not_examined")
}

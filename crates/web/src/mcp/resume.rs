//! Event streams of a session: of a request, and of what happens outside of requests. A client that loses one comes back for it.
//!
//! MCP transports, "Resumability and Redelivery", revisions 2025-03-26 to 2025-11-25, and "Sending Messages to the Server" item 6.
//! The hub never closes a connection to have itself polled. What is kept for how long is `hub::session`'s business.

use std::time::Duration;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, BoxStream, StreamExt};
use hub::session::{Exchange, Listening, Resumed, Session};
use mcp::message::Message;
use mcp::sse;
use tokio::time::timeout;

use super::answer::Refusal;
use super::stream::{SIGN_OF_LIFE, alive, event_with, events};
use crate::ending::Ending;

/// A call that has no answer by then may take minutes: its stream begins, so that its client can come back for it. Quicker ones are
/// answered with JSON.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a client waits before it comes back. A hub that is restarted is there again by then, and a person hardly notices.
const RETRY: Duration = Duration::from_secs(2);

/// How long an answer may take until its stream begins without it.
pub(super) fn patience(session: &Session) -> Duration {
    if session.revision().has_priming_events() {
        PATIENCE
    } else {
        // Without an id there is nothing to come back for.
        SIGN_OF_LIFE
    }
}

/// What a server sends for one request; `first` came already.
pub(super) fn request(session: &Session, first: Vec<Message>, exchange: Exchange) -> Response {
    let id = exchange.id().to_owned();
    let messages = stream::iter(first).chain(rest(exchange));
    let listening = session.stream(Some(&id), messages.boxed());
    begun(session, listening, None)
}

/// What servers send for the requests of a batch, behind what is known.
pub(super) fn batch(session: &Session, known: Vec<Message>, asked: Vec<Exchange>) -> Response {
    let known = stream::iter(known).boxed();
    let all = stream::select_all(std::iter::once(known).chain(asked.into_iter().map(rest)));
    begun(session, session.stream(None, all.boxed()), None)
}

/// What happens in a session outside of requests; ends with the session, the hub or the client's token.
pub(super) fn listen(session: &Session, ending: Ending) -> Result<Response, Refusal> {
    let listening = session.listen().ok_or_else(Refusal::too_many_streams)?;
    Ok(begun(session, listening, Some(ending)))
}

/// The stream that a client has lost, by the id of the last event that it has.
pub(super) fn resume(
    session: &Session,
    last_event: &str,
    ending: Ending,
) -> Result<Response, Refusal> {
    match session.resume(last_event) {
        Resumed::Stream(listening) | Resumed::Afresh(listening) => {
            let ending = listening.is_of_session().then_some(ending);
            Ok(begun(session, listening, ending))
        }
        Resumed::Lost { id, answer } => {
            let answer = event_with(&id, answer.text());
            Ok(events(stream::iter([answer]).boxed()))
        }
        // rule: mcp-transport-resume-over -- a client that has all of a stream is told that there is none to open, and stops asking.
        Resumed::Over => Ok(super::not_a_method().into_response()),
        // rule: mcp-transport-resume-unknown -- not 404: that would say that the session is gone.
        Resumed::Gone => Err(Refusal::not_resumable(
            "the stream of this event is not here any more; send its requests again if that does no harm",
        )),
        Resumed::Unknown => Err(Refusal::not_resumable(
            "Last-Event-ID is no id of an event of this session",
        )),
        Resumed::TooMany => Err(Refusal::too_many_streams()),
    }
}

fn rest(exchange: Exchange) -> BoxStream<'static, Message> {
    stream::unfold(exchange, async |mut exchange| {
        exchange.next().await.map(|message| (message, exchange))
    })
    .boxed()
}

fn begun(session: &Session, listening: Listening, ending: Option<Ending>) -> Response {
    let opening = if session.revision().has_priming_events() {
        priming(&listening)
    } else {
        // Older clients take an event for a message, whatever is in it.
        alive()
    };
    let opening = stream::once(async { opening });
    let told = stream::unfold((listening, ending), async |(mut listening, mut ending)| {
        let told = tokio::select! {
            told = timeout(SIGN_OF_LIFE, listening.next()) => told,
            () = ended(&mut ending) => return None,
        };
        let bytes = match told {
            Ok(told) => {
                let (position, message) = told?;
                event_with(&listening.event_id(position), message.text())
            }
            Err(_) => alive(),
        };
        Some((bytes, (listening, ending)))
    });
    events(opening.chain(told).boxed())
}

/// This stream would have no end.
async fn ended(ending: &mut Option<Ending>) {
    match ending {
        Some(ending) => ending.await,
        None => std::future::pending().await,
    }
}

/// An event without a message, so that the client has an id from the first moment.
// rule: mcp-transport-priming -- a stream begins with an event that has an id and no data, and says when to come back; older clients get none.
fn priming(listening: &Listening) -> Bytes {
    let mut out = String::new();
    let event = sse::Event {
        id: Some(listening.opening_id()),
        retry: u64::try_from(RETRY.as_millis()).ok(),
        ..sse::Event::default()
    };
    sse::write(&mut out, &event);
    out.into()
}

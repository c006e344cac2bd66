//! Answers that are event streams: what a server sends for one request without a session, and what such a client listens to.
//! Streams of sessions can be taken up again (`resume`).

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream::{self, BoxStream, StreamExt};
use http::{HeaderName, HeaderValue};
use hub::session::{Once, Subscription};
use mcp::message::Message;
use mcp::{header, sse};
use tokio::time::timeout;

use super::answer;
use crate::ending::Ending;

/// So often a silent stream shows that it lives: proxies cut silent ones off, and a client that went away is noticed.
pub(crate) const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// The first messages and all that follows for the same request.
pub(super) fn exchange(first: Vec<Message>, exchange: Once) -> Response {
    let first = stream::iter(first).map(|message| event(message.text()));
    events(first.chain(rest(exchange)).boxed())
}

/// What a server sends for one request, when nothing came so far.
pub(super) fn slow(exchange: Once) -> Response {
    let opened = stream::once(async { alive() });
    events(opened.chain(rest(exchange)).boxed())
}

/// What a server sends for one request, as events, with signs of life between them.
fn rest(exchange: Once) -> BoxStream<'static, Bytes> {
    stream::unfold(exchange, async |mut exchange| {
        let bytes = match timeout(SIGN_OF_LIFE, exchange.next()).await {
            Ok(message) => event(message?.text()),
            Err(_) => alive(),
        };
        Some((bytes, exchange))
    })
    .boxed()
}

/// What one client asked to hear; ends with the client or, in good order, with the hub or with what let the client in.
pub(super) fn subscribed(subscription: Subscription, ending: Ending) -> Response {
    let from = (subscription, ending, false);
    let events_of = stream::unfold(from, async |(mut subscription, mut ending, over)| {
        if over {
            return None;
        }
        let (bytes, over) = tokio::select! {
            message = subscription.next() => (event(message?.text()), false),
            () = tokio::time::sleep(SIGN_OF_LIFE) => (alive(), false),
            () = &mut ending => (event(subscription.end()?.text()), true),
        };
        Some((bytes, (subscription, ending, over)))
    });
    events(events_of.boxed())
}

/// The stream of a request that the client cancelled before anything came.
pub(super) fn nothing() -> Response {
    events(stream::empty().boxed())
}

/// A response whose body is these events.
pub(crate) fn events(events: BoxStream<'static, Bytes>) -> Response {
    whole(Body::from_stream(events.map(Ok::<_, Infallible>)))
}

/// A response whose body is events already.
pub(super) fn whole(body: impl Into<Body>) -> Response {
    let mut response = answer::body(header::EVENT_STREAM, body);
    let headers = response.headers_mut();
    headers.insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    // nginx would hold events back.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// One message as an event.
pub(crate) fn event(text: &str) -> Bytes {
    let mut out = String::with_capacity(text.len() + 32);
    sse::message(&mut out, None, text);
    out.into()
}

/// The same with an id, by which its stream can be taken up again.
pub(super) fn event_with(id: &str, text: &str) -> Bytes {
    let mut out = String::with_capacity(text.len() + id.len() + 40);
    sse::message(&mut out, Some(id), text);
    out.into()
}

pub(crate) fn alive() -> Bytes {
    let mut out = String::new();
    sse::comment(&mut out);
    out.into()
}

//! The MCP endpoints: `/mcp`, `/mcp/{group}`, `/mcp/{server}` over Streamable HTTP.
//!
//! MCP transports, "Streamable HTTP", revisions 2025-03-26 to 2026-07-28, chosen per request. Leaves out who may come in (a `Caller` must
//! already be with the request), and resuming a stream.

mod answer;
mod asked;
mod batch;
mod stateless;
mod stream;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode};
use hub::access::Caller;
use hub::catalog::Endpoint;
use hub::session::{NoSession, Reply, Session, Sessions};
use mcp::message::{self, Body, Message};
use mcp::{Kind, header, method};
use tokio::sync::watch;
use tokio::time::timeout;

use answer::{Refusal, Takes};

/// What the endpoints need.
#[derive(Clone)]
struct Mcp {
    sessions: Sessions,
    /// True when the hub is about to stop: streams without an end should end.
    draining: watch::Receiver<bool>,
}

/// The endpoints. Each request must carry an `Extension<Caller>`; without one nobody gets in.
pub(crate) fn routes<S>(sessions: Sessions, draining: watch::Receiver<bool>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let methods = || -> MethodRouter<Mcp> {
        axum::routing::post(post)
            .get(get)
            .delete(delete)
            .fallback(not_a_method)
    };
    Router::new()
        .route("/mcp", methods())
        .route("/mcp/", methods())
        .route("/mcp/{*name}", methods())
        .layer(middleware::from_fn(known_callers_only))
        .layer(DefaultBodyLimit::disable())
        .with_state(Mcp { sessions, draining })
}

/// A request that nobody let in is a mistake in the wiring, and must not become an open door.
async fn known_callers_only(request: Request, next: Next) -> Response {
    if request.extensions().get::<Caller>().is_none() {
        tracing::error!("a request reached an MCP endpoint without a caller");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

async fn not_a_method() -> Response {
    let allow = [(http::header::ALLOW, "GET, POST, DELETE")];
    (StatusCode::METHOD_NOT_ALLOWED, allow).into_response()
}

async fn post(
    State(mcp): State<Mcp>,
    Extension(caller): Extension<Caller>,
    name: Option<Path<String>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    asked::content_type(&headers)?;
    let takes = Takes::of(&headers)?;
    let body = body.map_err(|rejection| Refusal::body(&rejection))?;
    let body =
        message::parse_body(body.into()).map_err(|malformed| Refusal::malformed(&malformed))?;
    let endpoint = endpoint(name);
    match body {
        Body::Single(message) if stateless::is(&headers, &message) => {
            stateless::answer(&mcp, (endpoint, &caller), &headers, message, takes).await
        }
        Body::Single(initialize) if is_initialize(&initialize) => {
            open(&mcp, endpoint, &caller, &initialize, takes).await
        }
        Body::Single(message) => {
            let session = mcp.session(&headers, &endpoint, &caller)?;
            let reply = mcp.sessions.receive(&session, message).await;
            Ok(single(reply.carrying(&headers), takes).await)
        }
        Body::Batch(members) => {
            let session = mcp.session(&headers, &endpoint, &caller)?;
            batch::answer(&mcp, (&session, &headers), members, takes).await
        }
    }
}

async fn get(
    State(mcp): State<Mcp>,
    Extension(caller): Extension<Caller>,
    name: Option<Path<String>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    // rule: mcp-stateless-post-only -- the stateless revision has neither GET nor DELETE.
    if stateless::is_said(&headers) {
        return Ok(not_a_method().await);
    }
    // rule: mcp-transport-get -- a GET is answered with an event stream, or with 405.
    if !header::accepts(
        asked::text(&headers, &http::header::ACCEPT),
        header::EVENT_STREAM,
    ) {
        return Err(Refusal::not_acceptable(
            "GET opens an event stream: Accept must take text/event-stream",
        ));
    }
    let session = mcp.session(&headers, &endpoint(name), &caller)?;
    let listening = session.listen().ok_or_else(Refusal::too_many_streams)?;
    Ok(stream::listening(listening, mcp.draining))
}

async fn delete(
    State(mcp): State<Mcp>,
    Extension(caller): Extension<Caller>,
    name: Option<Path<String>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if stateless::is_said(&headers) {
        return Ok(not_a_method().await);
    }
    let session = mcp.session(&headers, &endpoint(name), &caller)?;
    mcp.sessions.close(&session);
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Mcp {
    fn session(
        &self,
        headers: &HeaderMap,
        endpoint: &Endpoint,
        caller: &Caller,
    ) -> Result<Arc<Session>, Refusal> {
        asked::revision(headers)?;
        let id = asked::session_id(headers)?;
        self.sessions
            .find(id, endpoint, caller)
            .map_err(|why| Refusal::no_session(&why))
    }
}

async fn open(
    mcp: &Mcp,
    endpoint: Endpoint,
    caller: &Caller,
    initialize: &Message,
    takes: Takes,
) -> Result<Response, Refusal> {
    let (session, answer) = match mcp.sessions.open(endpoint, caller, initialize).await {
        Ok(opened) => opened,
        Err(NoSession::Initialize(why)) => return Err(Refusal::params(initialize, &why)),
        Err(why) => return Err(Refusal::no_session(&why)),
    };
    let mut response = answer::message(answer, takes);
    // A session id is made of letters, digits, - and _, so it is a header value.
    if let Ok(id) = session.id().parse() {
        response.headers_mut().insert(header::SESSION_ID, id);
    }
    Ok(response)
}

/// The answer to one message: nothing, JSON, or a stream when the server has something to say before its response, or takes
/// its time.
async fn single(reply: Reply, takes: Takes) -> Response {
    let exchange = match reply {
        Reply::Accepted => return StatusCode::ACCEPTED.into_response(),
        Reply::Now(message) => return answer::message(message, takes),
        Reply::Later(exchange) => *exchange,
    };
    if !takes.stream {
        let response = exchange.quietly().next().await;
        return response.map_or_else(stream::nothing, |response| answer::message(response, takes));
    }
    let mut exchange = exchange;
    match timeout(stream::SIGN_OF_LIFE, exchange.next()).await {
        Ok(Some(response)) if response.kind() == Kind::Response => answer::message(response, takes),
        Ok(Some(first)) => stream::exchange(first, exchange),
        Ok(None) => stream::nothing(),
        // Clients and proxies give up on an answer that does not even begin.
        Err(_) => stream::slow(exchange),
    }
}

fn endpoint(name: Option<Path<String>>) -> Endpoint {
    match name {
        Some(Path(name)) if !name.is_empty() => Endpoint::Named(name.into()),
        Some(_) | None => Endpoint::Everything,
    }
}

fn is_initialize(message: &Message) -> bool {
    message.kind() == Kind::Request && message.method() == Some(method::INITIALIZE)
}

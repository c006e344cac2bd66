//! The MCP endpoints: `/mcp`, `/mcp/{group}`, `/mcp/{server}` over Streamable HTTP.
//!
//! MCP transports, "Streamable HTTP", revisions 2025-03-26 to 2026-07-28, chosen per request. Leaves out who may come in.

pub(crate) mod answer;
pub(crate) mod asked;
mod at_once;
mod batch;
mod resume;
mod stateless;
pub(crate) mod stream;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use hub::access::Caller;
use hub::catalog::Endpoint;
use hub::session::{NoSession, Reply, Session, Sessions};
use hub::trace;
use mcp::message::{self, Body, Message};
use mcp::{Kind, header, method};
use tokio::time::timeout;

use crate::access;
use crate::app::App;
use crate::ending;
use answer::{Refusal, Takes};
use at_once::Gathered;

pub(crate) use batch::MOST as MOST_IN_BATCH;

/// Answers at the endpoints. A clone is the same.
#[derive(Clone)]
pub(crate) struct Mcp {
    app: App,
    sessions: Sessions,
}

impl Mcp {
    pub(crate) fn new(app: App) -> Self {
        Self {
            sessions: app.hub().sessions().clone(),
            app,
        }
    }

    /// Answers a request of somebody who was let in.
    pub(crate) async fn answer(
        &self,
        endpoint: Endpoint,
        caller: &Caller,
        request: Request,
    ) -> Response {
        let (head, body) = request.into_parts();
        let answered = match head.method {
            Method::POST => self.post((endpoint, caller), &head, body).await,
            Method::GET => self.get(&endpoint, caller, &head.headers),
            Method::DELETE => self.delete(&endpoint, caller, &head.headers),
            _ => Ok(not_a_method()),
        };
        answered.unwrap_or_else(IntoResponse::into_response)
    }

    async fn post(
        &self,
        (endpoint, caller): (Endpoint, &Caller),
        head: &Parts,
        body: axum::body::Body,
    ) -> Result<Response, Refusal> {
        let headers = &head.headers;
        asked::content_type(headers)?;
        let takes = Takes::of(headers)?;
        let then = self.app.now();
        let body = body.collect().await;
        let body = body.map_err(|error| Refusal::body(&error))?.to_bytes();
        let caller = access::still(&self.app, &then, (caller, head.uri.path(), headers));
        let caller = &*caller.map_err(|refused| Refusal::not_admitted(&refused))?;
        let body =
            message::parse_body(body.into()).map_err(|malformed| Refusal::malformed(&malformed))?;
        if let Body::Single(message) = &body {
            trace::asks(message);
        }
        match body {
            Body::Single(message) if stateless::is(headers, &message) => {
                stateless::answer(self, (endpoint, caller), headers, message, takes).await
            }
            Body::Single(initialize) if is_initialize(&initialize) => {
                open(self, endpoint, caller, &initialize, takes).await
            }
            Body::Single(message) => {
                let session = self.session(headers, &endpoint, caller)?;
                let reply = self.sessions.receive(&session, message).await;
                Ok(single(&session, reply.carrying(headers), takes).await)
            }
            Body::Batch(members) => {
                let session = self.session(headers, &endpoint, caller)?;
                batch::answer(self, (&session, headers), members, takes).await
            }
        }
    }

    fn get(
        &self,
        endpoint: &Endpoint,
        caller: &Caller,
        headers: &HeaderMap,
    ) -> Result<Response, Refusal> {
        // rule: mcp-stateless-post-only -- the stateless revision has neither GET nor DELETE.
        if stateless::is_said(headers) {
            return Ok(not_a_method());
        }
        // rule: mcp-transport-get -- a GET is answered with an event stream, or with 405.
        if !header::accepts(
            asked::text(headers, &http::header::ACCEPT),
            header::EVENT_STREAM,
        ) {
            return Err(Refusal::not_acceptable(
                "GET opens an event stream: Accept must take text/event-stream",
            ));
        }
        let session = self.session(headers, endpoint, caller)?;
        let ending = ending::of_caller(&self.app, caller, endpoint);
        match asked::last_event(headers) {
            Some(last_event) => resume::resume(&session, last_event, ending),
            None => resume::listen(&session, ending),
        }
    }

    fn delete(
        &self,
        endpoint: &Endpoint,
        caller: &Caller,
        headers: &HeaderMap,
    ) -> Result<Response, Refusal> {
        if stateless::is_said(headers) {
            return Ok(not_a_method());
        }
        let session = self.session(headers, endpoint, caller)?;
        self.sessions.close(&session);
        Ok(StatusCode::NO_CONTENT.into_response())
    }

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
async fn single(session: &Session, reply: Reply, takes: Takes) -> Response {
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
    match timeout(resume::patience(session), exchange.next()).await {
        Ok(Some(response)) if response.kind() == Kind::Response => answer::message(response, takes),
        Ok(None) => stream::nothing(),
        Ok(Some(first)) => match at_once::gather(first, &mut exchange) {
            Gathered::Whole(response) => response,
            Gathered::Begun(first) => resume::request(session, first, exchange),
        },
        // Clients and proxies give up on an answer that does not even begin.
        Err(_) => resume::request(session, Vec::new(), exchange),
    }
}

fn not_a_method() -> Response {
    let allow = [(http::header::ALLOW, "GET, POST, DELETE")];
    (StatusCode::METHOD_NOT_ALLOWED, allow).into_response()
}

pub(crate) fn is_initialize(message: &Message) -> bool {
    message.kind() == Kind::Request && message.method() == Some(method::INITIALIZE)
}

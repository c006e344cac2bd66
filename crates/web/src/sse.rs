//! The old HTTP+SSE transport: `/sse`, `/sse/{group}`, `/sse/{server}` give one stream with all that the client hears, and `/messages`
//! takes all that it says.
//!
//! MCP transports 2024-11-05, "HTTP with SSE". The stream's id is in the address for messages and counts only with the key that opened the
//! stream; the session behind it is one as at `/mcp`. Leaves out the stateless revision, which knows no such streams.

mod body;
mod calls;
mod live;
mod queue;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, ALLOW};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use hub::access::Caller;
use hub::catalog::Endpoint;
use hub::session::{NoSession, Sessions};
use mcp::message::{self, Message, code};
use mcp::{Kind, header, method};

use self::calls::Calls;
use self::live::{Stream, Streams};
use crate::access;
use crate::app::App;
use crate::ending;
use crate::mcp::answer::Refusal;
use crate::mcp::{MOST_IN_BATCH, asked, is_initialize};

/// Answers at both addresses. A clone is the same.
#[derive(Clone)]
pub(crate) struct Sse {
    app: App,
    sessions: Sessions,
    streams: Arc<Streams>,
}

impl Sse {
    pub(crate) fn new(app: App) -> Self {
        Self {
            sessions: app.hub().sessions().clone(),
            streams: Arc::default(),
            app,
        }
    }

    /// Opens a stream for somebody who was let in; `messages` is where he may send.
    pub(crate) fn open(
        &self,
        endpoint: Endpoint,
        caller: &Caller,
        (request, messages): (Request, String),
    ) -> Response {
        if *request.method() != Method::GET {
            return not_a_method("GET");
        }
        let opened = self.opened(endpoint, caller, (request.headers(), &messages));
        opened.unwrap_or_else(IntoResponse::into_response)
    }

    fn opened(
        &self,
        endpoint: Endpoint,
        caller: &Caller,
        (headers, messages): (&HeaderMap, &str),
    ) -> Result<Response, Refusal> {
        if !header::accepts(asked::text(headers, &ACCEPT), header::EVENT_STREAM) {
            return Err(Refusal::not_acceptable(
                "this address opens an event stream: Accept must take text/event-stream",
            ));
        }
        self.sessions
            .look(&endpoint, caller)
            .map_err(|why| Refusal::no_session(&why))?;
        let ending = ending::of_caller(&self.app, caller, &endpoint);
        let opened = self
            .streams
            .open(&self.sessions, caller.identity(), endpoint);
        let (live, waiting) = opened.ok_or_else(full)?;
        Ok(body::response(messages, live, waiting, ending))
    }

    /// Takes what a client says on its stream.
    pub(crate) async fn receive(&self, caller: &Caller, request: Request) -> Response {
        if *request.method() != Method::POST {
            return not_a_method("POST");
        }
        let (head, body) = request.into_parts();
        let taken = self.taken(caller, &head, body).await;
        taken.map_or_else(IntoResponse::into_response, |()| {
            StatusCode::ACCEPTED.into_response()
        })
    }

    async fn taken(&self, caller: &Caller, head: &Parts, body: Body) -> Result<(), Refusal> {
        let headers = &head.headers;
        asked::content_type(headers)?;
        asked::revision(headers)?;
        let stream = self.stream(caller, head.uri.query().unwrap_or_default())?;
        let then = self.app.now();
        let body = body.collect().await;
        let body = body.map_err(|error| Refusal::body(&error))?.to_bytes();
        let caller = access::still(&self.app, &then, (caller, head.uri.path(), headers));
        let caller = &*caller.map_err(|refused| Refusal::not_admitted(&refused))?;
        let body =
            message::parse_body(body.into()).map_err(|malformed| Refusal::malformed(&malformed))?;
        let calls = Calls {
            sessions: &self.sessions,
            stream: &stream,
            headers,
        };
        match body {
            message::Body::Single(message) => single(&calls, caller, message).await,
            message::Body::Batch(members) => {
                let session = calls.session(caller).await?;
                // rule: mcp-batch-revision
                if !session.revision().has_batches() || members.len() > MOST_IN_BATCH {
                    return Err(Refusal::batch(session.revision()));
                }
                for member in members {
                    calls.take_member(&session, member).await?;
                }
                Ok(())
            }
        }
    }

    /// The stream that a client named, for the one who opened it.
    // rule: safe-w10
    fn stream(&self, caller: &Caller, query: &str) -> Result<Arc<Stream>, Refusal> {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let named = pairs.find(|(name, _)| name == "sessionId");
        let Some((_, id)) = named.filter(|(_, id)| !id.is_empty()) else {
            let text = "sessionId is missing; send to the address in the first event of the stream";
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                code::SERVER_ERROR,
                text,
            ));
        };
        let stream = self.streams.find(&id, caller.identity());
        stream.ok_or_else(|| Refusal::no_session(&NoSession::Unknown))
    }
}

async fn single(calls: &Calls<'_>, caller: &Caller, message: Message) -> Result<(), Refusal> {
    let live = &calls.stream.live;
    if is_initialize(&message) && live.begins() {
        calls.initialize(caller.clone(), message);
        return Ok(());
    }
    if !live.has_session() {
        match (message.kind(), message.method()) {
            (Kind::Request, Some(method::PING)) => {
                let pong = Message::success(message.id().unwrap_or("null"), "{}");
                return calls.say(pong).await;
            }
            (Kind::Request, _) => {}
            // About something of a stream that is no more.
            (Kind::Notification | Kind::Response, _) => return Ok(()),
        }
    }
    let session = calls.session(caller).await?;
    calls.take(&session, message).await
}

fn not_a_method(allowed: &'static str) -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, allowed)]).into_response()
}

fn full() -> Refusal {
    let text = "as many streams are open as there may be; try again later, or use /mcp";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR, text)
}

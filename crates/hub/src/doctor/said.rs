//! The few words of MCP that a doctor says to a server, and what kind of answer came.
//!
//! MCP transports, "Streamable HTTP", and lifecycle, "Initialization"; 2026-07-28, "Discovery".

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use mcp::bridge::{self, Sender};
use mcp::header::{EVENT_STREAM, JSON, METHOD, PROTOCOL_VERSION, SESSION_ID, is_type};
use mcp::message::Message;
use mcp::method;
use mcp::raw;
use mcp::revision::Revision;
use mcp::sse::Parser;
use oauth::step::{Request, Response};
use secrecy::{ExposeSecret as _, SecretString};

use super::walk::{Walk, content_type};
use crate::upstream::IMPLEMENTATION;

/// The session of an answered handshake.
#[derive(Clone, Default)]
pub(super) struct Session {
    pub(super) id: Option<HeaderValue>,
    pub(super) revision: Option<HeaderValue>,
}

impl Walk<'_> {
    pub(super) fn initialize(&self, token: Option<&SecretString>) -> Request {
        let params = format!(
            "{{\"protocolVersion\":\"{}\",\"capabilities\":{{}},\"clientInfo\":{IMPLEMENTATION}}}",
            Revision::LATEST_HANDSHAKE
        );
        let message = Message::request("1", method::INITIALIZE, Some(&params));
        let mut request = self.post(message);
        let value = token.map(|token| format!("Bearer {}", token.expose_secret()));
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        request
    }

    /// A question to a server that may do without a handshake; `None` cannot happen for a request without params.
    pub(super) fn stateless(&self, method: &'static str) -> Option<Request> {
        let revision = Revision::V2026_07_28;
        let sender = Sender {
            revision,
            implementation: IMPLEMENTATION,
            capabilities: "{}",
            log_level: None,
        };
        let params = bridge::with_sender(None, &sender).ok()?;
        let message = Message::request("1", method, Some(&params));
        let mut request = self.post(message);
        let headers = request.headers_mut();
        headers.insert(
            PROTOCOL_VERSION,
            HeaderValue::from_static(revision.as_str()),
        );
        headers.insert(METHOD, HeaderValue::from_static(method));
        Some(request)
    }

    pub(super) fn list_tools(&self, session: &Session) -> Request {
        let message = Message::request("2", method::TOOLS_LIST, None);
        self.within_session(self.post(message), session)
    }

    pub(super) fn initialized(&self, session: &Session) -> Request {
        let message = Message::notification(method::INITIALIZED, None);
        self.within_session(self.post(message), session)
    }

    pub(super) fn end_session(&self, session: &Session) -> Request {
        let mut request = self.bare(Method::DELETE, Vec::new());
        request.headers_mut().remove(CONTENT_TYPE);
        self.within_session(request, session)
    }

    /// The stream of the old transport.
    pub(super) fn old_stream(&self) -> Request {
        let mut request = self.bare(Method::GET, Vec::new());
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(EVENT_STREAM));
        headers.remove(CONTENT_TYPE);
        request
    }

    fn post(&self, message: Message) -> Request {
        self.bare(Method::POST, message.into_text().into_bytes())
    }

    fn bare(&self, method: Method, body: Vec<u8>) -> Request {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        // What a URL type took, a URI type takes as well; else the request goes nowhere and says so.
        *request.uri_mut() = self.url.as_str().parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        request
    }

    fn within_session(&self, mut request: Request, session: &Session) -> Request {
        let headers = request.headers_mut();
        let said = [
            (SESSION_ID, &session.id),
            (PROTOCOL_VERSION, &session.revision),
        ];
        for (name, value) in said {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        request
    }
}

/// What a body is, seen by a client of MCP.
pub(super) enum Answered {
    Result(Message),
    Error(Message),
    Html,
    Other,
}

pub(super) fn answered(response: &Response) -> Answered {
    let body = String::from_utf8_lossy(response.body()).into_owned();
    let text = match is_type(content_type(response), EVENT_STREAM) {
        true => first_event(&body),
        false => Some(body),
    };
    let message = text.as_ref().map(|text| Message::parse(text.clone()));
    match message {
        Some(Ok(message)) if message.result().is_some() => Answered::Result(message),
        Some(Ok(message)) if message.error().is_some() => Answered::Error(message),
        Some(Ok(_)) => Answered::Other,
        Some(Err(_)) | None => {
            let text = text.unwrap_or_default();
            let begins = text.trim_start().get(..14).unwrap_or_default();
            let begins = begins.to_ascii_lowercase();
            let is_page = begins.starts_with("<!doctype html") || begins.starts_with("<html");
            match is_page || is_type(content_type(response), "text/html") {
                true => Answered::Html,
                false => Answered::Other,
            }
        }
    }
}

/// The data of the first event that has some.
fn first_event(stream: &str) -> Option<String> {
    let mut parser = Parser::new(stream.len().max(1));
    parser.feed(stream.as_bytes());
    let events = std::iter::from_fn(|| parser.take()).flatten();
    let mut data = events.map(|event| event.data);
    data.find(|data| !data.is_empty())
}

/// Whether a stream begins as the old transport's does.
pub(super) fn is_old_stream(response: &Response) -> bool {
    let body = String::from_utf8_lossy(response.body());
    let named = body
        .lines()
        .any(|line| line.trim_end() == "event: endpoint");
    is_type(content_type(response), EVENT_STREAM)
        && (named || body.lines().any(|line| line.trim_end() == "event:endpoint"))
}

/// A member of a result that is a text.
pub(super) fn text_of(message: &Message, key: &str) -> Option<String> {
    let value = raw::field(message.result()?, key).ok()??;
    raw::string(value).map(std::borrow::Cow::into_owned)
}

//! Streamable HTTP, the client's side: one POST for each message, answered by JSON or by a stream of events.
//!
//! MCP transports, revisions 2025-03-26 to 2025-11-25, "Streamable HTTP". The caller's own task reads the answer; there is no
//! task for a message. Listening with GET is in `http::listen`, reading of event streams in `http::events`.

mod events;
mod listen;
mod strays;

use std::{
    collections::VecDeque,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use mcp::{
    header as mcp_header,
    message::{Body, Message, parse_body},
    revision::Revision,
};
use tokio_util::task::TaskTracker;
use url::Url;

use self::{
    events::Events,
    strays::{Seat, Strays},
};
pub(super) use self::{
    events::{Stream, is_message},
    listen::listen,
};
use super::{
    Trouble,
    guarded::{Ask, Guarded},
    link::{Outgoing, Refused},
    trouble::excerpt,
    wire::{Answer, shown},
};
use crate::sign_in::Bearer;

pub(super) struct Http {
    guarded: Arc<Guarded>,
    url: Url,
    /// Bytes of one message.
    limit: usize,
    session: OnceLock<HeaderValue>,
    revision: OnceLock<Revision>,
    gone: AtomicBool,
    strays: Arc<Strays>,
    /// Where the good-bye runs, so that the end of the hub can wait for it.
    tracker: TaskTracker,
}

/// How long the good-bye to a session may take.
const FAREWELL: Duration = Duration::from_secs(3);

impl Http {
    pub(super) fn new(guarded: Arc<Guarded>, url: Url, limit: usize, tracker: TaskTracker) -> Self {
        Self {
            guarded,
            url,
            limit,
            session: OnceLock::new(),
            revision: OnceLock::new(),
            gone: AtomicBool::new(false),
            strays: Arc::default(),
            tracker,
        }
    }

    pub(super) fn agreed(&self, revision: Revision) {
        // A connection is initialized once.
        let _first_stays = self.revision.set(revision);
    }

    /// Sends a request. `seat`: the id under which the server may ask the caller something meanwhile.
    pub(super) async fn begin(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        seat: Option<u64>,
    ) -> Result<Reading, Refused> {
        let seat = seat.map(|id| self.strays.seat(id));
        let (answer, bearer) = self.post(outgoing).await?;
        if outgoing.is_initialize {
            if !answer.status.is_success() {
                return Err(Refused::Failed(answer.into_status_trouble().await));
            }
            self.open_session(&answer)?;
        }
        let secret = bearer.map(|bearer| bearer.header_value());
        let reading = |body| Reading {
            ready: VecDeque::new(),
            body,
            limit: self.limit,
            url: shown(&self.url),
            secret,
            seat,
        };
        if mcp_header::is_type(answer.content_type(), mcp_header::EVENT_STREAM)
            && answer.status.is_success()
        {
            return Ok(reading(Source::Events(Events::of_call(
                self.clone(),
                answer,
            ))));
        }
        if mcp_header::is_type(answer.content_type(), mcp_header::JSON) {
            return Ok(reading(Source::Whole(answer)));
        }
        Err(Refused::Failed(match answer.status {
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Trouble::Unanswered,
            status if status.is_success() => answer.into_type_trouble().await,
            _ => answer.into_status_trouble().await,
        }))
    }

    /// A notification or a response: accepted, or not.
    pub(super) async fn send(&self, outgoing: &Outgoing) -> Result<(), Refused> {
        let (answer, _) = self.post(outgoing).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(Refused::Failed(answer.into_status_trouble().await))
    }

    // rule: mcp-transport-accept -- a POST says that it takes both JSON and an event stream.
    async fn post(&self, outgoing: &Outgoing) -> Result<(Answer, Option<Bearer>), Refused> {
        let mut headers = self.session_headers();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(mcp_header::JSON),
        );
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        let ask = Ask {
            method: Method::POST,
            url: &self.url,
            headers,
            body: Some(outgoing.text.clone()),
        };
        let (answer, bearer) = self.guarded.exchange(ask).await?;
        // rule: mcp-transport-session-404 -- a 404 to a request with a session id means that the session is over.
        if answer.status == StatusCode::NOT_FOUND && self.session.get().is_some() {
            self.gone.store(true, Ordering::Relaxed);
            return Err(Refused::SessionGone);
        }
        Ok((answer, bearer))
    }

    /// Opens a stream for what the server says by itself, or takes up one that broke off.
    async fn get(&self, last_event: Option<&str>) -> Result<Answer, Refused> {
        let mut headers = self.session_headers();
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static(mcp_header::EVENT_STREAM),
        );
        if let Some(id) = last_event.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(mcp_header::LAST_EVENT_ID, id);
        }
        let ask = Ask {
            method: Method::GET,
            url: &self.url,
            headers,
            body: None,
        };
        self.guarded.exchange(ask).await.map(|(answer, _)| answer)
    }

    // rule: mcp-transport-session-header -- the session id goes with every later request.
    // rule: mcp-transport-version-header -- so does the revision that was agreed on.
    fn session_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(6);
        if let Some(session) = self.session.get() {
            headers.insert(mcp_header::SESSION_ID, session.clone());
        }
        if let Some(revision) = self.revision.get() {
            headers.insert(
                mcp_header::PROTOCOL_VERSION,
                HeaderValue::from_static(revision.as_str()),
            );
        }
        headers
    }

    fn open_session(&self, answer: &Answer) -> Result<(), Refused> {
        let Some(id) = answer.headers.get(mcp_header::SESSION_ID) else {
            return Ok(());
        };
        // rule: mcp-transport-session-visible -- a session id has visible ASCII characters only.
        if !id.to_str().is_ok_and(mcp_header::is_session_id) {
            return Err(Refused::Failed(Trouble::SessionId {
                id: excerpt(id.as_bytes()),
            }));
        }
        // A connection is initialized once.
        drop(self.session.set(id.clone()));
        Ok(())
    }
}

/// The last user of a session says good-bye; a server that keeps no sessions, or does not care, is not waited for.
// rule: mcp-transport-session-delete
impl Drop for Http {
    fn drop(&mut self) {
        if self.session.get().is_none() || self.gone.load(Ordering::Relaxed) {
            return;
        }
        // Outside of a runtime nothing can be sent any more.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (guarded, url, headers) = (
            self.guarded.clone(),
            self.url.clone(),
            self.session_headers(),
        );
        let farewell = async move {
            let ask = Ask {
                method: Method::DELETE,
                url: &url,
                headers,
                body: None,
            };
            match tokio::time::timeout(FAREWELL, guarded.exchange(ask)).await {
                Ok(Ok((answer, _))) => {
                    tracing::debug!(server = %guarded.server, status = %answer.status, "session ended")
                }
                Ok(Err(refused)) => {
                    tracing::debug!(server = %guarded.server, "session not ended: {}", refused.into_trouble())
                }
                Err(_) => tracing::debug!(server = %guarded.server, "session not ended in time"),
            }
        };
        self.tracker.spawn_on(farewell, &runtime);
    }
}

/// The answer to one POST, message by message.
pub(super) struct Reading {
    ready: VecDeque<Message>,
    body: Source,
    limit: usize,
    url: String,
    /// What was sent as `Authorization`; it must not come back in an error.
    secret: Option<String>,
    /// Where questions arrive that the server asked on the GET stream.
    seat: Option<Seat>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each call, and it is boxed with its reading"
)]
enum Source {
    Whole(Answer),
    Events(Events),
    Read,
}

impl Reading {
    pub(super) async fn next(&mut self) -> Result<Message, Refused> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(self.masked(message));
            }
            match std::mem::replace(&mut self.body, Source::Read) {
                Source::Read => return Err(Refused::Failed(Trouble::Unanswered)),
                Source::Whole(answer) => {
                    let failed = (!answer.status.is_success()).then_some(answer.status.as_u16());
                    let bytes = answer.whole(self.limit).await.map_err(Refused::Failed)?;
                    self.ready = self.read_whole(bytes, failed).map_err(Refused::Failed)?;
                }
                Source::Events(mut events) => {
                    let text = {
                        let question = async {
                            match &self.seat {
                                Some(seat) => seat.next().await,
                                None => std::future::pending().await,
                            }
                        };
                        tokio::select! {
                            text = events.next_text() => Ok(text),
                            question = question => Err(question),
                        }
                    };
                    self.body = Source::Events(events);
                    self.ready = match text {
                        Ok(text) => messages(text?).map_err(Refused::Failed)?,
                        Err(question) => VecDeque::from([question]),
                    };
                }
            }
        }
    }

    /// An error status may come with a JSON-RPC error, which then is the answer; any other JSON of an error status is not.
    fn read_whole(
        &self,
        bytes: Vec<u8>,
        failed: Option<u16>,
    ) -> Result<VecDeque<Message>, Trouble> {
        let Some(status) = failed else {
            return messages(bytes);
        };
        let begins = excerpt(&bytes);
        match messages(bytes) {
            Ok(found) if found.iter().any(|message| message.error().is_some()) => Ok(found),
            Ok(_) | Err(_) => Err(Trouble::Status {
                url: self.url.clone(),
                status,
                begins,
            }),
        }
    }

    /// The same message, without the token if the server repeats it in an error.
    fn masked(&self, message: Message) -> Message {
        let Some(token) = self
            .secret
            .as_deref()
            .and_then(|value| value.strip_prefix("Bearer "))
        else {
            return message;
        };
        if message.error().is_none_or(|error| !error.contains(token)) {
            return message;
        }
        let text = message.text().replace(token, "[token]");
        Message::parse(text).unwrap_or(message)
    }
}

/// The messages in a body or an event: one, or a batch.
fn messages(bytes: impl Into<Vec<u8>>) -> Result<VecDeque<Message>, Trouble> {
    let bytes = bytes.into();
    let begins = excerpt(&bytes);
    let malformed = |why: mcp::message::Malformed| Trouble::NotAMessage {
        why: why.to_string(),
        begins: begins.clone(),
    };
    match parse_body(bytes).map_err(malformed)? {
        Body::Single(message) => Ok(VecDeque::from([message])),
        Body::Batch(messages) => messages
            .into_iter()
            .map(|message| message.map_err(malformed))
            .collect(),
    }
}

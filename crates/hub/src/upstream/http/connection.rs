//! One connection over Streamable HTTP: its session, its revision, and the requests that carry them.
//!
//! MCP transports, "Session Management" and "Protocol Version Header". What the answers mean is in `reading` and `listen`.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use mcp::{header as mcp_header, revision::Revision};
use tokio_util::task::TaskTracker;
use url::Url;

use super::strays::Strays;
use crate::sign_in::Renewals;
use crate::upstream::{
    Trouble,
    echo::Sent,
    guarded::{Ask, Guarded},
    outgoing::{Outgoing, Refused},
    wire::Answer,
};

pub(in crate::upstream) struct Http {
    guarded: Arc<Guarded>,
    pub(super) url: Arc<Url>,
    /// Bytes of one message.
    pub(super) limit: usize,
    session: OnceLock<HeaderValue>,
    revision: OnceLock<Revision>,
    /// What every POST says of itself.
    of_post: HeaderMap,
    /// What every request says of its session, once that is agreed on.
    of_session: OnceLock<HeaderMap>,
    gone: AtomicBool,
    pub(super) strays: Arc<Strays>,
    /// Where the good-bye runs, so that the end of the hub can wait for it.
    tracker: TaskTracker,
}

/// How long the good-bye to a session may take.
const FAREWELL: Duration = Duration::from_secs(3);

impl Http {
    pub(in crate::upstream) fn new(
        guarded: Arc<Guarded>,
        url: Arc<Url>,
        limit: usize,
        tracker: TaskTracker,
    ) -> Self {
        Self {
            guarded,
            url,
            limit,
            session: OnceLock::new(),
            revision: OnceLock::new(),
            of_post: of_post(),
            of_session: OnceLock::new(),
            gone: AtomicBool::new(false),
            strays: Arc::default(),
            tracker,
        }
    }

    pub(in crate::upstream) fn agreed(&self, revision: Revision) {
        // A connection is initialized once.
        let _first_stays = self.revision.set(revision);
        let _first_stays = self.of_session.set(self.session_headers());
    }

    /// A notification or a response: accepted, or not.
    pub(in crate::upstream) async fn send(&self, outgoing: &Outgoing) -> Result<(), Refused> {
        let answer = self.post(outgoing).await?;
        if answer.status.is_success() {
            answer.finish();
            return Ok(());
        }
        Err(Refused::Failed(answer.into_status_trouble().await))
    }

    /// The tokens that the server was sent.
    pub(super) fn sent(&self) -> &Sent {
        &self.guarded.sent
    }

    pub(super) async fn post(&self, outgoing: &Outgoing) -> Result<Answer, Refused> {
        // A request without a handshake repeats what the session of one with a handshake says.
        let repeated = outgoing.headers.as_ref().or(self.of_session.get());
        let ask = Ask {
            method: Method::POST,
            url: &self.url,
            headers: [outgoing.passed_on.as_deref(), Some(&self.of_post), repeated],
            body: Some(outgoing.text.clone()),
        };
        // On the heap, for the ways of a call to here are many and deep.
        let answer = Box::pin(self.guarded.exchange(ask)).await?;
        // rule: mcp-transport-session-404 -- a 404 to a request with a session id means that the session is over.
        if answer.status == StatusCode::NOT_FOUND && self.session.get().is_some() {
            self.gone.store(true, Ordering::Relaxed);
            return Err(Refused::SessionGone);
        }
        Ok(answer)
    }

    /// Opens a stream for what the server says by itself, or takes up one that broke off.
    pub(super) async fn get(&self, last_event: Option<&str>) -> Result<Answer, Refused> {
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
            headers: [Some(&headers), None, None],
            body: None,
        };
        self.guarded.exchange(ask).await
    }

    /// To hear of the tokens that replace the one that is sent now.
    pub(in crate::upstream) fn renewals(&self) -> Renewals {
        self.guarded.renewals()
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

    pub(super) fn open_session(&self, answer: &Answer) -> Result<(), Refused> {
        let Some(id) = answer.headers.get(mcp_header::SESSION_ID) else {
            return Ok(());
        };
        // rule: mcp-transport-session-visible -- a session id has visible ASCII characters only.
        if !id.to_str().is_ok_and(mcp_header::is_session_id) {
            return Err(Refused::Failed(Trouble::SessionId {
                id: self.sent().excerpt(id.as_bytes()),
            }));
        }
        // A connection is initialized once.
        drop(self.session.set(id.clone()));
        Ok(())
    }
}

// rule: mcp-transport-accept -- a POST says that it takes both JSON and an event stream.
fn of_post() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(mcp_header::JSON),
    );
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static("application/json, text/event-stream"),
    );
    headers
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
                headers: [Some(&headers), None, None],
                body: None,
            };
            match tokio::time::timeout(FAREWELL, guarded.exchange(ask)).await {
                Ok(Ok(answer)) => {
                    tracing::debug!(server = %guarded.account.server, status = %answer.status, "session ended")
                }
                Ok(Err(refused)) => {
                    tracing::debug!(server = %guarded.account.server, "session not ended: {}", refused.into_trouble())
                }
                Err(_) => {
                    tracing::debug!(server = %guarded.account.server, "session not ended in time")
                }
            }
        };
        self.tracker.spawn_on(farewell, &runtime);
    }
}

//! Requests without a session: each says itself who sends it and what the sender can do, and is answered on its own.
//!
//! MCP 2026-07-28: versioning; server, "Discovery". They take the same way as those of sessions, in a session of one request that nobody
//! can find. Leaves out HTTP (crate `web`), questions of servers (`waiting`), and what is told outside of requests (`listen`).

mod listen;
mod logs;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderMap;
use mcp::bridge::{self, Said};
use mcp::capability::Abilities;
use mcp::message::{Kind, Message, code};
use mcp::mirror::Mismatch;
use mcp::{Revision, method, raw};
use tokio::time::timeout;

use super::level::SessionLevel;
use super::outbox::Outbox;
use super::outward::Outward;
use super::receive::Reply;
use super::tracks::Tracks;
use super::{Exchange, Session, Sessions, hello};
use crate::access::Caller;
use crate::catalog::{Endpoint, Nowhere, Scope};
use crate::chance;

pub use listen::Subscription;
use logs::Logs;
pub(super) use waiting::Waiting;
use waiting::{Kept, Origin};

/// Who sends a request without a session, and where to.
#[derive(Debug, Clone)]
pub struct Asker<'a> {
    pub endpoint: Endpoint,
    pub caller: &'a Caller,
    /// What the request says of its sender.
    pub said: Said<'a>,
    pub headers: &'a HeaderMap,
}

/// What a request without a session leads to.
pub enum Asked {
    /// The answer is known.
    Now(Message),
    /// A server is being asked.
    Later(Box<Once>),
    /// The client listens.
    Listen(Box<Subscription>),
}

/// Why a request without a session gets nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unasked {
    #[error(transparent)]
    Nowhere(#[from] Nowhere),
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

/// One request while a server works on it; ends with the response.
pub struct Once {
    sessions: Sessions,
    exchange: Option<Exchange>,
    /// What came while the client was thinking.
    early: VecDeque<Message>,
    /// What the server asked so far, to be asked together.
    questions: Vec<Message>,
    logs: Option<Logs>,
    origin: Origin,
    id: Box<str>,
    token: Option<Box<str>>,
}

const ID_BYTES: usize = 16;
/// Questions that follow each other this closely were asked without waiting for an answer in between.
const TOGETHER: Duration = Duration::from_millis(50);
const MOST_TOGETHER: usize = 16;

impl Sessions {
    /// Takes one request of a client that has no session.
    pub async fn ask(&self, asker: Asker<'_>, request: Message) -> Result<Asked, Unasked> {
        let Asker {
            endpoint,
            caller,
            said,
            headers,
        } = asker;
        let scope = self.shared.catalog.scope(&endpoint, caller)?;
        self.marks_agree(&scope, headers, &request)?;
        let asked = request.method().unwrap_or_default().to_owned();
        // rule: mcp-stateless-removed -- what only sessions have is not known here.
        match asked.as_str() {
            method::DISCOVER => return Ok(Asked::Now(self.discovered(&scope, &request).await)),
            method::INITIALIZE
            | method::PING
            | method::SET_LEVEL
            | method::SUBSCRIBE
            | method::UNSUBSCRIBE
            | method::TASK_RESULT
            | method::TASKS_LIST => return Ok(Asked::Now(unknown(&request))),
            _ => {}
        }
        let origin = Origin::of(caller, &endpoint, &request);
        match self.shared.waiting.retry(&origin, &request).await {
            Kept::Fresh => {}
            Kept::Unknown(_) if self.asks_by_itself(&scope, &request) => {}
            Kept::Refused(why) | Kept::Unknown(why) => {
                let id = request.id();
                let refusal = Message::failure(id, code::INVALID_PARAMS, &why, None);
                return Ok(Asked::Now(refusal));
            }
            Kept::Again(question) => return Ok(Asked::Now(question)),
            Kept::Found(exchange, early) => {
                return Ok(Asked::Later(Box::new(self.once(
                    origin,
                    &request,
                    Some(*exchange),
                    early,
                ))));
            }
        }
        let session = self.fleeting(endpoint, caller, scope, &said);
        if asked == method::LISTEN {
            let listening = self.listen(session, &request).await;
            return Ok(listening.map_or_else(Asked::Now, |it| Asked::Listen(Box::new(it))));
        }
        let mut once = self.once(origin, &request, None, VecDeque::new());
        once.logs = self.logs_of(&session, &request).await;
        Ok(
            match self.receive(&session, request).await.carrying(headers) {
                Reply::Later(exchange) => {
                    once.exchange = Some(*exchange);
                    Asked::Later(Box::new(once))
                }
                Reply::Now(answer) => Asked::Now(bridge::completed(&asked, answer)),
                Reply::Accepted => Asked::Now(unknown(&Message::request("null", &asked, None))),
            },
        )
    }

    fn once(
        &self,
        origin: Origin,
        request: &Message,
        exchange: Option<Exchange>,
        early: VecDeque<Message>,
    ) -> Once {
        let token = request.progress_token().ok().flatten().map(Box::from);
        Once {
            sessions: self.clone(),
            exchange,
            early,
            questions: Vec::new(),
            logs: None,
            origin,
            id: request.id().unwrap_or("null").into(),
            token,
        }
    }

    /// A session for one request.
    fn fleeting(
        &self,
        endpoint: Endpoint,
        caller: &Caller,
        scope: Arc<Scope>,
        said: &Said<'_>,
    ) -> Arc<Session> {
        Arc::new(Session {
            id: chance::token(ID_BYTES).into(),
            seal: Box::default(),
            identity: caller.identity().into(),
            endpoint,
            revision: Revision::V2026_07_28,
            abilities: Abilities::read(said.capabilities),
            capabilities: said.capabilities.into(),
            client: said.client.and_then(hello::named),
            caller: ArcSwap::from_pointee(caller.clone()),
            scope: ArcSwap::new(scope),
            level: SessionLevel::of_request(said.log_level.as_deref()),
            of_caller: self.shared.callers.of(caller.identity()),
            calls: Mutex::new(HashMap::new()),
            asked: Mutex::default(),
            outbox: Outbox::default(),
            tracks: Tracks::new(&self.shared.whole),
            outward: Outward::default(),
            waits: Arc::default(),
            since: self.shared.now(),
            used: AtomicU64::new(self.shared.now()),
        })
    }

    async fn discovered(&self, scope: &Scope, request: &Message) -> Message {
        let introduction = hello::answer(&self.shared.catalog, scope, Revision::V2026_07_28).await;
        let id = request.id().unwrap_or("null");
        match bridge::discovered(&introduction) {
            Ok(result) => Message::success(id, &result),
            Err(why) => {
                let text = format!("what the server said of itself cannot be read: {why}");
                Message::failure(Some(id), code::INTERNAL_ERROR, &text, None)
            }
        }
    }

    /// Whether the server of this request speaks the stateless revision, so that its states are its own business.
    fn asks_by_itself(&self, scope: &Scope, request: &Message) -> bool {
        let Ok((upstream, _)) = self.shared.owner(scope, request.clone()) else {
            return false;
        };
        let hello = upstream.hello();
        hello.is_some_and(|hello| !hello.revision.has_handshake())
    }

    /// Compares the headers that repeat marked parameters of a tool.
    fn marks_agree(
        &self,
        scope: &Scope,
        headers: &HeaderMap,
        request: &Message,
    ) -> Result<(), Mismatch> {
        if request.method() != Some(method::TOOLS_CALL) {
            return Ok(());
        }
        let shape = scope.shape();
        let only = shape.members.first().filter(|_| shape.transparent);
        let only = only.and_then(|member| self.shared.catalog.serving(scope, &member.server).ok());
        if only.is_some_and(|upstream| !upstream.catalog().has_marks()) {
            return Ok(());
        }
        // A tool that is not there is refused where it is looked for.
        let Ok((upstream, owned)) = self.shared.owner(scope, request.clone()) else {
            return Ok(());
        };
        let listed = upstream.catalog();
        let params = owned.params().unwrap_or("{}");
        let name = raw::string_at(params, &["name"]).ok().flatten();
        let marks = name.map_or(&[][..], |name| listed.marks(&name));
        let arguments = raw::field(params, "arguments").ok().flatten();
        let arguments = arguments.unwrap_or("{}");
        marks
            .iter()
            .try_for_each(|mark| mark.agrees(headers, arguments))
    }
}

impl Once {
    /// The next message for the client; the last one is the response. `None`: it is over.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            let received = if self.questions.is_empty() {
                self.received().await
            } else if self.questions.len() < MOST_TOGETHER {
                timeout(TOGETHER, self.received()).await.ok().flatten()
            } else {
                None
            };
            let Some(message) = received else {
                return (!self.questions.is_empty()).then(|| self.wait());
            };
            match message.kind() {
                Kind::Response => {
                    self.exchange = None;
                    // A server that answers after all needs no answers.
                    self.questions.clear();
                    let response = message.with_id(&self.id);
                    return Some(bridge::completed(self.origin.method(), response));
                }
                Kind::Notification => return Some(self.retold(message)),
                Kind::Request if !self.origin.may_wait() => self.refuse(&message),
                // rule: mcp-stateless-no-requests -- a question of the server is a result, and never a request on the stream.
                Kind::Request => self.questions.push(message),
            }
        }
    }

    /// The next message of the server; dropping the future loses none.
    async fn received(&mut self) -> Option<Message> {
        if let Some(message) = self.early.pop_front() {
            return Some(message);
        }
        let exchange = self.exchange.as_mut()?;
        match &mut self.logs {
            Some(logs) => logs.or(exchange).await,
            None => exchange.next().await,
        }
    }

    fn refuse(&self, question: &Message) {
        let text = format!("nobody can be asked during {}", self.origin.method());
        let refusal = Message::failure(question.id(), code::METHOD_NOT_FOUND, &text, None);
        if let Some(exchange) = &self.exchange {
            exchange.answer(refusal);
        }
    }

    /// Progress under the token of the request that the client sent last.
    fn retold(&self, message: Message) -> Message {
        match &self.token {
            Some(token) if message.method() == Some(method::PROGRESS) => {
                let told = message.clone().with_progress_token(token);
                told.unwrap_or(message)
            }
            Some(_) | None => message,
        }
    }

    fn wait(&mut self) -> Message {
        let early = std::mem::take(&mut self.early);
        let questions = std::mem::take(&mut self.questions);
        let Some(exchange) = self.exchange.take() else {
            let text = "the request is over, and nobody waits for an answer any more";
            return Message::failure(Some(&self.id), code::INTERNAL_ERROR, text, None);
        };
        let waiting = &self.sessions.shared.waiting;
        match waiting.keep(&self.origin, questions, exchange, early) {
            Ok(result) => Message::success(&self.id, &result),
            Err(text) => Message::failure(Some(&self.id), code::SERVER_ERROR, text, None),
        }
    }
}

fn unknown(request: &Message) -> Message {
    let asked = request.method().unwrap_or_default();
    let text = format!("revision {} has no {asked}", Revision::V2026_07_28);
    Message::failure(request.id(), code::METHOD_NOT_FOUND, &text, None)
}

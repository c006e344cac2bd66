//! Requests whose server asked something meanwhile: they wait, and the client's next request brings the answer.
//!
//! MCP 2026-07-28, patterns, "Multi Round-Trip Requests", the server's side. The state that the client carries is a random number and
//! nothing else: who asked, where and what is kept here, and compared.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use mcp::message::{Kind, Message};
use mcp::{bridge, raw};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::access::Caller;
use crate::catalog::Endpoint;
use crate::chance;
use crate::session::Exchange;

/// Requests that wait, by the state that their client carries. A clone is the same one.
#[derive(Clone, Default)]
pub(in crate::session) struct Waiting {
    open: Arc<DashMap<Box<str>, Open>>,
}

/// Whose request it is, and for what.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    identity: Box<str>,
    endpoint: Endpoint,
    request: Message,
}

struct Open {
    origin: Origin,
    questions: Vec<Message>,
    /// Asks the task that holds the request to hand it over.
    back: oneshot::Sender<oneshot::Sender<Held<Exchange>>>,
}

type Held<S> = (S, VecDeque<Message>);

/// Where messages for a request come from.
trait Source: Send {
    fn next(&mut self) -> impl Future<Output = Option<Message>> + Send;
}

impl Source for Exchange {
    async fn next(&mut self) -> Option<Message> {
        Self::next(self).await
    }
}

/// What a request turns out to be.
pub(super) enum Kept {
    /// The first of its kind, as far as the hub knows.
    Fresh,
    /// The next round of one that waited, and what came meanwhile.
    Found(Box<Exchange>, VecDeque<Message>),
    /// The answer is missing, so the question is asked again.
    Again(Message),
    Refused(String),
    /// It carries a state like the hub's, which the hub did not give out or has forgotten; another hub may have.
    Unknown(String),
}

/// A person who does not answer within this time does not answer.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Requests that wait, of all clients and of one.
const MOST: usize = 4_096;
const MOST_OF_ONE: usize = 64;
const TOO_MANY: &str = "too many requests wait for an answer of their client";
/// Messages kept while a client thinks.
const MOST_EARLY: usize = 256;
/// Bytes of those, besides one message of any size.
const MOST_EARLY_BYTES: usize = 1024 * 1024;
/// 256 bits.
const STATE_BYTES: usize = 32;
const MARK: &str = "mcphub:";

/// A request of a server has no key, so its place among those that are asked together is one.
fn key(place: usize) -> String {
    match place {
        0 => "question".to_owned(),
        _ => format!("question-{}", place + 1),
    }
}

fn asked(questions: &[Message], state: &str) -> String {
    let keyed = questions.iter().enumerate();
    let keyed = keyed.map(|(place, question)| (key(place), question));
    bridge::input_required(keyed, state)
}

impl Origin {
    pub(super) fn of(caller: &Caller, endpoint: &Endpoint, request: &Message) -> Self {
        Self {
            identity: caller.identity().into(),
            endpoint: endpoint.clone(),
            request: request.clone(),
        }
    }

    pub(super) fn method(&self) -> &str {
        self.request.method().unwrap_or_default()
    }

    /// Whether the request may be answered with a question.
    // rule: mcp-mrtr-supported -- only these three requests may.
    pub(super) fn may_wait(&self) -> bool {
        use mcp::method::{PROMPTS_GET, RESOURCES_READ, TOOLS_CALL};
        matches!(self.method(), TOOLS_CALL | PROMPTS_GET | RESOURCES_READ)
    }

    /// Whether this is the same request of the same client, in another round.
    fn is(&self, other: &Self) -> bool {
        self.identity == other.identity
            && self.endpoint == other.endpoint
            && self.method() == other.method()
            && (self.request.params() == other.request.params()
                || self
                    .params()
                    .is_some_and(|params| other.params() == Some(params)))
    }

    /// The params without what differs between the rounds. `None`: they nest too deep to be compared.
    fn params(&self) -> Option<Map<String, Value>> {
        let text = self.request.params().unwrap_or("{}");
        let mut params: Map<String, Value> = serde_json::from_str(text).ok()?;
        for round in ["_meta", "inputResponses", "requestState"] {
            params.remove(round);
        }
        Some(params)
    }
}

impl Waiting {
    /// Keeps a request until its client answers the questions; the result for the client.
    ///
    /// # Errors
    /// When too many wait; the request is given up.
    pub(super) fn keep(
        &self,
        origin: &Origin,
        questions: Vec<Message>,
        exchange: Exchange,
        early: VecDeque<Message>,
    ) -> Result<String, &'static str> {
        let of_one = self
            .open
            .iter()
            .filter(|open| open.origin.identity == origin.identity);
        if self.open.len() >= MOST || of_one.count() >= MOST_OF_ONE {
            exchange.refused(TOO_MANY);
            return Err(TOO_MANY);
        }
        let state: Box<str> = [MARK, &chance::token(STATE_BYTES)].concat().into();
        let (back, wanted) = oneshot::channel();
        let result = asked(&questions, &state);
        let open = Open {
            origin: origin.clone(),
            questions,
            back,
        };
        self.open.insert(state.clone(), open);
        let (waiting, known) = (self.clone(), state);
        tokio::spawn(async move {
            if hold(exchange, early, wanted).await.is_none() {
                waiting.open.remove(&known);
            }
        });
        Ok(result)
    }

    /// Whether this request goes on with one that waits.
    // rule: mcp-mrtr-state -- a state that was not given to this client for this request is refused.
    pub(super) async fn retry(&self, origin: &Origin, request: &Message) -> Kept {
        let params = request.params().unwrap_or("{}");
        let state = raw::string_at(params, &["requestState"]).ok().flatten();
        let Some(state) = state.filter(|state| state.starts_with(MARK)) else {
            return Kept::Fresh;
        };
        let refused = "the requestState is not of this request, or it waited too long";
        let Some(open) = self.open.get(&*state) else {
            return Kept::Unknown(refused.into());
        };
        if !open.origin.is(origin) {
            return Kept::Refused(refused.into());
        }
        let questions = open.questions.clone();
        drop(open);
        let id = request.id().unwrap_or("null");
        let answer = |place| raw::at(params, &["inputResponses", &key(place)]).ok()?;
        let answers: Option<Vec<&str>> = (0..questions.len()).map(answer).collect();
        // rule: mcp-mrtr-missing-input -- what was not answered is asked again.
        let Some(answers) = answers else {
            let result = asked(&questions, &state);
            return Kept::Again(Message::success(id, &result));
        };
        let Some((_, open)) = self.open.remove(&*state) else {
            return Kept::Refused(refused.into());
        };
        let (give, held) = oneshot::channel();
        if open.back.send(give).is_err() {
            return Kept::Refused(refused.into());
        }
        let Ok((exchange, early)) = held.await else {
            return Kept::Refused(refused.into());
        };
        for (question, answer) in questions.iter().zip(answers) {
            exchange.answer(Message::success(question.id().unwrap_or("null"), answer));
        }
        Kept::Found(Box::new(exchange), early)
    }

    pub(in crate::session) fn count(&self) -> usize {
        self.open.len()
    }

    /// Gives all up.
    pub(in crate::session) fn clear(&self) {
        self.open.clear();
    }
}

/// Holds a request, and takes in what its server says, until it is handed over. `None`: nobody wanted it, and it is cancelled.
// rule: mcp-mrtr-expiry -- a client may never come back.
async fn hold<S: Source>(
    mut exchange: S,
    mut early: VecDeque<Message>,
    mut wanted: oneshot::Receiver<oneshot::Sender<Held<S>>>,
) -> Option<()> {
    let until = Instant::now() + PATIENCE;
    let mut ended = early.iter().any(|m| m.kind() == Kind::Response);
    let mut bytes: usize = early.iter().map(|message| message.text().len()).sum();
    loop {
        let is_full = early.len() >= MOST_EARLY || bytes >= MOST_EARLY_BYTES;
        tokio::select! {
            back = &mut wanted => {
                // A client that went away meanwhile takes its request with it.
                drop(back.ok()?.send((exchange, early)));
                return Some(());
            }
            () = sleep_until(until) => return None,
            message = exchange.next(), if !ended && !is_full => match message {
                Some(message) => {
                    bytes += message.text().len();
                    early.push_back(message);
                }
                None => ended = true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::Outcome;
    use crate::clock::Clock;
    use crate::session::receive::Reply;
    use crate::vault::Vault;
    use crate::{Hub, HubOptions};

    /// Says one thing, and then nothing for ever.
    struct Slow(Option<Message>);

    impl Source for Slow {
        async fn next(&mut self) -> Option<Message> {
            match self.0.take() {
                Some(message) => Some(message),
                None => std::future::pending().await,
            }
        }
    }

    fn slow() -> Slow {
        Slow(Some(Message::notification("notifications/progress", None)))
    }

    // rule: mcp-mrtr-expiry
    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_come_back_is_waited_for_ten_minutes() {
        let (_open, wanted) = oneshot::channel();
        let began = Instant::now();
        assert_eq!(hold(slow(), VecDeque::new(), wanted).await, None);
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_server_says_meanwhile_is_handed_over_with_the_request() {
        let (open, wanted) = oneshot::channel();
        let holding = tokio::spawn(hold(slow(), VecDeque::new(), wanted));
        tokio::time::advance(Duration::from_secs(1)).await;
        let (give, held) = oneshot::channel();
        assert!(open.send(give).is_ok());
        let Ok((_, early)) = held.await else {
            panic!("nothing was handed over");
        };
        assert_eq!(early.len(), 1);
        assert_eq!(holding.await.unwrap(), Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_nobody_can_ask_for_any_more_is_given_up_at_once() {
        let (open, wanted) = oneshot::channel();
        drop(open);
        let began = Instant::now();
        assert_eq!(hold(slow(), VecDeque::new(), wanted).await, None);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    fn origin(method: &str, params: &str) -> Origin {
        Origin {
            identity: "me".into(),
            endpoint: Endpoint::Everything,
            request: Message::request("1", method, Some(params)),
        }
    }

    fn too_many_of(origin: &Origin) -> Waiting {
        let waiting = Waiting::default();
        for state in 0..MOST_OF_ONE {
            let open = Open {
                origin: origin.clone(),
                questions: Vec::new(),
                back: oneshot::channel().0,
            };
            waiting.open.insert(state.to_string().into(), open);
        }
        waiting
    }

    #[tokio::test]
    async fn a_call_that_is_not_kept_because_too_many_wait_is_a_failure_in_the_activity() {
        let folder = tempfile::tempdir().unwrap();
        let settings_path = folder.path().join("mcp_settings.json");
        let up =
            r#"{"mcpServers":{"up":{"type":"streamable-http","url":"http://127.0.0.1:1/mcp"}}}"#;
        std::fs::write(&settings_path, up).unwrap();
        let options = HubOptions {
            settings_path,
            environment: Arc::new(|_| None),
            vault: Vault::default(),
            port: 0,
            clock: Clock::system(),
        };
        let hub = Hub::start(options).await.unwrap();
        let (sessions, caller) = (hub.sessions(), Caller::anyone());
        let initialize = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#;
        let initialize = Message::request("1", "initialize", Some(initialize));
        let opened = sessions.open(Endpoint::Named("up".into()), &caller, &initialize);
        let session = opened.await.unwrap().0;
        let call = Message::request("2", "tools/call", Some(r#"{"name":"t"}"#));
        let Reply::Later(exchange) = sessions.receive(&session, call).await else {
            panic!("the server was not asked");
        };
        let origin = origin("tools/call", "{}");
        let kept = too_many_of(&origin).keep(&origin, Vec::new(), *exchange, VecDeque::new());
        assert_eq!(kept, Err(TOO_MANY));
        let outcomes: Vec<_> = hub.activity().entries();
        let outcomes: Vec<_> = outcomes.iter().map(|it| it.outcome.clone()).collect();
        assert_eq!(outcomes, [Outcome::Failed(TOO_MANY.into())]);
    }

    // rule: mcp-mrtr-supported
    #[test]
    fn only_calls_prompts_and_reads_may_be_answered_with_a_question() {
        for (method, may) in [
            ("tools/call", true),
            ("prompts/get", true),
            ("resources/read", true),
            ("tools/list", false),
            ("completion/complete", false),
        ] {
            assert_eq!(origin(method, "{}").may_wait(), may, "{method}");
        }
    }

    #[test]
    fn another_round_of_the_same_request_is_known_by_what_does_not_change() {
        let first = origin("tools/call", r#"{"name":"t","arguments":{"a":1,"b":2}}"#);
        let round = r#"{"arguments":{"b":2,"a":1},"name":"t","requestState":"s","_meta":{}}"#;
        assert!(first.is(&origin("tools/call", round)));
        assert!(!first.is(&origin("prompts/get", round)));
        assert!(!first.is(&origin("tools/call", r#"{"name":"t","arguments":{"a":2}}"#)));
        let deep = |x| format!("{{\"x\":{x},\"d\":{}{}}}", "[".repeat(500), "]".repeat(500));
        let deepest = origin("tools/call", &deep(1));
        assert!(deepest.is(&origin("tools/call", &deep(1))));
        assert!(!deepest.is(&origin("tools/call", &deep(2))));
        let mut stranger = origin("tools/call", round);
        stranger.identity = "you".into();
        assert!(!first.is(&stranger));
    }
}

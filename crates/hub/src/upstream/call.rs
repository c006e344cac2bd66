//! A call of one request: what comes back, in order, ending with the response; and why there may be none.
//!
//! MCP base protocol, "Timeouts", and utilities "Progress" and "Cancellation". Ids and progress tokens are the hub's own upstream
//! and the caller's own again here, so that many callers share one session. The caller's task does all the work.

mod stateless;

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::HeaderMap;
use mcp::{
    bridge,
    message::{Kind, Message},
    method, raw,
};
use tokio::time::timeout_at;

use self::stateless::Rounds;
use super::{
    Shared, State, Trouble,
    behalf::Behalf,
    cancel::Cancel,
    link::{Link, Reading},
    outgoing::{Outgoing, Refused},
    passed_on,
    patience::Patience,
    pipe::{Place, UNHEARD},
    running::Told,
    shared::answers,
};
use crate::sign_in::Needed;
use crate::trace;

/// A request on its way. `next` may be dropped and called again; dropping the call itself cancels it upstream.
pub struct Call {
    /// Until it begins.
    journey: Option<Result<Box<Journey>, CallError>>,
    stream: BoxStream<'static, Came>,
    /// Refused for want of a sign-in, and not executed.
    refused: Option<Box<Journey>>,
    /// An upstream with a call is not idle.
    _busy: Arc<()>,
}

impl Call {
    pub(super) fn new(shared: Arc<Shared>, request: Message, behalf: Behalf) -> Self {
        let busy = shared.busy.clone();
        shared.calls.fetch_add(1, Ordering::Relaxed);
        Self {
            journey: Some(Journey::new(shared, request, behalf).map(Box::new)),
            stream: stream::empty().boxed(),
            refused: None,
            _busy: busy,
        }
    }

    /// Sends with the request what its server is to see of the headers that its client sent. Too late once the call has begun.
    pub fn carry(&mut self, headers: &HeaderMap) {
        if let Some(Ok(journey)) = &mut self.journey {
            let names = journey.shared.passed_on.load();
            let trace = journey.trace.as_ref().map(|trace| trace.headers());
            journey.passed_on = passed_on::pick(&names, headers, trace);
        }
    }

    /// The next message for the caller, with the caller's own id and progress token: notifications and requests of the server,
    /// and last the response. An error is last too. After the last one: `None`.
    ///
    /// A request of the server has an id that is unique in the hub; answer it with `Upstream::answer` and that id.
    pub async fn next(&mut self) -> Option<Result<Message, CallError>> {
        if let Some(journey) = self.journey.take() {
            self.stream = begin(journey);
        }
        match self.stream.next().await? {
            Came::Received(received) => Some(received),
            Came::Refused(needed, journey) => {
                self.refused = Some(journey);
                Some(Err(CallError::NeedsSignIn(needed)))
            }
        }
    }

    /// Whether the call has just missed a sign-in, was certainly not executed, and may be sent again once somebody has signed in.
    // rule: safe-l12 -- a request that was refused is sent again once, and one that may have been executed never.
    pub fn may_go_again(&self) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|journey| journey.refusals < MOST_REFUSALS)
    }

    /// By what its client wants to hear of its progress, as JSON text; known while it may be sent again.
    pub fn progress_token(&self) -> Option<&str> {
        self.refused.as_ref()?.caller_token.as_deref()
    }

    /// `next` sends it again, if it may be.
    pub fn go_again(&mut self) {
        if !self.may_go_again() {
            return;
        }
        if let Some(mut journey) = self.refused.take() {
            // The server is not to blame for what the person took.
            journey.clock = Patience::new(**journey.shared.limits.load());
            self.journey = Some(Ok(journey));
        }
    }
}

/// What a call gives, one by one.
enum Came {
    Received(Result<Message, CallError>),
    /// A person has to sign in first; the request was not executed.
    Refused(Needed, Box<Journey>),
}

fn begin(journey: Result<Box<Journey>, CallError>) -> BoxStream<'static, Came> {
    let steps = stream::unfold(journey.map(Some), |journey| async {
        match journey {
            Err(error) => Some((Came::Received(Err(error)), Ok(None))),
            Ok(None) => None,
            Ok(Some(mut journey)) => match journey.step().await {
                Ok(Step::Meanwhile(message)) => {
                    Some((Came::Received(Ok(message)), Ok(Some(journey))))
                }
                Ok(Step::Response(message)) => Some((Came::Received(Ok(message)), Ok(None))),
                Err(CallError::NeedsSignIn(needed)) if journey.is_unsent() => {
                    Some((Came::Refused(needed, journey), Ok(None)))
                }
                Err(error) => {
                    if let Some(trace) = &journey.trace {
                        trace.failed(&error);
                    }
                    Some((Came::Received(Err(error)), Ok(None)))
                }
            },
        }
    });
    steps.boxed()
}

/// Why a call has no response.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// A person has to sign in first. The request was not executed, unless the sign-in was missed while its answer was on its way.
    #[error("{0}")]
    NeedsSignIn(Needed),
    /// The server is not connected. The request was not executed.
    #[error("{server} is not connected{}", why(.state))]
    NotConnected { server: Arc<str>, state: Box<State> },
    /// The connection failed or the answer was none. Whether the request was executed is not known.
    #[error("{server}: {}", .trouble.explain())]
    Failed { server: Arc<str>, trouble: Trouble },
    #[error("{server} did not answer within {} s; raise \"{setting}\" for slow tools", .after.as_secs_f32())]
    Timeout {
        server: Arc<str>,
        after: Duration,
        /// Which of the two times it was.
        setting: &'static str,
    },
    /// The request cannot be sent, because what it says can be read in two ways.
    #[error("the params of the request cannot be read: {0}")]
    Unreadable(#[from] raw::Unreadable),
    /// `answer` got a response to a request that the server did not ask, or that is answered already.
    #[error("{server} waits for no answer with the id {id}")]
    NotAsked { server: Arc<str>, id: String },
    /// The server asked the caller something, and cannot go on without an answer.
    #[error("{server} needs an answer to {method}, and the client refused it: {why}")]
    Unanswered {
        server: Arc<str>,
        method: String,
        why: String,
    },
}

fn why(state: &State) -> String {
    match state {
        State::Disabled => ": it is switched off in the settings".into(),
        State::Asleep => ": it starts when it is wanted".into(),
        State::Connecting { attempt } => format!(": attempt {attempt} is under way"),
        State::NeedsSignIn { why } => format!(": {why}"),
        State::BackingOff { error, .. } | State::Broken { error } => {
            format!(": {}", error.explain())
        }
        State::Ready => String::new(),
    }
}

/// Refusals for want of a sign-in, by the server itself, after which a call is not sent again.
const MOST_REFUSALS: u32 = 2;
/// Questions of the server that wait for an answer during one call.
const MOST_ASKED: usize = 128;

enum Step {
    Meanwhile(Message),
    Response(Message),
}

/// A call under way.
struct Journey {
    shared: Arc<Shared>,
    /// The id of the request that is on its way; another one in each round.
    id: u64,
    /// As the caller wrote it.
    request: Message,
    behalf: Behalf,
    /// What the caller knows it by, as JSON text.
    caller_id: Box<str>,
    caller_token: Option<Box<str>>,
    under_way: Option<UnderWay>,
    clock: Patience,
    /// The server's requests to the caller, by the ids that the caller knows.
    asked: Vec<u64>,
    rounds: Rounds,
    /// How often the server refused it for want of a sign-in.
    refusals: u32,
    /// A server has taken it in.
    taken: bool,
    /// What is passed on of the headers of the client's request.
    passed_on: Option<Arc<HeaderMap>>,
    /// Where somebody listens for traces.
    trace: Option<Box<trace::Exchange>>,
}

struct UnderWay {
    reading: Reading,
    cancel: Cancel,
}

/// What came of an attempt to send.
enum Begun {
    Sent(UnderWay),
    /// The hub answers for a server that has no such request any more.
    Kept(Message),
}

impl Journey {
    fn new(shared: Arc<Shared>, request: Message, behalf: Behalf) -> Result<Self, CallError> {
        let caller_token = request.progress_token()?.map(Box::from);
        let clock = Patience::new(**shared.limits.load());
        let trace = trace::Exchange::begin(&shared.name, &request);
        Ok(Self {
            id: shared.next_id(),
            behalf,
            caller_id: request.id().unwrap_or("null").into(),
            caller_token,
            request,
            under_way: None,
            clock,
            asked: Vec::new(),
            rounds: Rounds::default(),
            refusals: 0,
            taken: false,
            passed_on: trace.as_ref().map(|trace| trace.headers().clone()),
            trace,
            shared,
        })
    }

    async fn step(&mut self) -> Result<Step, CallError> {
        loop {
            if let Some(question) = self.questions().await? {
                return Ok(Step::Meanwhile(question));
            }
            let mut under_way = match self.under_way.take() {
                Some(under_way) => under_way,
                None => match self.begin().await? {
                    Begun::Sent(under_way) => under_way,
                    Begun::Kept(answer) => return Ok(Step::Response(answer)),
                },
            };
            let message = self.read(&mut under_way).await?;
            match self.received(&under_way.cancel.link, message) {
                Some(Step::Response(response)) => {
                    under_way.cancel.disarm();
                    under_way.reading.finish();
                    let link = under_way.cancel.link.clone();
                    if let Some(response) = self.judged(&link, response).await? {
                        if self.request.method() == Some(method::TOOLS_CALL) {
                            self.shared.took.observe(self.clock.age());
                        }
                        return Ok(Step::Response(response.with_id(&self.caller_id)));
                    }
                }
                Some(Step::Meanwhile(message)) => {
                    self.under_way = Some(under_way);
                    return Ok(Step::Meanwhile(message));
                }
                None => self.under_way = Some(under_way),
            }
        }
    }

    /// The request as it goes on this connection, with an id and a progress token of the hub's own.
    // rule: mcp-progress-token-unique -- a token is unique over all requests in flight.
    fn outgoing(&self, link: &Link) -> Result<Outgoing, CallError> {
        let mut outgoing = self.dressed(link)?;
        outgoing.passed_on.clone_from(&self.passed_on);
        Ok(outgoing)
    }

    fn dressed(&self, link: &Link) -> Result<Outgoing, CallError> {
        let ours = self.id.to_string();
        let mut request = self.request.clone().with_id(&ours);
        if let Some(params) = self.rounds.params() {
            request = request.with_params(params);
        }
        if self.caller_token.is_some() {
            request = request.with_progress_token(&ours)?;
        }
        match link.stateless() {
            None if self.behalf.stateless => {
                let params = request.params().map(bridge::without_sender).transpose()?;
                let bare = params.map(|params| request.clone().with_params(&params));
                Ok(Outgoing::new(bare.unwrap_or(request)))
            }
            None => Ok(Outgoing::new(request)),
            Some(revision) => {
                let mirrors = self.mirrors(link);
                Ok(self.behalf.dress(request, revision, &mirrors)?)
            }
        }
    }

    /// Sends the request. One that was certainly not executed is sent once more over a new connection.
    // rule: mcp-transport-session-404
    async fn begin(&mut self) -> Result<Begun, CallError> {
        let mut stale = self.rounds.stale();
        loop {
            let until = self.clock.until();
            let late = |_| self.clock.over(&self.shared);
            let link = timeout_at(until, self.shared.ready(stale))
                .await
                .map_err(late)??;
            if let Some(answer) = self.kept(&link) {
                return Ok(Begun::Kept(answer));
            }
            let outgoing = self.outgoing(&link)?;
            let mut cancel = Cancel::new((*link).clone(), self.id, Arc::downgrade(&self.shared));
            let refused = match timeout_at(until, link.begin(&outgoing, self.id, true))
                .await
                .map_err(late)?
            {
                Ok(reading) => {
                    self.taken = true;
                    return Ok(Begun::Sent(UnderWay { reading, cancel }));
                }
                Err(refused) => refused,
            };
            cancel.disarm();
            let generation = link.generation;
            let again = stale.replace(generation).is_none();
            match refused {
                Refused::SessionGone if again => {
                    self.shared.tell(Told::SessionGone { generation }).await
                }
                Refused::Unsent(trouble) if again => {
                    self.shared
                        .tell(Told::Lost {
                            generation,
                            trouble,
                        })
                        .await
                }
                refused @ (Refused::NeedsSignIn(_)
                | Refused::NeedsScopes(_)
                | Refused::SessionGone
                | Refused::Unsent(_)
                | Refused::Failed(_)) => {
                    self.refusals += 1;
                    return Err(self.failed(generation, refused).await);
                }
            }
        }
    }

    /// Nothing of it has ever reached a server that let it in.
    fn is_unsent(&self) -> bool {
        !self.taken
    }

    /// The next message. While the server waits for the caller's answer to a question, the server's own time stands still.
    async fn read(&mut self, under_way: &mut UnderWay) -> Result<Message, CallError> {
        let refused = {
            let mut next = pin!(under_way.reading.next());
            loop {
                match timeout_at(self.clock.until(), &mut next).await {
                    Ok(Ok(message)) => return Ok(message),
                    Ok(Err(refused)) => break refused,
                    Err(_) if self.waits_for_caller() && self.clock.extend() => {}
                    Err(_) => return Err(self.clock.over(&self.shared)),
                }
            }
        };
        under_way.cancel.disarm();
        Err(self.failed(under_way.cancel.link.generation, refused).await)
    }

    /// What of this is for the caller.
    fn received(&mut self, link: &Link, message: Message) -> Option<Step> {
        if answers(&message, self.id) {
            return Some(Step::Response(message));
        }
        match (message.kind(), message.method()) {
            (Kind::Request, Some(method::PING)) | (Kind::Response, _) => {
                self.shared.arrived(link, message)
            }
            (Kind::Request, _) if link.stateless().is_none() => {
                if !self.may_be_asked() {
                    self.shared.placed(link, Place::Refused(message, UNHEARD));
                    return None;
                }
                let (id, request) = self.shared.asked(link, message, self.id);
                self.asked.push(id);
                return Some(Step::Meanwhile(request));
            }
            (Kind::Request, _) => self.shared.arrived(link, message),
            (Kind::Notification, Some(method::PROGRESS)) => {
                return self.progress(message).map(Step::Meanwhile);
            }
            (Kind::Notification, Some(method::CANCELLED)) => {
                // One that came over a pipe was changed on its way here.
                let found = if link.is_pipe() {
                    Ok((self.id, message))
                } else {
                    self.shared.withdrawn(link, message)
                };
                match found {
                    Ok((_, cancelled)) => return Some(Step::Meanwhile(cancelled)),
                    Err(unknown) => self.shared.arrived(link, unknown),
                }
            }
            (
                Kind::Notification,
                Some(method::TOOLS_CHANGED | method::PROMPTS_CHANGED | method::RESOURCES_CHANGED),
            ) => {
                self.shared.arrived(link, message);
            }
            (Kind::Notification, _) => return Some(Step::Meanwhile(message)),
        }
        None
    }

    fn progress(&mut self, message: Message) -> Option<Message> {
        let ours = message
            .progress_token()
            .ok()
            .flatten()
            .and_then(super::pipe::number)
            == Some(self.id);
        let theirs = self.caller_token.as_deref().filter(|_| ours)?;
        self.clock.progress();
        message.with_progress_token(theirs).ok()
    }

    /// Whether few enough questions of the server wait for an answer.
    fn may_be_asked(&mut self) -> bool {
        if self.asked.len() >= MOST_ASKED {
            let open = &self.shared.asked;
            self.asked.retain(|id| open.contains_key(id));
        }
        self.asked.len() < MOST_ASKED
    }

    fn waits_for_caller(&self) -> bool {
        self.asked
            .iter()
            .any(|id| self.shared.asked.contains_key(id))
    }

    async fn failed(&self, generation: u64, refused: Refused) -> CallError {
        let server = self.shared.name.clone();
        match refused {
            Refused::NeedsSignIn(needed) => {
                self.shared
                    .tell(Told::SignInNeeded {
                        generation,
                        needed: needed.clone(),
                    })
                    .await;
                CallError::NeedsSignIn(needed)
            }
            // The others' calls go on with the scopes that are there.
            Refused::NeedsScopes(needed) => CallError::NeedsSignIn(needed),
            Refused::SessionGone => CallError::Failed {
                server,
                trouble: Trouble::SessionGone,
            },
            Refused::Unsent(trouble) | Refused::Failed(trouble) => {
                CallError::Failed { server, trouble }
            }
        }
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        for id in &self.asked {
            self.shared.asked.remove(id);
        }
    }
}

//! A request on its way: sent, sent once more where it was certainly not executed, and read until its response.
//!
//! Ids and progress tokens are the hub's own upstream and the caller's own again here.

mod stateless;

use std::{pin::pin, sync::Arc};

use http::HeaderMap;
use mcp::{
    bridge,
    message::{Kind, Message},
    method,
};
use tokio::time::timeout_at;

use self::stateless::Rounds;
use super::CallError;
use crate::trace;
use crate::upstream::{
    Shared, Trouble,
    behalf::Behalf,
    cancel::Cancel,
    link::{Link, Reading},
    outgoing::{Outgoing, Refused},
    passed_on,
    patience::Patience,
    pipe::{Place, UNHEARD, number},
    running::Told,
    shared::answers,
};

/// Questions of the server that wait for an answer during one call.
const MOST_ASKED: usize = 128;

pub(super) enum Step {
    Meanwhile(Message),
    Response(Message),
}

/// A call under way.
pub(super) struct Journey {
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
    pub(super) fn new(
        shared: Arc<Shared>,
        request: Message,
        behalf: Behalf,
    ) -> Result<Self, CallError> {
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

    pub(super) fn carry(&mut self, headers: &HeaderMap) {
        let names = self.shared.passed_on.load();
        let trace = self.trace.as_ref().map(|trace| trace.headers());
        self.passed_on = passed_on::pick(&names, headers, trace);
    }

    pub(super) fn refusals(&self) -> u32 {
        self.refusals
    }

    pub(super) fn progress_token(&self) -> Option<&str> {
        self.caller_token.as_deref()
    }

    /// Anew: the server is not to blame for what a person took.
    pub(super) fn start_the_clock(&mut self) {
        self.clock = Patience::new(**self.shared.limits.load());
    }

    pub(super) fn traced(&self, error: &CallError) {
        if let Some(trace) = &self.trace {
            trace.failed(error.kind());
        }
    }

    pub(super) async fn step(&mut self) -> Result<Step, CallError> {
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
    pub(super) fn is_unsent(&self) -> bool {
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
        let ours = message.progress_token().ok().flatten().and_then(number) == Some(self.id);
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

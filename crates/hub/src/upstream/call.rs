//! A call of one request: what comes back, in order, ending with the response; and why there may be none.
//!
//! MCP base protocol, "Timeouts", and utilities "Progress" and "Cancellation". Ids and progress tokens are the hub's own upstream
//! and the caller's own again here, so that many callers share one session. The caller's task does all the work.

mod journey;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::HeaderMap;
use mcp::{message::Message, raw};

use self::journey::{Journey, Step};
use super::{Shared, State, Trouble, behalf::Behalf};
use crate::sign_in::Needed;

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
            journey.carry(headers);
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
        refused.is_some_and(|journey| journey.refusals() < MOST_REFUSALS)
    }

    /// By what its client wants to hear of its progress, as JSON text; known while it may be sent again.
    pub fn progress_token(&self) -> Option<&str> {
        self.refused.as_ref()?.progress_token()
    }

    /// `next` sends it again, if it may be.
    pub fn go_again(&mut self) {
        if !self.may_go_again() {
            return;
        }
        if let Some(mut journey) = self.refused.take() {
            journey.start_the_clock();
            self.journey = Some(Ok(journey));
        }
    }
}

/// Refusals for want of a sign-in, by the server itself, after which a call is not sent again.
const MOST_REFUSALS: u32 = 2;

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
                    journey.traced(&error);
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

impl CallError {
    /// Which it is, in the words of traces.
    fn kind(&self) -> &'static str {
        match self {
            Self::NeedsSignIn(_) => "needs_sign_in",
            Self::NotConnected { .. } => "not_connected",
            Self::Failed { .. } => "failed",
            Self::Timeout { .. } => "timeout",
            Self::Unreadable(_) | Self::NotAsked { .. } | Self::Unanswered { .. } => "refused",
        }
    }
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

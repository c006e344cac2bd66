//! A call of one request: what comes back, in order, ending with the response; and why there may be none.

use std::{sync::Arc, time::Duration};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use mcp::message::Message;

use super::{State, Trouble};
use crate::sign_in::Needed;

/// A request on its way. `next` may be dropped and called again; dropping the call itself cancels it upstream.
pub struct Call {
    stream: BoxStream<'static, Result<Message, CallError>>,
}

impl Call {
    pub(super) fn new(server: &str, _request: Message) -> Self {
        let error = CallError::NotConnected {
            server: server.into(),
            state: Box::new(State::Disabled),
        };
        Self {
            stream: stream::iter([Err(error)]).boxed(),
        }
    }

    /// The next message for the caller, with the caller's own id and progress token: notifications and requests of the server,
    /// and last the response. An error is last too. After the last one: `None`.
    ///
    /// A request of the server has an id that is unique in the hub; answer it with `Upstream::answer` and that id.
    pub async fn next(&mut self) -> Option<Result<Message, CallError>> {
        self.stream.next().await
    }
}

/// Why a call has no response.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// A person has to sign in first. The request was not executed.
    #[error("{0}")]
    NeedsSignIn(Needed),
    /// The server is not connected. The request was not executed.
    #[error("{server} is not connected{}", why(.state))]
    NotConnected { server: Arc<str>, state: Box<State> },
    /// The connection failed or the answer was none. Whether the request was executed is not known.
    #[error("{server}: {}", .trouble.explain())]
    Failed { server: Arc<str>, trouble: Trouble },
    #[error("{server} did not answer within {} s; raise \"options.timeout\" for slow tools", .after.as_secs_f32())]
    Timeout { server: Arc<str>, after: Duration },
    /// `answer` got a response to a request that the server did not ask, or that is answered already.
    #[error("{server} waits for no answer with the id {id}")]
    NotAsked { server: Arc<str>, id: String },
}

fn why(state: &State) -> String {
    match state {
        State::Disabled => ": it is switched off in the settings".into(),
        State::Connecting { attempt } => format!(": attempt {attempt} is under way"),
        State::NeedsSignIn { why } => format!(": {why}"),
        State::BackingOff { error, .. } | State::Broken { error } => {
            format!(": {}", error.explain())
        }
        State::Ready => String::new(),
    }
}

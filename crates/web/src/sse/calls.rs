//! What becomes of a client's messages: each request is worked on by a task of its own, which puts what its server says on the stream.
//!
//! A client that does not read keeps its own calls waiting and nobody else's, and after a while it is cut off.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use hub::access::Caller;
use hub::session::{Exchange, NoSession, Reply, Session, Sessions};
use mcp::message::{Malformed, Message};
use tokio::time::timeout;

use super::live::Stream;
use super::queue::{Over, Said};
use crate::mcp::answer::Refusal;

/// A client that reads nothing for so long, while a message finds no room on its stream, is gone or does not mean to.
const LONGEST_UNREAD: Duration = Duration::from_secs(30);

/// The calls of one stream, as one request of its client adds to them.
pub(super) struct Calls<'a> {
    pub(super) sessions: &'a Sessions,
    pub(super) stream: &'a Arc<Stream>,
    pub(super) headers: &'a HeaderMap,
}

impl Calls<'_> {
    /// Opens the session in the background: a server that is being connected is waited for.
    pub(super) fn initialize(&self, caller: Caller, initialize: Message) {
        let (sessions, stream) = (self.sessions.clone(), Arc::clone(self.stream));
        tokio::spawn(async move {
            let live = &stream.live;
            let opening = sessions.open(live.endpoint().clone(), &caller, &initialize);
            let Some(opened) = live.over().run_until_cancelled(opening).await else {
                return;
            };
            let said = match opened {
                Ok((session, answer)) => {
                    let listening = session.listen();
                    live.opened(Some(session));
                    stream.say(Said::Message(answer)).await.map(|()| listening)
                }
                Err(why) => {
                    live.opened(None);
                    let answer = Refusal::no_session(&why).answering(&initialize);
                    stream.say(Said::Message(answer)).await.map(|()| None)
                }
            };
            // What happens outside of calls comes behind the answer. Who left hears neither.
            if let Ok(Some(listening)) = said {
                drop(stream.say(Said::Listen(listening)).await);
            }
        });
    }

    /// Takes one message. A request is on its way when this returns, so that it can be cancelled.
    pub(super) async fn take(
        &self,
        session: &Arc<Session>,
        message: Message,
    ) -> Result<(), Refusal> {
        let reply = self.sessions.receive(session, message).await;
        match reply.carrying(self.headers) {
            Reply::Accepted => Ok(()),
            Reply::Now(answer) => self.say(answer).await,
            Reply::Later(exchange) => {
                tokio::spawn(call(Arc::clone(self.stream), *exchange));
                Ok(())
            }
        }
    }

    pub(super) async fn take_member(
        &self,
        session: &Arc<Session>,
        member: Result<Message, Malformed>,
    ) -> Result<(), Refusal> {
        match member {
            Ok(message) => self.take(session, message).await,
            Err(why) => {
                let answer = Message::failure(None, why.code(), &why.to_string(), None);
                self.say(answer).await
            }
        }
    }

    pub(super) async fn say(&self, answer: Message) -> Result<(), Refusal> {
        let said = self.stream.say(Said::Message(answer)).await;
        said.map_err(|Over| Refusal::no_session(&NoSession::Unknown))
    }
}

async fn call(stream: Arc<Stream>, mut exchange: Exchange) {
    while let Some(message) = exchange.next().await {
        if stream.say(Said::Message(message)).await.is_err() {
            return;
        }
    }
}

impl Stream {
    async fn say(&self, said: Said) -> Result<(), Over> {
        let live = &self.live;
        let mut put = pin!(live.over().run_until_cancelled(self.queue.put(said)));
        let mut taken = live.taken();
        loop {
            if let Ok(put) = timeout(LONGEST_UNREAD, &mut put).await {
                return put.unwrap_or(Err(Over));
            }
            if taken == live.taken() {
                break;
            }
            taken = live.taken();
        }
        tracing::info!(
            "a client on /sse read nothing for {} s while messages waited for it, and was cut off",
            LONGEST_UNREAD.as_secs()
        );
        live.end();
        Err(Over)
    }
}

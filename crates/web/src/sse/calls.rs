//! What becomes of a client's messages: each request is worked on by a task of its own, which puts what its server says on the stream.
//!
//! A client that does not read keeps its own calls waiting and nobody else's, and after a while it is cut off.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use hub::access::Caller;
use hub::session::{Exchange, NoSession, Reply, Session, Sessions};
use mcp::message::{Malformed, Message, code};
use mcp::{Revision, header, method, raw};
use tokio::time::timeout;

use super::live::Stream;
use super::queue::{Over, Said};
use crate::mcp::answer::Refusal;
use crate::mcp::asked;

/// A client that reads nothing for so long, while a message finds no room on its stream, is gone or does not mean to.
const LONGEST_UNREAD: Duration = Duration::from_secs(30);

/// The calls of one stream, as one request of its client adds to them.
pub(super) struct Calls<'a> {
    pub(super) sessions: &'a Sessions,
    pub(super) stream: &'a Arc<Stream>,
    pub(super) headers: &'a HeaderMap,
}

impl Calls<'_> {
    /// Answers `initialize` in the background: a server that is being connected is waited for.
    pub(super) fn initialize(&self, caller: Caller, initialize: Message) {
        let (sessions, stream) = (self.sessions.clone(), Arc::clone(self.stream));
        tokio::spawn(async move {
            let opened = open(&sessions, &stream, &caller, &initialize).await;
            let (answer, listening) = match opened {
                Ok(Opened::Now { session, answer }) => (answer, session.listen()),
                Ok(Opened::Before(_)) => {
                    let text = "this session is initialized already";
                    let id = initialize.id();
                    let code = code::INVALID_REQUEST;
                    (Message::failure(id, code, text, None), None)
                }
                Err(why) => {
                    stream.live.begins_anew();
                    let refusal = Refusal::no_session(&why);
                    (refusal.answering(&initialize), None)
                }
            };
            // What happens outside of calls comes behind the answer. Who left hears neither.
            if let (Ok(()), Some(listening)) = (stream.say(Said::Message(answer)).await, listening)
            {
                drop(stream.say(Said::Listen(listening)).await);
            }
        });
    }

    /// The session on the stream, as the settings are now. A client whose stream broke may go on with a new one without another
    /// `initialize`, as with MCPHub (clients on `EventSource` do): it gets a session in which nothing is known of it.
    pub(super) async fn session(&self, caller: &Caller) -> Result<Arc<Session>, Refusal> {
        let initialize = unsaid(self.headers);
        let opened = open(self.sessions, self.stream, caller, &initialize).await;
        let session = match opened.map_err(|why| Refusal::no_session(&why))? {
            Opened::Before(session) => session,
            Opened::Now { session, .. } => {
                if let Some(listening) = session.listen() {
                    let said = self.stream.say(Said::Listen(listening)).await;
                    said.map_err(|Over| gone())?;
                }
                return Ok(session);
            }
        };
        let endpoint = self.stream.live.endpoint();
        let found = self.sessions.find(&session.id(), endpoint, caller);
        found.map_err(|why| Refusal::no_session(&why))
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
        said.map_err(|Over| gone())
    }
}

enum Opened {
    Now {
        session: Arc<Session>,
        answer: Message,
    },
    Before(Arc<Session>),
}

async fn open(
    sessions: &Sessions,
    stream: &Stream,
    caller: &Caller,
    initialize: &Message,
) -> Result<Opened, NoSession> {
    let mut said = None;
    let opening = async {
        let endpoint = stream.live.endpoint().clone();
        let (session, answer) = sessions.open(endpoint, caller, initialize).await?;
        said = Some(answer);
        Ok(session)
    };
    let session = stream.live.session(opening).await?;
    Ok(match said {
        Some(answer) => Opened::Now { session, answer },
        None => Opened::Before(session),
    })
}

/// What a client would have said that says nothing of itself.
fn unsaid(headers: &HeaderMap) -> Message {
    let revision = asked::text(headers, &HeaderName::from_static(header::PROTOCOL_VERSION));
    let revision = revision.unwrap_or(Revision::V2024_11_05.as_str());
    let params = format!(
        "{{\"protocolVersion\":{},\"capabilities\":{{}}}}",
        raw::quote(revision)
    );
    Message::request("0", method::INITIALIZE, Some(&params))
}

fn gone() -> Refusal {
    Refusal::no_session(&NoSession::Unknown)
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

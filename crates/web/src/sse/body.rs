//! The stream as the client reads it: its address for messages, then all messages, with signs of life between them.

use std::future;
use std::sync::Arc;

use axum::body::Bytes;
use axum::response::Response;
use futures::stream::{self, StreamExt};
use hub::session::Listening;
use mcp::message::Message;
use mcp::sse;

use super::live::Live;
use super::queue::{Said, Waiting};
use crate::ending::Ending;
use crate::mcp::stream::{SIGN_OF_LIFE, alive, event, events};

struct Flow {
    waiting: Waiting,
    /// Of the event that is being written.
    rest: Bytes,
    /// What happens outside of calls, once there is a session.
    listening: Option<Listening>,
    ending: Ending,
    /// No more messages are taken; the stream ends when all is said.
    retired: bool,
    ends: EndsWithClient,
}

/// Large events are written in pieces, so that it shows whether the client reads.
const PIECE: usize = 64 * 1024;

/// The stream is dropped when its client is gone.
struct EndsWithClient(Arc<Live>);

impl Drop for EndsWithClient {
    fn drop(&mut self) {
        self.0.end();
    }
}

pub(super) fn response(
    messages: &str,
    live: Arc<Live>,
    waiting: Waiting,
    ending: Ending,
) -> Response {
    let first = endpoint(messages, live.id());
    let flow = Flow {
        waiting,
        rest: Bytes::new(),
        listening: None,
        ending,
        retired: false,
        ends: EndsWithClient(live),
    };
    let rest = stream::unfold(flow, async |mut flow| {
        let piece = flow.piece().await?;
        flow.ends.0.take();
        Some((piece, flow))
    });
    events(stream::once(async { first }).chain(rest).boxed())
}

/// A path: the client puts the stream's own origin in front of it.
// rule: mcp-sse-endpoint -- when a client connects, the server MUST send an endpoint event with the address for the client's messages.
fn endpoint(messages: &str, id: &str) -> Bytes {
    let mut out = String::new();
    let event = sse::Event {
        kind: Some("endpoint".into()),
        ..sse::Event::message(format!("{messages}?sessionId={id}"))
    };
    sse::write(&mut out, &event);
    out.into()
}

impl Flow {
    async fn piece(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            self.rest = self.next().await?;
        }
        let piece = self.rest.len().min(PIECE);
        Some(self.rest.split_to(piece))
    }

    async fn next(&mut self) -> Option<Bytes> {
        let live = Arc::clone(&self.ends.0);
        loop {
            tokio::select! {
                () = live.over().cancelled() => return None,
                said = self.waiting.next() => match said? {
                    // rule: mcp-sse-message -- the server's messages are sent as message events.
                    Said::Message(message) => return Some(event(message.text())),
                    Said::Listen(listening) => self.listening = Some(listening),
                },
                told = hear(&mut self.listening) => match told {
                    Some(message) => return Some(event(message.text())),
                    // The session was ended.
                    None => {
                        self.listening = None;
                        live.retire();
                    }
                },
                () = &mut self.ending, if !self.retired => {
                    self.retired = true;
                    live.retire();
                }
                () = tokio::time::sleep(SIGN_OF_LIFE) => return Some(alive()),
            }
        }
    }
}

async fn hear(listening: &mut Option<Listening>) -> Option<Arc<Message>> {
    match listening {
        // Such a stream cannot be taken up again, so where the message is in it does not matter.
        Some(listening) => listening.next().await.map(|(_, message)| message),
        None => future::pending().await,
    }
}

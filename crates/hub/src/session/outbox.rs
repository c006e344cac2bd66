//! The streams on which a client hears what happens outside of calls, and what waits while none is open.
//!
//! MCP transports, "Listening for Messages from the Server": each message goes to one stream only.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp::merge::Listing;
use mcp::message::Message;
use mcp::method;
use tokio::sync::mpsc;

/// What one open stream gives out, in order.
pub type Listening = mpsc::Receiver<Arc<Message>>;

/// A client that does not read loses what comes on top of this.
const WAITING: usize = 128;
/// Streams of one session.
const MOST_STREAMS: usize = 4;

#[derive(Default)]
pub(super) struct Outbox {
    streams: Mutex<Vec<mpsc::Sender<Arc<Message>>>>,
    /// Lists that changed while no stream was open, one bit each.
    stale: AtomicU8,
}

impl Outbox {
    pub(super) fn listen(&self) -> Option<Listening> {
        let mut streams = self.open_streams();
        if streams.len() >= MOST_STREAMS {
            return None;
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        let stale = self.stale.swap(0, Ordering::AcqRel);
        for listing in Listing::ALL
            .into_iter()
            .filter(|listing| stale & bit(*listing) != 0)
        {
            // The channel is new and wide enough for all of them.
            if sender.try_send(Arc::new(changed(listing))).is_err() {
                tracing::error!("a new stream took no message");
            }
        }
        streams.push(sender);
        Some(receiver)
    }

    /// Says that a list changed; kept for later when nobody listens.
    pub(super) fn list_changed(&self, listing: Listing) {
        if !self.send(&Arc::new(changed(listing))) {
            self.stale.fetch_or(bit(listing), Ordering::AcqRel);
        }
    }

    // rule: mcp-transport-one-stream -- the server must send each message on only one of the connected streams.
    /// Sends on one stream. False: none is open, or the client does not read.
    pub(super) fn send(&self, message: &Arc<Message>) -> bool {
        self.open_streams()
            .iter()
            .rev()
            .any(|stream| stream.try_send(Arc::clone(message)).is_ok())
    }

    pub(super) fn is_open(&self) -> bool {
        !self.open_streams().is_empty()
    }

    pub(super) fn close(&self) {
        self.open_streams().clear();
    }

    fn open_streams(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Arc<Message>>>> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|stream| !stream.is_closed());
        streams
    }
}

/// Templates have no notification of their own.
fn changed(listing: Listing) -> Message {
    let method = match listing {
        Listing::Tools => method::TOOLS_CHANGED,
        Listing::Prompts => method::PROMPTS_CHANGED,
        Listing::Resources | Listing::Templates => method::RESOURCES_CHANGED,
    };
    Message::notification(method, None)
}

fn bit(listing: Listing) -> u8 {
    match listing {
        Listing::Tools => 1,
        Listing::Prompts => 2,
        Listing::Resources | Listing::Templates => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_nobody_heard_is_told_to_the_next_who_listens_once() {
        let outbox = Outbox::default();
        outbox.list_changed(Listing::Tools);
        outbox.list_changed(Listing::Tools);
        let mut listening = outbox.listen().unwrap();
        assert_eq!(
            listening.try_recv().unwrap().method(),
            Some(method::TOOLS_CHANGED)
        );
        assert!(listening.try_recv().is_err());
        outbox.list_changed(Listing::Templates);
        assert_eq!(
            listening.try_recv().unwrap().method(),
            Some(method::RESOURCES_CHANGED)
        );
    }

    // rule: mcp-transport-one-stream
    #[test]
    fn each_message_goes_to_one_stream_only_and_to_an_open_one() {
        let outbox = Outbox::default();
        let (mut first, second) = (outbox.listen().unwrap(), outbox.listen().unwrap());
        drop(second);
        assert!(outbox.send(&Arc::new(changed(Listing::Tools))));
        assert!(first.try_recv().is_ok());
        let mut third = outbox.listen().unwrap();
        assert!(outbox.send(&Arc::new(changed(Listing::Tools))));
        assert!(third.try_recv().is_ok() && first.try_recv().is_err());
    }

    #[test]
    fn a_client_cannot_open_streams_without_end() {
        let outbox = Outbox::default();
        let held: Vec<_> = std::iter::from_fn(|| outbox.listen()).collect();
        assert_eq!(held.len(), MOST_STREAMS);
        drop(held);
        assert!(outbox.listen().is_some());
    }
}

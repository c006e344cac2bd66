//! The replay buffer of one stream: what was sent lately, and what waits to be sent, in order.
//!
//! MCP transports 2025-03-26 to 2025-11-25, "Resumability and Redelivery". A position counts the messages of a stream from 1 on;
//! whoever has everything up to a position can go on behind it, as long as nothing behind it was forgotten.

use std::collections::VecDeque;
use std::sync::Arc;

use mcp::message::Message;

/// Messages that were sent and may have been lost on the way; older ones are forgotten.
const SENT: usize = 256;
/// The same in bytes. The newest is kept, however long it is.
const SENT_BYTES: usize = 1 << 20;
/// Messages that wait for the client.
const WAITING: usize = 256;
/// The same in bytes.
const WAITING_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Ring {
    kept: VecDeque<Arc<Message>>,
    /// Messages that were forgotten; the first that is kept follows.
    forgotten: u64,
    /// Messages that were given out to whoever reads now.
    sent: u64,
    /// Messages that were ever given out.
    ever_sent: u64,
    bytes: usize,
    waiting_bytes: usize,
}

/// Why a stream cannot go on behind a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum Torn {
    /// What follows was forgotten.
    Gap,
    /// Nothing was ever sent under this position.
    Ahead,
}

impl Ring {
    pub(super) fn push(&mut self, message: Arc<Message>) {
        self.bytes += message.text().len();
        self.waiting_bytes += message.text().len();
        self.kept.push_back(message);
    }

    /// Whether there is room for one more that waits.
    pub(super) fn has_room(&self) -> bool {
        self.waiting() < WAITING && self.waiting_bytes < WAITING_BYTES
    }

    /// Gives out the next message that waits, with its position.
    pub(super) fn send(&mut self) -> Option<(u64, Arc<Message>)> {
        let message = self.kept.get(self.index(self.sent))?;
        let message = Arc::clone(message);
        self.sent += 1;
        self.ever_sent = self.ever_sent.max(self.sent);
        self.waiting_bytes -= message.text().len();
        self.trim();
        Some((self.sent, message))
    }

    // rule: mcp-transport-replay -- what follows the last event that a client has is sent again, whole and in order, or not at all.
    /// Takes what was sent behind this position as not sent.
    pub(super) fn rewind(&mut self, position: u64) -> Result<(), Torn> {
        if position > self.ever_sent {
            return Err(Torn::Ahead);
        }
        if position < self.forgotten {
            return Err(Torn::Gap);
        }
        self.sent = position;
        let waiting = self.kept.iter().skip(self.index(position));
        self.waiting_bytes = waiting.map(|message| message.text().len()).sum();
        Ok(())
    }

    /// The position of the last message that was given out.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything that was never sent; it is not in here any more.
    pub(super) fn take_unsent(&mut self) -> Vec<Arc<Message>> {
        let unsent: Vec<_> = self.kept.drain(self.index(self.ever_sent)..).collect();
        let bytes: usize = unsent.iter().map(|message| message.text().len()).sum();
        self.bytes -= bytes;
        self.waiting_bytes -= bytes;
        unsent
    }

    /// Forgets all that was sent.
    pub(super) fn forget_sent(&mut self) {
        while self.forgotten < self.sent {
            self.forget();
        }
    }

    /// Whether there is something to give out.
    pub(super) fn waits(&self) -> bool {
        self.waiting() > 0
    }

    fn waiting(&self) -> usize {
        self.kept.len() - self.index(self.sent)
    }

    fn trim(&mut self) {
        let old = |ring: &Self| ring.index(ring.sent);
        let too_long =
            |ring: &Self| old(ring) > SENT || ring.bytes - ring.waiting_bytes > SENT_BYTES;
        while old(self) > 1 && too_long(self) {
            self.forget();
        }
    }

    fn forget(&mut self) {
        if let Some(message) = self.kept.pop_front() {
            self.bytes -= message.text().len();
            self.forgotten += 1;
        }
    }

    /// Where the message behind this position is kept. No more are kept than a `usize` counts.
    fn index(&self, position: u64) -> usize {
        usize::try_from(position - self.forgotten).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Arc<Message> {
        let text = "x".repeat(length);
        Arc::new(Message::notification("n", Some(&format!("\"{text}\""))))
    }

    fn sent(ring: &mut Ring) -> Vec<u64> {
        std::iter::from_fn(|| ring.send().map(|(position, _)| position)).collect()
    }

    // rule: mcp-transport-replay
    #[test]
    fn what_follows_a_position_is_given_out_again_once_and_in_order() {
        let mut ring = Ring::default();
        for length in 1..=5 {
            ring.push(message(length));
        }
        assert_eq!(sent(&mut ring), [1, 2, 3, 4, 5]);
        ring.rewind(2).unwrap();
        ring.push(message(6));
        let lengths = std::iter::from_fn(|| ring.send()).map(|(p, m)| (p, m.text().len()));
        let expected: Vec<_> = (3..=6)
            .map(|n| (n as u64, message(n).text().len()))
            .collect();
        assert_eq!(lengths.collect::<Vec<_>>(), expected);
        ring.rewind(6).unwrap();
        assert_eq!(sent(&mut ring), [0; 0]);
    }

    // rule: mcp-transport-replay
    #[test]
    fn a_gap_is_said_and_so_is_a_position_that_never_was() {
        let mut ring = Ring::default();
        for _ in 0..=SENT {
            ring.push(message(1));
            ring.send().unwrap();
        }
        assert_eq!(ring.rewind(0), Err(Torn::Gap));
        assert_eq!(ring.rewind(SENT as u64 + 2), Err(Torn::Ahead));
        ring.rewind(1).unwrap();
        assert_eq!(sent(&mut ring).len(), SENT);
    }

    #[test]
    fn long_messages_are_forgotten_sooner_and_the_newest_never() {
        let mut ring = Ring::default();
        for _ in 0..3 {
            ring.push(message(SENT_BYTES));
            ring.send().unwrap();
        }
        assert_eq!((ring.rewind(1), ring.rewind(2)), (Err(Torn::Gap), Ok(())));
        assert!(ring.bytes() < 2 * SENT_BYTES);
        sent(&mut ring);
        ring.forget_sent();
        assert_eq!((ring.bytes(), ring.rewind(2)), (0, Err(Torn::Gap)));
    }

    #[test]
    fn what_waits_is_never_forgotten_and_has_its_own_bounds() {
        let mut ring = Ring::default();
        while ring.has_room() {
            ring.push(message(1));
        }
        assert_eq!(ring.waiting(), WAITING);
        assert_eq!(sent(&mut ring).len(), WAITING);
        ring.push(message(WAITING_BYTES));
        assert!(!ring.has_room());
        ring.rewind(WAITING as u64 - 1).unwrap();
        assert_eq!(ring.take_unsent().len(), 1, "what was sent stays");
        assert!(ring.has_room());
        ring.push(message(1));
        let last = WAITING as u64;
        assert_eq!(sent(&mut ring), [last, last + 1]);
    }
}

//! What a client says to servers without waiting for an answer: notifications, and its answers to their questions.
//!
//! A server hears one client's words in the order in which they were said. The client is not kept waiting for a server that is
//! slow to listen, and no server for another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp::message::{Kind, Message};

use super::Session;
use crate::upstream::Upstream;

/// What waits for each server, by its name. An entry is there while a task sends to that server.
#[derive(Default)]
pub(super) struct Outward {
    waiting: Mutex<HashMap<Box<str>, VecDeque<Message>>>,
}

/// Messages that wait for one server; what a client says on top of this is lost.
const WAITING: usize = 256;

impl Session {
    /// Sends in the background, behind what was said to this server before.
    pub(super) fn tell(self: &Arc<Self>, upstream: Upstream, message: Message) {
        if !self.outward.begins(upstream.name(), message) {
            return;
        }
        let session = Arc::clone(self);
        tokio::spawn(async move {
            while let Some(message) = session.outward.next(upstream.name()) {
                let sent = match message.kind() {
                    Kind::Response => upstream.answer(message).await,
                    Kind::Request | Kind::Notification => upstream.notify(message).await,
                };
                if let Err(error) = sent {
                    tracing::debug!(server = upstream.name(), %error, "a client's message was not taken");
                }
            }
        });
    }
}

impl Outward {
    /// Puts a message in line. True: it is the first, and somebody has to start sending.
    fn begins(&self, server: &str, message: Message) -> bool {
        let mut waiting = self.waiting();
        match waiting.get_mut(server) {
            Some(line) if line.len() < WAITING => line.push_back(message),
            Some(_) => tracing::warn!(
                server,
                "a client says more than the server takes in; some was lost"
            ),
            None => {
                waiting.insert(server.into(), VecDeque::from([message]));
                return true;
            }
        }
        false
    }

    /// The next message for a server. `None`: all is said, and the next message begins anew.
    fn next(&self, server: &str) -> Option<Message> {
        let mut waiting = self.waiting();
        let next = waiting.get_mut(server).and_then(VecDeque::pop_front);
        if next.is_none() {
            waiting.remove(server);
        }
        next
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Box<str>, VecDeque<Message>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(n: usize) -> Message {
        Message::notification("notifications/x", Some(&format!("{{\"n\":{n}}}")))
    }

    #[test]
    fn one_task_sends_to_a_server_in_the_order_of_what_was_said() {
        let outward = Outward::default();
        assert!(outward.begins("a", said(1)));
        assert!(!outward.begins("a", said(2)));
        assert_eq!(outward.next("a"), Some(said(1)));
        assert!(!outward.begins("a", said(3)), "one is being sent still");
        assert!(outward.begins("b", said(9)), "another server does not wait");
        assert_eq!(outward.next("a"), Some(said(2)));
        assert_eq!(outward.next("a"), Some(said(3)));
        assert_eq!(outward.next("a"), None);
        assert!(outward.begins("a", said(4)));
    }

    #[test]
    fn what_waits_for_a_server_is_bounded() {
        let outward = Outward::default();
        for n in 0..2 * WAITING {
            outward.begins("a", said(n));
        }
        let kept = std::iter::from_fn(|| outward.next("a")).count();
        assert_eq!(kept, WAITING);
    }
}

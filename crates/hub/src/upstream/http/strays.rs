//! Questions of a server that come on the GET stream though they belong to a call.
//!
//! MCP transports say that a request which relates to a call comes on that call's own stream. Many servers send it on the GET
//! stream all the same, where nothing tells which call it belongs to: it is handed to the only call that runs, and to none when
//! there are several, so that nobody sees another's question. A call hears of it once its own answer has begun.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mcp::message::Message;
use tokio::sync::Notify;

use crate::upstream::pipe::{Place, SEVERAL, UNHEARD};

/// The calls that run on a connection, and what was handed to them.
#[derive(Default)]
pub(in crate::upstream) struct Strays {
    calls: Mutex<HashMap<u64, VecDeque<Message>>>,
    bell: Notify,
}

/// A call's place among them, while it runs.
pub(super) struct Seat {
    id: u64,
    strays: Arc<Strays>,
}

/// Questions that wait for one call; a server that asks more without an answer is refused.
const QUEUE: usize = 16;

impl Strays {
    pub(super) fn seat(self: &Arc<Self>, id: u64) -> Seat {
        self.calls().insert(id, VecDeque::new());
        Seat {
            id,
            strays: self.clone(),
        }
    }

    /// Hands a request of the server to the only call that runs.
    pub(super) fn hand(&self, request: Message) -> Place {
        let mut calls = self.calls();
        if calls.len() > 1 {
            return Place::Refused(request, SEVERAL);
        }
        match calls.values_mut().next() {
            None => Place::Outside(request),
            Some(waiting) if waiting.len() == QUEUE => Place::Refused(request, UNHEARD),
            Some(waiting) => {
                waiting.push_back(request);
                drop(calls);
                self.bell.notify_waiters();
                Place::Delivered
            }
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<u64, VecDeque<Message>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The next question for this call. Nothing is lost when this is dropped before it is ready.
    pub(super) async fn next(&self) -> Message {
        loop {
            // The bell is heard from here on, so that a question in between is not missed.
            let bell = self.strays.bell.notified();
            let waiting = self
                .strays
                .calls()
                .get_mut(&self.id)
                .and_then(VecDeque::pop_front);
            match waiting {
                Some(question) => return question,
                None => bell.await,
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.strays.calls().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Message {
        Message::request("1", "elicitation/create", Some("{}"))
    }

    #[tokio::test]
    async fn a_question_goes_to_the_only_call_and_to_none_of_several() {
        let strays = Arc::new(Strays::default());
        assert!(matches!(strays.hand(question()), Place::Outside(_)));
        let one = strays.seat(1);
        assert!(matches!(strays.hand(question()), Place::Delivered));
        assert_eq!(one.next().await.method(), Some("elicitation/create"));
        let two = strays.seat(2);
        assert!(matches!(strays.hand(question()), Place::Refused(..)));
        drop(one);
        assert!(matches!(strays.hand(question()), Place::Delivered));
        assert_eq!(two.next().await.id(), Some("1"));
    }

    #[tokio::test]
    async fn a_call_that_waits_already_hears_of_a_question() {
        let strays = Arc::new(Strays::default());
        let seat = strays.seat(1);
        let (heard, handed) = tokio::join!(seat.next(), async { strays.hand(question()) });
        assert!(matches!(handed, Place::Delivered));
        assert_eq!(heard.id(), Some("1"));
    }
}

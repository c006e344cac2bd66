//! How long clients are waited for: for the head of a request, a piece of its body, the next request, and until they read.
//!
//! Nobody may hold a connection for ever. Nothing is set up for clients that keep pace: a clock runs only while one is waited for, and the
//! one that watches for silence is wound once for many requests.

mod body;
mod rest;
mod socket;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use body::Asked;
use tokio::time::{Instant, Sleep, sleep};

pub(crate) use body::{Answer, TooSlow};
pub(crate) use rest::Rest;
pub(crate) use socket::Patient;

/// How long clients are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// A client that read nothing for so long is cut off, and one that sent no more than a few bytes of a body. A head has to be whole within
    /// twice this time.
    pub stall: Duration,
    /// A connection on which nothing is asked is closed after so long.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(30),
            idle: Duration::from_secs(5 * 60),
        }
    }
}

/// Counts the requests of one connection.
#[derive(Debug, Default)]
pub(crate) struct Work {
    begun: AtomicU32,
    over: AtomicU32,
    /// Bodies that came to their end behind their answers.
    read_off: AtomicU32,
    /// No answer is waited for any more.
    given_up: AtomicBool,
}

/// One request, until its answer has been handed over.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Work>);

impl Work {
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// The rest of a body has come that nobody wanted; what comes next is another request.
    pub(crate) fn read_off(&self) {
        self.read_off.fetch_add(1, Ordering::Relaxed);
    }

    /// What is under way is seen as given up when it is looked at next.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// How many ever began, and whether one is under way.
    pub(crate) fn begun(&self) -> (u32, bool) {
        let over = self.over.load(Ordering::Relaxed);
        let begun = self.begun.load(Ordering::Relaxed);
        (begun, begun != over)
    }

    /// A number that is another one after each request, and whether one is under way.
    fn state(&self) -> (u32, bool) {
        let over = self.over.load(Ordering::Relaxed);
        let read_off = self.read_off.load(Ordering::Relaxed);
        let (begun, works) = self.begun();
        (begun.wrapping_add(over).wrapping_add(read_off), works)
    }
}

impl UnderWay {
    /// The answer, unless it is given up while it is waited for.
    pub(crate) async fn unless_given_up<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let mut answer = pin!(answer);
        std::future::poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if self.0.given_up.load(Ordering::Relaxed) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.over.fetch_add(1, Ordering::Relaxed);
    }
}

/// A clock that rings again and again while somebody looks at it.
struct Ticks {
    every: Duration,
    next: Option<Pin<Box<Sleep>>>,
}

impl Ticks {
    fn every(every: Duration) -> Self {
        Self { every, next: None }
    }

    /// Whether it rang since the last look. Wakes the task when it rings.
    fn rang(&mut self, cx: &mut Context<'_>) -> bool {
        let every = self.every;
        let next = self.next.get_or_insert_with(|| Box::pin(sleep(every)));
        if next.as_mut().poll(cx).is_pending() {
            return false;
        }
        next.as_mut().reset(Instant::now() + every);
        // Registers for the next time; a clock that rings twice at once has rung once.
        let _: Poll<()> = next.as_mut().poll(cx);
        true
    }
}

//! One connection to an upstream, over whichever transport: a request goes out and its messages come back, everything else is sent
//! without an answer. A connection is never mended; the lifecycle makes a new one with the next generation.

use std::{sync::Arc, time::Duration};

use mcp::{message::Message, revision::Revision};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    Trouble,
    http::{self, Http},
    outgoing::{Outgoing, Refused},
    pipe::{self, Pipe},
};
use crate::sign_in::Renewals;

#[derive(Clone)]
pub(super) struct Link {
    pub(super) generation: u64,
    transport: Transport,
    /// The revision that needs no handshake, where the server speaks it.
    stateless: Option<Revision>,
    /// Places for messages that nobody waits for.
    soon: Arc<Semaphore>,
}

#[derive(Clone)]
enum Transport {
    Http(Arc<Http>),
    Pipe(Arc<Pipe>),
}

/// How messages get to a server and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    StreamableHttp,
    /// The old HTTP+SSE transport.
    Sse,
    Stdio,
}

/// What comes back for one request.
pub(super) enum Reading {
    Http(Box<http::Reading>),
    Pipe(pipe::Reading),
}

/// How long a server may take to accept what it need not answer.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// Messages that nobody waits for on their way to one server. One that asks and takes nothing in is not answered.
const MOST_SOON: usize = 64;

impl Carrier {
    /// As the settings call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::StreamableHttp => "streamable-http",
            Self::Sse => "sse",
            Self::Stdio => "stdio",
        }
    }
}

impl Link {
    pub(super) fn http(generation: u64, http: Arc<Http>) -> Self {
        Self {
            generation,
            transport: Transport::Http(http),
            stateless: None,
            soon: Arc::new(Semaphore::new(MOST_SOON)),
        }
    }

    pub(super) fn pipe(generation: u64, pipe: Arc<Pipe>) -> Self {
        Self {
            generation,
            transport: Transport::Pipe(pipe),
            stateless: None,
            soon: Arc::new(Semaphore::new(MOST_SOON)),
        }
    }

    /// The same connection, where every request says all that the server needs to know.
    pub(super) fn without_handshake(self, revision: Revision) -> Self {
        Self {
            stateless: Some(revision),
            ..self
        }
    }

    /// The revision that needs no handshake, where the server speaks it.
    pub(super) fn stateless(&self) -> Option<Revision> {
        self.stateless
    }

    /// Whether parameters of tools are repeated in headers.
    pub(super) fn mirrors(&self) -> bool {
        self.stateless.is_some() && !self.is_pipe()
    }

    /// Whether closing the stream of a request is how it is given up.
    pub(super) fn ends_with_its_stream(&self) -> bool {
        self.mirrors()
    }

    /// Sends a request that carries `id`. `for_client`: the server may ask the caller something meanwhile.
    pub(super) async fn begin(
        &self,
        outgoing: &Outgoing,
        id: u64,
        for_client: bool,
    ) -> Result<Reading, Refused> {
        match &self.transport {
            Transport::Http(http) => {
                let reading =
                    http::Reading::begin(http, outgoing, for_client.then_some(id)).await?;
                Ok(Reading::Http(Box::new(reading)))
            }
            Transport::Pipe(pipe) => Ok(Reading::Pipe(pipe.begin(outgoing, id, for_client).await?)),
        }
    }

    /// Sends a notification or a response. A server that takes it in too slowly is not waited for: nobody else would
    /// ever end the waiting.
    pub(super) async fn send(&self, message: Message) -> Result<(), Refused> {
        let outgoing = Outgoing::new(message);
        let sending = async {
            match &self.transport {
                Transport::Http(http) => http.send(&outgoing).await,
                Transport::Pipe(pipe) => pipe.send(&outgoing).await,
            }
        };
        let late = |_| {
            Refused::Failed(Trouble::CutOff {
                what: "a notification or a response",
                after: TAKEN_WITHIN,
            })
        };
        timeout(TAKEN_WITHIN, sending).await.map_err(late)?
    }

    /// Sends without anybody waiting for it; a failure is only noted, and so is what is too much.
    pub(super) fn send_soon(&self, message: Message, log: &super::log::Log) {
        // Outside of a runtime nothing is connected any more.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let Ok(place) = Arc::clone(&self.soon).try_acquire_owned() else {
            log.note("a message to the server was lost: it takes in too little of what it is told");
            return;
        };
        let (link, log) = (self.clone(), log.clone());
        runtime.spawn(async move {
            let _place = place;
            if let Err(refused) = link.send(message).await {
                log.note(&format!(
                    "a message to the server was lost: {}",
                    refused.into_trouble()
                ));
            }
        });
    }

    /// To hear of new tokens, where there are any.
    pub(super) fn renewals(&self) -> Option<Renewals> {
        match &self.transport {
            Transport::Http(http) => Some(http.renewals()),
            Transport::Pipe(_) => None,
        }
    }

    /// Waits until no call needs the connection's tasks any more.
    pub(super) async fn drained(&self) {
        match &self.transport {
            // A call over HTTP has all that it needs.
            Transport::Http(_) => {}
            Transport::Pipe(pipe) => pipe.drained().await,
        }
    }

    pub(super) fn carrier(&self) -> Carrier {
        match &self.transport {
            Transport::Http(_) => Carrier::StreamableHttp,
            Transport::Pipe(pipe) => pipe.carrier(),
        }
    }

    /// Whether everything comes on one stream.
    pub(super) fn is_pipe(&self) -> bool {
        matches!(self.transport, Transport::Pipe(_))
    }

    /// The revision that `initialize` agreed on.
    pub(super) fn agreed(&self, revision: Revision) {
        if let Transport::Http(http) = &self.transport {
            http.agreed(revision);
        }
    }
}

impl Reading {
    /// The next message for this request. An error is the end of it.
    pub(super) async fn next(&mut self) -> Result<Message, Refused> {
        match self {
            Self::Http(reading) => reading.next().await,
            Self::Pipe(reading) => reading.next().await,
        }
    }

    /// The response has been read, so the connection may serve the next request.
    pub(super) fn finish(self) {
        match self {
            Self::Http(reading) => reading.finish(),
            Self::Pipe(reading) => drop(reading),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::upstream::{log::Log, pipe::Outlet, stdio::Input};

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_nothing_in_is_not_waited_for_without_end() {
        let (lines, unread) = mpsc::channel(1);
        let link = Link::pipe(1, Arc::new(Pipe::new(Outlet::Lines(Input::queued(lines)))));
        let news = || Message::notification("notifications/x", None);
        assert!(link.send(news()).await.is_ok());
        let refused = link.send(news()).await.unwrap_err();
        assert!(
            matches!(&refused, Refused::Failed(Trouble::CutOff { after, .. }) if *after == TAKEN_WITHIN),
            "{refused:?}"
        );
        drop(unread);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_asks_and_takes_nothing_in_is_answered_so_often_and_no_more() {
        let (lines, unread) = mpsc::channel(1);
        let link = Link::pipe(1, Arc::new(Pipe::new(Outlet::Lines(Input::queued(lines)))));
        let log = Log::new("up".into(), crate::clock::Clock::system());
        let lost = || {
            log.lines()
                .iter()
                .filter(|line| line.text.contains("takes in too little"))
                .count()
        };
        let before = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        for _ in 0..10 * MOST_SOON {
            link.send_soon(Message::success("1", "{}"), &log);
        }
        let metrics = tokio::runtime::Handle::current().metrics();
        assert_eq!(metrics.num_alive_tasks() - before, MOST_SOON);
        assert!(lost() > 0);
        // One of them was taken; the others are given up, and make room.
        drop(timeout(2 * TAKEN_WITHIN, std::future::pending::<()>()).await);
        assert_eq!(metrics.num_alive_tasks(), before);
        drop(unread);
    }
}

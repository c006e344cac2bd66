//! The stream on which a server speaks by itself: opened with GET, opened again when it ends, and done without when the
//! server has none.
//!
//! MCP transports 2025-11-25, "Listening for Messages from the Server".

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use mcp::{
    message::{Kind, Message},
    method,
    sse::TooLong,
};
use tokio::time::Instant;

use super::{
    connection::Http,
    events::{SHORTEST_RETRY, Stream, USUAL_RETRY, is_message, is_stream},
    reading::messages,
};
use crate::sign_in::Renewals;
use crate::upstream::{Shared, Told, Trouble, link::Link, outgoing::Refused, wire::Answer};

/// Where the listening stands.
struct Ear {
    http: Arc<Http>,
    link: Link,
    shared: Arc<Shared>,
    last_event: Option<String>,
    retry: Duration,
    opened: bool,
    /// Attempts that failed, and streams that ended at once without a word, in a row.
    failures: u32,
}

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A stream that held this long was no failure.
const LONG_ENOUGH: Duration = Duration::from_secs(5);

/// Listens until the connection is given up (the caller drops this) or the server turns out to have no such stream.
pub(in crate::upstream) async fn listen(http: Arc<Http>, link: Link, shared: Arc<Shared>) {
    let mut ear = Ear {
        http,
        link,
        shared,
        last_event: None,
        retry: USUAL_RETRY,
        opened: false,
        failures: 0,
    };
    loop {
        let mut renewals = ear.http.renewals();
        let answer = ear.http.get(ear.last_event.as_deref()).await;
        match ear.hear(answer, &mut renewals).await {
            Next::AtOnce => {}
            Next::Later => tokio::time::sleep(ear.wait()).await,
            Next::Nothing => return,
        }
    }
}

/// What comes after one connection.
enum Next {
    AtOnce,
    Later,
    /// There is nothing more to hear.
    Nothing,
}

impl Ear {
    async fn hear(&mut self, answer: Result<Answer, Refused>, renewals: &mut Renewals) -> Next {
        let generation = self.link.generation;
        match answer {
            Ok(answer) if is_stream(&answer) => {
                self.opened = true;
                // rule: mcp-auth-stream-renewal
                tokio::select! {
                    () = self.stream(answer) => Next::Later,
                    // What was opened with the old token is opened again with the new one, before the server ends it.
                    () = renewals.next() => Next::AtOnce,
                }
            }
            Ok(answer) if self.opened && answer.status == StatusCode::NOT_FOUND => {
                self.shared.tell(Told::SessionGone { generation }).await;
                Next::Nothing
            }
            // rule: mcp-transport-get-405 -- a server may have no such stream; 405 says so, and others say it with what they have.
            Ok(answer) if !answer.status.is_server_error() => Next::Nothing,
            Err(Refused::NeedsSignIn(needed)) => {
                self.shared
                    .tell(Told::SignInNeeded { generation, needed })
                    .await;
                Next::Nothing
            }
            // Its own stream is not worth a person's time.
            Err(Refused::NeedsScopes(_)) => Next::Nothing,
            Ok(_) | Err(Refused::SessionGone | Refused::Unsent(_) | Refused::Failed(_)) => {
                self.failures = self.failures.saturating_add(1);
                Next::Later
            }
        }
    }

    async fn stream(&mut self, answer: Answer) {
        let began = Instant::now();
        let mut stream = Stream::new(answer, self.http.limit);
        loop {
            match stream.next().await {
                Ok(Some(Ok(event))) => {
                    self.failures = 0;
                    if let Some(id) = event.id {
                        self.last_event = Some(id).filter(|id| !id.is_empty());
                    }
                    if let Some(retry) = event.retry {
                        self.retry = Duration::from_millis(retry).max(SHORTEST_RETRY);
                    }
                    if is_message(event.kind.as_deref()) && !event.data.is_empty() {
                        self.read(event.data);
                    }
                }
                Ok(Some(Err(TooLong { limit }))) => self
                    .shared
                    .log
                    .note(&Trouble::TooLarge { limit }.to_string()),
                // A dropped stream is no trouble of the server's; it is opened again.
                Ok(None) | Err(_) => break,
            }
        }
        if began.elapsed() < LONG_ENOUGH && self.last_event.is_none() {
            self.failures = self.failures.saturating_add(1);
        }
    }

    fn read(&self, data: String) {
        match messages(self.http.sent().masked_text(data)) {
            Ok(found) => found.into_iter().for_each(|message| self.arrived(message)),
            // Where it came from is not asked here: nobody needs to read it.
            Err(trouble) => self.shared.log.note(&trouble.without_words().to_string()),
        }
    }

    /// A question that a client could answer may belong to a call; all else on this stream belongs to none.
    fn arrived(&self, message: Message) {
        let question = matches!(
            message.method(),
            Some(method::SAMPLE | method::ELICIT | method::ROOTS_LIST)
        );
        if message.kind() != Kind::Request || !question {
            return self.shared.arrived(&self.link, message);
        }
        self.shared
            .placed(&self.link, self.http.strays.hand(message));
    }

    fn wait(&self) -> Duration {
        let doubled = self.retry.saturating_mul(1 << self.failures.min(6));
        doubled.min(LONGEST_WAIT).max(self.retry)
    }
}

//! Event streams of one request: reads events, waits and reconnects as the server asks, and goes on where the stream broke off.
//!
//! MCP transports 2025-11-25, "Sending Messages to the Server" item 6 and "Resumability and Redelivery".

use std::{sync::Arc, time::Duration};

use mcp::{
    header,
    sse::{Event, Parser, TooLong},
};

use super::connection::Http;
use crate::upstream::{Trouble, outgoing::Refused, wire::Answer};

/// The stream of one request. It lives until the caller has the response.
pub(super) struct Events {
    http: Arc<Http>,
    stream: Option<Stream>,
    last_event: Option<String>,
    retry: Duration,
    /// Attempts to take the stream up again that failed, in a row.
    failures: u32,
    /// An event over the limit was skipped; if nothing follows, it was the answer.
    too_large: bool,
    /// Whether a stream that broke off can be taken up again.
    resumable: bool,
}

/// One connection's events.
pub(in crate::upstream) struct Stream {
    answer: Answer,
    parser: Parser,
}

/// What the standard leaves to the client.
pub(super) const USUAL_RETRY: Duration = Duration::from_secs(1);
/// A server that wants to be asked without a pause is not.
pub(super) const SHORTEST_RETRY: Duration = Duration::from_millis(100);
const MOST_FAILURES: u32 = 3;

impl Events {
    pub(super) fn of_call(http: Arc<Http>, answer: Answer) -> Self {
        let stream = Some(Stream::new(answer, http.limit));
        Self {
            http,
            stream,
            last_event: None,
            retry: USUAL_RETRY,
            failures: 0,
            too_large: false,
            resumable: true,
        }
    }

    /// The same stream, whose end is the end.
    pub(super) fn for_once(self) -> Self {
        Self {
            resumable: false,
            ..self
        }
    }

    /// The text of the next message. The end of the stream without one is an error, unless it can be taken up again.
    pub(super) async fn next_text(&mut self) -> Result<String, Refused> {
        loop {
            let Some(stream) = &mut self.stream else {
                self.take_up().await?;
                continue;
            };
            match stream.next().await {
                Ok(Some(Ok(event))) => {
                    if let Some(text) = self.read(event) {
                        return Ok(text);
                    }
                }
                Ok(Some(Err(TooLong { .. }))) => self.too_large = true,
                Ok(None) => self.ended(Trouble::Unanswered)?,
                Err(trouble) => self.ended(trouble)?,
            }
        }
    }

    /// The response has been read.
    pub(super) fn finish(self) {
        if let Some(stream) = self.stream {
            stream.answer.finish();
        }
    }

    fn read(&mut self, event: Event) -> Option<String> {
        self.failures = 0;
        if let Some(id) = event.id {
            self.last_event = Some(id).filter(|id| !id.is_empty());
        }
        if let Some(retry) = event.retry {
            self.retry = Duration::from_millis(retry).max(SHORTEST_RETRY);
        }
        is_message(event.kind.as_deref())
            .then_some(event.data)
            .filter(|data| !data.is_empty())
    }

    /// A stream without event ids cannot be taken up.
    fn ended(&mut self, trouble: Trouble) -> Result<(), Refused> {
        self.stream = None;
        if self.too_large {
            return Err(Refused::Failed(Trouble::TooLarge {
                limit: self.http.limit,
            }));
        }
        match &self.last_event {
            Some(_) if self.resumable => Ok(()),
            Some(_) | None => Err(Refused::Failed(trouble)),
        }
    }

    // rule: mcp-transport-retry -- the client waits as long as `retry` says before it reconnects.
    // rule: mcp-transport-resume -- it resumes with GET and the last event's id, however the stream was begun.
    async fn take_up(&mut self) -> Result<(), Refused> {
        tokio::time::sleep(self.retry).await;
        let trouble = match self.http.get(self.last_event.as_deref()).await {
            Ok(answer) if is_stream(&answer) => {
                self.stream = Some(Stream::new(answer, self.http.limit));
                return Ok(());
            }
            // The server takes up no streams; asking again does not change that.
            Ok(answer) if answer.status.is_client_error() => {
                return Err(Refused::Failed(Trouble::Unanswered));
            }
            Ok(answer) => answer.into_status_trouble().await,
            Err(
                refused
                @ (Refused::NeedsSignIn(_) | Refused::NeedsScopes(_) | Refused::SessionGone),
            ) => return Err(refused),
            Err(Refused::Unsent(trouble) | Refused::Failed(trouble)) => trouble,
        };
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            Err(Refused::Failed(trouble))
        } else {
            Ok(())
        }
    }
}

impl Stream {
    pub(in crate::upstream) fn new(answer: Answer, limit: usize) -> Self {
        Self {
            answer,
            parser: Parser::new(limit),
        }
    }

    /// Whether a person is shown what is no message.
    pub(in crate::upstream) fn is_shown(&self) -> bool {
        self.answer.is_shown()
    }

    /// The next event; `None` at the end.
    pub(in crate::upstream) async fn next(
        &mut self,
    ) -> Result<Option<Result<Event, TooLong>>, Trouble> {
        loop {
            if let Some(event) = self.parser.take() {
                return Ok(Some(event));
            }
            match self.answer.chunk().await? {
                Some(bytes) => self.parser.feed(&bytes),
                None => return Ok(None),
            }
        }
    }
}

pub(super) fn is_stream(answer: &Answer) -> bool {
    answer.status.is_success() && header::is_type(answer.content_type(), header::EVENT_STREAM)
}

pub(in crate::upstream) fn is_message(kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| kind == "message")
}

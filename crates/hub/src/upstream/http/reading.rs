//! The answer to one POST: JSON or a stream of events, message by message, with the server's questions in between.

use std::{collections::VecDeque, sync::Arc};

use http::StatusCode;
use mcp::{
    header as mcp_header,
    message::{Body, Message, parse_body},
};

use super::{connection::Http, events::Events, strays::Seat};
use crate::upstream::{
    Trouble,
    echo::Sent,
    outgoing::{Outgoing, Refused},
    trouble::{excerpt, head},
    wire::Answer,
};

/// The answer to one POST, message by message.
pub(in crate::upstream) struct Reading {
    ready: VecDeque<Message>,
    body: Source,
    limit: usize,
    /// What was sent as a token; it must not come back.
    sent: Sent,
    /// Whether a person is shown what is no message.
    is_shown: bool,
    /// Where questions arrive that the server asked on the GET stream.
    seat: Option<Seat>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each call, and it is boxed with its reading"
)]
enum Source {
    Whole(Answer),
    Events(Events),
    Read,
}

impl Reading {
    /// Sends a request. `seat`: the id under which the server may ask the caller something meanwhile.
    pub(in crate::upstream) async fn begin(
        http: &Arc<Http>,
        outgoing: &Outgoing,
        seat: Option<u64>,
    ) -> Result<Self, Refused> {
        let seat = seat.map(|id| http.strays.seat(id));
        let answer = Box::pin(http.post(outgoing)).await?;
        if outgoing.is_initialize {
            if !answer.status.is_success() {
                return Err(Refused::Failed(answer.into_status_trouble().await));
            }
            http.open_session(&answer)?;
        }
        let is_shown = answer.is_shown();
        let reading = |body| Self {
            ready: VecDeque::new(),
            body,
            limit: http.limit,
            sent: http.sent().clone(),
            is_shown,
            seat,
        };
        if mcp_header::is_type(answer.content_type(), mcp_header::EVENT_STREAM)
            && answer.status.is_success()
        {
            let events = Events::of_call(http.clone(), answer);
            // rule: mcp-stateless-no-resume -- streams of the stateless revision cannot be taken up again.
            let events = match outgoing.headers {
                Some(_) => events.for_once(),
                None => events,
            };
            return Ok(reading(Source::Events(events)));
        }
        if mcp_header::is_type(answer.content_type(), mcp_header::JSON) {
            return Ok(reading(Source::Whole(answer)));
        }
        Err(Refused::Failed(match answer.status {
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Trouble::Unanswered,
            status if status.is_success() => answer.into_type_trouble().await,
            _ => answer.into_status_trouble().await,
        }))
    }

    pub(in crate::upstream) async fn next(&mut self) -> Result<Message, Refused> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(message);
            }
            match std::mem::replace(&mut self.body, Source::Read) {
                Source::Read => return Err(Refused::Failed(Trouble::Unanswered)),
                Source::Whole(answer) => {
                    let failed = (!answer.status.is_success())
                        .then(|| (answer.shown(), answer.status.as_u16()));
                    let bytes = answer.whole(self.limit).await.map_err(Refused::Failed)?;
                    let bytes = self.sent.masked(bytes);
                    let read = read_whole(bytes, failed);
                    self.ready = read.map_err(|trouble| self.told(trouble))?;
                }
                Source::Events(mut events) => {
                    let text = {
                        let question = async {
                            match &self.seat {
                                Some(seat) => seat.next().await,
                                None => std::future::pending().await,
                            }
                        };
                        tokio::select! {
                            text = events.next_text() => Ok(text),
                            question = question => Err(question),
                        }
                    };
                    self.body = Source::Events(events);
                    self.ready = match text {
                        Ok(text) => {
                            let text = self.sent.masked_text(text?);
                            messages(text).map_err(|trouble| self.told(trouble))?
                        }
                        Err(question) => VecDeque::from([question]),
                    };
                }
            }
        }
    }

    fn told(&self, trouble: Trouble) -> Refused {
        Refused::Failed(match self.is_shown {
            true => trouble,
            false => trouble.without_words(),
        })
    }

    /// The response has been read; what else the server sends for this request is for nobody.
    pub(in crate::upstream) fn finish(self) {
        match self.body {
            Source::Events(events) => events.finish(),
            Source::Whole(answer) => answer.finish(),
            Source::Read => {}
        }
    }
}

/// An error status may come with a JSON-RPC error, which then is the answer; any other JSON of an error status is not.
/// `failed`: who answered with which error status.
fn read_whole(bytes: Vec<u8>, failed: Option<(String, u16)>) -> Result<VecDeque<Message>, Trouble> {
    let Some((url, status)) = failed else {
        return messages(bytes);
    };
    let begins = excerpt(&bytes);
    match messages(bytes) {
        Ok(found) if found.iter().any(|message| message.error().is_some()) => Ok(found),
        Ok(_) | Err(_) => Err(Trouble::Status {
            url,
            status,
            begins,
        }),
    }
}

/// The messages in a body or an event: one, or a batch.
pub(super) fn messages(bytes: impl Into<Vec<u8>>) -> Result<VecDeque<Message>, Trouble> {
    let bytes = bytes.into();
    let begins = head(&bytes);
    let malformed = |why: mcp::message::Malformed| Trouble::NotAMessage {
        kind: why.kind(),
        why: why.to_string(),
        begins: excerpt(&begins),
    };
    match parse_body(bytes).map_err(malformed)? {
        Body::Single(message) => Ok(VecDeque::from([message])),
        Body::Batch(messages) => messages
            .into_iter()
            .map(|message| message.map_err(malformed))
            .collect(),
    }
}

//! What a server had said by the time of its first word: where the response is among it, all of it goes out in one piece.
//!
//! Such an answer needs no stream that can be taken up again, as little as one in JSON does, and is cheaper by a third.

use axum::response::Response;
use futures::FutureExt;
use hub::session::{Exchange, Once};
use mcp::message::Message;
use mcp::{Kind, sse};

use super::stream;

/// Messages that are looked for at once.
const MOST: usize = 32;
/// The same in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// What was found.
pub(super) enum Gathered {
    /// The answer, with all that was said before.
    Whole(Response),
    /// The beginning of a stream.
    Begun(Vec<Message>),
}

/// Messages for one request, the response last. Dropping `next` loses nothing.
pub(super) trait Source {
    fn next(&mut self) -> impl Future<Output = Option<Message>> + Send;
}

impl Source for Exchange {
    async fn next(&mut self) -> Option<Message> {
        Self::next(self).await
    }
}

impl Source for Once {
    async fn next(&mut self) -> Option<Message> {
        Self::next(self).await
    }
}

/// Takes what is there, without waiting for more. A question of the server has to be sent before anything more comes.
pub(super) fn gather(first: Message, source: &mut impl Source) -> Gathered {
    let mut bytes = first.text().len();
    let mut last = first.kind();
    let mut found = vec![first];
    while last == Kind::Notification && found.len() < MOST && bytes < MOST_BYTES {
        let Some(Some(message)) = source.next().now_or_never() else {
            break;
        };
        bytes += message.text().len();
        last = message.kind();
        found.push(message);
    }
    if last != Kind::Response {
        return Gathered::Begun(found);
    }
    let mut text = String::with_capacity(bytes + found.len() * 32);
    for message in &found {
        sse::message(&mut text, None, message.text());
    }
    Gathered::Whole(stream::whole(text))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body_util::BodyExt;

    use super::*;

    /// Says what it has, and then nothing for ever.
    struct Said(VecDeque<Message>);

    impl Source for Said {
        async fn next(&mut self) -> Option<Message> {
            match self.0.pop_front() {
                Some(message) => Some(message),
                None => std::future::pending().await,
            }
        }
    }

    fn progress(n: usize) -> Message {
        let params = format!("{{\"progress\":{n}}}");
        Message::notification("notifications/progress", Some(&params))
    }

    fn begun(first: Message, rest: impl IntoIterator<Item = Message>) -> (usize, usize) {
        let mut source = Said(rest.into_iter().collect());
        match gather(first, &mut source) {
            Gathered::Begun(found) => (found.len(), source.0.len()),
            Gathered::Whole(_) => panic!("the response is not to be found"),
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_there_goes_out_in_one_piece() {
        let mut source = Said([progress(2), Message::success("7", "{}")].into());
        let Gathered::Whole(response) = gather(progress(1), &mut source) else {
            panic!("all of it is there");
        };
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let body = response.into_body();
        let length = axum::body::HttpBody::size_hint(&body).exact();
        let text = body.collect().await.unwrap().to_bytes();
        assert_eq!(length, Some(text.len() as u64), "no chunks");
        let text = String::from_utf8(text.to_vec()).unwrap();
        let events: Vec<_> = text.split_terminator("\n\n").collect();
        assert_eq!(events.len(), 3);
        assert_eq!(
            events[2],
            "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}"
        );
    }

    #[test]
    fn what_is_not_there_yet_is_not_waited_for() {
        assert_eq!(begun(progress(1), [progress(2)]), (2, 0));
    }

    #[test]
    fn a_question_is_sent_before_anything_behind_it_is_looked_at() {
        let question = || Message::request("1", "elicitation/create", None);
        let answer = || Message::success("7", "{}");
        assert_eq!(begun(question(), [answer()]), (1, 1));
        assert_eq!(begun(progress(1), [question(), answer()]), (2, 1));
    }

    #[test]
    fn no_more_is_gathered_than_a_bounded_answer_has() {
        let (found, left) = begun(progress(0), (1..2 * MOST).map(progress));
        assert_eq!((found, left), (MOST, MOST));
        let large = Message::notification(
            "x",
            Some(&format!("{{\"a\":\"{}\"}}", "b".repeat(MOST_BYTES))),
        );
        assert_eq!(begun(large, [progress(1)]), (1, 1));
    }
}

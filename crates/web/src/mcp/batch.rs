//! Batches, as revision 2025-03-26 has them: many messages in one body, and many answers in one response.

use std::sync::Arc;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use http::{HeaderMap, StatusCode};
use hub::session::{Exchange, Reply, Session};
use mcp::header;
use mcp::message::{Malformed, Message};

use super::answer::{self, Refusal, Takes};
use super::{Mcp, resume, stream as events};

/// Messages in one batch.
pub(crate) const MOST: usize = 100;

pub(super) async fn answer(
    mcp: &Mcp,
    (session, headers): (&Arc<Session>, &HeaderMap),
    members: Vec<Result<Message, Malformed>>,
    takes: Takes,
) -> Result<Response, Refusal> {
    // rule: mcp-batch-revision -- batches exist in revision 2025-03-26 only (2025-06-18 removed them).
    if !session.revision().has_batches() || members.len() > MOST {
        return Err(Refusal::batch(session.revision()));
    }
    let mut known = Vec::new();
    let mut under_way = Vec::new();
    for member in members {
        match member {
            Ok(message) => match mcp
                .sessions
                .receive(session, message)
                .await
                .carrying(headers)
            {
                Reply::Accepted => {}
                Reply::Now(message) => known.push(message),
                Reply::Later(exchange) => under_way.push(*exchange),
            },
            Err(why) => known.push(Message::failure(None, why.code(), &why.to_string(), None)),
        }
    }
    if known.is_empty() && under_way.is_empty() {
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    if takes.stream && !under_way.is_empty() {
        return Ok(resume::batch(session, known, under_way));
    }
    known.extend(
        join_all(under_way.into_iter().map(response))
            .await
            .into_iter()
            .flatten(),
    );
    Ok(array(&known, takes))
}

/// The response alone.
async fn response(exchange: Exchange) -> Option<Message> {
    exchange.quietly().next().await
}

fn array(messages: &[Message], takes: Takes) -> Response {
    let texts: Vec<_> = messages.iter().map(Message::text).collect();
    let array = format!("[{}]", texts.join(","));
    if takes.json {
        return answer::body(header::JSON, array);
    }
    let event: Bytes = events::event(&array);
    answer::body(header::EVENT_STREAM, event)
}

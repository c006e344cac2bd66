//! What one POST carries: a message, or a batch of them (revision 2025-03-26 only; the caller checks the revision).

use super::{Malformed, Message};
use crate::raw;

/// One message, or a batch. A member of a batch that is not a message fails alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Single(Message),
    Batch(Vec<Result<Message, Malformed>>),
}

/// Messages in one batch; a small text could hold millions.
pub(super) const MOST: usize = 1_000;

/// Reads the body of a POST.
pub fn parse_body(bytes: Vec<u8>) -> Result<Body, Malformed> {
    let text = String::from_utf8(bytes).map_err(|_| Malformed::NotUtf8)?;
    if !text.trim_start().starts_with('[') {
        return Message::parse(text).map(Body::Single);
    }
    let members = match raw::elements_up_to(&text, MOST) {
        Ok(Some(members)) => members,
        Ok(None) => return Err(Malformed::LongBatch),
        Err(_) => return Err(not_json(&text)),
    };
    // rule: jsonrpc-6 -- an empty batch is answered with one error, not with an empty array.
    if members.is_empty() {
        return Err(Malformed::EmptyBatch);
    }
    Ok(Body::Batch(
        members.into_iter().map(Message::parse).collect(),
    ))
}

fn not_json(text: &str) -> Malformed {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Malformed::NotAnObject("an array"),
        Err(error) => Malformed::NotJson(error.to_string()),
    }
}

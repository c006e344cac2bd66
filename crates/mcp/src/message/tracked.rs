//! The two things inside params that belong to a conversation and not to the work: progress tokens and cancelled ids.
//!
//! MCP utilities "Progress" and "Cancellation". The hub shares one upstream session between many callers, so both are
//! changed on the way up and changed back on the way down.

use super::{Message, Span, method};
use crate::raw::{self, Unreadable};

const IN_REQUEST: &[&str] = &["_meta", "progressToken"];
const IN_PROGRESS: &[&str] = &["progressToken"];
const IN_CANCELLED: &[&str] = &["requestId"];

impl Message {
    /// The progress token as JSON text: of a request the one it asks with, of a progress notification the one it answers.
    pub fn progress_token(&self) -> Result<Option<&str>, Unreadable> {
        self.tracked(self.token_path(), "progressToken")
    }

    /// The same message with another progress token. One that has none stays as it is.
    pub fn with_progress_token(self, token: &str) -> Result<Self, Unreadable> {
        let path = self.token_path();
        self.with_tracked(path, "progressToken", token)
    }

    /// The id of the request that this cancellation is about, as JSON text.
    pub fn cancelled_id(&self) -> Result<Option<&str>, Unreadable> {
        if self.method() != Some(method::CANCELLED) {
            return Ok(None);
        }
        self.tracked(IN_CANCELLED, "requestId")
    }

    /// The same cancellation about another request.
    pub fn with_cancelled_id(self, id: &str) -> Result<Self, Unreadable> {
        self.with_tracked(IN_CANCELLED, "requestId", id)
    }

    fn token_path(&self) -> &'static [&'static str] {
        if self.method() == Some(method::PROGRESS) {
            IN_PROGRESS
        } else {
            IN_REQUEST
        }
    }

    fn tracked(&self, path: &[&str], key: &str) -> Result<Option<&str>, Unreadable> {
        match self.params() {
            Some(params) if may_hold(params, key) => raw::at(params, path),
            Some(_) | None => Ok(None),
        }
    }

    fn with_tracked(self, path: &[&str], key: &str, value: &str) -> Result<Self, Unreadable> {
        match self.tracked(path, key)? {
            Some(old) => {
                let old = Span::of(&self.text, old);
                Ok(self.spliced(old, value))
            }
            None => Ok(self),
        }
    }
}

/// Most params have no token; a look for the letters is cheaper than reading them. Escapes could hide the letters.
fn may_hold(params: &str, key: &str) -> bool {
    params.contains(key) || params.contains("\\u")
}

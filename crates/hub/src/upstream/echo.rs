//! What a server repeats of the token that it was sent: masked before it reaches a client, a page or the log.
//!
//! A server that puts the request's headers into an error, or a tool that shows its own, would hand the token of a sign-in to everybody who may
//! call it. Masked is the token as it is and as JSON may escape it. Leaves out other encodings of it.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

use super::trouble::excerpt;
use crate::sign_in::Bearer;

/// Tokens that were sent over a connection lately. A clone is the same.
#[derive(Clone, Default)]
pub(super) struct Sent(Arc<Mutex<Vec<SecretString>>>);

/// The one that is sent now, and the one before it: an answer may be older than a renewal.
const REMEMBERED: usize = 2;
/// What is shorter stands in texts by chance.
const SHORTEST: usize = 8;
const MASK: &[u8] = b"[masked]";

impl Sent {
    pub(super) fn remember(&self, bearer: &Bearer) {
        let token = bearer.token();
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens
            .first()
            .is_some_and(|first| first.expose_secret() == token)
        {
            return;
        }
        tokens.retain(|known| known.expose_secret() != token);
        tokens.insert(0, token.into());
        tokens.truncate(REMEMBERED);
    }

    /// What a server said, without its tokens; as it came where none is in it.
    // rule: safe-x04
    pub(super) fn masked(&self, mut said: Vec<u8>) -> Vec<u8> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for token in tokens.iter().map(ExposeSecret::expose_secret) {
            if token.len() < SHORTEST || token.bytes().all(|it| it.is_ascii_digit()) {
                continue;
            }
            for spelling in spellings(token) {
                if let Some(masked) = without(&said, spelling.as_bytes()) {
                    said = masked;
                }
            }
        }
        said
    }

    pub(super) fn masked_text(&self, said: String) -> String {
        if self.longest() == 0 {
            return said;
        }
        let masked = String::from_utf8(self.masked(said.into_bytes()));
        // A text without some of its letters is a text.
        masked.unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned())
    }

    /// The first words of what a server said, without its tokens.
    pub(super) fn excerpt(&self, said: &[u8]) -> String {
        excerpt(&self.masked(said.to_vec()))
    }

    /// How much more has to be read, so that a token in what is shown is whole.
    pub(super) fn longest(&self) -> usize {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lengths = tokens.iter().map(|token| token.expose_secret().len());
        lengths.max().unwrap_or(0)
    }
}

/// As it is, and with the escape that JSON allows and does not need.
fn spellings(token: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let escaped = token.contains('/').then(|| token.replace('/', "\\/"));
    [Cow::Borrowed(token)]
        .into_iter()
        .chain(escaped.map(Cow::Owned))
}

fn without(said: &[u8], token: &[u8]) -> Option<Vec<u8>> {
    let finder = memmem::Finder::new(token);
    finder.find(said)?;
    let mut masked = Vec::with_capacity(said.len());
    let mut from = 0;
    for at in finder.find_iter(said) {
        masked.extend_from_slice(&said[from..at]);
        masked.extend_from_slice(MASK);
        from = at + token.len();
    }
    masked.extend_from_slice(&said[from..]);
    Some(masked)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::upstream) fn sent(tokens: &[&str]) -> Sent {
        let tokens = tokens.iter().map(|&token| token.into()).collect();
        Sent(Arc::new(Mutex::new(tokens)))
    }

    // rule: safe-x04
    #[test]
    fn a_token_is_masked_however_json_spells_it_and_its_neighbours_stay() {
        let sent = sent(&["AT/with+slash==", "older-token"]);
        let said = r#"{"a":"AT/with+slash==","b":"Bearer AT\/with+slash==, older-token"}"#;
        assert_eq!(
            sent.masked_text(said.to_owned()),
            r#"{"a":"[masked]","b":"Bearer [masked], [masked]"}"#
        );
        let other = r#"{"a":"AT/with"}"#;
        assert_eq!(sent.masked_text(other.to_owned()), other);
    }

    #[test]
    fn what_stands_in_texts_by_chance_is_no_token() {
        let said = r#"{"a":1234567890,"b":"short"}"#;
        let sent = sent(&["1234567890", "short"]);
        assert_eq!(sent.masked_text(said.to_owned()), said);
    }
}

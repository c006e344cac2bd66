//! Authorization codes that wait for their client: in memory, each for one use, for a few minutes and in bounds. RFC 6749 4.1.2.
//!
//! A restart forgets them, and the client begins again.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::book::{self, Grant};
use super::digest::Digest;

/// Each takes a person's consent.
const MOST: usize = 1_000;

/// What a code is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    /// As the client wrote it, if it did.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) challenge: String,
}

#[derive(Debug, Default)]
pub(crate) struct Codes {
    waiting: HashMap<Digest, (Code, SystemTime)>,
}

impl Codes {
    /// A new code, as the client gets it.
    pub(crate) fn give(&mut self, code: Code, lifetime: Duration, now: SystemTime) -> String {
        self.waiting.retain(|_, (_, until)| now < *until);
        if self.waiting.len() >= MOST {
            let first = self.waiting.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(first) = first.map(|(digest, _)| *digest) {
                self.waiting.remove(&first);
            }
        }
        let word = book::word(&code.grant.family);
        self.waiting
            .insert(Digest::of(&word), (code, now + lifetime));
        word
    }

    /// What the code is for, and until when. It is used up.
    // rule: as-code-once -- a code is used once, and for a short time.
    pub(crate) fn take(&mut self, word: &str, now: SystemTime) -> Option<(Code, SystemTime)> {
        let (code, until) = self.waiting.remove(&Digest::of(word))?;
        (now < until).then_some((code, until))
    }

    /// Forgets all that wait for this client.
    // rule: mcphub-token-client
    pub(crate) fn forget_client(&mut self, client_id: &str) {
        self.waiting
            .retain(|_, (code, _)| code.grant.client_id != client_id);
    }

    /// It was taken in vain: nothing was given for it.
    // rule: as-code-unwritten -- a code for which nothing could be written is as good as before.
    pub(crate) fn put_back(&mut self, word: &str, (code, until): (Code, SystemTime)) {
        self.waiting.insert(Digest::of(word), (code, until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Code {
        Code {
            grant: Grant {
                family: book::new_family(),
                client_id: "c".into(),
                username: "alice".into(),
                account: None,
                scope: String::new(),
                resource: None,
                refreshes: true,
                agreed_at: SystemTime::UNIX_EPOCH,
            },
            redirect_uri: None,
            challenge: String::new(),
        }
    }

    // rule: as-code-once
    #[test]
    fn a_code_is_good_once_and_for_its_time() {
        let (mut codes, now) = (Codes::default(), SystemTime::UNIX_EPOCH);
        let life = Duration::from_secs(300);
        let word = codes.give(code(), life, now);
        let taken = codes.take(&word, now).unwrap();
        assert!(codes.take(&word, now).is_none());
        codes.put_back(&word, taken);
        assert!(codes.take(&word, now).is_some(), "it was taken in vain");
        assert!(codes.take(&word, now).is_none());
        let word = codes.give(code(), life, now);
        assert!(codes.take(&word, now + life).is_none());
        assert!(codes.take(&word, now).is_none(), "a late try uses it up");
    }

    #[test]
    fn there_are_only_so_many() {
        let (mut codes, now) = (Codes::default(), SystemTime::UNIX_EPOCH);
        for second in 0..(MOST as u64 + 20) {
            codes.give(code(), Duration::from_secs(10_000 + second), now);
        }
        assert_eq!(codes.waiting.len(), MOST);
    }
}

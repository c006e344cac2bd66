//! What stands in the settings file of a token or a client's secret: its digest, so that the file gives nobody a token.
//!
//! The words have at least 128 bits of chance in them, so a digest without salt tells nothing. MCPHub's own entries are texts; they are compared as digests, too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

const PREFIX: &str = "sha256:";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(word: &str) -> Self {
        Self(Sha256::digest(word.as_bytes()).into())
    }

    /// As an entry of the file has it: a digest, or the word itself.
    pub(crate) fn read(written: &str) -> Self {
        let digest = written.strip_prefix(PREFIX).and_then(|text| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            bytes.try_into().ok().map(Self)
        });
        digest.unwrap_or_else(|| Self::of(written))
    }

    pub(crate) fn written(self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_mcphub_and_a_digest_of_ours_say_the_same() {
        let ours = Digest::of("word");
        assert_eq!(Digest::read("word"), ours);
        assert_eq!(Digest::read(&ours.written()), ours);
        assert_ne!(Digest::of(&ours.written()), ours, "a digest opens nothing");
        assert_eq!(Digest::read("sha256:odd"), Digest::of("sha256:odd"));
    }
}

//! The one place that asks for randomness: session ids, `state`, PKCE verifiers. The operating system seeds it.

use rand::Rng;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `N` random bytes.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one home of randomness"
)]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A random word with at least `strength` bytes of chance in it, of characters that need no escaping anywhere
/// (base64url's alphabet, 6 bits each).
#[must_use]
pub fn token(strength: usize) -> String {
    let length = (strength * 8).div_ceil(6);
    let mut token = String::with_capacity(length);
    while token.len() < length {
        for byte in bytes::<32>() {
            if token.len() < length {
                token.push(char::from(ALPHABET[usize::from(byte & 63)]));
            }
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_as_strong_as_asked_for_and_never_come_twice() {
        let (one, two) = (token(32), token(32));
        assert_eq!(one.len(), 43);
        assert_ne!(one, two);
        assert!(one.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_eq!(token(0), "");
    }
}

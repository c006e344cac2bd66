//! Proof key for code exchange, S256 only.
//!
//! RFC 7636 sections 4.1 and 4.2; the plain method is left out, as OAuth 2.1 section 7.5.2 asks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The verifier that 32 random octets make: 43 characters.
// rule: rfc7636-4.1
pub(crate) fn verifier(random: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// `BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))`
// rule: rfc7636-4.2
pub(crate) fn challenge(verifier: &str) -> String {
    digest(verifier)
}

/// A fingerprint to recognise a value by without keeping it.
pub(crate) fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: rfc7636-4.2
    #[test]
    fn the_example_of_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            challenge(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    // rule: rfc7636-4.1
    #[test]
    fn a_verifier_has_the_legal_length_and_alphabet() {
        let verifier = verifier(&[0xfb; 32]);
        assert_eq!(verifier.len(), 43);
        assert!(
            verifier
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
        );
    }
}

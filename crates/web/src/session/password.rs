//! Passwords: bcrypt is read (MCPHub wrote it), argon2id is written.
//!
//! Slow on purpose: callers run these off the async threads and a few at a time.

use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;

/// Passwords that stand in public documents; no account opens with one of them.
const PUBLIC: [&str; 5] = ["", "admin123", "admin", "password", "mcphub"];

/// Letters of a password that is given to somebody.
pub(crate) const SHORTEST: usize = 8;

#[derive(Debug, thiserror::Error)]
#[error("hashing the password failed: {0}")]
pub(crate) struct HashError(String);

/// Everybody knows this password, so it proves nothing.
pub(crate) fn is_public(password: &str) -> bool {
    PUBLIC.contains(&password.trim())
}

/// It is guessed sooner than others.
pub(crate) fn is_short(password: &str) -> bool {
    password.chars().count() < SHORTEST
}

/// Does the stored hash open with this password?
pub(crate) fn opens(stored_hash: &str, password: &str) -> bool {
    if is_bcrypt(stored_hash) {
        return bcrypt::verify(password, stored_hash).unwrap_or(false);
    }
    match PasswordHash::new(stored_hash) {
        Ok(hash) => Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok(),
        Err(_) => false,
    }
}

/// Whether some password may open it: a hash that can be read, and not a text that no password fits.
pub(crate) fn can_open(stored_hash: &str) -> bool {
    if is_bcrypt(stored_hash) {
        return stored_hash.parse::<bcrypt::HashParts>().is_ok();
    }
    PasswordHash::new(stored_hash).is_ok_and(|hash| hash.hash.is_some())
}

/// Does the stored hash open with a password that everybody knows? Such an account counts as having none.
pub(crate) fn opens_for_everybody(stored_hash: &str) -> bool {
    // Only the one that shipped settings carry: each try costs a core for a while.
    stored_hash.is_empty() || opens(stored_hash, "admin123")
}

pub(crate) fn is_bcrypt(stored_hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$", "$2x$"]
        .iter()
        .any(|prefix| stored_hash.starts_with(prefix))
}

/// An argon2id hash in PHC form.
pub(crate) fn hash(password: &str, salt: &[u8; 16]) -> Result<String, HashError> {
    Argon2::default()
        .hash_password_customized(
            password.as_bytes(),
            salt,
            Some(Algorithm::Argon2id.as_str()),
            Some(Version::V0x13.into()),
            Params::default(),
        )
        .map(|hash| hash.to_string())
        .map_err(|error| HashError(error.to_string()))
}

/// Compares two texts without telling by time how much of them agrees.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_opens_with_its_password_only() {
        let cheap = bcrypt::hash("correct horse", 4).unwrap();
        for stored in [hash("correct horse", &[7; 16]).unwrap(), cheap] {
            assert!(opens(&stored, "correct horse"));
            for wrong in ["", "Correct horse", "correct horse ", &stored] {
                assert!(!opens(&stored, wrong));
            }
        }
        for stored in [hash("x", &[7; 16]).unwrap(), bcrypt::hash("x", 4).unwrap()] {
            assert!(can_open(&stored), "{stored}");
        }
        for broken in ["", "correct horse", "$2b$", "$argon2id$", "${ADMIN_HASH}"] {
            assert!(!can_open(broken), "{broken}");
            assert!(!opens(broken, "correct horse"));
            assert!(!opens(broken, ""));
        }
    }

    // rule: safe-w05
    #[test]
    fn an_account_with_a_password_that_everybody_knows_has_none() {
        assert!(opens_for_everybody(&bcrypt::hash("admin123", 4).unwrap()));
        assert!(opens_for_everybody(""));
        assert!(!opens_for_everybody(
            &bcrypt::hash("correct horse", 4).unwrap()
        ));
        assert!(is_public(" admin123 ") && is_public("") && !is_public("correct horse"));
    }
}

//! The key of the settings file, and how it seals: XChaCha20-Poly1305 with a random nonce, bound to a value's place.
//!
//! `sealed:v1:` is followed by eight hex digits that tell keys apart, a dot, and nonce and ciphertext in base64url. Which values
//! are sealed, and what binds them, is `settings::sealed`'s business. draft-irtf-cfrg-xchacha.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use settings::{Binding, SEALED, Shut};
use sha2::{Digest, Sha256};

use crate::chance;

/// Bytes of a key.
const KEY: usize = 32;
const NONCE: usize = 24;
/// Shorter words can be guessed.
const SHORTEST: usize = 32;

/// Seals and opens with one key, or says that there is none.
#[derive(Clone, Default)]
pub struct Vault {
    key: Option<Key>,
}

#[derive(Clone)]
struct Key {
    cipher: XChaCha20Poly1305,
    /// Tells this key from others, and tells nothing about it.
    name: String,
}

/// What somebody gave for a key is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "the key has {0} characters; give 32 random bytes in base64 or hex (such as `openssl rand -base64 32` makes), or at least {SHORTEST} characters that nobody guesses"
)]
pub struct KeyError(usize);

impl Vault {
    /// 32 bytes in base64 or hex are the key itself; of a longer text the digest is.
    ///
    /// # Errors
    /// When the text is too short to be a key.
    pub fn with_key(text: &SecretString) -> Result<Self, KeyError> {
        let text = text.expose_secret().trim();
        if text.len() < SHORTEST {
            return Err(KeyError(text.chars().count()));
        }
        let bytes = itself(text)
            .unwrap_or_else(|| Sha256::digest(format!("mcphub key {text}").as_bytes()).into());
        let name = Sha256::digest([b"mcphub key name ".as_slice(), &bytes].concat());
        Ok(Self {
            key: Some(Key {
                cipher: XChaCha20Poly1305::new(&bytes.into()),
                name: name[..4].iter().map(|byte| format!("{byte:02x}")).collect(),
            }),
        })
    }

    /// A new key, as text for `with_key`.
    #[must_use]
    pub fn new_key() -> SecretString {
        STANDARD.encode(chance::bytes::<KEY>()).into()
    }
}

impl Vault {
    /// Seals a text that leaves the hub and comes back, in base64url. `holder`: what it is bound to; begins with what it is for.
    pub(crate) fn seal_word(&self, holder: &str, plain: &str) -> Option<String> {
        let key = self.key.as_ref()?;
        key.seal(holder, plain)
    }

    /// What `seal_word` sealed for this holder; `None`: it is not that.
    pub(crate) fn open_word(&self, holder: &str, sealed: &str) -> Option<String> {
        let key = self.key.as_ref()?;
        key.open(holder, sealed)
    }
}

impl Key {
    fn seal(&self, holder: &str, plain: &str) -> Option<String> {
        let nonce = chance::bytes::<NONCE>();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: holder.as_bytes(),
        };
        // Only a text of many gigabytes cannot be encrypted.
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn open(&self, holder: &str, sealed: &str) -> Option<String> {
        let whole = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = whole.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: holder.as_bytes(),
        };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(plain).ok()
    }
}

impl settings::Vault for Vault {
    fn has_key(&self) -> bool {
        self.key.is_some()
    }

    fn seal(&self, binding: &Binding, plain: &str) -> Option<String> {
        let key = self.key.as_ref()?;
        // What cannot be sealed stays as it is.
        let whole = key.seal(binding.as_str(), plain)?;
        Some(format!("{SEALED}{}.{whole}", key.name))
    }

    fn open(&self, binding: &Binding, sealed: &str) -> Result<String, Shut> {
        let key = self.key.as_ref().ok_or(Shut::NoKey)?;
        let word = sealed.strip_prefix(SEALED).ok_or(Shut::Foreign)?;
        let (name, whole) = word.split_once('.').ok_or(Shut::Foreign)?;
        if name != key.name {
            return Err(Shut::OtherKey);
        }
        key.open(binding.as_str(), whole).ok_or(Shut::Foreign)
    }
}

/// The bytes that a text of the right length spells.
fn itself(text: &str) -> Option<[u8; KEY]> {
    let hex = || {
        let digits = text.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        (text.len() == 2 * KEY).then(|| digits.collect::<Option<Vec<u8>>>())?
    };
    let base64 = || {
        let text = text
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_");
        URL_SAFE_NO_PAD.decode(text).ok()
    };
    hex().or_else(base64)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(key: &str) -> Vault {
        Vault::with_key(&SecretString::from(key)).unwrap()
    }

    /// What the first secret of a sealed file opens to.
    fn sealed(vault: &Vault) -> String {
        let text =
            r#"{"mcpServers":{"a":{"url":"https://a.test","oauth":{"clientSecret":"hunter2"}}}}"#;
        settings::seal_all(text, vault).unwrap().text
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_only() {
        let (one, two) = (Vault::new_key(), Vault::new_key());
        let mine = Vault::with_key(&one).unwrap();
        let text = sealed(&mine);
        assert!(
            text.contains("sealed:v1:") && !text.contains("hunter2"),
            "{text}"
        );
        assert_ne!(text, sealed(&mine), "a nonce came twice");
        let back = settings::unseal_all(&text, &Vault::with_key(&one).unwrap()).unwrap();
        assert!(back.text.contains("hunter2"));
        let other = settings::unseal_all(&text, &Vault::with_key(&two).unwrap()).unwrap_err();
        assert!(other.to_string().contains("another key"), "{other}");
        let none = settings::unseal_all(&text, &Vault::default()).unwrap_err();
        assert!(none.to_string().contains("no key"), "{none}");
    }

    #[test]
    fn a_changed_letter_is_found() {
        let mine = Vault::with_key(&Vault::new_key()).unwrap();
        let text = sealed(&mine);
        let begin = text.find(SEALED).unwrap();
        let word = begin + text[begin..].find('.').unwrap();
        for at in [word + 1, word + 40, word + 60] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let error = settings::unseal_all(&changed, &mine).unwrap_err();
            assert!(error.to_string().contains("changed"), "{at}: {error}");
        }
        for cut in ["sealed:v1:", "sealed:v1:00", "sealed:v1:0.!", "sealed:v2"] {
            let text = format!(
                r#"{{"mcpServers":{{"a":{{"url":"https://a.test","oauth":{{"clientSecret":"{cut}"}}}}}}}}"#
            );
            assert_eq!(
                settings::unseal_all(&text, &mine).is_err(),
                cut != "sealed:v2",
                "{cut}"
            );
        }
    }

    #[test]
    fn a_key_is_read_in_any_of_its_spellings() {
        let bytes = [0xfb; KEY];
        let hex = "fb".repeat(KEY);
        let base64 = STANDARD.encode(bytes);
        let url = URL_SAFE_NO_PAD.encode(bytes);
        let text = sealed(&vault(&hex));
        for spelling in [&hex.to_uppercase(), &base64, &url, &format!(" {base64}\n")] {
            let opened = settings::unseal_all(&text, &vault(spelling));
            assert!(opened.is_ok(), "{spelling}: {opened:?}");
        }
        let words = "a sentence that is long enough and known to nobody else";
        let text = sealed(&vault(words));
        assert!(settings::unseal_all(&text, &vault(words)).is_ok());
        assert!(settings::unseal_all(&text, &vault(&hex)).is_err());
        let error = Vault::with_key(&SecretString::from("hunter2"))
            .err()
            .unwrap();
        assert!(error.to_string().contains("7 characters"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

//! Values that must not be seen: no `Display`, redacted `Debug`, compared only for change, revealed only by name.
//!
//! Comparing here answers "did the settings change"; it is not constant in time and no way to check a credential.

use std::fmt;
use std::ops::Deref;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// A secret text. Use it as the `SecretString` that it derefs to.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

/// JSON that holds secrets: a registration, a pending authorization.
#[derive(Clone, PartialEq)]
pub struct Hidden(Value);

impl Hidden {
    pub fn expose(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Hidden {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden([REDACTED])")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Deref for Secret {
    type Target = SecretString;

    fn deref(&self) -> &SecretString {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl From<Secret> for SecretString {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let secret = Secret::from("hunter2".to_owned());
        let hidden = Hidden::from(serde_json::json!({ "state": "hunter2" }));
        let shown = format!("{secret:?} {hidden:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(secret.expose_secret(), "hunter2");
        assert_eq!(hidden.expose()["state"], "hunter2");
    }
}

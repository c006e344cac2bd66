//! What was written about an outside issuer, in the file and in the environment, before it is judged.

use serde_json::Value;

use crate::problem::Problem;
use crate::reader::{Log, Reader, shown};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Written {
    pub(super) wanted: bool,
    /// Somebody decided something that cannot be read.
    pub(super) unreadable: bool,
    pub(super) mode: Option<String>,
    pub(super) uri: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) audiences: Vec<String>,
    pub(super) algorithms: Option<Vec<String>>,
    pub(super) username_claim: String,
    pub(super) email_claim: String,
    pub(super) auto_create: bool,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            wanted: false,
            unreadable: false,
            mode: None,
            uri: None,
            issuer: None,
            audiences: Vec::new(),
            algorithms: None,
            username_claim: "preferred_username".to_owned(),
            email_claim: "email".to_owned(),
            auto_create: true,
        }
    }
}

impl Written {
    /// Of `systemConfig`.
    pub(crate) fn read(system: &Reader<'_>) -> Self {
        let unreadable = Self {
            unreadable: true,
            ..Self::default()
        };
        let Some(auth) = system.object("auth") else {
            return match system.raw("auth") {
                None => Self::default(),
                Some(_) => unreadable,
            };
        };
        let read = match (auth.raw("forwardAuth"), auth.object("forwardAuth")) {
            (None, _) => Self::default(),
            (Some(_), Some(written)) => Self::of(written),
            (Some(_), None) => unreadable,
        };
        auth.finish_knowing(&["betterAuth"]);
        read
    }

    fn of(reader: Reader<'_>) -> Self {
        let usual = Self::default();
        let enabled = reader.flag("enabled");
        let mut written = Self {
            wanted: enabled.unwrap_or(false),
            unreadable: enabled.is_none() && reader.raw("enabled").is_some_and(|it| *it != ""),
            mode: reader.text("mode"),
            username_claim: reader.text("usernameClaim").unwrap_or(usual.username_claim),
            email_claim: reader.text("emailClaim").unwrap_or(usual.email_claim),
            // What cannot be read makes nobody.
            auto_create: reader
                .raw("autoCreate")
                .is_none_or(|_| reader.flag("autoCreate").unwrap_or(false)),
            ..usual
        };
        if let Some(jwks) = reader.object("jwks") {
            written.uri = jwks.text("uri");
            written.issuer = jwks.text("issuer");
            written.audiences = list(&jwks, "audience").unwrap_or_default();
            written.algorithms = list(&jwks, "algorithms");
            jwks.finish();
        }
        reader.finish();
        written
    }

    /// The environment wins, variable by variable.
    pub(crate) fn with_environment(
        mut self,
        lookup: &dyn Fn(&str) -> Option<String>,
        log: &Log,
    ) -> Self {
        let text = |name: &str| {
            let written = lookup(&format!("FORWARD_AUTH_{name}"))?;
            let written = written.trim().to_owned();
            (!written.is_empty()).then_some(written)
        };
        let mut unreadable = false;
        let mut flag = |name: &str| {
            let written = text(name)?;
            let meant = meant(&written);
            if meant.is_none() {
                unreadable = true;
                let why = format!(
                    "`FORWARD_AUTH_{name}` must be true or false, not `{}`",
                    shown(&written)
                );
                let path = ["systemConfig", "auth", "forwardAuth"].map(str::to_owned);
                log.add(Problem::broken(&path, why).cure("correct it in the environment"));
            }
            meant
        };
        if let Some(wanted) = flag("ENABLED") {
            (self.wanted, self.unreadable) = (wanted, false);
        }
        self.auto_create = flag("AUTO_CREATE").unwrap_or(self.auto_create);
        self.unreadable |= unreadable;
        self.mode = text("MODE").or(self.mode);
        self.uri = text("JWKS_URI").or(self.uri);
        self.issuer = text("ISSUER").or(self.issuer);
        let written = text("AUDIENCE").map(|it| words(&it));
        self.audiences = written.unwrap_or(self.audiences);
        self.algorithms = text("ALGORITHMS").map(|it| words(&it)).or(self.algorithms);
        self.username_claim = text("USERNAME_CLAIM").unwrap_or(self.username_claim);
        self.email_claim = text("EMAIL_CLAIM").unwrap_or(self.email_claim);
        self
    }
}

fn meant(written: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| written.eq_ignore_ascii_case(word));
    match (
        is(["true", "1", "yes", "on"]),
        is(["false", "0", "no", "off"]),
    ) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// A list, or a text with commas.
fn list(reader: &Reader<'_>, key: &'static str) -> Option<Vec<String>> {
    match reader.raw(key)? {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(words(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            reader
                .texts(key)
                .map(|texts| whole(texts.iter().map(String::as_str)))
        }
    }
}

/// Of a text with commas, or of a JSON list: names may have spaces in them.
fn words(text: &str) -> Vec<String> {
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(list) => whole(list.iter().map(String::as_str)),
        Err(_) => whole(text.split(',')),
    }
}

fn whole<'t>(words: impl Iterator<Item = &'t str>) -> Vec<String> {
    let words = words.map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

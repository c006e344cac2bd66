//! What a doctor says: one line for each thing that was looked at.
//!
//! No line holds a token, a secret, or the query of an address: texts pass `Discretion` before anybody sees them.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::cause::Cause;

/// One thing that was looked at. `code` is stable; the words may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub part: Part,
    pub verdict: Verdict,
    pub code: &'static str,
    /// Of what is wrong: the number that belongs to `code`, `MCPHUB-AUTH-014`.
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What was found, in words.
    pub text: String,
    /// The request that showed it: method and address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came: Option<String>,
    /// Where it is written how it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<&'static str>,
    /// What helps.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    Ok,
    /// Works, and a person may want to know.
    Note,
    /// Breaks a rule, or keeps a sign-in from coming about.
    Wrong,
}

/// The parts of the way to a sign-in, in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    Address,
    Transport,
    Token,
    Challenge,
    Resource,
    LoginServer,
    Client,
    Request,
    Callback,
    Clock,
    /// A real one, where it was wanted.
    SignIn,
}

impl Part {
    /// The word in front of a line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Transport => "transport",
            Self::Token => "token",
            Self::Challenge => "challenge",
            Self::Resource => "resource",
            Self::LoginServer => "login server",
            Self::Client => "client",
            Self::Request => "request",
            Self::Callback => "callback",
            Self::Clock => "clock",
            Self::SignIn => "sign-in",
        }
    }
}

impl Verdict {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Wrong => "wrong",
        }
    }
}

impl Line {
    fn new(part: Part, verdict: Verdict, code: &'static str, text: String) -> Self {
        Self {
            part,
            verdict,
            code,
            cause: None,
            text,
            asked: None,
            came: None,
            clause: None,
            cure: None,
        }
    }

    pub(super) fn ok(part: Part, code: &'static str, text: impl Into<String>) -> Self {
        Self::new(part, Verdict::Ok, code, text.into())
    }

    pub(super) fn note(part: Part, code: &'static str, text: impl Into<String>) -> Self {
        Self::new(part, Verdict::Note, code, text.into())
    }

    /// There is nothing wrong without something that helps.
    pub(super) fn wrong(
        part: Part,
        cause: Cause,
        text: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        let line = Self::new(part, Verdict::Wrong, cause.word(), text.into()).cure(cure);
        Self {
            cause: Some(cause),
            clause: cause.clause(),
            ..line
        }
    }

    pub(super) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    pub(super) fn clause(mut self, clause: &'static str) -> Self {
        self.clause = Some(clause);
        self
    }

    /// By this exchange, where nobody said by which.
    pub(super) fn shown_by(self, both: Option<&(String, String)>) -> Self {
        match both {
            Some(both) if self.asked.is_none() => self.exchange(both.clone()),
            Some(_) | None => self,
        }
    }

    pub(super) fn exchange(mut self, (asked, came): (String, String)) -> Self {
        self.asked = Some(asked);
        self.came = Some(came);
        self
    }
}

/// What must not be said: known secrets, and what stands behind the `?` of an address.
#[derive(Default)]
pub(super) struct Discretion {
    secrets: Vec<SecretString>,
}

/// Shorter ones would be found everywhere.
const SHORTEST_SECRET: usize = 6;
/// Servers may say much.
const LONGEST: usize = 1_000;

impl Discretion {
    /// A header's secret is often the second word of its value.
    pub(super) fn keep(&mut self, secret: &SecretString) {
        let words = secret.expose_secret().split(' ');
        let words = words.filter(|word| word.len() >= SHORTEST_SECRET);
        self.secrets.extend(words.map(SecretString::from));
    }

    pub(super) fn apply(&self, line: &mut Line) {
        let texts = [&mut line.asked, &mut line.came, &mut line.cure];
        for text in texts.into_iter().flatten().chain([&mut line.text]) {
            *text = self.discreet(text);
        }
    }

    fn discreet(&self, text: &str) -> String {
        // A line break of a server's would make a line of its own.
        let one_line = text.replace(oauth::shown::steers, " ");
        let mut text = without_queries(&one_line);
        for secret in &self.secrets {
            text = text.replace(secret.expose_secret(), "[secret]");
        }
        if text.len() > LONGEST {
            text.truncate(text.floor_char_boundary(LONGEST));
            text.push_str(" ...");
        }
        text
    }
}

/// Addresses in a text without user names, queries and fragments.
fn without_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        out.push_str(before);
        let end = address
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ','))
            .unwrap_or(address.len());
        let (address, behind) = address.split_at(end);
        let shown = address.split(['?', '#']).next().unwrap_or_default();
        let host_end = shown.find('/').unwrap_or(shown.len());
        let (authority, path) = shown.split_at(host_end);
        out.push_str(authority.rsplit('@').next().unwrap_or_default());
        out.push_str(path);
        // What ended a sentence stays.
        if shown.len() < address.len() && address.ends_with([';', '.', ':']) {
            out.push_str(&address[address.len() - 1..]);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_no_query_no_user_name_and_no_known_secret() {
        let mut discretion = Discretion::default();
        discretion.keep(&SecretString::from("Bearer s3cret-of-the-file"));
        let mut line = Line::wrong(
            Part::Challenge,
            Cause::ChallengeUnreadable,
            "see \"https://me:pw@as.test/a?code=1#f\" and http://b.test/c?d=e; it said\ns3cret-of-the-file",
            "set url to https://c.test/?key=7.",
        )
        .exchange(("GET https://as.test/x?y=z".to_owned(), "200".to_owned()));
        discretion.apply(&mut line);
        assert_eq!(
            line.text,
            "see \"https://as.test/a\" and http://b.test/c; it said [secret]"
        );
        assert_eq!(line.cure.as_deref(), Some("set url to https://c.test/."));
        assert_eq!(line.asked.as_deref(), Some("GET https://as.test/x"));
    }

    #[test]
    fn what_a_server_says_at_length_is_cut() {
        let mut line = Line::ok(Part::Clock, "x", "é".repeat(LONGEST));
        Discretion::default().apply(&mut line);
        assert!(line.text.len() < LONGEST + 10);
    }

    #[test]
    fn a_line_is_written_with_short_keys() {
        let line = Line::wrong(
            Part::LoginServer,
            Cause::IssuerMismatch,
            "broken",
            "mend it",
        );
        let written = serde_json::json!({"part": "loginServer", "verdict": "wrong", "code": "issuer-mismatch", "errorCode": "MCPHUB-AUTH-065", "text": "broken", "clause": "RFC 8414 3.3", "do": "mend it"});
        assert_eq!(serde_json::to_value(&line).unwrap(), written);
    }
}

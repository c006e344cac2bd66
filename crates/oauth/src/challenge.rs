//! What a 401 or 403 says in its `WWW-Authenticate` lines.
//!
//! RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1. Read leniently: real servers forget
//! commas and quotes. Schemes other than Bearer and DPoP are told apart and left alone.

use crate::scope;

/// The one challenge that concerns us, out of all lines and schemes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where the resource's metadata is, as written (may be relative); each is tried.
    pub resource_metadata: Vec<String>,
    /// What this request needs; `None` when the challenge does not say.
    pub scopes: Option<Vec<String>>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    /// Older servers name the authorization server itself (`authorization_server`, `as_uri`).
    pub authorization_servers: Vec<String>,
    /// A token that is bound to a key is wanted, or taken.
    pub dpop: bool,
}

impl Challenge {
    /// Reads all lines of an answer; `None` when none of them is for us. Never fails, whatever the bytes.
    // A client must be able to parse the header and to tell several challenges apart, in a line or in lines.
    // rule: rfc9110-11.6.1, at-44, safe-d08
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let all: Vec<Raw> = lines.into_iter().flat_map(split).collect();
        let bearer = |raw: &&Raw| raw.scheme.eq_ignore_ascii_case("bearer");
        let pointed = |raw: &&Raw| !raw.values("resource_metadata").is_empty();
        // The metadata's address may come with any scheme; Bearer is the one that we can satisfy.
        // rule: rfc9728-5.1
        let chosen = (all.iter().find(|raw| bearer(raw) && pointed(raw)))
            .or_else(|| all.iter().find(bearer))
            .or_else(|| all.iter().find(pointed))
            .or_else(|| all.iter().find(|raw| raw.is_dpop()))
            .or_else(|| all.iter().find(|raw| !raw.old_style().is_empty()))?;
        // rule: rfc9449-7.1
        let dpop = all.iter().any(|raw| raw.is_dpop());
        Some(Self {
            dpop,
            ..chosen.read()
        })
    }

    /// RFC 6750 section 3.1: the token is good, but not for this.
    #[must_use]
    pub fn is_insufficient_scope(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }
}

struct Raw {
    scheme: String,
    params: Vec<(String, String)>,
}

impl Raw {
    fn is_dpop(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("dpop")
    }

    fn values(&self, name: &str) -> Vec<&str> {
        (self.params.iter())
            .filter(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .collect()
    }

    fn old_style(&self) -> Vec<&str> {
        [self.values("authorization_server"), self.values("as_uri")].concat()
    }

    fn read(&self) -> Challenge {
        let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let is_metadata = |value: &&str| value.contains("/.well-known/oauth-protected-resource");
        let mut resource_metadata = self.values("resource_metadata");
        resource_metadata.extend(self.values("resource").into_iter().filter(is_metadata));
        // The older parameters name the authorization server, or the metadata that names it.
        let (metadata, servers): (Vec<_>, Vec<_>) =
            self.old_style().into_iter().partition(is_metadata);
        resource_metadata.extend(metadata);
        let scopes = self.values("scope");
        Challenge {
            resource_metadata: owned(resource_metadata),
            scopes: (!scopes.is_empty()).then(|| scope::split(&scopes.join(" "))),
            error: self.values("error").first().map(|&e| e.to_owned()),
            error_description: self
                .values("error_description")
                .first()
                .map(|&e| e.to_owned()),
            authorization_servers: owned(servers),
            dpop: false,
        }
    }
}

/// A line's challenges. A word starts a new one at the start of the line, after a comma, or when it is a
/// scheme's name; another word continues an unquoted value.
fn split(line: &str) -> Vec<Raw> {
    let mut all: Vec<Raw> = Vec::new();
    let mut rest = line;
    let mut after_comma = true;
    let mut unquoted = false;
    loop {
        let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        after_comma |= rest[..rest.len() - trimmed.len()].contains(',');
        rest = trimmed;
        if rest.is_empty() {
            return all;
        }
        let (word, tail) = take_word(rest);
        let value_at = tail.trim_start();
        if let (Some(value_at), false) = (value_at.strip_prefix('='), word.is_empty()) {
            let value_at = value_at.trim_start();
            unquoted = !value_at.starts_with(['"', '\'']);
            let (value, tail) = take_value(value_at);
            if all.is_empty() {
                all.push(Raw {
                    scheme: String::new(),
                    params: Vec::new(),
                });
            }
            if let Some(raw) = all.last_mut() {
                raw.params.push((word.to_owned(), value));
            }
            rest = tail;
        } else {
            if after_comma || known(word) || !unquoted {
                all.push(Raw {
                    scheme: word.to_owned(),
                    params: Vec::new(),
                });
                unquoted = false;
            } else if let Some((_, value)) = all.last_mut().and_then(|raw| raw.params.last_mut()) {
                value.push(' ');
                value.push_str(word);
            }
            // A stray sign that is no word is stepped over, so that the loop ends.
            rest = if word.is_empty() {
                skip_one(tail)
            } else {
                tail
            };
        }
        after_comma = false;
    }
}

fn known(word: &str) -> bool {
    [
        "bearer",
        "basic",
        "digest",
        "dpop",
        "negotiate",
        "ntlm",
        "oauth",
        "mutual",
    ]
    .iter()
    .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

fn take_word(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"' | '\''))
        .unwrap_or(text.len());
    text.split_at(end)
}

fn take_value(text: &str) -> (String, &str) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = text
            .find(|c: char| c.is_whitespace() || c == ',')
            .unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = text[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c == quote => return (value, &text[1 + at + c.len_utf8()..]),
            c => value.push(c),
        }
    }
    (value, "")
}

fn skip_one(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

#[cfg(test)]
mod tests;

//! A request to the token endpoint or to the revocation endpoint, and the errors of both: RFC 6749 sections 2.3.1, 3.2, 4.1.3, 5 and 6, RFC 7636 4.5 and 4.6, RFC 7009 2.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::book::Words;
use super::code::Code;

/// RFC 6749 5.2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {description}")]
pub struct TokenError {
    pub error: &'static str,
    pub description: String,
    /// The client tried to show itself with `Authorization`, and is answered in kind.
    pub by_header: bool,
}

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<String>,
    pub(crate) by_header: bool,
    pub(crate) grant_type: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) code_verifier: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) resource: Option<String>,
    /// At the revocation endpoint.
    pub(crate) token: Option<String>,
}

impl Asked {
    /// `authorization` is that header.
    pub(crate) fn read(authorization: Option<&str>, body: &[u8]) -> Result<Self, TokenError> {
        let mut asked = Self::default();
        let mut id = None;
        for (key, value) in form_urlencoded::parse(body) {
            let place = match &*key {
                "client_id" => &mut id,
                "client_secret" => &mut asked.client_secret,
                "grant_type" => &mut asked.grant_type,
                "code" => &mut asked.code,
                "redirect_uri" => &mut asked.redirect_uri,
                "code_verifier" => &mut asked.code_verifier,
                "refresh_token" => &mut asked.refresh_token,
                "scope" => &mut asked.scope,
                "resource" => &mut asked.resource,
                "token" => &mut asked.token,
                _ => continue,
            };
            // rule: as-token-request-twice -- a parameter must not be there more than once.
            if place.replace(value.into_owned()).is_some() {
                return Err(wrong("invalid_request", format!("{key} is there twice")));
            }
        }
        let shown = authorization.map(basic).transpose()?.flatten();
        match shown {
            // rule: rfc6749-2.3 -- a client shows itself in one way.
            Some(_) if asked.client_secret.is_some() => {
                return Err(wrong(
                    "invalid_request",
                    "the client shows itself in two ways",
                ));
            }
            Some((shown, _)) if id.as_ref().is_some_and(|id| *id != shown) => {
                return Err(wrong("invalid_request", "two clients are named"));
            }
            Some((shown, secret)) => {
                asked.by_header = true;
                asked.client_id = shown;
                asked.client_secret = Some(secret);
            }
            None => asked.client_id = id.unwrap_or_default(),
        }
        if asked.client_id.is_empty() {
            return Err(asked.invalid_client("no client is named"));
        }
        // A public client may write an empty secret.
        asked.client_secret = asked.client_secret.filter(|secret| !secret.is_empty());
        Ok(asked)
    }

    pub(crate) fn invalid_client(&self, description: &str) -> TokenError {
        TokenError {
            by_header: self.by_header,
            ..wrong("invalid_client", description)
        }
    }

    /// Whether this request may have what the code is for. The code is used up either way.
    // rule: rfc6749-4.1.3 -- a code is for the client, the address and the challenge that it was given for, and for a short time.
    pub(crate) fn fits(&self, code: &Code) -> Result<(), TokenError> {
        let no = |why: &str| Err(wrong("invalid_grant", why));
        if code.grant.client_id != self.client_id {
            return no("the code was given to another client");
        }
        if self.redirect_uri != code.redirect_uri {
            return no("redirect_uri is not that of the authorization request");
        }
        // rule: rfc7636-4.6 -- the verifier is the one whose digest was shown.
        let verifier = self.code_verifier.as_deref().unwrap_or_default();
        if !is_verifier(verifier) || challenge_of(verifier) != code.challenge {
            return no("code_verifier does not belong to the code");
        }
        Ok(())
    }
}

/// A client's name and secret, each written as in a form. `None`: another scheme.
fn basic(header: &str) -> Result<Option<(String, String)>, TokenError> {
    let Some((scheme, word)) = header.trim().split_once(' ') else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let read = || {
        let bytes = STANDARD.decode(word.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((unescaped(id), unescaped(secret)))
    };
    read().map(Some).ok_or_else(|| TokenError {
        by_header: true,
        ..wrong("invalid_client", "the header Authorization cannot be read")
    })
}

fn unescaped(text: &str) -> String {
    let form = format!("x={}", text.replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// RFC 7636 4.1.
fn is_verifier(verifier: &str) -> bool {
    let letter =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(letter)
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// RFC 6749 5.1.
pub(crate) fn answer(words: &Words) -> Value {
    let mut answer = json!({
        "access_token": words.access,
        "token_type": "Bearer",
        "expires_in": words.expires_in,
        "scope": words.scope,
    });
    if let Some(refresh) = &words.refresh {
        answer["refresh_token"] = refresh.as_str().into();
    }
    answer
}

pub(crate) fn wrong(error: &'static str, description: impl Into<String>) -> TokenError {
    TokenError {
        error,
        description: description.into(),
        by_header: false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::book::{Grant, new_family};
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn code() -> Code {
        Code {
            grant: Grant {
                family: new_family(),
                client_id: "c".into(),
                username: "alice".into(),
                account: None,
                scope: "read".into(),
                resource: None,
                refreshes: true,
                agreed_at: SystemTime::UNIX_EPOCH,
            },
            redirect_uri: Some("http://127.0.0.1:5/cb".into()),
            challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
        }
    }

    fn read(body: &str) -> Result<Asked, TokenError> {
        Asked::read(None, body.as_bytes())
    }

    // rule: rfc6749-4.1.3, rfc7636-4.6
    #[test]
    fn a_code_is_for_the_client_the_address_and_the_verifier_that_it_was_given_for() {
        let good =
            format!("client_id=c&redirect_uri=http://127.0.0.1:5/cb&code_verifier={VERIFIER}");
        assert_eq!(read(&good).unwrap().fits(&code()), Ok(()));
        for (from, to) in [
            ("client_id=c", "client_id=d"),
            ("redirect_uri=http://127.0.0.1:5/cb&", ""),
            (":5/cb", ":6/cb"),
            (":5/cb", ":5/cb/"),
            (VERIFIER, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            (VERIFIER, "short"),
            (VERIFIER, ""),
            ("code_verifier", "verifier"),
        ] {
            let asked = read(&good.replace(from, to)).unwrap();
            let error = asked.fits(&code()).unwrap_err();
            assert_eq!(error.error, "invalid_grant", "{from} -> {to}");
        }
    }

    // rule: rfc6749-2.3
    #[test]
    fn a_client_shows_itself_in_one_way() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let asked = Asked::read(Some(&basic("a%3Ab:s%25+%26t")), b"grant_type=x").unwrap();
        assert_eq!(asked.client_id, "a:b");
        assert_eq!(asked.client_secret.as_deref(), Some("s% &t"));
        assert!(asked.by_header);
        let same = Asked::read(Some(&basic("c:s")), b"client_id=c").unwrap();
        assert_eq!(same.client_id, "c");
        for (header, body) in [("c:s", "client_secret=s"), ("c:s", "client_id=d")] {
            let error = Asked::read(Some(&basic(header)), body.as_bytes()).unwrap_err();
            assert_eq!(error.error, "invalid_request", "{header} {body}");
        }
        let odd = Asked::read(Some("Basic !"), b"client_id=c").unwrap_err();
        assert!(odd.error == "invalid_client" && odd.by_header);
        let bearer = Asked::read(Some("Bearer x"), b"client_id=c&client_secret=").unwrap();
        assert_eq!(
            (bearer.client_id.as_str(), bearer.client_secret),
            ("c", None)
        );
        assert_eq!(read("grant_type=x").unwrap_err().error, "invalid_client");
    }

    // rule: as-token-request-twice
    #[test]
    fn what_is_there_twice_is_refused() {
        for key in [
            "code",
            "client_id",
            "client_secret",
            "refresh_token",
            "code_verifier",
            "token",
        ] {
            let error = read(&format!("client_id=c&{key}=a&{key}=a")).unwrap_err();
            assert_eq!(error.error, "invalid_request", "{key}");
        }
        assert!(read("client_id=c&what=a&what=b").is_ok());
    }
}

//! An authorization request, checked, and the answers to it: RFC 6749 sections 3.1 and 4.1.1 to 4.1.2.1, RFC 7636 4.3, RFC 8707 2, RFC 9207 2.
//!
//! What is wrong with the client or its address is shown to the person, for nobody must be sent to an address that is not known to be the client's; everything else is told the client.

use std::time::Duration;

use settings::OAuthServer;
use url::{Url, form_urlencoded};

use super::client::Client;
use super::redirect;

/// Letters of a whole request. Longer ones make no sense, and are not put into a page.
const LONGEST: usize = 8_000;

/// A request as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) client_id: String,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    resources: Vec<String>,
    /// A parameter that stood there twice.
    twice: Option<&'static str>,
}

/// A request that a person may be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    pub client: Client,
    /// Where the client is answered.
    pub redirect_uri: Url,
    /// As the client wrote it; it has to say the same at the token endpoint. `None`: it relied on the only one that it registered.
    pub(crate) redirect_written: Option<String>,
    pub(crate) state: Option<String>,
    pub scopes: Vec<String>,
    pub(crate) challenge: String,
    /// The path below the hub's address that it is for.
    pub resource: Option<String>,
}

/// Why a request goes no further. Shown, and nobody is sent anywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shown {
    #[error("the request names no client, or is no request at all")]
    NoClient,
    #[error(
        "the hub does not know the client {0:?}; it may have been removed, or it registered at another hub"
    )]
    UnknownClient(String),
    #[error("the client's own document cannot be used: {0}")]
    Document(String),
    /// It may be another time.
    #[error("the client's own document cannot be read now; try again in a minute")]
    DocumentAway,
    #[error("too many clients come at once; wait {} s", .0.as_secs().max(1))]
    Hurry(Duration),
    #[error(
        "the address that the client wants to be answered at, {0:?}, is not one that it registered"
    )]
    Redirect(String),
}

/// Why a request goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Shown(Shown),
    /// The client hears of it at its own address.
    Told(Url),
}

/// What the hub is.
pub(crate) struct Terms<'s> {
    pub(crate) server: &'s OAuthServer,
    /// The hub's address as it was asked, which is the issuer; and further ones that it has.
    pub(crate) homes: &'s [Url],
    pub(crate) issuer: &'s str,
}

impl Asked {
    // rule: as-request-twice -- a parameter must not be there more than once.
    pub(crate) fn read(query: &str) -> Result<Self, Shown> {
        if query.len() > LONGEST {
            return Err(Shown::NoClient);
        }
        let mut asked = Self::default();
        let mut client_id = None;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let (word, place) = match &*key {
                "client_id" => ("client_id", &mut client_id),
                "redirect_uri" => ("redirect_uri", &mut asked.redirect_uri),
                "response_type" => ("response_type", &mut asked.response_type),
                "state" => ("state", &mut asked.state),
                "scope" => ("scope", &mut asked.scope),
                "code_challenge" => ("code_challenge", &mut asked.code_challenge),
                "code_challenge_method" => {
                    ("code_challenge_method", &mut asked.code_challenge_method)
                }
                "resource" => {
                    asked.resources.push(value.into_owned());
                    continue;
                }
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                // Nobody can tell which of two is meant, so nobody is sent to either.
                if matches!(word, "client_id" | "redirect_uri") {
                    return Err(Shown::NoClient);
                }
                asked.twice = Some(word);
            }
        }
        asked.client_id = client_id
            .filter(|id| !id.is_empty())
            .ok_or(Shown::NoClient)?;
        Ok(asked)
    }

    /// The request of this client, checked.
    pub(crate) fn check(self, client: Client, terms: &Terms<'_>) -> Result<Authorization, Refused> {
        let redirect_uri = self.redirect(&client).map_err(Refused::Shown)?;
        let refuse = |error: &str, description: &str| {
            let answer = [("error", error), ("error_description", description)];
            Refused::Told(answered(
                &redirect_uri,
                &answer,
                self.state.as_deref(),
                terms.issuer,
            ))
        };
        let refuse = |wrong: Wrong| refuse(wrong.error, &wrong.description);
        let checked = self.checked(&client, terms).map_err(refuse)?;
        Ok(Authorization {
            client,
            redirect_uri,
            redirect_written: self.redirect_uri.clone(),
            state: self.state.clone(),
            scopes: checked.scopes,
            challenge: checked.challenge,
            resource: checked.resource,
        })
    }

    // rule: as-redirect-not-registered -- where the address is not the client's, the person is told, and not sent there.
    fn redirect(&self, client: &Client) -> Result<Url, Shown> {
        let written = match (&self.redirect_uri, client.redirect_uris.as_slice()) {
            (Some(asked), known) if redirect::is_registered(asked, known) => asked,
            (None, [only]) => only,
            (asked, _) => return Err(Shown::Redirect(asked.clone().unwrap_or_default())),
        };
        redirect::check(written).map_err(|_| Shown::Redirect(written.clone()))
    }

    fn checked(&self, client: &Client, terms: &Terms<'_>) -> Result<Checked, Wrong> {
        if let Some(twice) = self.twice {
            return Err(wrong("invalid_request", format!("{twice} is there twice")));
        }
        match self.response_type.as_deref() {
            Some("code") => {}
            None => return Err(wrong("invalid_request", "response_type is missing")),
            Some(_) => {
                return Err(wrong(
                    "unsupported_response_type",
                    "only `code` is answered",
                ));
            }
        }
        if terms.server.require_client_secret && client.secret.is_none() {
            let why = "this hub takes clients with a secret only";
            return Err(wrong("unauthorized_client", why));
        }
        // rule: mcphub-require-state
        if terms.server.require_state && self.state.as_deref().unwrap_or_default().is_empty() {
            return Err(wrong(
                "invalid_request",
                "state is missing, and this hub asks for it",
            ));
        }
        Ok(Checked {
            challenge: self.challenge()?,
            resource: self.resource(terms)?,
            scopes: self.scopes(client, terms.server)?,
        })
    }

    // rule: rfc7636-4.4.1 -- a request without a challenge is refused, and so is any other way than S256.
    fn challenge(&self) -> Result<String, Wrong> {
        let challenge = self.code_challenge.as_deref().unwrap_or_default();
        if self.code_challenge_method.as_deref() != Some("S256") {
            return Err(wrong(
                "invalid_request",
                "code_challenge_method has to be S256",
            ));
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if challenge.len() != 43 || !challenge.bytes().all(word) {
            let why = "code_challenge is missing, or no digest of SHA-256";
            return Err(wrong("invalid_request", why));
        }
        Ok(challenge.to_owned())
    }

    // rule: rfc8707-2.1 -- a resource that is not this hub is refused.
    fn resource(&self, terms: &Terms<'_>) -> Result<Option<String>, Wrong> {
        let mut found = None;
        const LONGEST: usize = 500;
        for resource in &self.resources {
            // It is stored; and the settings file is MCPHub's, too, which fills in placeholders anywhere.
            if resource.len() > LONGEST || resource.contains('$') {
                return Err(wrong(
                    "invalid_target",
                    "the resource is no endpoint of this hub",
                ));
            }
            let path = path_of(resource, terms.homes).ok_or_else(|| {
                wrong(
                    "invalid_target",
                    "the resource is not this hub, or is no address",
                )
            })?;
            if found
                .replace(path.clone())
                .is_some_and(|other| other != path)
            {
                return Err(wrong("invalid_target", "a token is for one resource"));
            }
        }
        // The hub as a whole is its MCP endpoints: the API has to be named.
        Ok(found.filter(|path| !path.is_empty()))
    }

    /// What of it the hub has; the token says what it became.
    // rule: rfc6749-3.3 -- nobody gets a scope that the hub or the client does not have.
    fn scopes(&self, client: &Client, server: &OAuthServer) -> Result<Vec<String>, Wrong> {
        let may = |scope: &str| {
            let allowed = server.allowed_scopes.iter().any(|known| known == scope);
            let own = client.scopes.as_ref();
            allowed && own.is_none_or(|own| own.iter().any(|known| known == scope))
        };
        let asked = self
            .scope
            .as_deref()
            .filter(|scope| !scope.trim().is_empty());
        let Some(asked) = asked else {
            let all = server.allowed_scopes.iter();
            return Ok(all.filter(|scope| may(scope)).cloned().collect());
        };
        let mut scopes: Vec<String> = Vec::new();
        for scope in asked.split_whitespace().filter(|scope| may(scope)) {
            if !scopes.iter().any(|had| had == scope) {
                scopes.push(scope.to_owned());
            }
        }
        if scopes.is_empty() {
            let why = "none of these scopes is known here; scopes_supported names those that are";
            return Err(wrong("invalid_scope", why));
        }
        Ok(scopes)
    }
}

impl Authorization {
    /// Where the person is sent with a code.
    pub(crate) fn with_code(&self, code: &str, issuer: &str) -> Url {
        let answer = [("code", code)];
        answered(&self.redirect_uri, &answer, self.state.as_deref(), issuer)
    }

    /// Where the person is sent who says no.
    #[must_use]
    pub fn denied(&self, issuer: &str) -> Url {
        self.failed("access_denied", "the person said no", issuer)
    }

    /// Where the person is sent when the hub could not go on.
    #[must_use]
    pub fn failed(&self, error: &str, description: &str, issuer: &str) -> Url {
        let answer = [("error", error), ("error_description", description)];
        answered(&self.redirect_uri, &answer, self.state.as_deref(), issuer)
    }
}

// rule: as-issuer-in-answer -- every answer names the issuer.
fn answered(to: &Url, answer: &[(&str, &str)], state: Option<&str>, issuer: &str) -> Url {
    let mut url = to.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
    }
    url
}

/// The path of a resource below the hub's address, without a slash behind; `None`: it is not ours.
pub(crate) fn path_of(resource: &str, homes: &[Url]) -> Option<String> {
    let url = Url::parse(resource).ok()?;
    let plain = url.fragment().is_none()
        && url.query().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let below = |home: &Url| {
        let same = url.origin() == home.origin() && url.origin().is_tuple();
        let rest = url.path().strip_prefix(home.path().trim_end_matches('/'))?;
        let inside = rest.is_empty() || rest.starts_with('/');
        (same && inside).then(|| rest.trim_end_matches('/').to_owned())
    };
    homes.iter().filter(|_| plain).find_map(below)
}

struct Checked {
    challenge: String,
    resource: Option<String>,
    scopes: Vec<String>,
}

struct Wrong {
    error: &'static str,
    description: String,
}

fn wrong(error: &'static str, description: impl Into<String>) -> Wrong {
    Wrong {
        error,
        description: description.into(),
    }
}

#[cfg(test)]
mod tests;

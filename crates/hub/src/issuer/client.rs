//! A client of the hub's authorization server, wherever it is known from, and how it shows that it is that.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use settings::OAuthClient;

use super::digest::Digest;

/// How a client shows itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    None,
    Basic,
    Post,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<Digest>,
    pub(crate) method: Method,
    pub name: String,
    pub(crate) redirect_uris: Vec<String>,
    /// Whether its access is renewed.
    pub(crate) refreshes: bool,
    /// What it may ask for at most; `None`: whatever the settings allow.
    pub(crate) scopes: Option<Vec<String>>,
    /// Seconds since 1970.
    pub(crate) issued_at: Option<u64>,
    pub(crate) is_native: bool,
    /// It is known by the address of its document.
    pub is_document: bool,
}

impl Method {
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" => Some(Self::Post),
            _ => None,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }
}

impl Client {
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn of_settings(written: &OAuthClient) -> Self {
        let secret = written
            .client_secret
            .as_ref()
            .map(|secret| Digest::read(secrecy::ExposeSecret::expose_secret(&**secret)));
        let method = match (&secret, written.auth_method.as_deref().map(Method::read)) {
            (None, _) => Method::None,
            (Some(_), Some(Some(Method::Post))) => Method::Post,
            (Some(_), _) => Method::Basic,
        };
        let may = |grant: &str| written.grants.iter().any(|had| had == grant);
        Self {
            id: written.client_id.clone(),
            secret,
            method,
            name: written.name.clone(),
            redirect_uris: written.redirect_uris.clone(),
            refreshes: written.grants.is_empty() || may("refresh_token"),
            scopes: written.scopes.clone().filter(|scopes| !scopes.is_empty()),
            issued_at: written.issued_at,
            is_native: false,
            is_document: false,
        }
    }

    /// The entry in the settings file, in MCPHub's keys.
    pub(crate) fn written(&self) -> Value {
        let mut entry = json!({
            "clientId": self.id,
            "name": self.name,
            "redirectUris": self.redirect_uris,
            "grants": self.grant_types(),
            "metadata": {
                "application_type": if self.is_native { "native" } else { "web" },
                "response_types": ["code"],
                "token_endpoint_auth_method": self.method.word(),
            },
        });
        if let Some(secret) = self.secret {
            entry["clientSecret"] = secret.written().into();
        }
        if let Some(scopes) = &self.scopes {
            entry["scopes"] = json!(scopes);
        }
        if let Some(at) = self.issued_at {
            entry["clientIdIssuedAt"] = at.into();
        }
        entry
    }

    pub(crate) fn grant_types(&self) -> Vec<&'static str> {
        let renewed = self.refreshes.then_some("refresh_token");
        ["authorization_code"].into_iter().chain(renewed).collect()
    }

    /// Whether whoever shows this is the client. A client that has a secret shows it.
    // rule: rfc6749-3.2.1 -- a client that was given a secret authenticates with it.
    pub(crate) fn is_shown_by(&self, secret: Option<&str>) -> bool {
        match self.secret {
            None => true,
            // Digests are compared, so the time taken says nothing about the secret.
            Some(known) => secret.is_some_and(|secret| Digest::of(secret) == known),
        }
    }

    /// Whether it was registered longer ago than clients without a living token are kept.
    pub(crate) fn is_old(&self, ttl: Option<Duration>, now: SystemTime) -> bool {
        let Some((ttl, at)) = ttl.zip(self.issued_at) else {
            return false;
        };
        // Somebody may have written a date that no calendar has.
        let issued = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at));
        issued.is_some_and(|issued| now.duration_since(issued).is_ok_and(|age| age > ttl))
    }
}

//! Who we are at an authorization server, and how we prove it at its token endpoint.
//!
//! RFC 6749 section 2.3, RFC 7591 section 3.2.1. Assertions (`private_key_jwt`) are left out so far.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::wire;

/// How the client authenticates at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AuthMethod {
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
    #[serde(rename = "none")]
    None,
}

/// An identity at one authorization server.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    pub secret: Option<SecretString>,
    pub method: AuthMethod,
    /// The server that it belongs to, see [`crate::discovery::Server::identity`].
    pub issuer: String,
    /// The address that it is registered with.
    pub redirect_uri: String,
    pub kind: Kind,
}

/// Where an identity comes from.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A person wrote it into the settings; never dropped by us.
    Settings,
    /// Our own document's address (Client ID Metadata Documents).
    MetadataDocument,
    /// The authorization server gave it to us.
    Registered(Registered),
}

/// What a registration's answer says beyond id and secret.
#[derive(Debug, Clone, Default)]
pub struct Registered {
    pub at: Option<SystemTime>,
    /// Where the server that gave it had its tokens asked for; empty: not known.
    pub token_endpoint: String,
    /// The public address that was refused, when the local one was registered in its place.
    pub instead_of: Option<String>,
    /// The address of our own document, when that was refused as a client and this was registered in its place.
    pub instead_of_document: Option<String>,
    /// `None`: never.
    pub secret_expires_at: Option<SystemTime>,
    /// RFC 7592.
    pub management_uri: Option<String>,
    pub management_token: Option<SecretString>,
    /// The whole answer, without secrets.
    pub answer: Map<String, Value>,
}

/// A secret that ends within this time is as good as ended.
const SECRET_MARGIN: Duration = Duration::from_secs(60);

impl AuthMethod {
    /// By its registered name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" => Some(Self::Post),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::None => "none",
        }
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Client {
    /// Whether this identity may be used there and then.
    // Credentials are kept per authorization server and never shown to another; a registration is for its
    // redirect URI.
    // rule: mcp-auth-server-binding
    #[must_use]
    pub fn fits(&self, issuer: &str, redirect_uri: &str, now: SystemTime) -> bool {
        let ours = self.issuer == issuer;
        match &self.kind {
            Kind::Settings | Kind::MetadataDocument => ours && self.redirect_uri == redirect_uri,
            Kind::Registered(registered) => {
                let instead = registered.instead_of.as_deref() == Some(redirect_uri);
                ours && (instead || self.redirect_uri == redirect_uri) && registered.is_live(now)
            }
        }
    }

    #[must_use]
    pub fn is_registered(&self) -> bool {
        matches!(self.kind, Kind::Registered(_))
    }

    /// Whether its secret, if it has one that ends, is good for a while.
    #[must_use]
    pub fn is_live(&self, now: SystemTime) -> bool {
        match &self.kind {
            Kind::Registered(registered) => registered.is_live(now),
            Kind::Settings | Kind::MetadataDocument => true,
        }
    }

    /// The last four characters of the id, enough to recognise it by.
    #[must_use]
    pub fn tail(&self) -> String {
        let count = self.id.chars().count();
        let shown = count.min(4);
        format!(
            "...{}",
            self.id.chars().skip(count - shown).collect::<String>()
        )
    }

    /// The method to try once when this one was refused as `invalid_client`.
    #[must_use]
    pub fn other_method(&self) -> Option<AuthMethod> {
        match (self.method, &self.secret) {
            (AuthMethod::Basic, Some(_)) => Some(AuthMethod::Post),
            (AuthMethod::Post, Some(_)) => Some(AuthMethod::Basic),
            (AuthMethod::None, Some(_)) => Some(AuthMethod::Post),
            (AuthMethod::Basic | AuthMethod::Post | AuthMethod::None, None) => None,
        }
    }

    /// Adds what identifies the client: to the form, or as the header that is returned.
    pub(crate) fn authenticate<'a>(
        &'a self,
        form: &mut Vec<(&'a str, &'a str)>,
    ) -> Option<HeaderValue> {
        match (self.method, &self.secret) {
            // Id and secret are form-encoded before they are joined by the colon.
            // rule: rfc6749-2.3.1, at-42
            (AuthMethod::Basic, Some(secret)) => {
                let id = wire::form_encode(&self.id);
                let pair = format!("{id}:{}", wire::form_encode(secret.expose_secret()));
                // It proves nothing there, and some servers look nowhere else.
                // rule: at-habit-3
                form.push(("client_id", &self.id));
                wire::credential(&format!("Basic {}", STANDARD.encode(pair)))
            }
            (AuthMethod::Post, Some(secret)) => {
                form.push(("client_id", &self.id));
                form.push(("client_secret", secret.expose_secret()));
                None
            }
            // A secret that a public client was handed is not sent.
            (AuthMethod::None, _) | (AuthMethod::Basic | AuthMethod::Post, None) => {
                form.push(("client_id", &self.id));
                None
            }
        }
    }
}

impl Registered {
    // `client_secret_expires_at` is the time at which the secret expires, or 0 if it never does.
    // rule: rfc7591-3.2.1
    pub(crate) fn is_live(&self, now: SystemTime) -> bool {
        self.secret_expires_at
            .is_none_or(|end| now + SECRET_MARGIN < end)
    }
}

/// The method for a client whose registration does not say: settings, else the metadata's list, else Basic.
pub(crate) fn method_for(
    secret: Option<&SecretString>,
    wanted: Option<AuthMethod>,
    offered: Option<&[String]>,
) -> AuthMethod {
    let Some(secret) = secret else {
        return AuthMethod::None;
    };
    if let Some(wanted) = wanted {
        return wanted;
    }
    let offers =
        |method: AuthMethod| offered.is_some_and(|all| all.iter().any(|m| m == method.name()));
    // Some servers do not decode what Basic form-encoded, so a secret with odd characters goes into the body.
    // rule: at-habit-3
    let odd = wire::form_encode(secret.expose_secret()) != secret.expose_secret();
    match (offers(AuthMethod::Basic), offers(AuthMethod::Post)) {
        (true, true) if odd => AuthMethod::Post,
        (false, true) => AuthMethod::Post,
        (true, _) | (false, false) => AuthMethod::Basic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(id: &str, secret: Option<&str>, method: AuthMethod) -> Client {
        Client {
            id: id.to_owned(),
            secret: secret.map(SecretString::from),
            method,
            issuer: "https://as.test".to_owned(),
            redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
            kind: Kind::Settings,
        }
    }

    // rule: at-42, rfc6749-2.3.1
    #[test]
    fn basic_encodes_id_and_secret_first() {
        let client = client("a b", Some("p+%:/é"), AuthMethod::Basic);
        let mut form = Vec::new();
        let header = client.authenticate(&mut form).unwrap();
        assert_eq!(header, "Basic YStiOnAlMkIlMjUlM0ElMkYlQzMlQTk=");
        assert!(header.is_sensitive());
    }

    // rule: at-habit-3
    #[test]
    fn the_id_is_in_the_body_beside_basic_and_the_secret_is_not() {
        let client = client("a", Some("s"), AuthMethod::Basic);
        let mut form = Vec::new();
        assert!(client.authenticate(&mut form).is_some());
        assert_eq!(form, [("client_id", "a")]);
    }

    #[test]
    fn a_secret_with_a_line_break_cannot_make_a_header() {
        let client = client("a", Some("a\r\nX-Injected: 1"), AuthMethod::Basic);
        let header = client.authenticate(&mut Vec::new()).unwrap();
        assert!(!header.to_str().unwrap().contains("Injected"));
    }

    #[test]
    fn a_public_client_does_not_send_the_secret_that_it_was_handed() {
        let client = client("a", Some("s"), AuthMethod::None);
        let mut form = Vec::new();
        assert!(client.authenticate(&mut form).is_none());
        assert_eq!(form, [("client_id", "a")]);
    }

    // rule: at-habit-3
    #[test]
    fn odd_characters_in_the_secret_prefer_the_body() {
        let both: Vec<String> = ["client_secret_basic", "client_secret_post"]
            .map(str::to_owned)
            .into();
        let method = |secret: &str, offered: Option<&[String]>| {
            method_for(Some(&SecretString::from(secret)), None, offered)
        };
        assert_eq!(method("p+%:", Some(&both)), AuthMethod::Post);
        assert_eq!(method("plain", Some(&both)), AuthMethod::Basic);
        assert_eq!(method("p+%:", Some(&both[..1])), AuthMethod::Basic);
        assert_eq!(method("plain", Some(&both[1..])), AuthMethod::Post);
        assert_eq!(method("plain", None), AuthMethod::Basic);
        assert_eq!(
            method_for(None, Some(AuthMethod::Basic), None),
            AuthMethod::None
        );
    }

    // rule: mcp-auth-server-binding
    #[test]
    fn an_identity_is_for_its_server_and_address_only() {
        let client = client("a", None, AuthMethod::None);
        let (issuer, redirect) = (client.issuer.clone(), client.redirect_uri.clone());
        let now = SystemTime::UNIX_EPOCH;
        assert!(client.fits(&issuer, &redirect, now));
        assert!(!client.fits("https://as.test/", &redirect, now));
        assert!(!client.fits(&issuer, "http://127.0.0.1:3000/oauth/callback", now));
    }

    // rule: rfc7591-3.2.1
    #[test]
    fn a_secret_that_ends_within_a_minute_has_ended() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let ends = |secs| Registered {
            secret_expires_at: Some(now + Duration::from_secs(secs)),
            ..Registered::default()
        };
        assert!(!ends(60).is_live(now));
        assert!(ends(61).is_live(now));
        assert!(Registered::default().is_live(now));
    }
}

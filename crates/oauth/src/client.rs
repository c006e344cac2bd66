//! Who we are at an authorization server, and how we prove it at its token endpoint.
//!
//! RFC 6749 section 2.3, RFC 7521 section 4.2, RFC 7591 section 3.2.1. What is signed is in [`crate::assertion`].

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::assertion::{self, ClientKey, Unsigned};
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
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
}

/// An identity at one authorization server.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    pub secret: Option<SecretString>,
    /// For `private_key_jwt`.
    pub key: Option<ClientKey>,
    pub method: AuthMethod,
    /// The server that it belongs to, see [`crate::discovery::Server::identity`].
    pub issuer: String,
    /// The address that it is registered with.
    pub redirect_uri: String,
    pub kind: Kind,
}

/// Where an identity comes from.
#[expect(
    clippy::large_enum_variant,
    reason = "one client at a time, and most are registered"
)]
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
            "private_key_jwt" => Some(Self::PrivateKeyJwt),
            _ => None,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::None => "none",
            Self::PrivateKeyJwt => "private_key_jwt",
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
            // A key is not given up for a secret.
            (AuthMethod::PrivateKeyJwt, _)
            | (AuthMethod::Basic | AuthMethod::Post | AuthMethod::None, None) => None,
        }
    }

    /// What shows a token endpoint who is asking; fields for the form, or a header.
    pub(crate) fn prove(&self) -> Result<Proof<'_>, Unsigned> {
        let client_id = ("client_id", Cow::from(&self.id));
        match (self.method, &self.secret) {
            // Id and secret are form-encoded before they are joined by the colon.
            // rule: rfc6749-2.3.1, at-42, safe-r02
            (AuthMethod::Basic, Some(secret)) => {
                let id = wire::form_encode(&self.id);
                let pair = format!("{id}:{}", wire::form_encode(secret.expose_secret()));
                let header = wire::credential(&format!("Basic {}", STANDARD.encode(pair)));
                // It proves nothing there, and some servers look nowhere else.
                // rule: at-habit-3
                Ok(Proof::new(header, vec![client_id]))
            }
            (AuthMethod::Post, Some(secret)) => {
                let secret = ("client_secret", Cow::from(secret.expose_secret()));
                Ok(Proof::new(None, vec![client_id, secret]))
            }
            // The assertion names the client; `client_id` may be sent beside it, and some servers look for it.
            // rule: rfc7521-4.2, rfc7523-2.2
            (AuthMethod::PrivateKeyJwt, _) => {
                let key = self.key.as_ref().ok_or_else(|| {
                    Unsigned(
                        "private_key_jwt needs oauth.privateKeyFile or oauth.privateKey".to_owned(),
                    )
                })?;
                let assertion = key.assertion(&self.id, &self.issuer)?;
                let kind = ("client_assertion_type", Cow::from(assertion::TYPE));
                Ok(Proof::new(
                    None,
                    vec![client_id, kind, ("client_assertion", Cow::from(assertion))],
                ))
            }
            // A secret that a public client was handed is not sent.
            (AuthMethod::None, _) | (AuthMethod::Basic | AuthMethod::Post, None) => {
                Ok(Proof::new(None, vec![client_id]))
            }
        }
    }
}

/// What a client adds to one request to show who it is.
pub(crate) struct Proof<'a> {
    pub(crate) header: Option<HeaderValue>,
    fields: Vec<(&'static str, Cow<'a, str>)>,
}

impl<'a> Proof<'a> {
    fn new(header: Option<HeaderValue>, fields: Vec<(&'static str, Cow<'a, str>)>) -> Self {
        Self { header, fields }
    }

    /// For the form of the request.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, &**value))
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
    has_key: bool,
    wanted: Option<AuthMethod>,
    offered: Option<&[String]>,
) -> AuthMethod {
    let offers =
        |method: AuthMethod| offered.is_some_and(|all| all.iter().any(|m| m == method.name()));
    let keyed = wanted == Some(AuthMethod::PrivateKeyJwt)
        || has_key && wanted.is_none() && (secret.is_none() || offers(AuthMethod::PrivateKeyJwt));
    if keyed {
        return AuthMethod::PrivateKeyJwt;
    }
    let Some(secret) = secret else {
        return AuthMethod::None;
    };
    if let Some(wanted) = wanted {
        return wanted;
    }
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
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn client(id: &str, secret: Option<&str>, method: AuthMethod) -> Client {
        Client {
            id: id.to_owned(),
            secret: secret.map(SecretString::from),
            key: None,
            method,
            issuer: "https://as.test".to_owned(),
            redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
            kind: Kind::Settings,
        }
    }

    // rule: at-42, rfc6749-2.3.1, safe-r07
    #[test]
    fn basic_encodes_id_and_secret_first() {
        let client = client("a b", Some("p+%:/é"), AuthMethod::Basic);
        let proof = client.prove().unwrap();
        let header = proof.header.as_ref().unwrap();
        assert_eq!(header, "Basic YStiOnAlMkIlMjUlM0ElMkYlQzMlQTk=");
        assert!(header.is_sensitive());
    }

    // rule: at-habit-3
    #[test]
    fn the_id_is_in_the_body_beside_basic_and_the_secret_is_not() {
        let client = client("a", Some("s"), AuthMethod::Basic);
        let proof = client.prove().unwrap();
        assert!(proof.header.is_some());
        assert_eq!(proof.fields().collect::<Vec<_>>(), [("client_id", "a")]);
    }

    // rule: safe-r02
    #[test]
    fn a_secret_with_a_line_break_cannot_make_a_header() {
        let client = client("a", Some("a\r\nX-Injected: 1"), AuthMethod::Basic);
        let header = client.prove().unwrap().header.unwrap();
        assert!(!header.to_str().unwrap().contains("Injected"));
    }

    #[test]
    fn a_public_client_does_not_send_the_secret_that_it_was_handed() {
        let client = client("a", Some("s"), AuthMethod::None);
        let proof = client.prove().unwrap();
        assert!(proof.header.is_none());
        assert_eq!(proof.fields().collect::<Vec<_>>(), [("client_id", "a")]);
    }

    // rule: rfc7521-4.2, rfc7523-2.2
    #[test]
    fn a_client_with_a_key_signs_and_shows_no_secret() {
        let mut client = client("a", Some("s"), AuthMethod::PrivateKeyJwt);
        client.key = Some(crate::assertion::tests::key());
        let proof = client.prove().unwrap();
        assert!(proof.header.is_none());
        let fields: BTreeMap<_, _> = proof.fields().collect();
        assert_eq!(fields["client_id"], "a");
        assert_eq!(
            fields["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let claims = crate::assertion::tests::claims(fields["client_assertion"]);
        assert_eq!(
            (&claims["sub"], &claims["aud"]),
            (&json!("a"), &json!("https://as.test"))
        );
        assert!(!fields.contains_key("client_secret"));
    }

    #[test]
    fn a_key_that_is_not_there_is_said_with_the_setting_that_names_it() {
        let client = client("a", None, AuthMethod::PrivateKeyJwt);
        let Err(error) = client.prove() else { panic!() };
        assert!(
            error.to_string().contains("oauth.privateKeyFile"),
            "{error}"
        );
    }

    // rule: at-habit-3
    #[test]
    fn odd_characters_in_the_secret_prefer_the_body() {
        let both: Vec<String> = ["client_secret_basic", "client_secret_post"]
            .map(str::to_owned)
            .into();
        let method = |secret: &str, offered: Option<&[String]>| {
            method_for(Some(&SecretString::from(secret)), false, None, offered)
        };
        assert_eq!(method("p+%:", Some(&both)), AuthMethod::Post);
        assert_eq!(method("plain", Some(&both)), AuthMethod::Basic);
        assert_eq!(method("p+%:", Some(&both[..1])), AuthMethod::Basic);
        assert_eq!(method("plain", Some(&both[1..])), AuthMethod::Post);
        assert_eq!(method("plain", None), AuthMethod::Basic);
        assert_eq!(
            method_for(None, false, Some(AuthMethod::Basic), None),
            AuthMethod::None
        );
    }

    #[test]
    fn a_key_is_used_where_it_is_offered_or_all_there_is() {
        let offered = ["client_secret_basic", "private_key_jwt"].map(str::to_owned);
        let secret = SecretString::from("s");
        let method = |secret, wanted, offered| method_for(secret, true, wanted, offered);
        assert_eq!(method(None, None, None), AuthMethod::PrivateKeyJwt);
        assert_eq!(
            method(Some(&secret), None, Some(&offered[..])),
            AuthMethod::PrivateKeyJwt
        );
        assert_eq!(
            method(Some(&secret), None, Some(&offered[..1])),
            AuthMethod::Basic
        );
        let wanted = Some(AuthMethod::Basic);
        assert_eq!(
            method(Some(&secret), wanted, Some(&offered[..])),
            AuthMethod::Basic
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

    #[test]
    fn a_method_is_written_as_it_is_registered() {
        for name in [
            "client_secret_basic",
            "client_secret_post",
            "none",
            "private_key_jwt",
        ] {
            let method = AuthMethod::named(name).unwrap();
            assert_eq!(method.to_string(), name);
            assert_eq!(json!(method), json!(name));
        }
        assert_eq!(AuthMethod::named("client_secret_jwt"), None);
    }

    #[test]
    fn an_id_is_recognised_by_its_last_four_characters() {
        for (id, tail) in [
            ("", "..."),
            ("abc", "...abc"),
            ("abcd", "...abcd"),
            ("abcde", "...bcde"),
            ("xéñüß", "...éñüß"),
        ] {
            assert_eq!(client(id, None, AuthMethod::None).tail(), tail);
        }
    }

    #[test]
    fn only_a_client_that_the_server_gave_is_registered_and_may_end() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let of = |kind| Client {
            kind,
            ..client("a", None, AuthMethod::None)
        };
        let ended = of(Kind::Registered(Registered {
            secret_expires_at: Some(now),
            ..Registered::default()
        }));
        assert!(ended.is_registered() && !ended.is_live(now));
        assert!(of(Kind::Registered(Registered::default())).is_live(now));
        for kind in [Kind::Settings, Kind::MetadataDocument] {
            let ours = of(kind);
            assert!(!ours.is_registered() && ours.is_live(now));
        }
    }

    #[test]
    fn a_registration_fits_its_address_and_the_one_that_it_stands_for() {
        let now = SystemTime::UNIX_EPOCH;
        let mut client = client("a", None, AuthMethod::None);
        client.kind = Kind::Registered(Registered {
            instead_of: Some("https://hub.test/cb".to_owned()),
            secret_expires_at: Some(now + Duration::from_secs(61)),
            ..Registered::default()
        });
        let own = client.redirect_uri.clone();
        assert!(client.fits("https://as.test", &own, now));
        assert!(client.fits("https://as.test", "https://hub.test/cb", now));
        assert!(!client.fits("https://as.test", "https://other.test/cb", now));
        assert!(!client.fits("https://other.test", "https://hub.test/cb", now));
        let later = now + Duration::from_secs(1);
        assert!(!client.fits("https://as.test", &own, later));
    }

    #[test]
    fn the_other_method_is_the_one_that_was_not_tried_and_needs_a_secret() {
        use AuthMethod::{Basic, None as Public, Post, PrivateKeyJwt};
        for (method, other) in [
            (Basic, Some(Post)),
            (Post, Some(Basic)),
            (Public, Some(Post)),
            (PrivateKeyJwt, None),
        ] {
            assert_eq!(client("a", Some("s"), method).other_method(), other);
            assert_eq!(client("a", None, method).other_method(), None);
        }
    }
}

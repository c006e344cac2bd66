//! The hub as an authorization server for its own clients: `systemConfig.oauthServer`, and the lists `oauthClients` and `oauthTokens`.
//!
//! The keys of MCPHub keep their names and meaning; ours (`grantLifetime`; `resource`, `family`, `agreedAt`, `account`, `spentAt` of a token) are additional. Nothing in the two lists
//! is ever expanded: names in them come from strangers.

use std::time::Duration;

use crate::problem::Problem;
use crate::reader::Reader;
use crate::secret::Secret;

/// Of all lifetimes here: ten years.
const LONGEST: Duration = Duration::from_secs(315_360_000);

/// How the hub gives tokens of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct OAuthServer {
    pub enabled: bool,
    pub access_token_lifetime: Duration,
    pub refresh_token_lifetime: Duration,
    /// Ours: how long after a person agreed he is asked again, however often tokens were renewed; absent: never.
    pub grant_lifetime: Option<Duration>,
    pub authorization_code_lifetime: Duration,
    /// Clients without a secret are not taken.
    pub require_client_secret: bool,
    pub require_state: bool,
    pub allowed_scopes: Vec<String>,
    pub registration: OpenRegistration,
    /// How long the document of a client that is known by its address counts; absent: such clients are not taken.
    pub client_documents: Option<Duration>,
}

/// RFC 7591, for whoever asks.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenRegistration {
    pub enabled: bool,
    pub allowed_grant_types: Vec<String>,
    pub requires_authentication: bool,
    /// How long a client without a living token is kept; absent: for ever.
    pub client_ttl: Option<Duration>,
}

/// A client of the hub's own authorization server.
#[derive(Clone, Debug, PartialEq)]
pub struct OAuthClient {
    pub client_id: String,
    /// As text, or as `sha256:` with its digest.
    pub client_secret: Option<Secret>,
    pub name: String,
    pub redirect_uris: Vec<String>,
    /// Empty: nobody said.
    pub grants: Vec<String>,
    pub scopes: Option<Vec<String>>,
    /// Seconds since 1970.
    pub issued_at: Option<u64>,
    pub auth_method: Option<String>,
}

/// A token that the hub gave.
#[derive(Clone, Debug, PartialEq)]
pub struct OAuthToken {
    /// As text, or as `sha256:` with its digest.
    pub access_token: Secret,
    /// A date of ISO 8601.
    pub access_token_expires_at: Option<String>,
    pub refresh_token: Option<Secret>,
    pub scope: Option<String>,
    pub client_id: String,
    pub username: String,
    /// Ours: the path below the hub's address that it was asked for.
    pub resource: Option<String>,
    /// Ours: a mark of the account's password at that time.
    pub account: Option<String>,
    /// Ours: when the refresh token was used.
    pub spent_at: Option<String>,
    /// Ours: which tokens came of one sign-in.
    pub family: Option<String>,
}

impl Default for OAuthServer {
    fn default() -> Self {
        Self {
            enabled: true,
            access_token_lifetime: Duration::from_secs(3_600),
            refresh_token_lifetime: Duration::from_secs(1_209_600),
            grant_lifetime: Some(Duration::from_secs(7_776_000)),
            authorization_code_lifetime: Duration::from_secs(300),
            require_client_secret: false,
            require_state: false,
            allowed_scopes: words(&["read", "write"]),
            registration: OpenRegistration::default(),
            client_documents: None,
        }
    }
}

impl Default for OpenRegistration {
    fn default() -> Self {
        Self {
            enabled: true,
            allowed_grant_types: words(&["authorization_code", "refresh_token"]),
            requires_authentication: false,
            client_ttl: Some(Duration::from_secs(2_592_000)),
        }
    }
}

impl OAuthServer {
    pub(crate) fn read(reader: Reader<'_>) -> Self {
        let usual = Self::default();
        let seconds = |key, usual| lifetime(&reader, key).unwrap_or(usual);
        let server = Self {
            // Somebody decided something: what cannot be read is no yes.
            enabled: reader
                .raw("enabled")
                .is_none_or(|_| reader.flag("enabled").unwrap_or(false)),
            access_token_lifetime: seconds("accessTokenLifetime", usual.access_token_lifetime),
            refresh_token_lifetime: seconds("refreshTokenLifetime", usual.refresh_token_lifetime),
            grant_lifetime: match lifetime(&reader, "grantLifetime") {
                None => usual.grant_lifetime,
                Some(long) => Some(long).filter(|long| !long.is_zero()),
            },
            authorization_code_lifetime: seconds(
                "authorizationCodeLifetime",
                usual.authorization_code_lifetime,
            ),
            require_client_secret: strict(&reader, "requireClientSecret"),
            require_state: strict(&reader, "requireState"),
            allowed_scopes: reader
                .texts("allowedScopes")
                .unwrap_or(usual.allowed_scopes),
            registration: reader
                .object("dynamicRegistration")
                .map(OpenRegistration::read)
                .unwrap_or_default(),
            client_documents: reader.object("clientIdMetadata").and_then(documents),
        };
        reader.finish();
        server
    }
}

impl OpenRegistration {
    fn read(reader: Reader<'_>) -> Self {
        let usual = Self::default();
        let registration = Self {
            enabled: reader
                .raw("enabled")
                .is_none_or(|_| reader.flag("enabled").unwrap_or(false)),
            allowed_grant_types: reader
                .texts("allowedGrantTypes")
                .unwrap_or(usual.allowed_grant_types),
            requires_authentication: strict(&reader, "requiresAuthentication"),
            client_ttl: match lifetime(&reader, "clientTtl") {
                None => usual.client_ttl,
                Some(ttl) => Some(ttl).filter(|ttl| !ttl.is_zero()),
            },
        };
        reader.finish();
        registration
    }
}

impl OAuthClient {
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let client_id = reader.text("clientId");
        let metadata = reader.object("metadata");
        let auth_method = metadata.and_then(|metadata| {
            let method = metadata.text("token_endpoint_auth_method");
            metadata.finish_knowing(&[
                "application_type",
                "response_types",
                "contacts",
                "logo_uri",
                "client_uri",
                "policy_uri",
                "tos_uri",
                "jwks_uri",
                "jwks",
            ]);
            method
        });
        let client = client_id.map(|client_id| Self {
            client_secret: reader.secret("clientSecret"),
            name: reader.text("name").unwrap_or_else(|| client_id.clone()),
            client_id,
            redirect_uris: reader.texts("redirectUris").unwrap_or_default(),
            grants: reader.texts("grants").unwrap_or_default(),
            scopes: reader.texts("scopes"),
            issued_at: reader.number("clientIdIssuedAt"),
            auth_method,
        });
        reader.finish_knowing(&[
            "clientSecret",
            "name",
            "redirectUris",
            "grants",
            "scopes",
            "owner",
            "clientIdIssuedAt",
        ]);
        client
    }
}

impl OAuthToken {
    /// One without a client, a user or a text opens nothing and is left out.
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let (token, client, user) = (
            reader.secret("accessToken"),
            reader.text("clientId"),
            reader.text("username"),
        );
        let token = token
            .zip(client)
            .zip(user)
            .map(|((access_token, client_id), username)| Self {
                access_token,
                access_token_expires_at: reader.text("accessTokenExpiresAt"),
                refresh_token: reader.secret("refreshToken"),
                scope: reader.text("scope"),
                client_id,
                username,
                resource: reader.text("resource"),
                account: reader.text("account"),
                spent_at: reader.text("spentAt"),
                family: reader.text("family"),
            });
        reader.finish_knowing(&[
            "accessTokenExpiresAt",
            "refreshToken",
            "refreshTokenExpiresAt",
            "scope",
            "resource",
            "agreedAt",
            "account",
            "spentAt",
        ]);
        token
    }
}

/// Seconds. More than anybody lives would not fit a date any more.
fn lifetime(reader: &Reader<'_>, key: &'static str) -> Option<Duration> {
    let written = Duration::from_secs(reader.number(key)?);
    if written > LONGEST {
        let most = LONGEST.as_secs();
        let message =
            format!("is more than {most} seconds, which are ten years, and counts as that");
        reader.report(Problem::warning(&reader.path_to(key), message));
    }
    Some(written.min(LONGEST))
}

/// Something more is asked of clients: what cannot be read is no less.
fn strict(reader: &Reader<'_>, key: &'static str) -> bool {
    reader
        .raw(key)
        .is_some_and(|_| reader.flag(key).unwrap_or(true))
}

fn documents(reader: Reader<'_>) -> Option<Duration> {
    const USUAL: Duration = Duration::from_secs(3_600);
    let enabled = reader.flag("enabled").unwrap_or(false);
    let kept = reader.milliseconds("cacheTtlMs").unwrap_or(USUAL);
    let kept = kept.min(LONGEST);
    reader.finish();
    enabled.then_some(kept)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{File, resolve};

    fn server(text: &str) -> OAuthServer {
        let text = format!(r#"{{ "systemConfig": {{ "oauthServer": {text} }} }}"#);
        resolve(&File::parse(&text).unwrap(), &|_| None).oauth_server
    }

    #[test]
    fn what_nobody_wrote_is_as_in_mcphub() {
        assert_eq!(server("{}"), OAuthServer::default());
        let none = resolve(&File::parse("{}").unwrap(), &|_| None);
        assert_eq!(none.oauth_server, OAuthServer::default());
    }

    #[test]
    fn what_cannot_be_read_opens_nothing() {
        let odd = server(
            r#"{ "enabled": "perhaps", "requireState": 7, "requireClientSecret": [], "clientIdMetadata": { "enabled": "perhaps" },
                "dynamicRegistration": { "enabled": 1, "requiresAuthentication": "perhaps" } }"#,
        );
        assert!(!odd.enabled && !odd.registration.enabled && odd.client_documents.is_none());
        assert!(odd.require_state && odd.require_client_secret);
        assert!(odd.registration.requires_authentication);
    }

    #[test]
    fn lifetimes_and_lists_are_read() {
        let written = server(
            r#"{ "accessTokenLifetime": 60, "refreshTokenLifetime": "120", "grantLifetime": 0, "authorizationCodeLifetime": 30, "allowedScopes": ["mcp"],
                "dynamicRegistration": { "clientTtl": 0, "allowedGrantTypes": ["authorization_code"] },
                "clientIdMetadata": { "enabled": true, "cacheTtlMs": 1000 } }"#,
        );
        let seconds = Duration::from_secs;
        assert_eq!(written.access_token_lifetime, seconds(60));
        assert_eq!(written.refresh_token_lifetime, seconds(120));
        assert_eq!(written.grant_lifetime, None);
        assert_eq!(written.authorization_code_lifetime, seconds(30));
        assert_eq!(written.allowed_scopes, ["mcp"]);
        assert_eq!(written.registration.client_ttl, None);
        assert_eq!(written.client_documents, Some(seconds(1)));
    }

    #[test]
    fn a_lifetime_beyond_all_calendars_counts_as_ten_years_and_is_reported() {
        let huge = u64::MAX;
        let text = format!(
            r#"{{ "systemConfig": {{ "oauthServer": {{ "accessTokenLifetime": {huge}, "refreshTokenLifetime": "{huge}", "authorizationCodeLifetime": 1e300,
                "dynamicRegistration": {{ "clientTtl": {huge} }}, "clientIdMetadata": {{ "enabled": true, "cacheTtlMs": {huge} }} }} }} }}"#
        );
        let meant = resolve(&File::parse(&text).unwrap(), &|_| None);
        let server = &meant.oauth_server;
        assert_eq!(server.access_token_lifetime, LONGEST);
        assert_eq!(server.refresh_token_lifetime, LONGEST);
        assert_eq!(server.registration.client_ttl, Some(LONGEST));
        assert_eq!(server.client_documents, Some(LONGEST));
        assert!(server.authorization_code_lifetime <= LONGEST);
        let said = |key: &str| {
            let mut problems = meant.problems.iter();
            problems.any(|problem| problem.path.last().is_some_and(|last| last == key))
        };
        assert!(said("accessTokenLifetime") && said("refreshTokenLifetime") && said("clientTtl"));
    }

    #[test]
    fn clients_and_tokens_of_mcphub_are_read_and_their_names_are_never_expanded() {
        let text = r#"{
            "oauthClients": [
                { "clientId": "c", "clientSecret": "s", "name": "${HOME}", "redirectUris": ["http://localhost/cb"], "grants": ["authorization_code"],
                  "metadata": { "token_endpoint_auth_method": "client_secret_post" } },
                { "name": "nobody" }
            ],
            "oauthTokens": [
                { "accessToken": "a", "accessTokenExpiresAt": "2030-01-01T00:00:00.000Z", "refreshToken": "r", "scope": "read", "clientId": "c", "username": "bob" },
                { "accessToken": "a", "username": "bob" }
            ]
        }"#;
        let meant = resolve(&File::parse(text).unwrap(), &|name| {
            (name == "HOME").then(|| "/home".to_owned())
        });
        let [client] = meant.oauth_clients.as_slice() else {
            panic!("{:?}", meant.oauth_clients);
        };
        assert_eq!(client.name, "${HOME}");
        assert_eq!(client.auth_method.as_deref(), Some("client_secret_post"));
        let [token] = meant.oauth_tokens.as_slice() else {
            panic!("{:?}", meant.oauth_tokens);
        };
        assert_eq!(
            (token.client_id.as_str(), token.username.as_str()),
            ("c", "bob")
        );
        assert!(meant.problems.is_empty(), "{:?}", meant.problems);
    }
}

//! A server's `oauth`: what a person decided, and what the hub keeps there between starts.
//!
//! The keys of MCPHub keep their names and meaning; ours are additional. Whether an endpoint may be used is not judged here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::reader::Reader;
use crate::secret::{Hidden, Secret};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OAuth {
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    /// Empty: asked for none. Absent: nobody said.
    pub scopes: Option<Vec<String>>,
    pub resource: Option<ResourceChoice>,
    pub redirect_uri: Option<String>,
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    /// RFC 8628, for `device_code`.
    pub device_authorization_endpoint: Option<String>,
    pub revocation_endpoint: Option<String>,
    pub allow_insecure_token_endpoint: bool,
    pub dynamic_registration: Option<DynamicRegistration>,

    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub authorization_params: Vec<(String, String)>,
    pub token_params: Vec<(String, String)>,
    /// `client_secret_basic`, `client_secret_post`, `none` and so on, as registered.
    pub token_endpoint_auth_method: Option<String>,
    pub pkce: Pkce,
    /// `profile: false`: what is known of the provider's habits is not used.
    pub without_profile: bool,
    pub grant_type: GrantType,
    /// A PEM file, read at each use.
    pub private_key_file: Option<PathBuf>,
    /// The PEM text itself.
    pub private_key: Option<Secret>,
    /// `kid` of what is signed.
    pub private_key_id: Option<String>,
    /// `aud` of what is signed, other than the issuer.
    pub assertion_audience: Option<String>,
    /// A JWT of an identity provider or a workload's platform, for `jwt_bearer`.
    pub assertion: Option<Secret>,
    /// The file that holds it, read at each use.
    pub assertion_file: Option<PathBuf>,
    /// Whoever gives that JWT for a person's id token.
    pub identity_provider: Option<IdentityProvider>,
    /// Whether tokens are bound to a key (RFC 9449); absent: where the server asks for it.
    pub dpop: Option<bool>,
    pub client_metadata_url: Option<String>,
    pub tokens: Grants,
    /// How long a call may wait for a sign-in.
    pub wait_for_sign_in: Option<Duration>,

    pub access_token: Option<Secret>,
    pub refresh_token: Option<Secret>,
    /// Milliseconds since 1970.
    pub expires_at: Option<u64>,
    pub granted_scopes: Option<Vec<String>>,
    /// Ours: where the tokens came from and what was asked for.
    pub grant: Option<Hidden>,
    /// Ours: what a registration answered.
    pub registration: Option<Hidden>,
    /// What waits for the callback, in MCPHub's keys and ours.
    pub pending_authorization: Option<Hidden>,
    /// Ours: the scopes that were asked for lately because a token was too small.
    pub step_ups: Option<Hidden>,
    /// Ours: what each user holds where the tokens are `per_user`; of each only what the hub keeps.
    pub users: BTreeMap<String, Self>,
}

/// The `resource` parameter (RFC 8707).
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceChoice {
    Named(String),
    /// `false`: it is not sent.
    Omit,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DynamicRegistration {
    pub enabled: Option<bool>,
    pub issuer: Option<String>,
    pub registration_endpoint: Option<String>,
    pub initial_access_token: Option<Secret>,
    /// RFC 7591 client metadata, in its own words.
    pub metadata: Map<String, Value>,
}

/// An organisation's login server, which says who a person is and what he may use (RFC 8693).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentityProvider {
    pub token_endpoint: Option<String>,
    /// The client that the id token was made for.
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub id_token: Option<Secret>,
    /// The file that holds it, read at each use.
    pub id_token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pkce {
    /// The authorization server must say that it knows S256.
    #[default]
    Required,
    /// S256 is sent to a server that does not say so.
    Assume,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrantType {
    #[default]
    AuthorizationCode,
    /// A person types a code, on any machine (RFC 8628).
    DeviceCode,
    ClientCredentials,
    /// Somebody else's signed word (RFC 7523).
    JwtBearer,
}

/// Whose the tokens are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grants {
    #[default]
    Shared,
    PerUser,
}

impl OAuth {
    /// Whether the hub registered the client itself. An id that somebody wrote over it is that person's.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        let registered = self.registration.as_ref().map(Hidden::expose);
        registered.is_some_and(|record| match record.get("clientId") {
            Some(id) => id.as_str() == self.client_id.as_deref(),
            None => true,
        })
    }

    /// What a person decided, without what the hub keeps there. A registered client is the hub's.
    #[must_use]
    pub fn given(&self) -> Self {
        let mut given = Self {
            access_token: None,
            refresh_token: None,
            expires_at: None,
            granted_scopes: None,
            grant: None,
            registration: None,
            pending_authorization: None,
            step_ups: None,
            users: BTreeMap::new(),
            ..self.clone()
        };
        if self.is_registered() {
            given.client_id = None;
            given.client_secret = None;
        }
        given
    }

    pub(crate) fn read(reader: Reader<'_>) -> Self {
        let mut oauth = Self::kept(&reader);
        oauth.users = users(&reader);
        oauth.client_id = reader.text("clientId");
        oauth.client_secret = reader.secret("clientSecret");
        oauth.scopes = scopes(&reader, "scopes");
        oauth.resource = resource(&reader);
        oauth.redirect_uri = reader.text("redirectUri");
        oauth.authorization_endpoint = reader.text("authorizationEndpoint");
        oauth.token_endpoint = reader.text("tokenEndpoint");
        oauth.device_authorization_endpoint = reader.text("deviceAuthorizationEndpoint");
        oauth.revocation_endpoint = reader.text("revocationEndpoint");
        oauth.allow_insecure_token_endpoint =
            reader.flag("allowInsecureTokenEndpoint").unwrap_or(false);
        oauth.dynamic_registration = reader
            .object("dynamicRegistration")
            .map(DynamicRegistration::read);
        oauth.issuer = reader.text("issuer");
        oauth.audience = reader.text("audience");
        oauth.authorization_params = reader.pairs("authorizationParams");
        oauth.token_params = reader.pairs("tokenParams");
        oauth.token_endpoint_auth_method = reader.text("tokenEndpointAuthMethod");
        let pkce = [("required", Pkce::Required), ("assume", Pkce::Assume)];
        oauth.pkce = reader.choice("pkce", &pkce).unwrap_or_default();
        let grants = [
            ("authorization_code", GrantType::AuthorizationCode),
            ("device_code", GrantType::DeviceCode),
            ("client_credentials", GrantType::ClientCredentials),
            ("jwt_bearer", GrantType::JwtBearer),
        ];
        oauth.grant_type = reader.choice("grantType", &grants).unwrap_or_default();
        oauth.without_profile = reader.flag("profile") == Some(false);
        oauth.private_key_file = reader.text("privateKeyFile").map(PathBuf::from);
        oauth.private_key = reader.secret("privateKey");
        oauth.private_key_id = reader.text("privateKeyId");
        oauth.assertion_audience = reader.text("assertionAudience");
        oauth.assertion = reader.secret("assertion");
        oauth.assertion_file = reader.text("assertionFile").map(PathBuf::from);
        oauth.identity_provider = reader
            .object("identityProvider")
            .map(IdentityProvider::read);
        if oauth.identity_provider.is_some() && oauth.grant_type != GrantType::JwtBearer {
            let message =
                "is asked only where `grantType` is \"jwt_bearer\"; it makes no difference here";
            reader.report(Problem::warning(
                &reader.path_to("identityProvider"),
                message,
            ));
        }
        oauth.dpop = reader.flag("dpop");
        oauth.client_metadata_url = reader.text("clientMetadataUrl");
        let whose = [("shared", Grants::Shared), ("per_user", Grants::PerUser)];
        oauth.tokens = reader.choice("tokens", &whose).unwrap_or_default();
        oauth.wait_for_sign_in = reader.number("waitForSignIn").map(Duration::from_secs);
        reader.finish();
        oauth
    }

    /// What the hub writes.
    fn kept(reader: &Reader<'_>) -> Self {
        Self {
            access_token: reader.secret("accessToken"),
            refresh_token: reader.secret("refreshToken"),
            expires_at: reader.number("expiresAt"),
            granted_scopes: scopes(reader, "grantedScopes"),
            grant: reader.object("grant").and_then(|_| hidden(reader, "grant")),
            registration: reader
                .object("registration")
                .and_then(|_| hidden(reader, "registration")),
            pending_authorization: reader
                .object("pendingAuthorization")
                .and_then(|_| hidden(reader, "pendingAuthorization")),
            step_ups: (reader.object("stepUps")).and_then(|_| hidden(reader, "stepUps")),
            ..Self::default()
        }
    }
}

/// By user name; the names are people's, so no key is unknown here.
fn users(reader: &Reader<'_>) -> BTreeMap<String, OAuth> {
    let users = reader.object("users").map(|users| users.children());
    let read = |(name, user): (String, Reader<'_>)| {
        let kept = OAuth::kept(&user);
        user.finish();
        (name, kept)
    };
    users.into_iter().flatten().map(read).collect()
}

impl IdentityProvider {
    fn read(reader: Reader<'_>) -> Self {
        let provider = Self {
            token_endpoint: reader.text("tokenEndpoint"),
            client_id: reader.text("clientId"),
            client_secret: reader.secret("clientSecret"),
            id_token: reader.secret("idToken"),
            id_token_file: reader.text("idTokenFile").map(PathBuf::from),
        };
        let missing = |key: &str, what: &str| {
            let message = format!("is missing; without {what} there is no sign-in");
            reader.report(Problem::warning(&reader.path_to(key), message));
        };
        if provider.token_endpoint.is_none() {
            missing("tokenEndpoint", "the address to ask");
        }
        if provider.client_id.is_none() {
            missing("clientId", "the client that the id token was made for");
        }
        if provider.id_token.is_none() && provider.id_token_file.is_none() {
            missing("idToken", "an id token (or `idTokenFile`)");
        }
        reader.finish();
        provider
    }
}

impl DynamicRegistration {
    fn read(reader: Reader<'_>) -> Self {
        let metadata = match reader.raw("metadata") {
            Some(Value::Object(metadata)) => metadata.clone(),
            None => Map::new(),
            Some(
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_),
            ) => {
                reader.report(Problem::warning(
                    &reader.path_to("metadata"),
                    "must be an object, and was ignored",
                ));
                Map::new()
            }
        };
        let registration = Self {
            enabled: reader.flag("enabled"),
            issuer: reader.text("issuer"),
            registration_endpoint: reader.text("registrationEndpoint"),
            initial_access_token: reader.secret("initialAccessToken"),
            metadata,
        };
        reader.finish();
        registration
    }
}

fn hidden(reader: &Reader<'_>, key: &'static str) -> Option<Hidden> {
    reader.raw(key).cloned().map(Hidden::from)
}

fn resource(reader: &Reader<'_>) -> Option<ResourceChoice> {
    match reader.raw("resource")? {
        Value::Bool(false) => Some(ResourceChoice::Omit),
        Value::Null
        | Value::Bool(true)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => reader.text("resource").map(ResourceChoice::Named),
    }
}

/// A list, or one text with spaces between the scopes, as the wire has it.
fn scopes(reader: &Reader<'_>, key: &'static str) -> Option<Vec<String>> {
    let list = match reader.raw(key)? {
        Value::String(text) => vec![text.clone()],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            reader.texts(key)?
        }
    };
    Some(
        list.iter()
            .flat_map(|scope| scope.split_ascii_whitespace())
            .map(str::to_owned)
            .collect(),
    )
}

//! Which identity is used, and how one is registered.
//!
//! MCP authorization "Client Registration", RFC 7591 sections 2 and 3, OpenID Connect Dynamic Client
//! Registration section 2 (`application_type`). What comes after it: `management` (RFC 7592), `probe` (is it still known).

mod answer;
pub mod management;
pub mod probe;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use url::Url;

use crate::address::{Endpoint, Nearness};
use crate::client::{AuthMethod, Client, Kind, method_for};
use crate::device;
use crate::discovery::Server;
use crate::policy::{GrantType, Policy};
use crate::step::{Note, Procedure, Response, Stage, Step, Unanswered};
use crate::wire;
use answer::{Expected, Read};

/// Where a person without a reachable hub pastes the answer: registered when the public address is refused.
pub const PASTE_BACK: &str = "http://localhost:3000/oauth/callback";

/// A registration on its way.
#[derive(Debug)]
pub struct Registration {
    policy: Arc<Policy>,
    server: Server,
    endpoint: Endpoint,
    now: SystemTime,
    ask: Ask,
    notes: Vec<Note>,
}

/// What is asked for now, and which second attempts were made.
#[derive(Debug, Clone)]
struct Ask {
    redirect_uri: String,
    method: AuthMethod,
    other_method_tried: bool,
    expired_tried: bool,
}

/// An identity, and how it came about.
#[derive(Debug, Clone)]
pub struct Identified {
    pub client: Client,
    pub notes: Vec<Note>,
}

/// Why there is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// Not an error of anybody: a person has to register a client by hand.
    #[error(
        "{issuer} registers nobody by itself; register a client there with the callback {redirect_uri} and set oauth.clientId"
    )]
    NeedsClient {
        issuer: String,
        redirect_uri: String,
    },
    /// The settings do not let us register.
    #[error(
        "dynamicRegistration.enabled is false, so no client is registered at {issuer}; register one there with the callback {redirect_uri} and set oauth.clientId"
    )]
    SwitchedOff {
        issuer: String,
        redirect_uri: String,
    },
    #[error("{endpoint} refused to register a client: {status} {said}; {cure}")]
    Refused {
        endpoint: String,
        status: u16,
        said: String,
        cure: &'static str,
        against: Against,
    },
    #[error("{endpoint} answered without a usable client: {why}")]
    Unusable { endpoint: String, why: String },
    #[error("{endpoint} registered a client whose secret has ended already, twice")]
    Expired { endpoint: String },
    /// Try later.
    #[error("{endpoint} cannot register a client now: {why}")]
    Unavailable { endpoint: String, why: String },
}

/// What a refused registration was refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// Not just anybody is registered.
    Strangers,
    Callback,
    /// Something else that we say of ourselves.
    Metadata,
}

impl RegistrationError {
    /// Whether time alone may cure it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

impl Registration {
    /// Takes the identity of the settings, else the one that is held, else our own document, else registers.
    // The order is the specification's: given by hand, client metadata document, dynamic registration, and
    // last of all a person is asked.
    // rule: mcp-auth-registration-order, at-26
    pub fn start(
        policy: Arc<Policy>,
        server: Server,
        held: Option<Client>,
        now: SystemTime,
    ) -> Result<Step<Self>, RegistrationError> {
        let issuer = server.identity();
        if let Some(client) = from_settings(&policy, &server) {
            return Ok(Step::Done(Identified {
                client,
                notes: Vec::new(),
            }));
        }
        let held = held.filter(Client::is_registered);
        if let Some(client) = document(&policy, &server, held.as_ref()) {
            let text = format!(
                "{} takes the address of our own document as client id",
                client.issuer
            );
            let notes = vec![Note::new("mcp-auth-client-metadata-document", text)];
            return Ok(Step::Done(Identified { client, notes }));
        }
        if let Some(mut client) = held
            && client.fits(&issuer, &policy.redirect_uri, now)
        {
            client.key = policy.key.clone();
            return Ok(Step::Done(Identified {
                client,
                notes: Vec::new(),
            }));
        }
        let redirect_uri = policy.redirect_uri.clone();
        // An endpoint is used when it is named; it is never guessed.
        // rule: at-26, safe-r05
        if !policy.register.allowed {
            return Err(RegistrationError::SwitchedOff {
                issuer,
                redirect_uri,
            });
        }
        let Some(endpoint) = server.registration_endpoint.clone() else {
            return Err(RegistrationError::NeedsClient {
                issuer,
                redirect_uri,
            });
        };
        let method = method_to_ask(&policy, &server);
        let ask = Ask {
            redirect_uri,
            method,
            other_method_tried: false,
            expired_tried: false,
        };
        let because = format!("registering a client at {issuer}");
        Ok(Self {
            policy,
            server,
            endpoint,
            now,
            ask,
            notes: Vec::new(),
        }
        .send(because))
    }

    fn send(self, because: impl Into<Cow<'static, str>>) -> Step<Self> {
        let body = Value::Object(self.body()).to_string().into_bytes();
        // A protected registration endpoint takes its initial access token as a bearer token.
        // rule: rfc7591-3, at-51
        let token = self.policy.register.initial_access_token.as_ref();
        let authorization =
            token.and_then(|token| wire::credential(&format!("Bearer {}", token.expose_secret())));
        let request = wire::post_json(&self.endpoint, body, authorization);
        Step::Send {
            request,
            because: because.into(),
            then: self,
        }
    }

    /// Our metadata, with what the settings say merged over it.
    fn body(&self) -> Map<String, Value> {
        let redirect = &self.ask.redirect_uri;
        let given = &self.policy.register.metadata;
        let mut body = Map::new();
        let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
        set("client_name", json!("MCPHub"));
        set("redirect_uris", json!([redirect]));
        // Grant and response types fit each other; a code that a person types comes without a response.
        // rule: rfc7591-2.1, at-58
        let (way, responses): (_, &[&str]) = match self.policy.grant_type {
            GrantType::DeviceCode => (device::GRANT_TYPE, &[]),
            GrantType::AuthorizationCode | GrantType::ClientCredentials | GrantType::JwtBearer => {
                ("authorization_code", &["code"])
            }
        };
        set("grant_types", json!([way, "refresh_token"]));
        set("response_types", json!(responses));
        set("token_endpoint_auth_method", json!(self.ask.method));
        // `web` is the default, and then loopback addresses are refused, so it is always said.
        // rule: mcp-auth-application-type
        set("application_type", json!(application_type(redirect)));
        for (key, value) in given {
            let asked_anew = key == "token_endpoint_auth_method" && self.ask.other_method_tried;
            if !asked_anew {
                body.insert(key.clone(), value.clone());
            }
        }
        let mut redirects: Vec<&str> = match given.get("redirect_uris") {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(_) | None => Vec::new(),
        };
        if !redirects.contains(&redirect.as_str()) {
            redirects.insert(0, redirect);
        }
        if *redirect != self.policy.redirect_uri {
            // The public address was refused; it must not be asked for again.
            redirects = vec![redirect];
            body.insert(
                "application_type".to_owned(),
                json!(application_type(redirect)),
            );
        }
        body.insert("redirect_uris".to_owned(), json!(redirects));
        body
    }

    fn registered(mut self, mut client: Client) -> Result<Step<Self>, RegistrationError> {
        let endpoint = self.endpoint.to_string();
        let Kind::Registered(registered) = &mut client.kind else {
            return Err(RegistrationError::Unusable {
                endpoint,
                why: "no registration".to_owned(),
            });
        };
        registered.at = Some(self.now);
        registered.token_endpoint = self.server.token_endpoint.to_string();
        // A method that was not asked for, with a key that nobody has.
        // rule: safe-r01
        if client.method == AuthMethod::PrivateKeyJwt {
            let Some(key) = self.policy.key.clone() else {
                let why = "it wants private_key_jwt, and there is no oauth.privateKeyFile";
                let why = why.to_owned();
                return Err(RegistrationError::Unusable { endpoint, why });
            };
            client.key = Some(key);
        }
        let instead = self.ask.redirect_uri != self.policy.redirect_uri;
        registered.instead_of = instead.then(|| self.policy.redirect_uri.clone());
        if self.server.client_metadata_documents {
            registered
                .instead_of_document
                .clone_from(&self.policy.client_metadata_url);
        }
        if !registered.is_live(self.now) {
            // rule: at-55
            if self.ask.expired_tried {
                return Err(RegistrationError::Expired { endpoint });
            }
            self.ask.expired_tried = true;
            return Ok(self.send("the secret that came has ended already"));
        }
        if let Some(grants) = registered
            .answer
            .get("grant_types")
            .and_then(Value::as_array)
            && !grants.iter().any(|grant| grant == "refresh_token")
        {
            self.notes.push(Note::new(
                "rfc7591-3.2.1",
                "no refresh promised by the registration",
            ));
        }
        Ok(Step::Done(Identified {
            client,
            notes: self.notes,
        }))
    }

    /// Another attempt where the refusal says what to change; each is made once.
    fn refused(
        mut self,
        error: &str,
        status: u16,
        said: String,
    ) -> Result<Step<Self>, RegistrationError> {
        let public = self.ask.redirect_uri == self.policy.redirect_uri
            && application_type(&self.policy.redirect_uri) == "web";
        // Clients may retry with a redirect URI that conforms to the server's requirements.
        // rule: mcp-auth-registration-retry, at-33
        if error == "invalid_redirect_uri" && public {
            PASTE_BACK.clone_into(&mut self.ask.redirect_uri);
            let text = format!(
                "{} was refused; {PASTE_BACK} is registered, and the answer is pasted back",
                self.policy.redirect_uri
            );
            self.notes
                .push(Note::new("mcp-auth-registration-retry", text));
            return Ok(self.send("the public callback was refused, the local one is registered"));
        }
        if error == "invalid_client_metadata" && !self.ask.other_method_tried {
            self.ask.other_method_tried = true;
            self.ask.method = match self.ask.method {
                AuthMethod::None => AuthMethod::Basic,
                AuthMethod::Basic | AuthMethod::Post | AuthMethod::PrivateKeyJwt => {
                    AuthMethod::None
                }
            };
            return Ok(
                self.send("the metadata was refused; another authentication method is asked for")
            );
        }
        let endpoint = self.endpoint.to_string();
        let against = match error {
            _ if matches!(status, 401 | 403) => Against::Strangers,
            "invalid_redirect_uri" => Against::Callback,
            // Not every server uses the standard's word; the setting that helps is the same.
            _ if said.contains("redirect_uri") => Against::Callback,
            _ => Against::Metadata,
        };
        let protected = against == Against::Strangers;
        // rule: at-32, safe-r04
        let cure = match &self.policy.register.initial_access_token {
            None if protected => {
                "registration is likely for known clients only: set oauth.clientId, oauth.dynamicRegistration.initialAccessToken, or what they ask for in oauth.dynamicRegistration.metadata"
            }
            Some(_) if protected => "check oauth.dynamicRegistration.initialAccessToken",
            None | Some(_) if against == Against::Callback => {
                "set oauth.redirectUri to an address that it takes, or register a client there by hand and set oauth.clientId"
            }
            None | Some(_) => "set oauth.clientId, or change oauth.dynamicRegistration.metadata",
        };
        Err(RegistrationError::Refused {
            endpoint,
            status,
            said,
            cure,
            against,
        })
    }
}

impl Procedure for Registration {
    type Output = Identified;
    type Error = RegistrationError;

    fn receive(
        self,
        answer: Result<Response, Unanswered>,
    ) -> Result<Step<Self>, RegistrationError> {
        let endpoint = self.endpoint.to_string();
        let issuer = self.server.identity();
        let expected = Expected {
            redirect_uri: &self.ask.redirect_uri,
            method: self.ask.method,
            issuer: &issuer,
            endpoint: &self.endpoint,
            secret: None,
        };
        match answer::read(answer, &expected) {
            Read::Registered(client) => self.registered(*client),
            Read::Unusable(why) => Err(RegistrationError::Unusable { endpoint, why }),
            Read::Unavailable(why) => Err(RegistrationError::Unavailable { endpoint, why }),
            Read::NotThere => Err(RegistrationError::NeedsClient {
                issuer,
                redirect_uri: self.policy.redirect_uri.clone(),
            }),
            Read::Refused {
                error,
                status,
                said,
            } => self.refused(&error, status, said),
        }
    }

    fn stage(&self) -> Stage {
        Stage::Registration
    }
}

/// The identity that a person gave; whatever the server says, it stays theirs.
fn from_settings(policy: &Policy, server: &Server) -> Option<Client> {
    let given = policy.client.as_ref()?;
    Some(Client {
        id: given.id.clone(),
        secret: given.secret.clone(),
        key: policy.key.clone(),
        method: method_for(
            given.secret.as_ref(),
            policy.key.is_some(),
            policy.token_auth,
            server.auth_methods.as_deref(),
        ),
        issuer: server.identity(),
        redirect_uri: policy.redirect_uri.clone(),
        kind: Kind::Settings,
    })
}

/// Our own document's address, where the server takes one: https, with a path. One that was refused is not offered again.
// rule: mcp-auth-client-metadata-document, at-53
fn document(policy: &Policy, server: &Server, held: Option<&Client>) -> Option<Client> {
    let address = policy.client_metadata_url.as_ref()?;
    let url = Url::parse(address).ok()?;
    if !server.client_metadata_documents || url.scheme() != "https" || url.path() == "/" {
        return None;
    }
    let in_its_place = held.is_some_and(|held| match &held.kind {
        Kind::Registered(registered) => {
            held.issuer == server.identity()
                && registered.instead_of_document.as_ref() == Some(address)
        }
        Kind::Settings | Kind::MetadataDocument => false,
    });
    if policy.document_refused || in_its_place {
        return None;
    }
    Some(Client {
        id: address.clone(),
        secret: None,
        key: None,
        method: AuthMethod::None,
        issuer: server.identity(),
        redirect_uri: policy.redirect_uri.clone(),
        kind: Kind::MetadataDocument,
    })
}

// rule: safe-r07
fn method_to_ask(policy: &Policy, server: &Server) -> AuthMethod {
    let given = policy
        .register
        .metadata
        .get("token_endpoint_auth_method")
        .and_then(Value::as_str);
    if let Some(method) = given.and_then(AuthMethod::named).or(policy.token_auth) {
        return method;
    }
    // Without a secret where that is allowed; else the server's own order: not all parts of a server know all that it lists.
    let offered = server.auth_methods.as_deref().unwrap_or_default();
    let offered = || offered.iter().filter_map(|name| AuthMethod::named(name));
    if offered().any(|method| method == AuthMethod::None) {
        return AuthMethod::None;
    }
    offered()
        .find(|method| matches!(method, AuthMethod::Basic | AuthMethod::Post))
        .unwrap_or(AuthMethod::None)
}

fn application_type(redirect_uri: &str) -> &'static str {
    match Url::parse(redirect_uri) {
        Ok(url) if Nearness::of(&url) == Nearness::Loopback => "native",
        Ok(url) if !matches!(url.scheme(), "http" | "https") => "native",
        Ok(_) | Err(_) => "web",
    }
}

#[cfg(test)]
mod tests;

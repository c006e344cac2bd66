//! Callers by a token that the hub itself gave (`issuer`): the user who agreed, through the client that he agreed to.
//!
//! Such a token is what a key of kind `user` is, for as long as it lives and its account is what it was: it ends with the user, with his password, with its client and with
//! the switch of the whole thing. Where it may be used is said by the resource that it was given for (RFC 8707).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use settings::{OAuthToken, Settings};
use sha2::{Digest as _, Sha256};

use super::{Caller, Denied, Known, Reach, Rules, Shown};
use crate::issuer::digest::Digest;
use crate::issuer::{newcomers, time};

/// The administrator of the environment, who stands in no list.
const ADMIN: &str = "admin";

const API: &str = "/api";

/// One token, whoever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    digest: Digest,
    /// When it ends by itself.
    pub until: SystemTime,
}

/// A token, and whom it lets in.
#[derive(Clone, Debug)]
pub struct Issued {
    caller: Caller,
    token: Token,
    scopes: Vec<String>,
    resource: Option<String>,
    is_admin: bool,
}

impl Issued {
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    #[must_use]
    pub fn token(&self) -> Token {
        self.token
    }

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.is_admin
    }

    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|had| had == scope)
    }

    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether it was given for this endpoint. `path` is below the hub's address. One that was given for no resource is for MCP alone.
    // rule: rfc8707-2 -- a token is for the resource that it was asked for, and for nothing else.
    #[must_use]
    pub fn opens(&self, path: &str) -> bool {
        match self.resource.as_deref() {
            Some(resource) => covers(resource, path),
            None => !covers(API, path),
        }
    }

    /// Whom it lets in there.
    pub fn let_in(&self, path: &str) -> Result<Caller, Denied> {
        let caller = self.opens(path).then(|| self.caller.clone());
        caller.ok_or(Denied::Elsewhere)
    }

    /// Whether it was given for the REST API. That has to be asked for by name: a client of `/mcp` gets no hand on the hub's settings.
    // rule: mcphub-token-api
    #[must_use]
    pub fn opens_api(&self) -> bool {
        self.opens(API)
    }
}

/// Whether a resource takes in the REST API.
#[must_use]
pub fn covers_api(resource: &str) -> bool {
    covers(resource, API)
}

fn covers(resource: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let inside = path.strip_prefix(resource);
    inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || messages_of(resource).is_some_and(|messages| messages == path)
}

/// Whoever opens the stream of the old transport sends his messages beside it.
fn messages_of(stream: &str) -> Option<String> {
    let mut parts = stream.split('/').skip(1);
    match (parts.next()?, parts.next()) {
        ("sse", _) => Some("/messages".to_owned()),
        ("mcp" | "api", _) => None,
        (user, Some("sse")) => Some(format!("/{user}/messages")),
        _ => None,
    }
}

/// A mark of what an account is now, for a token to end with it. `None`: there is no such account.
#[must_use]
pub fn account(settings: &Settings, username: &str) -> Option<String> {
    let mut users = settings.users.iter();
    let stored = match users.find(|user| user.username == username) {
        Some(user) => user
            .password
            .as_ref()
            .map_or("", |hash| secrecy::ExposeSecret::expose_secret(&**hash)),
        None if is_of_environment(settings, username) => "",
        None => return None,
    };
    let mark = Sha256::digest(format!("mcphub account\0{username}\0{stored}"));
    Some(Digest::from(<[u8; 32]>::from(mark)).written())
}

fn is_of_environment(settings: &Settings, username: &str) -> bool {
    username == ADMIN && !settings.users.iter().any(|user| user.is_admin)
}

impl Caller {
    /// The token that he came with, if the hub gave it.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        match self.shown {
            Shown::Issued(token) => Some(token),
            Shown::Nothing
            | Shown::Operator
            | Shown::Key(_)
            | Shown::Login(_)
            | Shown::EyesOf(..) => None,
        }
    }
}

impl Rules {
    /// The same rules, which also know the tokens that the hub gave to these people.
    // rule: mcphub-token-account -- a token ends with its user and with his password.
    #[must_use]
    pub(super) fn with_issued(mut self, settings: &Settings) -> Self {
        if settings.oauth_server.enabled {
            self.issued = Tokens::of(settings, &self.users);
        }
        let all = settings.oauth_tokens.iter();
        self.issued.known = all.flat_map(digests).collect();
        self
    }

    /// The token, if it is one of the hub's that has not expired.
    #[must_use]
    pub fn issued(&self, presented: &str, now: SystemTime) -> Option<&Issued> {
        self.issued_as(Digest::of(presented), now)
    }

    pub(super) fn issued_as(&self, digest: Digest, now: SystemTime) -> Option<&Issued> {
        let issued = self.issued.living.get(&digest)?;
        (now < issued.token.until).then_some(issued)
    }

    /// Whether this very token opens something yet.
    #[must_use]
    pub fn holds(&self, token: Token, now: SystemTime) -> bool {
        self.issued_as(token.digest, now).is_some()
    }

    /// The same user through the same client, by whatever token he has now: a session belongs to both of them and outlives each of their tokens. Which one, of which sign-in and until when is asked of each request and
    /// of each stream (`holds`); a session that none of them opens any more is used by nobody.
    pub(super) fn issued_again(&self, caller: &Caller) -> Option<Caller> {
        self.issued.callers.get(&caller.identity).cloned()
    }
}

/// The tokens of one state of the settings.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Those of accounts that are what they were.
    living: HashMap<Digest, Issued>,
    /// One caller for each user and client.
    callers: HashMap<Arc<str>, Caller>,
    /// All words that are written down, also of those that open nothing.
    known: HashSet<Digest>,
}

/// The clients that there are.
struct Clients<'s> {
    written: HashSet<&'s str>,
    /// Those that are known by the address of a document are taken.
    documents: bool,
}

impl<'s> Clients<'s> {
    fn of(settings: &'s Settings) -> Self {
        let written = settings.oauth_clients.iter();
        Self {
            written: written.map(|client| client.client_id.as_str()).collect(),
            documents: settings.oauth_server.client_documents.is_some(),
        }
    }

    fn has(&self, id: &str) -> bool {
        self.written.contains(id) || (self.documents && newcomers::address(id).is_some())
    }
}

/// Whoever has tokens, looked up once for all of them.
struct Person {
    name: Arc<str>,
    mark: String,
    reach: Arc<Reach>,
    is_admin: bool,
}

impl Tokens {
    pub(super) fn knows(&self, digest: Digest) -> bool {
        self.known.contains(&digest)
    }

    fn of(settings: &Settings, users: &BTreeMap<String, Known>) -> Self {
        let mut people = HashMap::new();
        let mut tokens = Self::default();
        let clients = Clients::of(settings);
        // rule: mcphub-token-client -- the tokens of a client end with it.
        let tokens_of_clients = settings.oauth_tokens.iter();
        for token in tokens_of_clients.filter(|token| clients.has(&token.client_id)) {
            let name = token.username.as_str();
            let person = people
                .entry(name)
                .or_insert_with(|| Person::of(name, settings, users));
            let Some((digest, issued)) = person.as_ref().and_then(|person| read(token, person))
            else {
                continue;
            };
            let caller = &issued.caller;
            let callers = &mut tokens.callers;
            callers.insert(Arc::clone(&caller.identity), caller.clone());
            tokens.living.insert(digest, issued);
        }
        tokens
    }
}

impl Person {
    /// `None`: there is no such account.
    fn of(name: &str, settings: &Settings, users: &BTreeMap<String, Known>) -> Option<Self> {
        let mut people = settings.users.iter();
        let user = people.find(|user| user.username == name);
        let reach = match users.get(name) {
            Some(known) => Arc::clone(&known.sees),
            None => Arc::new(Reach::Everything),
        };
        Some(Self {
            name: name.into(),
            mark: account(settings, name)?,
            reach,
            is_admin: user.is_none_or(|user| user.is_admin),
        })
    }
}

/// Of both words of a pair.
fn digests(token: &OAuthToken) -> impl Iterator<Item = Digest> {
    let words = [Some(&token.access_token), token.refresh_token.as_ref()];
    let words = words.into_iter().flatten();
    words.map(|word| Digest::read(secrecy::ExposeSecret::expose_secret(&**word)))
}

fn read(token: &OAuthToken, person: &Person) -> Option<(Digest, Issued)> {
    // MCPHub's own tokens have no mark.
    if token
        .account
        .as_ref()
        .is_some_and(|then| *then != person.mark)
    {
        return None;
    }
    let written = secrecy::ExposeSecret::expose_secret(&*token.access_token);
    let own = Token {
        digest: Digest::read(written),
        until: time::read(token.access_token_expires_at.as_deref()?)?,
    };
    let scope = token.scope.as_deref().unwrap_or_default();
    let issued = Issued {
        caller: Caller {
            identity: format!("user:{}\0client\0{}", person.name, token.client_id).into(),
            user: Some(Arc::clone(&person.name)),
            reach: Arc::clone(&person.reach),
            shown: Shown::Issued(own),
        },
        token: own,
        scopes: scope.split_whitespace().map(str::to_owned).collect(),
        resource: token.resource.clone(),
        is_admin: person.is_admin,
    };
    Some((own.digest, issued))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};
    use settings::{File, resolve};

    use super::*;
    use crate::access::Denied;

    fn settings(change: impl FnOnce(&mut Value)) -> Settings {
        let mut written = json!({
            "mcpServers": {
                "hers": { "url": "https://a", "owner": "alice" },
                "his": { "url": "https://b", "owner": "bob" },
            },
            "users": [{ "username": "alice", "password": "one" }],
            "oauthClients": [{ "clientId": "c" }, { "clientId": "d" }],
            "oauthTokens": [{
                "accessToken": Digest::of("word").written(), "accessTokenExpiresAt": "2030-01-01T00:00:00.000Z", "scope": "read write",
                "clientId": "c", "username": "alice", "resource": "/mcp",
            }],
            "systemConfig": { "routing": { "enableBearerAuth": true } },
        });
        let known = |value: &Value| resolve(&File::parse(&value.to_string()).unwrap(), &|_| None);
        written["oauthTokens"][0]["account"] = account(&known(&written), "alice").into();
        change(&mut written);
        known(&written)
    }

    fn before() -> SystemTime {
        time::read("2029-12-31T00:00:00Z").unwrap()
    }

    fn rules(change: impl FnOnce(&mut Value)) -> Rules {
        Rules::of(&settings(change), true)
    }

    #[test]
    fn a_token_is_its_user_and_sees_what_he_sees() {
        let rules = rules(|_| {});
        let issued = rules.issued("word", before()).unwrap();
        assert_eq!(issued.caller().user(), Some("alice"));
        assert!(issued.caller().may_use("hers") && !issued.caller().may_use("his"));
        assert!(issued.has_scope("write") && !issued.has_scope("admin") && !issued.is_admin());
        assert!(
            rules
                .issued(&Digest::of("word").written(), before())
                .is_none(),
            "what stands in the file is no token"
        );
        assert_eq!(
            rules.admit(Some("word")).err(),
            Some(Denied::Unknown),
            "nor is it a key"
        );
    }

    #[test]
    fn a_token_ends_when_its_time_is_over() {
        let rules = rules(|_| {});
        let end = before() + Duration::from_secs(24 * 60 * 60);
        assert!(rules.issued("word", end - Duration::from_secs(1)).is_some());
        assert!(rules.issued("word", end).is_none());
    }

    // rule: mcphub-token-account
    #[test]
    fn a_token_ends_with_the_user_with_the_password_and_with_the_switch() {
        let gone = |change: fn(&mut Value)| rules(change).issued("word", before()).is_none();
        assert!(gone(|file| file["users"] = json!([])));
        assert!(gone(|file| file["users"][0]["password"] = "two".into()));
        assert!(gone(
            |file| file["systemConfig"]["oauthServer"] = json!({ "enabled": false })
        ));
        assert!(gone(|file| file["oauthTokens"] = json!([])));
        assert!(!gone(|file| file["users"][0]["isAdmin"] = true.into()));
    }

    // rule: mcphub-token-client
    #[test]
    fn a_token_ends_with_its_client() {
        let opens = |change: fn(&mut Value)| rules(change).issued("word", before()).is_some();
        assert!(opens(|_| {}));
        assert!(!opens(
            |file| file["oauthClients"] = json!([{ "clientId": "d" }])
        ));
        let by_document = |file: &mut Value| {
            file["oauthTokens"][0]["clientId"] = "https://client.example/client.json".into();
        };
        assert!(!opens(by_document), "such clients are not taken");
        assert!(opens(|file| {
            file["oauthTokens"][0]["clientId"] = "https://client.example/client.json".into();
            file["systemConfig"]["oauthServer"] =
                json!({ "clientIdMetadata": { "enabled": true } });
        }));
    }

    // rule: mcphub-token-account
    #[test]
    fn a_session_goes_on_with_the_next_token_of_the_same_client_and_ends_with_the_last() {
        let first = rules(|_| {});
        let caller = first.issued("word", before()).unwrap().caller().clone();
        let renewed = rules(|file| file["oauthTokens"][0]["accessToken"] = "another".into());
        let token = caller.token().unwrap();
        assert!(first.holds(token, before()) && !renewed.holds(token, before()));
        let again = renewed.again(&caller).unwrap();
        assert_eq!(again.identity(), caller.identity());
        let other = rules(|file| file["oauthTokens"][0]["clientId"] = "d".into());
        assert!(other.again(&caller).is_none());
        assert!(
            rules(|file| file["users"] = json!([]))
                .again(&caller)
                .is_none()
        );
    }

    // rule: mcphub-token-over
    #[test]
    fn a_token_that_is_over_is_nobodys_and_not_anybodys_at_an_open_door() {
        let open = rules(|file| {
            file["systemConfig"] = json!({ "routing": { "enableBearerAuth": false } });
            file["oauthTokens"][0]["refreshToken"] = "renewal".into();
        });
        let late = before() + Duration::from_secs(24 * 60 * 60);
        assert!(open.admit_at("/mcp", Some("word"), before()).is_ok());
        for over in ["word", "renewal", "mcphub_of_last_year"] {
            let admitted = open.admit_at("/mcp", Some(over), late);
            assert_eq!(admitted.err(), Some(Denied::Unknown), "{over}");
            assert!(open.was_given(over));
        }
        let anybody = open.admit_at("/mcp", Some("of a server"), late);
        assert_eq!(anybody.unwrap().identity(), "anyone");
        assert!(crate::issuer::book::new_family().starts_with(crate::issuer::book::PREFIX));
    }

    // rule: rfc8707-2
    #[test]
    fn a_token_opens_what_it_was_given_for() {
        let given = |resource: Value| {
            let rules = rules(|file| file["oauthTokens"][0]["resource"] = resource);
            let issued = rules.issued("word", before()).unwrap();
            let paths = [
                "/mcp",
                "/mcp/dev",
                "/mcps",
                "/sse",
                "/messages",
                "/alice/mcp",
                "/alice/messages",
                "/api/servers",
            ];
            let opened: Vec<&str> = paths
                .into_iter()
                .filter(|path| issued.opens(path))
                .collect();
            opened.join(" ")
        };
        assert_eq!(given("/mcp".into()), "/mcp /mcp/dev");
        assert_eq!(given("/mcp/dev".into()), "/mcp/dev");
        assert_eq!(given("/sse".into()), "/sse /messages");
        assert_eq!(given("/alice/sse/dev".into()), "/alice/messages");
        assert_eq!(given("/api".into()), "/api/servers");
        assert!(given(Value::Null).contains("/sse /messages"));
        assert!(!given(Value::Null).contains("/api"));
    }

    // rule: mcphub-token-api
    #[test]
    fn a_token_opens_the_api_only_if_it_was_given_for_it_by_name() {
        let opens = |resource: Value| {
            let rules = rules(|file| file["oauthTokens"][0]["resource"] = resource);
            rules.issued("word", before()).unwrap().opens_api()
        };
        assert!(!opens("/mcp".into()) && !opens(Value::Null) && !opens("/sse".into()));
        assert!(opens("/api".into()));
    }

    #[test]
    fn the_administrator_of_the_environment_has_tokens_until_the_settings_have_one() {
        let as_admin = |file: &mut Value| {
            file["oauthTokens"][0]["username"] = "admin".into();
            let nobody = json!({ "users": [] }).to_string();
            let nobody = resolve(&File::parse(&nobody).unwrap(), &|_| None);
            file["oauthTokens"][0]["account"] = account(&nobody, "admin").into();
        };
        let rules_then = rules(as_admin);
        let issued = rules_then.issued("word", before()).unwrap();
        assert!(issued.is_admin() && issued.caller().may_use("his"));
        let own = rules(|file| {
            as_admin(file);
            file["users"][0]["isAdmin"] = true.into();
        });
        assert!(own.issued("word", before()).is_none());
    }
}

//! Callers by a token that the hub itself gave (`issuer`): the user who agreed, through the client that he agreed to.
//!
//! Such a token is what a key of kind `user` is, for as long as it lives and its account is what it was: it ends with the user, with his password, with its client and with
//! the switch of the whole thing. Where it may be used is said by the resource that it was given for (RFC 8707).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use settings::{OAuthToken, Settings};

use super::{Caller, Denied, Known, Reach, Rules, Shown};
use crate::issuer::account::account;
use crate::issuer::digest::Digest;
use crate::issuer::resource::{API, covers};
use crate::issuer::{Clients, time};

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

impl Caller {
    /// The token that he came with, if the hub gave it.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        match self.shown {
            Shown::Issued(token) => Some(token),
            Shown::Nothing
            | Shown::Operator
            | Shown::Key(_)
            | Shown::Vouched(_)
            | Shown::Login(..)
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
            identity: format!(
                "user:{}\0client\0{}\0{}",
                person.name, token.client_id, person.mark
            )
            .into(),
            user: Some(Arc::clone(&person.name)),
            key: None,
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
mod tests;

//! The hub as an authorization server for its own clients: who may ask, what a person agrees to, what is given for that and taken back.
//!
//! OAuth 2.1 with PKCE as MCP authorization has it: RFC 6749, 7591 (registration), 7636, 7009 (revocation), 8252 (native apps), 8707 (resources), 9207 (issuer in the answer), and client ID metadata documents.
//! The rules are pure (`registration`, `authorization`, `token`, `code`, `book`, `redirect`); here they meet the settings file, the clock and chance. Who the person is, and the wire: crate `web`. Who comes with a token:
//! `access`.

pub mod account;
mod authorization;
pub(crate) mod book;
mod client;
mod code;
pub(crate) mod digest;
mod known;
mod let_in;
mod lists;
pub(crate) mod newcomers;
mod redirect;
mod registration;
pub mod resource;
#[cfg(test)]
mod tests;
pub(crate) mod time;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use settings::Settings;
use tokio::sync::Mutex as Turn;
use url::Url;

use account::account;
use authorization::{Asked, Terms, path_of};
pub use authorization::{Authorization, Refused, Shown};
use book::{Book, Grant, Renewal};
pub use client::Client;
use code::{Code, Codes};
pub(crate) use known::Clients;
pub use let_in::{LetIn, lets_in_the_same};
use lists::{Lists, Shelved};
use newcomers::Newcomers;
use registration::Chance;
pub use registration::RegistrationError;
use resource::covers_api;
pub use token::TokenError;

use crate::clock::Clock;
use crate::fetch::Fetch;
use crate::store::{EditError, Store};

/// A cheap clone of one and the same.
#[derive(Clone)]
pub struct Issuer {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    fetch: Fetch,
    clock: Clock,
    desk: Mutex<Desk>,
    /// The tokens of the file as it was read last.
    shelf: Mutex<Option<Shelved>>,
    /// One change of the lists at a time.
    turn: Turn<()>,
}

#[derive(Default)]
struct Desk {
    codes: Codes,
    newcomers: Newcomers,
}

/// Why a client gets nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    #[error("too many clients come at once; wait {} s", .0.as_secs().max(1))]
    Hurry(Duration),
    #[error("the client's own document cannot be read now; try again in a minute")]
    DocumentAway,
    #[error("what was given could not be stored")]
    Unwritten(#[from] EditError),
    #[error("the settings file is being changed by others all the time")]
    NeverStill,
}

/// The addresses of the hub for one request.
#[derive(Clone, Debug)]
pub struct Homes {
    /// As it was asked, without a slash behind: the issuer.
    pub issuer: String,
    /// All that it has.
    pub all: Vec<Url>,
}

impl Issuer {
    pub(crate) fn new(store: Store, fetch: Fetch, clock: Clock) -> Self {
        let inner = Inner {
            store,
            fetch,
            clock,
            desk: Mutex::default(),
            shelf: Mutex::default(),
            turn: Turn::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Takes a client in (RFC 7591). It is written down when somebody agrees to it.
    ///
    /// # Errors
    /// When the request makes no sense, or too many come.
    pub fn register(&self, body: &[u8]) -> Result<Value, Failure> {
        let now = self.inner.clock.now();
        self.desk().newcomers.step(now).map_err(Failure::Hurry)?;
        let chance = Chance {
            id: crate::chance::token(16),
            secret: crate::chance::token(32),
        };
        let settings = self.inner.store.current();
        let registered = registration::register(body, &settings.oauth_server, chance, now)?;
        tracing::info!(client = registered.client.id, "a client registered");
        // rule: mcphub-stranger-writes-nothing -- the settings file hears of a client when a person agreed to it.
        self.desk().newcomers.wait(registered.client, now);
        Ok(registered.answer)
    }

    /// What a person is to be asked.
    ///
    /// # Errors
    /// When the request goes no further.
    pub async fn asked(&self, query: &str, homes: &Homes) -> Result<Authorization, Refused> {
        let asked = Asked::read(query).map_err(Refused::Shown)?;
        let settings = self.inner.store.current();
        let client = self.client(&settings, &asked.client_id).await;
        let terms = Terms {
            server: &settings.oauth_server,
            homes: &homes.all,
            issuer: &homes.issuer,
        };
        asked.check(client.map_err(Refused::Shown)?, &terms)
    }

    /// The person agreed, and showed who he is: where to send him with a code.
    ///
    /// # Errors
    /// When the client could not be written down.
    pub async fn agreed(
        &self,
        asked: Authorization,
        username: &str,
        homes: &Homes,
    ) -> Result<Url, Failure> {
        let settings = self.inner.store.current();
        self.write_down(&settings, &asked.client).await?;
        let now = self.inner.clock.now();
        let code = Code {
            grant: Grant {
                family: book::new_family(),
                client_id: asked.client.id.clone(),
                username: username.to_owned(),
                account: account(&settings, username),
                scope: asked.scopes.join(" "),
                resource: asked.resource.clone(),
                refreshes: asked.client.refreshes,
                agreed_at: now,
            },
            redirect_uri: asked.redirect_written.clone(),
            challenge: asked.challenge.clone(),
        };
        let lifetime = settings.oauth_server.authorization_code_lifetime;
        let word = self.desk().codes.give(code, lifetime, now);
        tracing::info!(
            client = asked.client.id,
            user = username,
            "a user agreed to a client"
        );
        Ok(asked.with_code(&word, &homes.issuer))
    }

    /// The token endpoint. `authorization` is that header.
    ///
    /// # Errors
    /// When the client gets nothing.
    pub async fn token(
        &self,
        authorization: Option<&str>,
        body: &[u8],
        homes: &Homes,
    ) -> Result<Value, Failure> {
        let asked = token::Asked::read(authorization, body)?;
        let settings = self.inner.store.current();
        self.shown(&settings, &asked).await?;
        let words = match asked.grant_type.as_deref() {
            Some("authorization_code") => self.redeemed(&settings, &asked, homes).await?,
            Some("refresh_token") => self.renewed(&settings, &asked, homes).await?,
            None => return Err(token::wrong("invalid_request", "grant_type is missing").into()),
            Some(_) => {
                let why = "only authorization_code and refresh_token are known here";
                return Err(token::wrong("unsupported_grant_type", why).into());
            }
        };
        Ok(token::answer(&words))
    }

    /// Takes a token back (RFC 7009). What is no token of this client is no error.
    ///
    /// # Errors
    /// When the client does not show what it is, or nothing could be written.
    pub async fn revoke(&self, authorization: Option<&str>, body: &[u8]) -> Result<(), Failure> {
        let asked = token::Asked::read(authorization, body)?;
        let settings = self.inner.store.current();
        self.shown(&settings, &asked).await?;
        let Some(word) = asked.token.as_deref() else {
            return Err(token::wrong("invalid_request", "token is missing").into());
        };
        let client = asked.client_id.as_str();
        // rule: as-garbage-waits-alone
        if self.book().has(word, client) {
            self.change(&|lists| lists.book.take_back(word, client))
                .await?;
        }
        Ok(())
    }

    /// Forgets the codes that wait for a client: it is taken out, and comes back only when somebody agrees anew.
    pub fn forget_codes_of(&self, client_id: &str) {
        self.desk().codes.forget_client(client_id);
    }

    /// A code for tokens.
    async fn redeemed(
        &self,
        settings: &Settings,
        asked: &token::Asked,
        homes: &Homes,
    ) -> Result<book::Words, Failure> {
        let missing = || token::wrong("invalid_request", "code is missing");
        let word = asked.code.as_deref().ok_or_else(missing)?;
        let taken = self.desk().codes.take(word, self.inner.clock.now());
        let Some((code, until)) = taken else {
            self.used_twice(asked, word).await?;
            return Err(token::wrong(
                "invalid_grant",
                "the code is unknown, was used, or is too old",
            )
            .into());
        };
        asked.fits(&code)?;
        let grant = &code.grant;
        still_of(settings, grant)?;
        is_for(asked, grant, homes)?;
        let (server, now) = (&settings.oauth_server, self.inner.clock.now());
        let given = self
            .change(&|lists| lists.book.give(grant, server, now))
            .await;
        if given.is_err() {
            self.desk().codes.put_back(word, (code, until));
        }
        given
    }

    /// A refresh token for the next pair.
    async fn renewed(
        &self,
        settings: &Settings,
        asked: &token::Asked,
        homes: &Homes,
    ) -> Result<book::Words, Failure> {
        let missing = || token::wrong("invalid_request", "refresh_token is missing");
        let word = asked.refresh_token.as_deref().ok_or_else(missing)?;
        let (server, now) = (&settings.oauth_server, self.inner.clock.now());
        let client = asked.client_id.as_str();
        let may = |book: &Book| match book.renew(word, client, now) {
            Renewal::Good(grant) => {
                still_of(settings, &grant)?;
                is_for(asked, &grant, homes)?;
                within(asked, &grant)?;
                // The settings may have less patience than when it was given.
                if grant.is_over(server, now) {
                    let why = "it is long ago that the user agreed; sign in again";
                    return Err(token::wrong("invalid_grant", why));
                }
                Ok(Some(grant))
            }
            Renewal::Reused => Ok(None),
            Renewal::Unknown | Renewal::NotYours => {
                let why = "the refresh token is unknown, has expired or was taken back";
                Err(token::wrong("invalid_grant", why))
            }
        };
        // rule: as-garbage-waits-alone -- who shows nothing that is good for anything is answered by a look; only a change takes the turn.
        if may(&self.book())?.is_some() {
            let change = |lists: &mut Lists| {
                let Some(mut grant) = may(&lists.book)? else {
                    return Ok(None);
                };
                grant.account = account(settings, &grant.username);
                lists.book.spend(word, now);
                Ok::<_, TokenError>(Some(lists.book.give(&grant, server, now)))
            };
            if let Some(words) = self.change(&change).await?? {
                return Ok(words);
            }
        }
        self.used_twice(asked, word).await?;
        let why = "the refresh token was used before; sign in again";
        Err(token::wrong("invalid_grant", why).into())
    }

    /// A word that was good once is shown again: whoever has it should not.
    // rule: as-code-again -- the second use of a code takes back what the first one gave.
    async fn used_twice(&self, asked: &token::Asked, word: &str) -> Result<(), Failure> {
        let client = asked.client_id.as_str();
        if !self.book().has_family_of(word, client) {
            return Ok(());
        }
        let ended = self
            .change(&|lists| lists.book.end_family_of(word, client))
            .await?;
        if ended {
            tracing::warn!(
                client,
                "a code or a refresh token was used twice; the sign-in that it is of has ended"
            );
        }
        Ok(())
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.inner
            .desk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The account has to be what it was when its user agreed.
fn still_of(settings: &Settings, grant: &Grant) -> Result<(), TokenError> {
    let now = account(settings, &grant.username);
    let same = now.is_some() && (grant.account.is_none() || grant.account == now);
    let gone = || {
        token::wrong(
            "invalid_grant",
            "the user or his password is no longer what it was; sign in again",
        )
    };
    same.then_some(()).ok_or_else(gone)
}

/// What a client asks for with a code or a refresh token is no more than what was agreed to.
fn is_for(asked: &token::Asked, grant: &Grant, homes: &Homes) -> Result<(), TokenError> {
    let Some(resource) = asked.resource.as_deref() else {
        return Ok(());
    };
    let path = path_of(resource, &homes.all);
    let agreed = grant.resource.as_deref();
    let within = path.is_some_and(|path| {
        path.is_empty() || agreed.map_or(!covers_api(&path), |agreed| path == agreed)
    });
    let other = || {
        token::wrong(
            "invalid_target",
            "the resource is not the one that the user agreed to",
        )
    };
    within.then_some(()).ok_or_else(other)
}

// rule: as-refresh-scope -- a renewal asks for nothing that was not agreed to.
fn within(asked: &token::Asked, grant: &Grant) -> Result<(), TokenError> {
    let scopes = asked.scope.as_deref().unwrap_or_default();
    let mut scopes = scopes.split_whitespace();
    let more = scopes.any(|scope| !grant.scope.split_whitespace().any(|had| had == scope));
    let wrong = || token::wrong("invalid_scope", "the user did not agree to this scope");
    (!more).then_some(()).ok_or_else(wrong)
}

//! The hub as an authorization server for its own clients: who may ask, what a person agrees to, what is given for that and taken back.
//!
//! OAuth 2.1 with PKCE as MCP authorization has it: RFC 6749, 7591 (registration), 7636, 7009 (revocation), 8252 (native apps), 8707 (resources), 9207 (issuer in the answer), and client ID metadata documents.
//! The rules are pure (`registration`, `authorization`, `token`, `code`, `book`, `redirect`); here they meet the settings file, the clock and chance. Who the person is, and the wire: crate `web`. Who comes with a token:
//! `access`.

mod authorization;
mod book;
mod client;
mod code;
pub(crate) mod digest;
mod newcomers;
mod redirect;
mod registration;
pub(crate) mod time;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::ACCEPT;
use serde_json::Value;
use settings::{Change, Settings};
use tokio::sync::Mutex as Turn;
use url::Url;

use authorization::{Asked, Terms, path_of};
pub use authorization::{Authorization, Refused, Shown};
use book::{Book, Grant, Renewal};
pub use client::Client;
use code::{Code, Codes};
use newcomers::Newcomers;
use registration::Chance;
pub use registration::RegistrationError;
pub use token::TokenError;

use crate::access;
use crate::clock::Clock;
use crate::fetch::{Fetch, Reach};
use crate::store::{EditError, Store};

const TOKENS: &str = "oauthTokens";
const CLIENTS: &str = "oauthClients";
/// How often a change of the lists begins again when another process was faster.
const ROUNDS: usize = 10;
/// Clients in the settings file. Each took a person's consent.
const MOST_CLIENTS: usize = 500;

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
                account: access::account(&settings, username),
                scope: asked.scopes.join(" "),
                resource: asked.resource.clone(),
                refreshes: asked.client.refreshes,
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
        self.change(&|lists| lists.book.take_back(word, client))
            .await?;
        Ok(())
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
        let Some(code) = taken else {
            self.used_twice(asked, word).await?;
            return Err(token::wrong(
                "invalid_grant",
                "the code is unknown, was used, or is too old",
            )
            .into());
        };
        asked.fits(&code)?;
        let grant = code.grant;
        still_of(settings, &grant)?;
        is_for(asked, &grant, homes)?;
        let (server, now) = (&settings.oauth_server, self.inner.clock.now());
        self.change(&|lists| lists.book.give(&grant, server, now))
            .await
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
        let renewed = self
            .change(&|lists| match lists.book.renew(word, client, now) {
                Renewal::Good(mut grant) => {
                    still_of(settings, &grant)?;
                    is_for(asked, &grant, homes)?;
                    within(asked, &grant)?;
                    grant.account = access::account(settings, &grant.username);
                    lists.book.spend(word, now);
                    Ok(Some(lists.book.give(&grant, server, now)))
                }
                Renewal::Reused => Ok(None),
                Renewal::Unknown | Renewal::NotYours => {
                    let why = "the refresh token is unknown, has expired or was taken back";
                    Err(token::wrong("invalid_grant", why))
                }
            })
            .await??;
        match renewed {
            Some(words) => Ok(words),
            None => {
                self.used_twice(asked, word).await?;
                let why = "the refresh token was used before; sign in again";
                Err(token::wrong("invalid_grant", why).into())
            }
        }
    }

    /// A word that was good once is shown again: whoever has it should not.
    // rule: as-code-again -- the second use of a code takes back what the first one gave.
    async fn used_twice(&self, asked: &token::Asked, word: &str) -> Result<(), Failure> {
        let client = asked.client_id.as_str();
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

    async fn shown(&self, settings: &Settings, asked: &token::Asked) -> Result<(), Failure> {
        let client = self.client(settings, &asked.client_id).await;
        let client = client.map_err(|shown| asked.invalid_client(&shown.to_string()))?;
        if !client.is_shown_by(asked.client_secret.as_deref()) {
            return Err(asked
                .invalid_client("the client's secret is wrong or missing")
                .into());
        }
        if settings.oauth_server.require_client_secret && client.secret.is_none() {
            return Err(asked
                .invalid_client("this hub takes clients with a secret only")
                .into());
        }
        Ok(())
    }

    async fn client(&self, settings: &Settings, id: &str) -> Result<Client, Shown> {
        let mut written = settings.oauth_clients.iter();
        if let Some(client) = written.find(|client| client.client_id == id) {
            return Ok(Client::of_settings(client));
        }
        let now = self.inner.clock.now();
        if let Some(client) = self.desk().newcomers.find(id, now) {
            return Ok(client);
        }
        let unknown = || Shown::UnknownClient(id.chars().take(200).collect());
        let kept = settings.oauth_server.client_documents.ok_or_else(unknown)?;
        let address = newcomers::address(id).ok_or_else(unknown)?;
        let client = self.document(settings, id, address).await;
        let client = client.map_err(Shown::Document)?;
        self.desk().newcomers.keep(client.clone(), kept, now);
        Ok(client)
    }

    /// Asks for a client's document: an address that a stranger named, so nothing inward is in reach, and no redirect is followed.
    // rule: as-client-document-inner
    async fn document(
        &self,
        settings: &Settings,
        id: &str,
        address: Url,
    ) -> Result<Client, String> {
        let step = self.desk().newcomers.step(self.inner.clock.now());
        step.map_err(|_| "too many clients come at once; try again in a minute".to_owned())?;
        let request = http::Request::get(address.as_str()).header(ACCEPT, "application/json");
        let request = request
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        let way = Reach::Public.into();
        let answer = self.inner.fetch.send_once(request, &way);
        // What stands inside, and under which name, is nobody's business who is a stranger.
        let answer = answer.await.map_err(|error| {
            tracing::info!(id, %error, "the document of a client was not read");
            "it cannot be read".to_owned()
        })?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("{address} answers {}", answer.status()));
        }
        newcomers::read(id, answer.body(), &settings.oauth_server)
    }

    /// Puts a newcomer into the settings file.
    async fn write_down(&self, settings: &Settings, client: &Client) -> Result<(), Failure> {
        let known = settings.oauth_clients.iter();
        let known = known.clone().any(|known| known.client_id == client.id);
        if client.is_document || known {
            return Ok(());
        }
        let (ttl, now) = (
            settings.oauth_server.registration.client_ttl,
            self.inner.clock.now(),
        );
        self.change(&|lists| {
            lists.forget_clients(|client, book| {
                client.is_old(ttl, now) && !book.has_living(&client.id, now)
            });
            if lists.clients.len() >= MOST_CLIENTS {
                let mut idle = true;
                lists.forget_clients(|client, book| {
                    let first =
                        idle && client.issued_at.is_some() && !book.has_living(&client.id, now);
                    idle &= !first;
                    first
                });
            }
            lists.clients.push(client.written());
        })
        .await?;
        self.desk().newcomers.forget(&client.id);
        Ok(())
    }

    /// Changes both lists as they are in the settings file, or nothing.
    async fn change<T>(&self, make: &(dyn Fn(&mut Lists) -> T + Sync)) -> Result<T, Failure> {
        let _turn = self.inner.turn.lock().await;
        let store = &self.inner.store;
        for _ in 0..ROUNDS {
            // In this order: a file that is newer than what it is compared with is not written over.
            let before = store.current();
            let file = store.file();
            let mut lists = Lists::read(file.document());
            let made = make(&mut lists);
            let changes = lists.changes(file.document());
            if changes.is_empty() {
                return Ok(made);
            }
            let (clients, tokens) = (before.oauth_clients.clone(), before.oauth_tokens.clone());
            let holds =
                move |now: &Settings| now.oauth_clients == clients && now.oauth_tokens == tokens;
            if store.edit_when(holds, changes).await? {
                return Ok(made);
            }
        }
        Err(Failure::NeverStill)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.inner
            .desk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both lists of the settings file.
struct Lists {
    clients: Vec<Value>,
    book: Book,
}

impl Lists {
    fn read(document: &serde_json::Map<String, Value>) -> Self {
        let clients = document.get(CLIENTS).and_then(Value::as_array);
        Self {
            clients: clients.cloned().unwrap_or_default(),
            book: Book::read(document.get(TOKENS)),
        }
    }

    /// Drops clients that registered themselves; those that a person wrote down have no date.
    fn forget_clients(&mut self, mut is_over: impl FnMut(&Client, &Book) -> bool) {
        let book = &self.book;
        self.clients.retain(|raw| {
            let text = serde_json::json!({ CLIENTS: [raw] }).to_string();
            let read = settings::File::parse(&text).ok();
            let read = read.map(|file| settings::resolve(&file, &|_| None).oauth_clients);
            let client = read.as_ref().and_then(|clients| clients.first());
            client.is_none_or(|client| !is_over(&Client::of_settings(client), book))
        });
    }

    fn changes(&self, before: &serde_json::Map<String, Value>) -> Vec<Change> {
        let clients = Value::from(self.clients.clone());
        let lists = [(CLIENTS, clients), (TOKENS, self.book.written())];
        let differs = |key: &str, now: &Value| {
            let none = now.as_array().is_some_and(Vec::is_empty);
            before.get(key).map_or(!none, |was| was != now)
        };
        let changed = lists.into_iter().filter(|(key, now)| differs(key, now));
        changed.map(|(key, now)| Change::set([key], now)).collect()
    }
}

/// The account has to be what it was when its user agreed.
fn still_of(settings: &Settings, grant: &Grant) -> Result<(), TokenError> {
    let now = access::account(settings, &grant.username);
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
        path.is_empty() || agreed.map_or(!access::covers_api(&path), |agreed| path == agreed)
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

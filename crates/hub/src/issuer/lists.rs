//! What is stored: `oauthClients` and `oauthTokens` in the settings file, changed as one, and the clients that a person agreed to.

use std::sync::{Arc, PoisonError};

use serde_json::Value;
use settings::{Change, File, Settings};

use super::book::Book;
use super::client::Client;
use super::{Failure, Issuer};

const TOKENS: &str = "oauthTokens";
const CLIENTS: &str = "oauthClients";
/// How often a change of the lists begins again when another process was faster.
const ROUNDS: usize = 10;
/// Clients in the settings file. Each took a person's consent.
const MOST_CLIENTS: usize = 500;

/// The tokens of one state of the file.
pub(super) struct Shelved {
    of: Arc<File>,
    book: Arc<Book>,
}

impl Issuer {
    /// The tokens as the file has them, to look at: read once for each state of it.
    pub(super) fn book(&self) -> Arc<Book> {
        let file = self.inner.store.file();
        let shelf = self.inner.shelf.lock();
        let mut shelf = shelf.unwrap_or_else(PoisonError::into_inner);
        match &*shelf {
            Some(shelved) if Arc::ptr_eq(&shelved.of, &file) => Arc::clone(&shelved.book),
            _ => {
                let book = Arc::new(Book::read(file.document().get(TOKENS)));
                let of = file;
                *shelf = Some(Shelved {
                    of,
                    book: Arc::clone(&book),
                });
                book
            }
        }
    }

    /// Puts a newcomer into the settings file.
    pub(super) async fn write_down(
        &self,
        settings: &Settings,
        client: &Client,
    ) -> Result<(), Failure> {
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
            // rule: as-client-once -- who agrees twice at once writes the client down once.
            if lists.has_client(&client.id) {
                return;
            }
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
    pub(super) async fn change<T>(
        &self,
        make: &(dyn Fn(&mut Lists) -> T + Sync),
    ) -> Result<T, Failure> {
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
}

/// Both lists of the settings file.
pub(super) struct Lists {
    clients: Vec<Value>,
    pub(super) book: Book,
}

impl Lists {
    fn read(document: &serde_json::Map<String, Value>) -> Self {
        let clients = document.get(CLIENTS).and_then(Value::as_array);
        Self {
            clients: clients.cloned().unwrap_or_default(),
            book: Book::read(document.get(TOKENS)),
        }
    }

    fn has_client(&self, id: &str) -> bool {
        let mut clients = self.clients.iter();
        clients.any(|client| client.get("clientId").and_then(Value::as_str) == Some(id))
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

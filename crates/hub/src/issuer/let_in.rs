//! Who let which program in, as far as it opens anything yet: what a person looks at before it is ended.
//!
//! Leaves out the tokens themselves, and when each of them ends: a program renews them by itself.

use std::collections::BTreeSet;
use std::time::SystemTime;

use serde_json::Value;
use settings::Settings;

use super::account::account;
use super::resource::covers_api;
use super::{Clients, Issuer, time};

/// What a user agreed to once. All tokens that came of it are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetIn {
    pub client_id: String,
    pub username: String,
    /// MCPHub does not say when.
    pub agreed_at: Option<SystemTime>,
    pub scopes: Vec<String>,
    /// The path below the hub's address that it was asked for; absent: every endpoint of MCP.
    pub resource: Option<String>,
}

impl LetIn {
    fn read(raw: &Value) -> Option<Self> {
        let text = |key: &str| raw.get(key).and_then(Value::as_str);
        let scopes = text("scope").unwrap_or_default().split_whitespace();
        Some(Self {
            client_id: text("clientId")?.to_owned(),
            username: text("username")?.to_owned(),
            agreed_at: text("agreedAt").and_then(time::read),
            scopes: scopes.map(str::to_owned).collect(),
            resource: text("resource").map(str::to_owned),
        })
    }

    #[must_use]
    pub fn opens_api(&self) -> bool {
        self.resource.as_deref().is_some_and(covers_api)
    }
}

impl Issuer {
    /// Whoever was let in and has something of it that is good for anything, those first who were let in first.
    #[must_use]
    pub fn let_in(&self) -> Vec<LetIn> {
        let settings = self.inner.store.current();
        if !settings.oauth_server.enabled {
            return Vec::new();
        }
        let (clients, now) = (Clients::of(&settings), self.inner.clock.now());
        let book = self.book();
        let living = book.sign_ins(now).into_iter().filter(|raw| {
            let client = raw.get("clientId").and_then(Value::as_str);
            client.is_some_and(|id| clients.has(id)) && counts(raw, &settings, now)
        });
        let mut let_in: Vec<LetIn> = living.filter_map(LetIn::read).collect();
        let_in.sort_by_key(|it| it.agreed_at);
        let_in
    }
}

/// Whether its account is what it was, and the settings have patience with it yet.
fn counts(raw: &Value, settings: &Settings, now: SystemTime) -> bool {
    let text = |key: &str| raw.get(key).and_then(Value::as_str);
    let date = |key: &str| text(key).and_then(time::read);
    let mark = text("username").and_then(|name| account(settings, name));
    let is_same = text("account").is_none_or(|then| mark.as_deref() == Some(then));
    let long = settings.oauth_server.grant_lifetime;
    let end = date("agreedAt").zip(long).map(|(at, long)| at + long);
    // A token that was given is good until it ends; the next one is not given any more.
    let goes_on = end.is_none_or(|end| now < end)
        || date("accessTokenExpiresAt").is_some_and(|until| now < until);
    mark.is_some() && is_same && goes_on
}

/// Whether the same programs are let in by the same people. What is renewed is no news.
#[must_use]
pub fn lets_in_the_same(before: &Settings, now: &Settings) -> bool {
    before.oauth_clients == now.oauth_clients
        && before.oauth_server == now.oauth_server
        && (before.oauth_tokens == now.oauth_tokens || sign_ins(before) == sign_ins(now))
}

type SignIn<'s> = (&'s str, &'s str, Option<&'s str>);

fn sign_ins(settings: &Settings) -> BTreeSet<SignIn<'_>> {
    let tokens = settings.oauth_tokens.iter();
    let sign_ins = tokens.map(|it| (&*it.client_id, &*it.username, it.family.as_deref()));
    sign_ins.collect()
}

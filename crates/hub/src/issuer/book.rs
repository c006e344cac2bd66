//! The tokens that the hub gave, as the settings file has them (`oauthTokens`): what is given, renewed, taken back and forgotten.
//!
//! RFC 6749 section 6, RFC 9700 4.14.2 (a refresh token is used once; a second use ends all that came of the sign-in), RFC 7009. An entry is a pair; all pairs of one sign-in are a
//! family. Each word of a family begins with the family's own secret, so that an old one is known for what it is though nothing is kept of it.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use settings::OAuthServer;

use super::digest::Digest;
use super::time;

/// A client whose answer was lost may renew with the old token once more. Whoever else has it could as well, for as long.
pub(crate) const GRACE: Duration = Duration::from_secs(60);
/// Pairs of all families. Each takes a person's consent, so this is much.
const MOST_PAIRS: usize = 1_000;
const MOST_OF_A_USER: usize = 100;
/// Pairs of one family: a client that renews in a loop.
const MOST_OF_A_FAMILY: usize = 8;
/// How each word of the hub begins, so that it is known for one when nothing is kept of it any more. No bearer key begins so: those that
/// MCPHub makes are `mcphub_` and 64 hexadecimal digits.
pub(crate) const PREFIX: &str = "mcphub_t_";
/// Letters of a word that are the family's: 132 bits behind the prefix.
const FAMILY: usize = PREFIX.len() + 22;
/// Bytes of chance in the rest of a word.
const STRENGTH: usize = 32;

/// What one sign-in is about; the same for all of its pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The secret beginning of its words.
    pub(crate) family: String,
    pub(crate) client_id: String,
    pub(crate) username: String,
    /// A mark of the account as it was.
    pub(crate) account: Option<String>,
    pub(crate) scope: String,
    pub(crate) resource: Option<String>,
    pub(crate) refreshes: bool,
    /// When the person agreed.
    pub(crate) agreed_at: SystemTime,
}

/// Words that were given, for the one who gets them.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) expires_in: u64,
    pub(crate) scope: String,
}

/// What a refresh token is good for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    Good(Box<Grant>),
    /// It was used long ago: somebody else has it. The family is to end.
    Reused,
    /// Nobody's, or over.
    Unknown,
    /// Another client's.
    NotYours,
}

/// All entries.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    raw: Value,
    /// What is no pair at all is kept as it is.
    pair: Option<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    access: Digest,
    access_until: SystemTime,
    refresh: Option<(Digest, SystemTime)>,
    /// When the refresh token was used.
    spent: Option<SystemTime>,
    /// Digest of the family's secret. MCPHub's own pairs have none.
    family: Option<Digest>,
    client_id: String,
    username: String,
}

/// A family's secret, and the rest of a word by chance.
pub(crate) fn new_family() -> String {
    let mut family = format!("{PREFIX}{}", crate::chance::token(17));
    family.truncate(FAMILY);
    family
}

/// A word of this family.
pub(crate) fn word(family: &str) -> String {
    format!("{family}{}", crate::chance::token(STRENGTH))
}

/// The family that a word claims to be of.
pub(crate) fn family_of(word: &str) -> Option<Digest> {
    let own = word.is_ascii() && word.len() > FAMILY;
    own.then(|| Digest::of(&word[..FAMILY]))
}

impl Book {
    pub(crate) fn read(list: Option<&Value>) -> Self {
        let list = list.and_then(Value::as_array);
        let entries = list.into_iter().flatten().map(|raw| Entry {
            raw: raw.clone(),
            pair: Pair::read(raw),
        });
        Self {
            entries: entries.collect(),
        }
    }

    pub(crate) fn written(&self) -> Value {
        self.entries.iter().map(|entry| entry.raw.clone()).collect()
    }

    /// Gives a new pair.
    pub(crate) fn give(&mut self, grant: &Grant, server: &OAuthServer, now: SystemTime) -> Words {
        self.forget(now);
        let until = Until::of(grant, server, now);
        let lives = until.access.duration_since(now).unwrap_or_default();
        let words = Words {
            access: word(&grant.family),
            refresh: grant.refreshes.then(|| word(&grant.family)),
            expires_in: lives.as_secs(),
            scope: grant.scope.clone(),
        };
        let raw = entry(grant, &words, &until);
        let pair = Pair::read(&raw);
        self.make_room(pair.as_ref());
        self.entries.push(Entry { raw, pair });
        words
    }

    /// What may be given for this refresh token.
    // rule: rfc9700-4.14.2 -- a refresh token is used once, and its second use ends all that came of the sign-in.
    pub(crate) fn renew(&self, presented: &str, client_id: &str, now: SystemTime) -> Renewal {
        let digest = Digest::of(presented);
        let Some((at, pair)) =
            self.find(|pair| pair.refresh.is_some_and(|(known, _)| known == digest))
        else {
            return if self.has_family_of(presented, client_id) {
                Renewal::Reused
            } else {
                Renewal::Unknown
            };
        };
        // rule: as-refresh-bound -- a refresh token is bound to the client that it was given to.
        if pair.client_id != client_id {
            return Renewal::NotYours;
        }
        if pair.refresh.is_none_or(|(_, until)| now >= until) {
            return Renewal::Unknown;
        }
        if let Some(spent) = pair.spent {
            // rule: mcphub-lost-answer -- the same client may ask again for a short time.
            let lost = now.duration_since(spent).unwrap_or_default() < GRACE;
            if !lost {
                return Renewal::Reused;
            }
        }
        let family = family_of(presented).filter(|family| pair.family == Some(*family));
        let secret = match family {
            Some(_) => presented[..FAMILY].to_owned(),
            // MCPHub's own.
            None => new_family(),
        };
        Renewal::Good(Box::new(read_grant(&self.entries[at].raw, secret, now)))
    }

    /// The refresh token counts as used from now on.
    pub(crate) fn spend(&mut self, presented: &str, now: SystemTime) {
        let digest = Digest::of(presented);
        let is_it = |entry: &&mut Entry| {
            let pair = entry.pair.as_ref();
            let refresh = pair.filter(|pair| pair.spent.is_none());
            refresh
                .and_then(|pair| pair.refresh)
                .is_some_and(|(known, _)| known == digest)
        };
        if let Some(entry) = self.entries.iter_mut().find(is_it)
            && let Some(pair) = &mut entry.pair
        {
            pair.spent = Some(now);
            entry.raw["spentAt"] = json!(time::written(now));
        }
    }

    /// Ends all that came of the sign-in that this word is of; true when there was something, and it was this client's.
    // rule: rfc7009-2.1 -- a token is taken back for the client that it was given to, with all that came of the same sign-in.
    pub(crate) fn take_back(&mut self, word: &str, client_id: &str) -> bool {
        let digest = Digest::of(word);
        let is_it = |pair: &Pair| {
            pair.access == digest || pair.refresh.is_some_and(|(known, _)| known == digest)
        };
        let found = self.find(is_it).map(|(at, pair)| (at, pair.clone()));
        match found {
            Some((_, pair)) if pair.client_id != client_id => false,
            Some((
                _,
                Pair {
                    family: Some(family),
                    ..
                },
            )) => self.end(family, client_id),
            Some((at, _)) => {
                self.entries.remove(at);
                true
            }
            // Its pair is forgotten; what came of it later may live.
            None => self.end_family_of(word, client_id),
        }
    }

    /// Ends the family that a used word claims to be of.
    pub(crate) fn end_family_of(&mut self, word: &str, client_id: &str) -> bool {
        family_of(word).is_some_and(|family| self.end(family, client_id))
    }

    /// Whether `take_back` would find something.
    pub(crate) fn has(&self, word: &str, client_id: &str) -> bool {
        let digest = Digest::of(word);
        let is_it = |pair: &Pair| {
            let renews = pair.refresh.is_some_and(|(known, _)| known == digest);
            pair.client_id == client_id && (pair.access == digest || renews)
        };
        self.find(is_it).is_some() || self.has_family_of(word, client_id)
    }

    /// Whether anything is there of the family that a word claims to be of.
    pub(crate) fn has_family_of(&self, word: &str, client_id: &str) -> bool {
        family_of(word).is_some_and(|family| self.is_of(family, client_id))
    }

    /// Whether a client has something that is good for anything yet.
    pub(crate) fn has_living(&self, client_id: &str, now: SystemTime) -> bool {
        let mut pairs = self.entries.iter().filter_map(|entry| entry.pair.as_ref());
        pairs.any(|pair| pair.client_id == client_id && pair.lives(now))
    }

    /// Of each sign-in that is good for anything yet the newest entry, as they are written.
    pub(crate) fn sign_ins(&self, now: SystemTime) -> Vec<&Value> {
        let living = self.entries.iter().filter_map(|entry| {
            let pair = entry.pair.as_ref().filter(|pair| pair.lives(now))?;
            // What came of one of MCPHub's own is of a family, and stands in its place.
            let replaced = pair.family.is_none() && pair.spent.is_some();
            (!replaced).then_some((pair.family, &entry.raw))
        });
        let mut told = HashSet::new();
        // New ones are written behind.
        let newest = living
            .rev()
            .filter(|(family, _)| family.is_none_or(|of| told.insert(of)));
        let mut newest: Vec<&Value> = newest.map(|(_, raw)| raw).collect();
        newest.reverse();
        newest
    }

    fn end(&mut self, family: Digest, client_id: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| {
            let pair = entry.pair.as_ref();
            pair.is_none_or(|pair| pair.family != Some(family) || pair.client_id != client_id)
        });
        self.entries.len() != before
    }

    fn is_of(&self, family: Digest, client_id: &str) -> bool {
        self.find(|pair| pair.family == Some(family) && pair.client_id == client_id)
            .is_some()
    }

    fn find(&self, is_it: impl Fn(&Pair) -> bool) -> Option<(usize, &Pair)> {
        let pairs = self.entries.iter().enumerate();
        let mut pairs = pairs.filter_map(|(at, entry)| Some((at, entry.pair.as_ref()?)));
        pairs.find(|(_, pair)| is_it(pair))
    }

    /// Drops what is good for nothing any more.
    // rule: mcphub-token-bounds -- what has expired is forgotten, and there is only so much of the rest.
    fn forget(&mut self, now: SystemTime) {
        self.entries
            .retain(|entry| entry.pair.as_ref().is_none_or(|pair| pair.lives(now)));
    }

    /// Whoever has too many loses his own, before anybody else loses one.
    fn make_room(&mut self, coming: Option<&Pair>) {
        let family = coming.and_then(|pair| pair.family);
        let of_family = |entry: &Entry| {
            let pair = entry.pair.as_ref();
            family.is_some() && pair.is_some_and(|pair| pair.family == family)
        };
        // New ones are written behind.
        while self.entries.iter().filter(|entry| of_family(entry)).count() >= MOST_OF_A_FAMILY
            && let Some(at) = self.entries.iter().position(of_family)
        {
            self.entries.remove(at);
        }
        let of_user = |entry: &Entry| {
            let pair = entry.pair.as_ref();
            pair.zip(coming)
                .is_some_and(|(pair, coming)| pair.username == coming.username)
        };
        while self.entries.iter().filter(|entry| of_user(entry)).count() >= MOST_OF_A_USER
            && let Some(at) = self.entries.iter().position(of_user)
        {
            self.entries.remove(at);
        }
        while self.entries.len() >= MOST_PAIRS {
            self.entries.remove(0);
        }
    }
}

impl Pair {
    fn read(raw: &Value) -> Option<Self> {
        let text = |key: &str| raw.get(key).and_then(Value::as_str);
        let date = |key: &str| text(key).and_then(time::read);
        let refresh = text("refreshToken").map(Digest::read);
        Some(Self {
            access: Digest::read(text("accessToken")?),
            access_until: date("accessTokenExpiresAt")?,
            refresh: refresh.zip(date("refreshTokenExpiresAt")),
            spent: date("spentAt"),
            family: text("family").map(Digest::read),
            client_id: text("clientId")?.to_owned(),
            username: text("username")?.to_owned(),
        })
    }

    fn lives(&self, now: SystemTime) -> bool {
        let spent = self.spent.map(|spent| spent + GRACE);
        let renews = self
            .refresh
            .map(|(_, until)| spent.map_or(until, |spent| until.min(spent)));
        now < self.access_until || renews.is_some_and(|until| now < until)
    }
}

impl Grant {
    /// When it is over, whatever was renewed.
    // rule: as-grant-end -- a sign-in ends a while after the person agreed, however often its tokens were renewed.
    fn end(&self, server: &OAuthServer) -> Option<SystemTime> {
        server.grant_lifetime.map(|long| self.agreed_at + long)
    }

    pub(crate) fn is_over(&self, server: &OAuthServer, now: SystemTime) -> bool {
        self.end(server).is_some_and(|end| now >= end)
    }
}

/// When a pair ends.
struct Until {
    access: SystemTime,
    refresh: SystemTime,
}

impl Until {
    fn of(grant: &Grant, server: &OAuthServer, now: SystemTime) -> Self {
        let until = |lifetime: Duration| {
            let until = now + lifetime;
            grant.end(server).map_or(until, |end| until.min(end))
        };
        Self {
            access: until(server.access_token_lifetime),
            refresh: until(server.refresh_token_lifetime),
        }
    }
}

/// As MCPHub has it, with keys of ours.
fn entry(grant: &Grant, words: &Words, until: &Until) -> Value {
    let mut entry = json!({
        "accessToken": Digest::of(&words.access).written(),
        "accessTokenExpiresAt": time::written(until.access),
        "scope": grant.scope,
        "clientId": grant.client_id,
        "username": grant.username,
        "family": Digest::of(&grant.family).written(),
        "agreedAt": time::written(grant.agreed_at),
    });
    if let Some(refresh) = &words.refresh {
        entry["refreshToken"] = Digest::of(refresh).written().into();
        entry["refreshTokenExpiresAt"] = json!(time::written(until.refresh));
    }
    if let Some(resource) = &grant.resource {
        entry["resource"] = resource.as_str().into();
    }
    if let Some(account) = &grant.account {
        entry["account"] = account.as_str().into();
    }
    entry
}

fn read_grant(raw: &Value, family: String, now: SystemTime) -> Grant {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    Grant {
        family,
        client_id: text("clientId").unwrap_or_default(),
        username: text("username").unwrap_or_default(),
        account: text("account"),
        scope: text("scope").unwrap_or_default(),
        resource: text("resource"),
        refreshes: true,
        // MCPHub does not say when.
        agreed_at: text("agreedAt")
            .and_then(|at| time::read(&at))
            .unwrap_or(now),
    }
}

#[cfg(test)]
mod tests;

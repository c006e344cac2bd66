//! An issuer outside the hub that says who comes (`systemConfig.auth.forwardAuth`): reads its tokens, asks for its keys, and finds or makes the user.
//!
//! RFC 7519 and RFC 9068 (what a token says), RFC 8725 (how it is checked), RFC 7517 (the keys). Everything fails closed: what cannot be checked lets nobody in,
//! and a token that names this issuer counts as one of its own or not at all, also where nobody has to show anything. What the user may do then is `access`'s question, as for keys; see `vouched`.

mod keyring;
mod keys;
mod person;
mod refused;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;
use std::time::SystemTime;

use settings::{ForwardAuth, OutsideIssuer};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::fetch::Fetch;
use crate::store::Store;
use keyring::Keyring;
pub use refused::Refused;
use token::{Claims, Token};

/// The outside issuer, as far as this hub knows it. A cheap clone of one and the same.
#[derive(Clone)]
pub struct Outside {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Clock,
    keyring: Keyring,
    /// One user is made at a time.
    making: Mutex<()>,
}

/// Somebody for whom the issuer vouched, by a token that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Vouched {
    /// As it was trusted then.
    pub issuer: Arc<OutsideIssuer>,
    /// `ssoUserId` of the user.
    pub account: String,
    /// The program that came, as the issuer calls it.
    pub client: Option<String>,
    /// Those of the settings' audiences that the token was given for.
    pub audiences: Vec<String>,
    pub until: SystemTime,
}

impl Vouched {
    /// With the audiences that are addresses of the hub as they are below its prefix.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        for audience in &mut self.audiences {
            let address = url::Url::parse(audience).ok();
            let below = address.and_then(|mut address| {
                let path = address.path().strip_prefix(prefix)?.to_owned();
                address.set_path(path.strip_prefix('/').map(|_| path.as_str())?);
                Some(address)
            });
            if let Some(below) = below {
                *audience = below.into();
            }
        }
        self
    }
}

impl Outside {
    pub(crate) fn new(store: Store, fetch: Fetch, clock: Clock) -> Self {
        let inner = Inner {
            store,
            keyring: Keyring::new(fetch, clock.clone()),
            clock,
            making: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Who comes with this token; his account is there when this returns. `None`: it is no token of an issuer that the settings trust.
    pub async fn vouched(&self, presented: &str) -> Option<Result<Vouched, Refused>> {
        let settings = self.inner.store.current();
        let issuer = settings.forward_auth.issuer()?;
        let token = of_issuer(presented, issuer)?;
        // On the heap: it waits for others, and most tokens are checked without.
        let checked = Box::pin(self.checked(issuer, &token)).await;
        if let Err(refused) = &checked {
            tracing::debug!(%refused, "a token of the outside issuer lets nobody in");
        }
        Some(checked)
    }

    /// As `vouched`, by what is known already: nobody is asked, and nobody is made a user.
    #[must_use]
    pub fn known(&self, presented: &str) -> Option<Result<Vouched, Refused>> {
        let settings = self.inner.store.current();
        let issuer = settings.forward_auth.issuer()?;
        let token = of_issuer(presented, issuer)?;
        let claims = token.sound(issuer, self.inner.clock.now());
        let checked = claims.and_then(|claims| {
            self.signed(issuer, &token)?;
            Ok(claims)
        });
        Some(checked.map(|claims| claims.vouched(issuer)))
    }

    /// Whether it is a token of the issuer for this hub, by its own words, good or not: nothing of that sort is for anybody else.
    #[must_use]
    pub fn is_for_us(&self, presented: &str) -> bool {
        let settings = self.inner.store.current();
        match &settings.forward_auth {
            ForwardAuth::Off => false,
            // Whose tokens they would be is not known, so none goes on.
            ForwardAuth::Unusable => Token::read(presented).is_some(),
            ForwardAuth::On(issuer) => {
                let token = of_issuer(presented, issuer);
                token.is_some_and(|token| token.is_for(issuer))
            }
        }
    }

    async fn checked(
        &self,
        issuer: &Arc<OutsideIssuer>,
        token: &Token<'_>,
    ) -> Result<Vouched, Refused> {
        // Before anybody is asked for keys: rubbish costs the issuer nothing.
        let claims = token.sound(issuer, self.inner.clock.now())?;
        self.inner.keyring.refresh(&issuer.keys).await;
        match self.signed(issuer, token) {
            Err(Refused::UnknownKey | Refused::NoKeys) => {
                self.inner.keyring.ask(&issuer.keys).await;
                self.signed(issuer, token)?;
            }
            signed => signed?,
        }
        self.settle(issuer, &claims).await?;
        Ok(claims.vouched(issuer))
    }

    fn signed(&self, issuer: &OutsideIssuer, token: &Token<'_>) -> Result<(), Refused> {
        let keys = self.inner.keyring.known(&issuer.keys);
        token.signed(issuer, keys.as_deref().ok_or(Refused::NoKeys)?)
    }

    /// Sees to it that there is a user of this account.
    async fn settle(&self, issuer: &OutsideIssuer, claims: &Claims) -> Result<(), Refused> {
        let account = person::account(&issuer.issuer, &claims.subject);
        if person::is_known(&self.inner.store.current(), &account)? {
            return Ok(());
        }
        if !issuer.auto_create {
            // Whoever binds the account by hand has to know how it is called.
            tracing::info!(
                account,
                "somebody came with a token of the outside issuer, and has no account here"
            );
            return Err(Refused::NoAccount);
        }
        let _making = self.inner.making.lock().await;
        person::make(&self.inner.store, issuer, claims).await
    }
}

/// The issuer is compared before anything else: tokens of others are not ours to judge.
// rule: rfc9068-4
fn of_issuer<'t>(presented: &'t str, issuer: &OutsideIssuer) -> Option<Token<'t>> {
    Token::read(presented).filter(|token| token.issuer() == Some(issuer.issuer.as_str()))
}

//! Tokens that need no person: minted when the server asks for one, and again before they end or when they are refused.
//!
//! The same turn as a renewal: one at a time in the process and across processes, stored before anybody gets it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use oauth::mint::MintError;
use oauth::step::Stage;
use oauth::token_exchange::TokenExchangeError;
use oauth::{Challenge, Mint};

use super::journey::{Ask, Stop};
use super::lock::ProcessLock;
use super::means;
use super::proof_key;
use super::record::{Kept, Origin, mark, origin_of};
use super::refusal::refused_fresh;
use super::renewal::{Attempt, SHORTEST_LIFE, TURN_TIME};
use super::standing::Verdicted;
use super::subject::Subject;
use super::view::{Bearer, Needed, Refusal, State, Verdict};
use super::{Account, Shared, finished};
use crate::cause::Cause;

/// For a token request with its second attempt.
pub(super) const MINT_TIME: Duration = Duration::from_secs(20);
/// A token that was minted within this time and is refused would be refused again.
const FRESH: Duration = Duration::from_secs(60);

/// What a new token is for.
#[derive(Clone, Default)]
struct Wanted {
    challenge: Option<Challenge>,
    /// Scopes that a 403 named, with those of before.
    scopes: Vec<String>,
    /// The mark of a token that is of no use.
    refused: Option<String>,
}

impl Shared {
    /// The token to send: the one that is held, or a new one shortly before its end. Without one the server is asked
    /// first, since its refusal says who gives tokens.
    // rule: at-59
    pub(super) async fn unattended_token(
        self: &Arc<Self>,
        subject: &Subject,
    ) -> Result<Option<Bearer>, Needed> {
        let Some(kept) = own(subject) else {
            return Ok(None);
        };
        if serves(kept, self.clock.now()) {
            return Ok(Some(Bearer::of(kept, &self.clock)));
        }
        let wanted = Wanted {
            challenge: self
                .desk(&subject.account)
                .with(|memory| memory.challenge.clone()),
            scopes: kept.grant.requested.clone(),
            refused: Some(kept.mark()),
        };
        match self.minted(&subject.account, wanted).await {
            Ok(fresh) => Ok(Some(Bearer::of(&fresh, &self.clock))),
            // The old token serves while it lives.
            Err(needed) if needed.state == State::RefreshFailing => {
                if kept.grant.lives(self.clock.now()) {
                    return Ok(Some(Bearer::of(kept, &self.clock)));
                }
                Err(needed)
            }
            Err(needed) => Err(needed),
        }
    }

    /// A 401 or 403: one new token and one retry; a fresh token that is refused stays refused.
    // rule: at-59
    pub(super) async fn unattended_refused(
        self: &Arc<Self>,
        subject: &Subject,
        refusal: &Refusal,
        challenge: Option<Challenge>,
    ) -> Verdict {
        if let Some(needed) = self.blocked(subject) {
            return Verdict::Needed(needed);
        }
        let used = refusal.used.as_ref().map(|bearer| mark(bearer.token()));
        let desk = self.desk(&subject.account);
        let now = self.clock.now();
        let mut wanted = Wanted {
            challenge: challenge.clone(),
            refused: used.clone(),
            ..Wanted::default()
        };
        if let Some(kept) = own(subject) {
            if used.as_ref() != Some(&kept.mark()) && kept.grant.lives(now) {
                return Verdict::Retry(Bearer::of(kept, &self.clock));
            }
            wanted.scopes.clone_from(&kept.grant.requested);
            let fresh = desk
                .with(|memory| memory.forced.clone())
                .is_some_and(|(at, token)| {
                    token == kept.mark() && now.duration_since(at).is_ok_and(|age| age < FRESH)
                });
            if refusal.status == 403 {
                let challenge = challenge.unwrap_or_default();
                match self.more_scopes(subject, kept, &challenge).await {
                    Ok(more) => wanted.scopes = more,
                    Err(error) => {
                        return Verdict::Failed {
                            cause: (&error).into(),
                            why: error.to_string(),
                        };
                    }
                }
            } else if fresh {
                let verdict = Verdicted::new(
                    State::RejectedByResource,
                    Cause::TokenRefused,
                    refused_fresh(kept),
                );
                return Verdict::Needed(self.stand(subject, verdict));
            }
        }
        match self.minted(&subject.account, wanted).await {
            Ok(fresh) => {
                desk.with(|memory| memory.forced = Some((now, fresh.mark())));
                Verdict::Retry(Bearer::of(&fresh, &self.clock))
            }
            Err(needed) => Verdict::Needed(needed),
        }
    }

    /// A person asks for it: what stood in the way is tried again.
    pub(super) async fn mint_now(self: &Arc<Self>, subject: &Subject) -> Needed {
        let desk = self.desk(&subject.account);
        let challenge = desk.with(|memory| {
            memory.relieve();
            memory.challenge.clone()
        });
        let wanted = Wanted {
            challenge,
            refused: own(subject).map(Kept::mark),
            ..Wanted::default()
        };
        match self.minted(&subject.account, wanted).await {
            Ok(_) => {
                self.tell(super::Event::SignedIn(subject.account.clone()));
                Needed {
                    server: subject.account.server.clone(),
                    state: State::Connected,
                    reason: "a token was had without a person".to_owned(),
                    action: String::new(),
                    authorization_url: None,
                    user_code: None,
                    cause: None,
                }
            }
            Err(needed) => needed,
        }
    }

    async fn minted(self: &Arc<Self>, account: &Account, wanted: Wanted) -> Result<Kept, Needed> {
        let (shared, whose) = (self.clone(), account.clone());
        let work = finished(async move { shared.mint_in_turn(&whose, wanted).await });
        work.await.unwrap_or_else(|broken| {
            Err(Needed {
                server: account.server.clone(),
                state: State::RefreshFailing,
                reason: broken,
                action: String::new(),
                authorization_url: None,
                user_code: None,
                cause: Some(Cause::Internal),
            })
        })
    }

    async fn mint_in_turn(
        self: &Arc<Self>,
        account: &Account,
        wanted: Wanted,
    ) -> Result<Kept, Needed> {
        let desk = self.desk(account);
        let _turn = desk.renewal.lock().await;
        let (path, patience) = (self.store.real_path(), self.clock.wait_for(TURN_TIME));
        // Minting spends nothing: a process that is stuck does not keep this one from it.
        let _process = ProcessLock::acquire(&path, account, patience).await;
        self.store.reload().await;
        let gone = |error: super::SignInError| Needed {
            server: account.server.clone(),
            state: State::Disconnected,
            reason: error.to_string(),
            action: String::new(),
            authorization_url: None,
            user_code: None,
            cause: Some((&error).into()),
        };
        let subject = self.subject(account).map_err(gone)?;
        let now = self.clock.now();
        // Another one was faster.
        if let Some(kept) = own(&subject)
            && wanted.refused.as_ref() != Some(&kept.mark())
            && serves(kept, now)
        {
            return Ok(kept.clone());
        }
        let failing = desk.with(|memory| memory.failing.clone());
        if let Some(failing) = failing.filter(|failing| now < failing.until) {
            return Err(self.failing(&desk, &subject, &failing.why));
        }
        match self.mint(&subject, wanted).await {
            Ok(kept) => {
                self.keep_grant(account, kept.clone()).await;
                desk.with(super::desk::Memory::relieve);
                desk.replaced.send_replace(());
                self.driver(&subject, None)
                    .say(Stage::TokenExchange, "a token was minted and stored");
                Ok(kept)
            }
            Err(MintStop::Later(cause, why, retry_after)) => {
                let Attempt::Later { why, .. } = self.later(&desk, cause, why, retry_after) else {
                    return Err(self.failing(&desk, &subject, "not now"));
                };
                Err(self.failing(&desk, &subject, &why))
            }
            Err(MintStop::Stands(verdict)) => Err(self.stand(&subject, verdict)),
        }
    }

    async fn mint(self: &Arc<Self>, subject: &Subject, wanted: Wanted) -> Result<Kept, MintStop> {
        if subject.policy.client.is_none() {
            let reason =
                "a token without a person needs oauth.clientId; nobody is registered for it";
            let cause = Cause::UnattendedIncomplete;
            let verdict = Verdicted::new(State::NeedsClient, cause, reason);
            return Err(MintStop::Stands(verdict));
        }
        let word = means::word(subject)?;
        let driver = self.driver(subject, None);
        let ask = Ask {
            challenge: wanted.challenge,
            scopes: wanted.scopes,
            ..Ask::default()
        };
        let found = self.discover(&driver, subject, &ask).await?;
        let client = self
            .identify(
                &driver,
                subject,
                &found,
                super::identity::Purpose::Preparation,
            )
            .await?;
        let means = word.means(&driver, subject, &found).await?;
        let made = found.dpop.then(proof_key::made).transpose();
        let proof_key =
            made.map_err(|why| MintStop::Later(Cause::KeyUnusable, why.to_string(), None))?;
        let policy = subject.proving(proof_key.as_ref(), &self.clock);
        let first = Mint::start(means, &found, client, &policy, self.clock.now());
        let minted = driver.drive(first, MINT_TIME).await.map_err(|error| {
            let cause = Cause::from(&error);
            driver.say_wrong(Stage::TokenExchange, cause, "no token", error.to_string());
            MintStop::from(error)
        })?;
        driver.notes(Stage::TokenExchange, &minted.notes);
        let revocation = found.server.revocation_endpoint.as_ref();
        Ok(Kept {
            proof_key: proof_key.filter(|_| minted.grant.bound),
            origin: Some(Origin {
                client_id: minted.client.id,
                method: minted.client.method,
                revocation_endpoint: revocation.map(ToString::to_string),
                server: origin_of(&subject.policy.mcp_url),
                former: None,
            }),
            grant: minted.grant,
        })
    }
}

/// Why nothing was minted.
pub(super) enum MintStop {
    Stands(Verdicted),
    Later(Cause, String, Option<Duration>),
}

impl From<Stop> for MintStop {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Stands(verdict) => Self::Stands(verdict),
            stop @ (Stop::Trouble(..) | Stop::SameServer) => {
                let verdict = stop.verdict();
                Self::Later(verdict.cause, verdict.reason, None)
            }
        }
    }
}

impl From<MintError> for MintStop {
    fn from(error: MintError) -> Self {
        let cause = Cause::from(&error);
        match error {
            MintError::Unavailable { why, retry_after } => Self::Later(cause, why, retry_after),
            // It may be put there, or right, at any time.
            MintError::Unsigned(why) => Self::Later(cause, why.to_string(), None),
            error @ (MintError::Refused { .. } | MintError::ForeignClient { .. }) => {
                let mut verdict = Verdicted::new(State::ClientRejected, cause, error.to_string());
                "correct oauth.clientId, oauth.scopes and what proves the client, or its rights there"
                    .clone_into(&mut verdict.action);
                Self::Stands(verdict)
            }
        }
    }
}

impl From<TokenExchangeError> for MintStop {
    fn from(error: TokenExchangeError) -> Self {
        let cause = Cause::from(&error);
        match error {
            TokenExchangeError::Unavailable { why, retry_after } => {
                Self::Later(cause, why, retry_after)
            }
            TokenExchangeError::Unsigned(why) => Self::Later(cause, why.to_string(), None),
            error @ TokenExchangeError::Refused { .. } => {
                let mut verdict = Verdicted::new(State::ClientRejected, cause, error.to_string());
                "put a fresh id token into oauth.identityProvider, or correct the client there, or its rights"
                    .clone_into(&mut verdict.action);
                Self::Stands(verdict)
            }
            error @ (TokenExchangeError::Address(_) | TokenExchangeError::NoIssuer { .. }) => {
                Self::Stands(Verdicted::new(State::NeedsClient, cause, error.to_string()))
            }
        }
    }
}

/// Whether a token needs no other one yet. One of no life at all would be a new one for each request.
// rule: safe-t04
fn serves(kept: &Kept, now: SystemTime) -> bool {
    !kept.grant.ends_soon(now) || kept.is_younger(SHORTEST_LIFE, now)
}

/// The grant that the client of the settings had for itself. One of a person, or of another client, is none of it.
fn own(subject: &Subject) -> Option<&Kept> {
    let given = subject.policy.client.as_ref()?;
    subject.held.kept.as_ref().filter(|kept| {
        let same = |origin: &Origin| origin.client_id == given.id;
        kept.grant.refresh.is_none() && kept.origin.as_ref().is_some_and(same)
    })
}

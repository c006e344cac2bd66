//! Keeping a grant: renewed once for all who wait, kept through every trouble.

use std::sync::Arc;
use std::time::Duration;

use oauth::Refresh;
use oauth::grant::Next;
use oauth::refresh::Outcome;
use oauth::step::Stage;
use tokio::time::Instant;

use super::desk::{Desk, Failing};
use super::finished;
use super::lock::{ProcessLock, Turn};
use super::record::{Kept, Origin, origin_of};
use super::standing::Verdicted;
use super::subject::{Subject, held_mark};
use super::view::{Event, Needed, State};
use super::{Account, Shared};
use crate::cause::Cause;
use crate::chance;
use crate::measure::Renewal;

/// For one refresh with its second attempt.
const REFRESH_TIME: Duration = Duration::from_secs(10);
/// How long another process may take for its renewal.
pub(super) const TURN_TIME: Duration = Duration::from_secs(25);
/// However short its life is said to be, a token is not renewed more often than this.
pub(super) const SHORTEST_LIFE: Duration = Duration::from_secs(1);
/// How long a caller without a living token waits for a token endpoint in trouble.
const PATIENCE: Duration = Duration::from_secs(5);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What one attempt came to.
pub(super) enum Attempt {
    Fresh(Kept),
    /// Not now; the grant stays.
    Later {
        why: String,
        pause: Duration,
    },
    Over(Needed),
    /// There is nothing to renew any more.
    Gone,
}

/// What a renewal that says nothing about the grant is called.
const RENEWAL: Cause = Cause::RenewalFailing;

impl Shared {
    /// One renewal for all who wait. `refused` is the mark of a token that the server does not take, whatever the clock
    /// says. `None`: there is nothing to renew.
    // rule: at-01, safe-l01
    pub(super) async fn renew(
        self: &Arc<Self>,
        account: &Account,
        refused: Option<String>,
    ) -> Result<Option<Kept>, Needed> {
        let shared = self.clone();
        let (whose, server) = (account.clone(), account.server.clone());
        let work = finished(async move { shared.renew_in_turn(&whose, refused.as_deref()).await });
        match work.await {
            Ok(renewed) => renewed,
            Err(broken) => Err(Needed {
                server,
                state: State::RefreshFailing,
                reason: broken,
                action: String::new(),
                authorization_url: None,
                user_code: None,
                cause: Some(Cause::Internal),
            }),
        }
    }

    async fn renew_in_turn(
        self: &Arc<Self>,
        account: &Account,
        refused: Option<&str>,
    ) -> Result<Option<Kept>, Needed> {
        let desk = self.desk(account);
        let _turn = desk.renewal.lock().await;
        if let Some(settled) = self.settled(account, refused) {
            return settled;
        }
        let held = desk.with(|memory| memory.lock.take());
        let lock = match held {
            Some(lock) => Some(lock),
            None => {
                let (path, patience) = (self.store.real_path(), self.clock.wait_for(TURN_TIME));
                match ProcessLock::acquire(&path, account, patience).await {
                    Turn::Ours(lock) => lock,
                    Turn::Theirs => return self.not_our_turn(&desk, account, refused).await,
                }
            }
        };
        self.store.reload().await;
        let renewed = Box::pin(self.renew_alone(&desk, account, refused)).await;
        desk.with(|memory| memory.lock = lock.filter(|_| memory.unsaved.kept.is_some()));
        renewed
    }

    /// Another process may have spent the refresh token already: what it has is waited for, as any other trouble is.
    async fn not_our_turn(
        &self,
        desk: &Desk,
        account: &Account,
        refused: Option<&str>,
    ) -> Result<Option<Kept>, Needed> {
        self.store.reload().await;
        if let Some(settled) = self.settled(account, refused) {
            return settled;
        }
        let why = "another process is renewing it and has not stored what it got";
        self.later(desk, RENEWAL, why.to_owned(), None);
        match self.settled(account, refused) {
            Some(settled) => settled,
            None => Ok(None),
        }
    }

    async fn renew_alone(
        self: &Arc<Self>,
        desk: &Desk,
        account: &Account,
        refused: Option<&str>,
    ) -> Result<Option<Kept>, Needed> {
        let end = Instant::now() + self.clock.wait_for(PATIENCE);
        loop {
            if let Some(settled) = self.settled(account, refused) {
                return settled;
            }
            let Ok(subject) = self.subject(account) else {
                return Ok(None);
            };
            let Some(kept) = subject.held.kept.clone() else {
                return Ok(None);
            };
            let lives = kept.grant.lives(self.clock.now()) && refused.is_none();
            let attempt = Box::pin(self.attempt(desk, &subject, kept.clone())).await;
            self.counted(&account.server, &attempt);
            match attempt {
                Attempt::Fresh(fresh) => return Ok(Some(fresh)),
                Attempt::Over(needed) => return Err(needed),
                Attempt::Gone => return Ok(None),
                // The old token serves while it lives.
                Attempt::Later { .. } if lives => return Ok(Some(kept)),
                Attempt::Later { pause, .. }
                    if Instant::now() + self.clock.wait_for(pause) <= end =>
                {
                    self.clock.sleep(pause).await;
                    desk.with(|memory| {
                        memory
                            .failing
                            .as_mut()
                            .map(|failing| failing.until = self.clock.now())
                    });
                }
                Attempt::Later { why, .. } => return Err(self.failing(desk, &subject, &why)),
            }
        }
    }

    fn counted(&self, server: &str, attempt: &Attempt) {
        let renewal = match attempt {
            Attempt::Fresh(_) => Renewal::Done,
            Attempt::Later { .. } => Renewal::Kept,
            Attempt::Over(_) => Renewal::Lost,
            Attempt::Gone => return,
        };
        self.renewed.count(server, renewal);
    }

    /// Whether there is nothing to do any more: another one did it, or it is not time yet.
    fn settled(
        &self,
        account: &Account,
        refused: Option<&str>,
    ) -> Option<Result<Option<Kept>, Needed>> {
        let Ok(subject) = self.subject(account) else {
            return Some(Ok(None));
        };
        let Some(kept) = subject.held.kept.clone() else {
            return Some(Ok(None));
        };
        let now = self.clock.now();
        let wanted = match refused {
            Some(refused) => refused == kept.mark(),
            // A life of nothing would be a renewal for each of those who wait.
            // rule: safe-t04
            None => kept.grant.next(now) == Next::Refresh && !kept.is_younger(SHORTEST_LIFE, now),
        };
        if !wanted {
            return Some(Ok(Some(kept)));
        }
        let desk = self.desk(account);
        let failing = desk
            .with(|memory| memory.failing.clone())
            .filter(|failing| now < failing.until)?;
        if kept.grant.lives(now) && refused.is_none() {
            return Some(Ok(Some(kept)));
        }
        Some(Err(self.failing(&desk, &subject, &failing.why)))
    }

    pub(super) fn failing(&self, desk: &Desk, subject: &Subject, why: &str) -> Needed {
        let cause = desk.with(|memory| {
            let failing = memory.failing.as_mut()?;
            failing.told = true;
            Some(failing.cause)
        });
        let said = Verdicted::new(
            State::RefreshFailing,
            cause.unwrap_or(RENEWAL),
            format!("the token cannot be renewed now: {why}"),
        );
        Needed {
            server: subject.account.server.clone(),
            state: said.state,
            reason: said.reason,
            action: said.action,
            authorization_url: None,
            user_code: None,
            cause: Some(said.cause),
        }
    }

    async fn attempt(self: &Arc<Self>, desk: &Desk, subject: &Subject, kept: Kept) -> Attempt {
        let kept = match self.located(subject, kept).await {
            Ok(kept) => kept,
            Err(why) => return self.later(desk, RENEWAL, why, None),
        };
        let Some(client) = self.client_of(subject, &kept).await else {
            return self
                .over(
                    subject,
                    &kept,
                    "the client that it was given to is not known any more",
                )
                .await;
        };
        let driver = self.driver(subject, None);
        let before = kept.mark();
        // The refresh token of a public client is bound to the same key.
        // rule: rfc9449-5
        let policy = subject.proving(kept.proof_key.as_ref(), &self.clock);
        let first = Refresh::start(
            kept.grant.clone(),
            client.clone(),
            &policy,
            self.clock.now(),
        );
        let outcome = match driver.drive(Ok(first), REFRESH_TIME).await {
            Ok(outcome) => outcome,
            Err(never) => match never {},
        };
        match outcome {
            Outcome::Renewed(grant) => {
                let mut origin = kept.origin.unwrap_or(Origin {
                    client_id: client.id.clone(),
                    method: client.method,
                    revocation_endpoint: None,
                    server: None,
                    former: None,
                });
                origin.server = origin.server.or_else(|| origin_of(&subject.policy.mcp_url));
                let renewed = Kept {
                    proof_key: kept.proof_key,
                    grant,
                    origin: Some(origin),
                };
                self.settle(desk, subject, &before, renewed).await
            }
            Outcome::Dead(why) => self.over(subject, &kept, &why).await,
            Outcome::ClientLost(why) => self.client_lost(subject, &kept, &client, &why).await,
            Outcome::Doubtful(why) => {
                let doubts = desk.with(|memory| {
                    memory.doubts += 1;
                    memory.doubts
                });
                // rule: safe-l07
                if doubts > 1 {
                    return self.over(subject, &kept, &why).await;
                }
                self.later(desk, RENEWAL, why, None)
            }
            Outcome::Trouble { why, retry_after } => self.later(desk, RENEWAL, why, retry_after),
        }
    }

    /// Stored before anybody uses it: the old refresh token may be spent. A sign-in that came meanwhile is the newer word; tokens that were deleted meanwhile stay deleted.
    async fn settle(
        self: &Arc<Self>,
        desk: &Desk,
        subject: &Subject,
        before: &str,
        renewed: Kept,
    ) -> Attempt {
        let account = &subject.account;
        if self.keep_renewed(account, before, &renewed).await {
            return Attempt::Fresh(self.renewed(desk, subject, renewed));
        }
        // The entry has another name now: what it was given goes with it.
        if let Some(moved) = self.moved(account, before)
            && self.keep_renewed(&moved, before, &renewed).await
        {
            let decision = format!("renewed; the server is called {moved} now");
            self.driver(subject, None).say(Stage::Refresh, decision);
            return Attempt::Gone;
        }
        match self.subject(account).ok().and_then(|now| now.held.kept) {
            Some(newer) => Attempt::Fresh(newer),
            None => {
                let decision = "the tokens were deleted meanwhile; the renewed ones are dropped";
                self.driver(subject, None).say(Stage::Refresh, decision);
                Attempt::Gone
            }
        }
    }

    /// The account that holds the grant with this mark, when the one that held it is gone.
    fn moved(&self, from: &Account, mark: &str) -> Option<Account> {
        let settings = self.store.current();
        if settings.server(&from.server).is_some() {
            return None;
        }
        let accounts = settings.servers.iter().map(|server| Account {
            server: server.name.to_string(),
            user: from.user.clone(),
        });
        accounts
            .filter(|account| held_mark(&settings, account).as_deref() == Some(mark))
            .find(|account| account != from)
    }

    fn renewed(&self, desk: &Desk, subject: &Subject, kept: Kept) -> Kept {
        let told = desk.with(|memory| {
            let told = memory.failing.as_ref().is_some_and(|failing| failing.told);
            memory.relieve();
            told
        });
        self.driver(subject, None)
            .say(Stage::Refresh, "renewed and stored");
        desk.replaced.send_replace(());
        if told {
            self.tell(Event::SignedIn(subject.account.clone()));
        }
        kept
    }

    // 1, 2, 4 ... 60 s with some chance in it, or what the server says.
    // rule: at-09, safe-l05
    pub(super) fn later(
        &self,
        desk: &Desk,
        cause: Cause,
        why: String,
        retry_after: Option<Duration>,
    ) -> Attempt {
        let [jitter] = chance::bytes::<1>();
        let now = self.clock.now();
        let pause = desk.with(|memory| {
            let attempts = memory
                .failing
                .as_ref()
                .map_or(0, |failing| failing.attempts);
            let told = memory.failing.as_ref().is_some_and(|failing| failing.told);
            let doubled = Duration::from_secs(1 << attempts.min(6)).min(LONGEST_PAUSE);
            let own = doubled.mul_f64(1.0 + f64::from(jitter) / 1024.0);
            // A server that wants to be asked again at once is believed once.
            let least = if attempts == 0 {
                Duration::ZERO
            } else {
                doubled / 2
            };
            let pause = retry_after.map_or(own, |after| after.max(least));
            let failing = Failing {
                cause,
                why: why.clone(),
                attempts: attempts + 1,
                until: now + pause,
                told,
            };
            memory.failing = Some(failing);
            pause
        });
        Attempt::Later { why, pause }
    }

    /// Tokens that came without their origin (put there by hand, or by another program) are asked about first.
    async fn located(&self, subject: &Subject, mut kept: Kept) -> Result<Kept, String> {
        if !kept.grant.token_endpoint.is_empty() {
            return Ok(kept);
        }
        let driver = self.driver(subject, None);
        let challenge = self
            .desk(&subject.account)
            .with(|memory| memory.challenge.clone());
        let found = self.search(&driver, subject, challenge, false).await;
        let found = found.map_err(|error| error.to_string())?;
        kept.grant.issuer = found.server.identity();
        kept.grant.token_endpoint = found.server.token_endpoint.to_string();
        kept.grant.resource = found.resource;
        Ok(kept)
    }
}

//! A 401 or 403 from an upstream: another token, a sign-in, or the end of it.

use std::sync::Arc;
use std::time::Duration;

use oauth::Challenge;
use oauth::scope::{self, StepUpError};
use oauth::step::Stage;

use super::journey::{Ask, Stop};
use super::record::{Kept, mark};
use super::standing::Verdicted;
use super::subject::Subject;
use super::view::{Bearer, Refusal, SignInError, State, Verdict};
use super::{Account, Shared};
use crate::cause::Cause;

/// A token that was refused within this time of its birth is refused for good.
const FRESH: Duration = Duration::from_secs(60);
/// The same for a token that does not say how long it lives: it may have ended already.
const FRESH_UNKNOWN: Duration = Duration::from_secs(5);

const NEVER: (Cause, &str) = (Cause::SignInNeeded, "never signed in");
const ENDED: (Cause, &str) = (Cause::SignInEnded, "the sign-in has ended");

impl Shared {
    // A 401 at any time means that authorization is required or that the token is invalid; a 403 that it is too
    // small.
    // rule: mcp-auth-401-any-time, at-45
    pub(super) async fn refused(self: &Arc<Self>, account: &Account, refusal: Refusal) -> Verdict {
        let subject = match self.subject(account) {
            Ok(subject) => subject,
            Err(error) => return failed(&error),
        };
        let challenge = Challenge::parse(refusal.challenges.iter().map(String::as_str));
        if let Some(challenge) = &challenge {
            self.desk(account)
                .with(|memory| memory.challenge = Some(challenge.clone()));
        }
        if subject.policy.grant_type.is_unattended() {
            return self.unattended_refused(&subject, &refusal, challenge).await;
        }
        let used = refusal.used.as_ref().map(|bearer| mark(bearer.token()));
        match &subject.held.kept {
            // Somebody signed in or renewed meanwhile.
            Some(kept) if used.as_ref() != Some(&kept.mark()) => match self.token(account).await {
                Ok(Some(bearer)) => Verdict::Retry(bearer),
                Ok(None) => self.sign_in(&subject, challenge, NEVER).await,
                Err(needed) => Verdict::Needed(needed),
            },
            Some(kept) if refusal.status == 403 => self.step_up(&subject, kept, challenge).await,
            Some(kept) => self.rejected(&subject, kept, challenge).await,
            None => {
                let signed_out = self.desk(account).with(|memory| memory.signed_out);
                let reason = match &subject.held.before {
                    _ if signed_out => (Cause::SignInNeeded, "signed out"),
                    None => NEVER,
                    Some(_) => ENDED,
                };
                self.sign_in(&subject, challenge, reason).await
            }
        }
    }

    /// A token that worked once is not refused for good, however young it is.
    // rule: safe-l02
    pub(super) fn accepted(&self, account: &Account, used: &Bearer) {
        self.desk(account).with(|memory| {
            memory
                .forced
                .take_if(|(_, token)| *token == mark(used.token()));
        });
    }

    /// The server refuses a token that we hold.
    // rule: safe-l10
    async fn rejected(
        self: &Arc<Self>,
        subject: &Subject,
        kept: &Kept,
        challenge: Option<Challenge>,
    ) -> Verdict {
        let now = self.clock.now();
        let known = kept.grant.expires_at.is_some();
        let window = if known { FRESH } else { FRESH_UNKNOWN };
        let within = |at| now.duration_since(at).is_ok_and(|age| age < window);
        let lives = kept.grant.lives(now);
        let desk = self.desk(&subject.account);
        let forced = desk
            .with(|memory| memory.forced.clone())
            .is_some_and(|(at, token)| within(at) && token == kept.mark());
        // One forced renewal, one retry of the request.
        // rule: at-05
        if kept.grant.refresh.is_some() && !(lives && forced) {
            return match self.renew(&subject.account, Some(kept.mark())).await {
                Ok(Some(fresh)) => {
                    desk.with(|memory| memory.forced = Some((now, fresh.mark())));
                    Verdict::Retry(Bearer::of(&fresh, &self.clock))
                }
                Ok(None) => self.sign_in(subject, challenge, ENDED).await,
                Err(needed) => Verdict::Needed(needed),
            };
        }
        let fresh = lives && (forced || kept.grant.issued_at.is_some_and(within));
        if !fresh {
            let reason = "the server does not take the token any more, and it cannot be renewed";
            let reason = (Cause::SignInEnded, reason);
            return self.sign_in(subject, challenge, reason).await;
        }
        let other_than = Some(kept.grant.issuer.clone()).filter(|issuer| !issuer.is_empty());
        let _flow = desk.flow.lock().await;
        let ask = Ask {
            challenge,
            other_than,
            ..Ask::default()
        };
        match self
            .offer(
                subject,
                ask,
                (
                    Cause::SignInNeeded,
                    "the server uses another authorization server now",
                ),
            )
            .await
        {
            Ok(needed) => Verdict::Needed(needed),
            Err(Stop::SameServer) => {
                let reason = refused_fresh(kept);
                let cause = Cause::TokenRefused;
                let decision = "a fresh token is refused";
                self.driver(subject, None).say_wrong(
                    Stage::Connect,
                    cause,
                    decision,
                    reason.clone(),
                );
                let verdict = Verdicted::new(State::RejectedByResource, cause, reason);
                Verdict::Needed(self.stand(subject, verdict))
            }
            Err(stop) => self.stop(subject, stop),
        }
    }

    /// What to ask for after a 403: all of before and what is challenged, a few times only, counted over restarts too.
    // rule: safe-l11
    pub(super) async fn more_scopes(
        &self,
        subject: &Subject,
        kept: &Kept,
        challenge: &Challenge,
    ) -> Result<Vec<String>, StepUpError> {
        let (now, token) = (self.clock.now(), kept.mark());
        let requested = &kept.grant.requested;
        let (scopes, news) = self.desk(&subject.account).with(|memory| {
            let history = &mut memory.step_ups;
            history.join(subject.held.step_ups.clone());
            let scopes = scope::step_up(requested, challenge, history, &token, now);
            let news = history.refused != subject.held.step_ups.refused;
            (scopes, news.then(|| history.clone()))
        });
        if let Some(history) = news {
            let url = &subject.policy.mcp_url;
            self.keep_step_ups(&subject.account, &history, url).await;
        }
        scopes
    }

    /// The server wants more scopes than the token has; never a refresh.
    async fn step_up(
        self: &Arc<Self>,
        subject: &Subject,
        kept: &Kept,
        challenge: Option<Challenge>,
    ) -> Verdict {
        let desk = self.desk(&subject.account);
        let driver = self.driver(subject, None);
        let challenge = challenge.unwrap_or_default();
        match self.more_scopes(subject, kept, &challenge).await {
            Err(error) => {
                let (cause, why) = (Cause::from(&error), error.to_string());
                let decision = "no further sign-in is asked for";
                driver.say_wrong(Stage::StepUp, cause, decision, why.clone());
                let verdict = Verdicted::new(State::Disconnected, cause, why.clone());
                self.stand(subject, verdict);
                Verdict::Failed { cause, why }
            }
            Ok(scopes) => {
                driver.say(
                    Stage::StepUp,
                    format!("more scopes are needed: {}", scopes.join(" ")),
                );
                let _flow = desk.flow.lock().await;
                let ask = Ask {
                    challenge: Some(challenge),
                    scopes,
                    ..Ask::default()
                };
                let reason = (Cause::TokenTooLittle, "more scopes are needed");
                match self.offer(subject, ask, reason).await {
                    Ok(needed) => {
                        // The others' requests go on with the scopes that are there.
                        desk.with(|memory| {
                            if let Some(standing) = &mut memory.standing {
                                standing.leaves_token = true;
                            }
                        });
                        Verdict::Needed(needed)
                    }
                    Err(stop) => self.stop(subject, stop),
                }
            }
        }
    }

    /// A link, unless somebody signed in while we waited for our turn.
    pub(super) async fn sign_in(
        self: &Arc<Self>,
        subject: &Subject,
        challenge: Option<Challenge>,
        reason: (Cause, &str),
    ) -> Verdict {
        let desk = self.desk(&subject.account);
        let _flow = desk.flow.lock().await;
        let subject = match self.subject(&subject.account) {
            Ok(fresh) => {
                let mark = |subject: &Subject| subject.held.kept.as_ref().map(Kept::mark);
                match &fresh.held.kept {
                    Some(kept) if mark(&fresh) != mark(subject) => {
                        return Verdict::Retry(Bearer::of(kept, &self.clock));
                    }
                    Some(_) | None => fresh,
                }
            }
            Err(error) => return failed(&error),
        };
        // Met before, and nothing has changed since.
        if let Some(needed) = self
            .blocked(&subject)
            .filter(|needed| needed.state != State::OauthRequired)
        {
            return Verdict::Needed(needed);
        }
        let ask = Ask {
            challenge,
            ..Ask::default()
        };
        match self.offer(&subject, ask, reason).await {
            Ok(needed) => Verdict::Needed(needed),
            Err(stop) => self.stop(&subject, stop),
        }
    }

    fn stop(&self, subject: &Subject, stop: Stop) -> Verdict {
        match stop {
            Stop::Stands(verdict) => Verdict::Needed(self.stand(subject, verdict)),
            stop @ (Stop::Trouble(..) | Stop::SameServer) => {
                let stands = matches!(stop, Stop::Trouble(..));
                let verdict = stop.verdict();
                let (cause, why) = (verdict.cause, verdict.reason.clone());
                if stands {
                    self.stand(subject, verdict);
                }
                Verdict::Failed { cause, why }
            }
        }
    }
}

fn failed(error: &SignInError) -> Verdict {
    Verdict::Failed {
        cause: error.into(),
        why: error.to_string(),
    }
}

/// What a person compares with the console over there: for whom the token is, what it may, and whom it was given to.
// rule: mcp-auth-401-any-time
pub(super) fn refused_fresh(kept: &Kept) -> String {
    let grant = &kept.grant;
    let audience = grant.audience();
    let client = kept.origin.as_ref().map(|origin| origin.client_id.as_str());
    format!(
        "the server refuses a fresh token of {} (audience {:?}, scope {:?}, resource {:?}, client {:?})",
        grant.issuer,
        audience.as_deref().unwrap_or("not readable"),
        grant.scopes.join(" "),
        grant.resource.as_deref().unwrap_or("not sent"),
        client.unwrap_or("not known"),
    )
}

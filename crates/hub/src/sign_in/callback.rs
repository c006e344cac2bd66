//! What comes back from a person's browser: one answer for one state, and the code in it for a token.

mod again;
mod pasted;

use std::sync::Arc;
use std::time::Duration;

use oauth::authorization::{Answer, AnswerError, Code};
use oauth::exchange::{Exchange, ExchangeError, Exchanged, is_client_error};
use oauth::step::Stage;
use settings::Settings;

use super::proof_key;
use super::record::{Kept, Origin, Waiting, client_named};
use super::standing::Verdicted;
use super::subject::{Subject, address};
use super::view::{CallbackError, Completed, Event, State};
use super::{Account, Shared};
use crate::cause::Cause;
use secrecy::SecretString;

/// For the exchange of a code, with its second attempt.
const EXCHANGE_TIME: Duration = Duration::from_secs(20);

impl Shared {
    /// A callback's query. `only`: it was pasted for this server.
    pub(super) async fn callback(
        self: &Arc<Self>,
        query: &str,
        only: Option<&Account>,
    ) -> Result<Completed, CallbackError> {
        let answer =
            Answer::parse(query).map_err(|error| CallbackError::Malformed(error.to_string()))?;
        let hash = answer.state_hash();
        // rule: safe-c02
        if self.is_used(&hash) {
            return Err(CallbackError::AlreadyUsed);
        }
        let account = self.waits_for(&hash).ok_or(CallbackError::UnknownState)?;
        if only.is_some_and(|only| *only != account) {
            let text = format!("this answer belongs to the sign-in of {account}");
            return Err(CallbackError::Malformed(text));
        }
        let desk = self.desk(&account);
        let _flow = desk.flow.lock().await;
        let (subject, waiting) =
            self.take(&account, |waiting| waiting.pending.state_hash == hash)?;
        match waiting.pending.clone().accept(answer, self.clock.now()) {
            Ok(code) => {
                self.used_once(&account, &hash).await?;
                self.exchange(&subject, &waiting, code).await
            }
            // Nothing that the stranger sent is used, and the sign-in goes on waiting.
            Err(error @ (AnswerError::Missing(_) | AnswerError::Twice(_))) => {
                Err(CallbackError::Malformed(error.to_string()))
            }
            Err(AnswerError::ForeignState) => Err(CallbackError::UnknownState),
            Err(error) => {
                self.used_once(&account, &hash).await?;
                self.denied(&subject, &waiting, error).await
            }
        }
    }

    /// The account whose sign-in waits for this state.
    // rule: safe-c02
    fn waits_for(&self, hash: &str) -> Option<Account> {
        let accounts = self.accounts(&self.store.current());
        let waits = |account: &Account| {
            let subject = self.subject(account).ok();
            let waiting = subject.and_then(|subject| subject.held.waiting);
            waiting.is_some_and(|waiting| waiting.pending.state_hash == hash)
        };
        accounts.into_iter().find(waits)
    }

    fn take(
        &self,
        account: &Account,
        fits: impl Fn(&Waiting) -> bool,
    ) -> Result<(Subject, Waiting), CallbackError> {
        let subject = self
            .subject(account)
            .map_err(|_| CallbackError::UnknownState)?;
        let waiting = subject.held.waiting.clone().filter(fits);
        match waiting {
            Some(waiting) => Ok((subject, waiting)),
            None => Err(CallbackError::UnknownState),
        }
    }

    /// A state works once, also when the same callback comes twenty times at the same moment, and to two hubs.
    // rule: at-65, safe-c13
    async fn used_once(
        self: &Arc<Self>,
        account: &Account,
        hash: &str,
    ) -> Result<(), CallbackError> {
        if self.use_up(hash) && self.spend_waiting(account, hash).await {
            return Ok(());
        }
        Err(CallbackError::AlreadyUsed)
    }

    async fn denied(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        error: AnswerError,
    ) -> Result<Completed, CallbackError> {
        let driver = self.driver(subject, Some(&waiting.id));
        let given = subject.policy.client.is_some();
        let cause = match given && is_about_the_client(&error) {
            true => Cause::ClientRejected,
            false => Cause::from(&error),
        };
        driver.say_wrong(Stage::Callback, cause, "refused", compared(&error));
        match error {
            AnswerError::Denied {
                error,
                description,
                again,
            } => {
                if let Some(healed) = again.0 {
                    return self.heal(subject, waiting, &error, healed).await;
                }
                if is_client_error(&error) {
                    return self.client_refused(subject, waiting, &error).await;
                }
                let reason = format!("the authorization server answered {error}");
                let cause = Cause::of_no(&error);
                self.left(subject, (State::OauthRequired, cause), reason);
                let server = subject.account.server.clone();
                Err(CallbackError::Denied {
                    server,
                    error,
                    description,
                })
            }
            error @ (AnswerError::IssuerMissing { .. } | AnswerError::WrongIssuer { .. }) => {
                let why = (State::Disconnected, Cause::AnswerElsewhere);
                self.left(subject, why, error.to_string());
                Err(CallbackError::WrongIssuer(error.to_string()))
            }
            AnswerError::TooOld | AnswerError::ForeignState => Err(CallbackError::UnknownState),
            error @ (AnswerError::Missing(_) | AnswerError::Twice(_)) => {
                Err(CallbackError::Malformed(error.to_string()))
            }
        }
    }

    async fn exchange(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        code: Code,
    ) -> Result<Completed, CallbackError> {
        let driver = self.driver(subject, Some(&waiting.id));
        let accepted = match code.named {
            true => "accepted: state and issuer are right",
            false => "accepted: the state is right; it does not name its issuer",
        };
        driver.say(Stage::Callback, accepted);
        let pending = &waiting.pending;
        let client = client_named(
            &pending.client_id,
            &subject.policy,
            subject.held.client.as_ref(),
            &waiting.identity(),
        );
        let Some(client) = client else {
            let reason =
                "the client that the sign-in was started with is not known any more".to_owned();
            let cause = Cause::ClientElsewhere;
            return Err(CallbackError::Exchange {
                account: subject.account.clone(),
                cause,
                reason,
            });
        };
        let registered = client.is_registered();
        let before = self.store.current();
        let given = subject.policy.client.is_some();
        let proof_key = match pending.dpop.then(proof_key::made).transpose() {
            Ok(proof_key) => proof_key,
            Err(unsigned) => return Err(self.failed(subject, waiting, &unsigned.into())),
        };
        let policy = subject.proving(proof_key.as_ref(), &self.clock);
        let first = Exchange::start(code, client, &policy, self.clock.now());
        match driver.drive(first, EXCHANGE_TIME).await {
            Ok(exchanged) => {
                driver.notes(Stage::TokenExchange, &exchanged.notes);
                self.store.reload().await;
                let now = self.renamed(subject, &before);
                let account = now.unwrap_or_else(|| subject.account.clone());
                let server = account.server.clone();
                let origin = (
                    waiting.pending.revocation_endpoint.clone(),
                    waiting.server.clone(),
                );
                self.signed_in(account, subject, origin, (exchanged, proof_key))
                    .await;
                driver.say(Stage::Connect, "signed in; the token is stored");
                Ok(Completed {
                    server,
                    user: subject.account.user.clone(),
                    again: None,
                })
            }
            Err(ExchangeError::Again { error, healed }) => {
                self.heal(subject, waiting, &error, healed).await
            }
            // Our own document was not taken as a client: registration is the way then, once.
            Err(error @ ExchangeError::Client { .. }) if registered || !given => {
                self.as_another(subject, waiting, &error.to_string()).await
            }
            Err(error) => {
                let cause = Cause::from(&error);
                driver.say_wrong(Stage::TokenExchange, cause, "failed", error.to_string());
                Err(self.failed(subject, waiting, &error))
            }
        }
    }

    /// The settings' client stays whatever happens.
    fn failed(&self, subject: &Subject, waiting: &Waiting, error: &ExchangeError) -> CallbackError {
        if matches!(error, ExchangeError::Client { .. }) {
            return self.settings_client_rejected(subject, waiting, &error.to_string());
        }
        let (account, reason) = (subject.account.clone(), error.to_string());
        let cause = Cause::from(error);
        self.left(subject, (State::OauthRequired, cause), reason.clone());
        CallbackError::Exchange {
            account,
            cause,
            reason,
        }
    }

    /// What a person needs to compare in the console over there: the end of the id, and the callback.
    fn settings_client_rejected(
        &self,
        subject: &Subject,
        waiting: &Waiting,
        said: &str,
    ) -> CallbackError {
        let pending = &waiting.pending;
        let id: Vec<char> = pending.client_id.chars().collect();
        let tail: String = id[id.len().saturating_sub(4)..].iter().collect();
        let reason = format!(
            "{said}; the id of the settings ends in {tail:?}, and its callback there must be {}",
            pending.redirect_uri
        );
        let why = (State::ClientRejected, Cause::ClientRejected);
        self.left(subject, why, reason.clone());
        let account = subject.account.clone();
        CallbackError::Client { account, reason }
    }

    /// Stores what came, with where it is given back and for which server it is.
    pub(super) async fn signed_in(
        self: &Arc<Self>,
        account: Account,
        subject: &Subject,
        (revocation_endpoint, server): (Option<String>, Option<String>),
        (exchanged, proof_key): (Exchanged, Option<SecretString>),
    ) {
        let Exchanged { grant, client, .. } = exchanged;
        let origin = Origin {
            client_id: client.id.clone(),
            method: client.method,
            revocation_endpoint,
            server,
            former: None,
        };
        if client.is_registered()
            && subject
                .held
                .client
                .as_ref()
                .is_some_and(|held| held.method != client.method)
        {
            self.keep_client(&account, &client).await;
        }
        self.keep_grant(
            &account,
            Kept {
                proof_key: proof_key.filter(|_| grant.bound),
                grant,
                origin: Some(origin),
            },
        )
        .await;
        self.desk(&account).with(|memory| {
            memory.relieve();
            memory.forced = None;
        });
        self.tell(Event::SignedIn(account));
    }

    /// The account of an entry that has another name since then: the only new one with the same address and the same
    /// decisions of a person, when the old name is gone.
    fn renamed(&self, subject: &Subject, before: &Settings) -> Option<Account> {
        let now = self.store.current();
        if now.server(&subject.account.server).is_some() {
            return None;
        }
        let mut candidates = now.servers.iter().filter(|server| {
            before.server(&server.name).is_none()
                && address(server) == Some(&subject.policy.mcp_url)
                && server.oauth.given() == subject.given
        });
        let only = candidates.next().filter(|_| candidates.next().is_none())?;
        Some(Account::of(&only.name, subject.account.user.as_deref()))
    }

    /// A sign-in ended without a token. A grant that works is not touched by that.
    pub(super) fn left(&self, subject: &Subject, (state, cause): (State, Cause), reason: String) {
        let Ok(mut subject) = self.subject(&subject.account) else {
            return;
        };
        subject.held.waiting = None;
        subject.held.typing = None;
        let usable = subject.held.kept.is_some();
        let standing = self
            .desk(&subject.account)
            .with(|memory| memory.standing.is_some());
        if standing || !usable {
            self.stand(&subject, Verdicted::new(state, cause, reason));
        }
    }
}

fn is_plain_address(text: &str) -> bool {
    const LONGEST: usize = 120;
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~:/[]".contains(&it);
    text.len() <= LONGEST
        && text.bytes().all(plain)
        && url::Url::parse(text).is_ok_and(|url| url.has_host())
}

/// It is not taken as a client, and nothing can be left out to change that.
fn is_about_the_client(error: &AnswerError) -> bool {
    matches!(error, AnswerError::Denied { error, again, .. } if again.0.is_none() && is_client_error(error))
}

/// For the journal: where two issuers disagree, both of them. The foreign one is a stranger's word that people and models read: it is
/// told where it is an address, and to nobody who is not logged in.
// rule: safe-c05
fn compared(error: &AnswerError) -> String {
    match error {
        AnswerError::WrongIssuer { expected, named } => {
            let named = match is_plain_address(named) {
                true => format!("{named:?}"),
                false => "no address".to_owned(),
            };
            format!("iss is {named}, expected {expected:?}")
        }
        AnswerError::Missing(_)
        | AnswerError::Twice(_)
        | AnswerError::ForeignState
        | AnswerError::TooOld
        | AnswerError::IssuerMissing { .. }
        | AnswerError::Denied { .. } => error.to_string(),
    }
}

//! What comes back from a person's browser, or from a person's clipboard.

use std::sync::Arc;
use std::time::Duration;

use oauth::authorization::{Answer, AnswerError, Code, Healed};
use oauth::exchange::{Exchange, ExchangeError, Exchanged, is_client_error};
use oauth::step::Stage;
use settings::Settings;

use super::journey::Ask;
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

    /// What a person pasted.
    // rule: at-12
    pub(super) async fn complete(
        self: &Arc<Self>,
        account: &Account,
        pasted: &str,
    ) -> Result<Completed, CallbackError> {
        let pasted = pasted.trim();
        if let Some(query) = query_of(pasted) {
            return self.callback(&query, Some(account)).await;
        }
        if pasted.is_empty() {
            return Err(CallbackError::Malformed("nothing was pasted".to_owned()));
        }
        if pasted.contains("://") {
            let text =
                "the pasted address carries no answer of a login server (?code=...&state=...)";
            return Err(CallbackError::Malformed(text.to_owned()));
        }
        let desk = self.desk(account);
        let _flow = desk.flow.lock().await;
        let (subject, waiting) = self.take(account, |_| true)?;
        let code = waiting
            .pending
            .clone()
            .accept_bare(&decoded(pasted), self.clock.now());
        let code = code.map_err(|error| match error {
            AnswerError::TooOld => CallbackError::UnknownState,
            // Nobody mixed anything up: the person left out what names the sender, or pasted something else.
            AnswerError::IssuerMissing { .. } => {
                let text = "this authorization server says who it is beside the code, and that has to be checked; paste the whole address";
                CallbackError::Malformed(text.to_owned())
            }
            error @ (AnswerError::Missing(_)
            | AnswerError::Twice(_)
            | AnswerError::ForeignState
            | AnswerError::WrongIssuer { .. }
            | AnswerError::Denied { .. }) => CallbackError::Malformed(error.to_string()),
        })?;
        self.used_once(account, &waiting.pending.state_hash).await?;
        self.exchange(&subject, &waiting, code).await
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
        driver.say_wrong(
            Stage::Callback,
            Cause::from(&error),
            "refused",
            error.to_string(),
        );
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

    /// Sends the browser once more, without what the authorization server did not like.
    // rule: at-14
    async fn heal(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        error: &str,
        healed: Healed,
    ) -> Result<Completed, CallbackError> {
        let left_out = if healed.scope { "scope" } else { "resource" };
        self.driver(subject, Some(&waiting.id)).say_why(
            Stage::Heal,
            format!("asked again without {left_out}"),
            error,
        );
        let ask = Ask {
            healed,
            ..self.same_again(subject, waiting)
        };
        self.again(subject, ask).await
    }

    /// What was asked for, to be asked for once more while the browser is still there.
    fn same_again(&self, subject: &Subject, waiting: &Waiting) -> Ask {
        let desk = self.desk(&subject.account);
        Ask {
            challenge: desk.with(|memory| memory.challenge.clone()),
            scopes: waiting.pending.scopes.clone(),
            healed: waiting.pending.healed,
            ..Ask::default()
        }
    }

    /// The authorization endpoint does not know the client: the settings' own is the person's to correct.
    async fn client_refused(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        error: &str,
    ) -> Result<Completed, CallbackError> {
        self.documents.forget(&waiting.identity());
        if subject.policy.client.is_none() {
            return self.as_another(subject, waiting, error).await;
        }
        let said = format!("the authorization server answered {error}");
        Err(self.settings_client_rejected(subject, waiting, &said))
    }

    /// Sends the browser once more as another client: a registered one that is forgotten there is replaced, and our document,
    /// where it is not taken, by a registration. Registration rests for ten minutes, so this ends.
    // rule: at-06, at-53
    async fn as_another(
        self: &Arc<Self>,
        subject: &Subject,
        waiting: &Waiting,
        error: &str,
    ) -> Result<Completed, CallbackError> {
        let held = subject.held.client.clone();
        let refused = held.filter(|held| held.id == waiting.pending.client_id);
        let registered = refused.is_some();
        let decision = if registered {
            "the client is not known there; another one is registered"
        } else {
            "our document was not taken as a client; one is registered instead"
        };
        let driver = self.driver(subject, Some(&waiting.id));
        driver.say_why(Stage::Heal, decision, error);
        if !registered {
            self.desk_of_all(&subject.account)
                .with(|memory| memory.document_refused = true);
        }
        let Ok(subject) = self.subject(&subject.account) else {
            return Err(CallbackError::UnknownState);
        };
        let ask = Ask {
            another_client: registered,
            ..self.same_again(&subject, waiting)
        };
        let done = self.again(&subject, ask).await;
        if done.is_err()
            && let Some(refused) = refused
        {
            // Of no use any more; whoever signs in later gets another one.
            self.drop_client(&subject.account, &refused).await;
        }
        done
    }

    async fn again(
        self: &Arc<Self>,
        subject: &Subject,
        ask: Ask,
    ) -> Result<Completed, CallbackError> {
        let account = subject.account.clone();
        match self.journey(subject, ask).await {
            Ok(waiting) => Ok(Completed {
                server: account.server,
                user: account.user,
                again: Some(waiting.link),
            }),
            Err(stop) => {
                let verdict = stop.verdict();
                let (cause, reason) = (verdict.cause, verdict.reason.clone());
                self.stand(subject, verdict);
                Err(CallbackError::Exchange {
                    account,
                    cause,
                    reason,
                })
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

/// The query in what was pasted; `None`: it is a bare code.
fn query_of(pasted: &str) -> Option<String> {
    if let Some((_, rest)) = pasted.split_once('?').filter(|_| pasted.contains("://")) {
        let query = rest.split('#').next().unwrap_or_default();
        return Some(query.to_owned());
    }
    let query = pasted.strip_prefix('?').unwrap_or(pasted);
    let first = query.split('=').next().unwrap_or_default();
    let known = [
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "scope",
        "session_state",
    ];
    (query.contains('=') && known.contains(&first)).then(|| query.to_owned())
}

/// A code that was copied out of an address is still encoded as it was there.
fn decoded(code: &str) -> String {
    let pair = format!("code={}", code.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, code)| code.into_owned())
        .unwrap_or_default()
}

//! Signing in by a code that a person types on any machine: the code, and one task for each that asks until it was typed.
//!
//! RFC 8628, whose rules are in `oauth::device`. What waits is in the settings file, so asking goes on after a restart; it
//! ends when what waits is gone from there: signed out, begun anew, another client, the server switched off or removed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use oauth::client::Kind;
use oauth::device::{Begun, Device, DeviceAuthorization, DeviceError, Over, Poll, Polled};
use oauth::step::Stage;
use oauth::{Client, scope};
use settings::Settings;
use tokio::sync::watch;

use super::drive::Driver;
use super::identity::Purpose;
use super::journey::{Ask, Stop};
use super::lock::{ProcessLock, Turn};
use super::record::{Typing, client_named, origin_of};
use super::standing::Verdicted;
use super::subject::Subject;
use super::view::{Link, State, Typed};
use super::{Account, Shared};
use crate::cause::Cause;
use crate::chance;

/// For the request of a code, with its second attempts.
const BEGIN_TIME: Duration = Duration::from_secs(20);
/// For one question.
const POLL_TIME: Duration = Duration::from_secs(10);
/// How long another process that asks about the same code is waited for at a time.
const TURN_TIME: Duration = Duration::from_secs(5);

/// Asks about every code that waits, those of a former start too. Runs until the last handle is gone.
pub(super) async fn go_on(shared: Weak<Shared>, mut settings: watch::Receiver<Arc<Settings>>) {
    loop {
        let now = settings.borrow_and_update().clone();
        let Some(living) = shared.upgrade() else {
            return;
        };
        for account in living.accounts(&now) {
            living.ask_about_code(&account);
        }
        drop(living);
        if settings.changed().await.is_err() {
            return;
        }
    }
}

impl Shared {
    /// The code that waits, or a new one. The caller holds the flow.
    // rule: at-58, at-30
    pub(super) async fn code_to_type(
        self: &Arc<Self>,
        subject: &Subject,
        ask: Ask,
    ) -> Result<Link, Stop> {
        let device = match self.still_typing(subject, &ask) {
            Some(typing) => typing.device,
            None => self.new_code(subject, ask).await?,
        };
        self.ask_about_code(&subject.account);
        Ok(Link {
            url: device.link().to_owned(),
            expires_at: device.expires_at,
            typed: Some(Typed {
                user_code: device.user_code,
                verification_uri: device.verification_uri,
            }),
        })
    }

    fn still_typing(&self, subject: &Subject, ask: &Ask) -> Option<Typing> {
        let typing = subject.held.typing.as_ref()?;
        let device = &typing.device;
        let given = subject.policy.scopes.iter().flatten();
        let has = |scope: &String| device.scopes.contains(scope);
        let serves = device.lives(self.clock.now())
            && client_of(subject, device).is_some()
            && !ask.another_client
            && ask.scopes.iter().all(has)
            // Without any the server did not like what was asked for.
            && (device.scopes.is_empty() || given.clone().all(has))
            && ask.other_than.as_ref() != Some(&device.issuer);
        serves.then(|| typing.clone())
    }

    /// Discovery, client, code; recorded before anybody sees it.
    async fn new_code(self: &Arc<Self>, subject: &Subject, ask: Ask) -> Result<Device, Stop> {
        let id = chance::token(6);
        let driver = self.driver(subject, Some(&id));
        let begun = match self.request_code(&driver, subject, &ask).await? {
            Ok(begun) => begun,
            Err((client, why)) => {
                self.code_for_another(&driver, subject, ask, (client, why))
                    .await?
            }
        };
        driver.notes(Stage::AuthorizationUrl, &begun.notes);
        let held = subject.held.client.as_ref();
        if begun.client.is_registered()
            && held.is_some_and(|held| held.method != begun.client.method)
        {
            self.keep_client(&subject.account, &begun.client).await;
        }
        let now = self.clock.now();
        let mut device = begun.device.answered(now);
        device.created_at = now;
        let typing = Typing {
            device: device.clone(),
            id,
            server: origin_of(&subject.policy.mcp_url),
        };
        self.keep_typing(&subject.account, &typing).await;
        let why = format!(
            "it is typed at {}, and asked about every {} s",
            device.verification_uri,
            device.interval.as_secs()
        );
        driver.say_why(Stage::AuthorizationUrl, "a code waits for a person", why);
        Ok(device)
    }

    /// The inner error: the client was refused.
    async fn request_code(
        self: &Arc<Self>,
        driver: &Driver,
        subject: &Subject,
        ask: &Ask,
    ) -> Result<Result<Begun, (Client, String)>, Stop> {
        let mut found = self.discover(driver, subject, ask).await?;
        if ask.other_than.as_deref() == Some(&found.server.identity()) {
            return Err(Stop::SameServer);
        }
        found.scopes = scope::union(&found.scopes, &ask.scopes);
        let purpose = match ask.another_client {
            true => Purpose::AnotherClient,
            false => Purpose::SignIn,
        };
        let client = self.identify(driver, subject, &found, purpose).await?;
        let (policy, now) = (&subject.policy, self.clock.now());
        let first = DeviceAuthorization::start(&found, client.clone(), policy, now);
        match driver.drive(first, BEGIN_TIME).await {
            Ok(begun) => Ok(Ok(begun)),
            Err(error) => {
                let why = error.to_string();
                let cause = Cause::from(&error);
                driver.say_wrong(Stage::AuthorizationUrl, cause, "no code", why.clone());
                match error {
                    DeviceError::Client { .. } => Ok(Err((client, why))),
                    DeviceError::ForeignClient { .. }
                    | DeviceError::NoEndpoint(_)
                    | DeviceError::Unsigned(_)
                    | DeviceError::Address(_)
                    | DeviceError::Refused(_)
                    | DeviceError::Unusable(_)
                    | DeviceError::Unavailable { .. } => Err(Stop::Trouble(cause, why)),
                }
            }
        }
    }

    /// Once more as another client: a registered one that is forgotten there, or not registered for this, is replaced.
    // rule: at-06, at-53
    async fn code_for_another(
        self: &Arc<Self>,
        driver: &Driver,
        subject: &Subject,
        mut ask: Ask,
        (client, why): (Client, String),
    ) -> Result<Begun, Stop> {
        let rejected = |why: String| {
            let cause = Cause::ClientRejected;
            Stop::Stands(Verdicted::new(State::ClientRejected, cause, why))
        };
        match client.kind {
            Kind::Settings => return Err(rejected(why)),
            Kind::Registered(_) => ask.another_client = true,
            Kind::MetadataDocument => self
                .desk_of_all(&subject.account)
                .with(|memory| memory.document_refused = true),
        }
        let subject = self.subject(&subject.account);
        let subject = subject.map_err(|error| Stop::from(&error))?;
        let begun = self.request_code(driver, &subject, &ask).await?;
        begun.map_err(|(_, why)| rejected(why))
    }

    /// Starts to ask about the code that waits, unless that is done already.
    fn ask_about_code(self: &Arc<Self>, account: &Account) {
        let Ok(subject) = self.subject(account) else {
            return;
        };
        let Some(id) = subject.held.typing.map(|typing| typing.id) else {
            return;
        };
        if self.code(account, &id).is_none() {
            return;
        }
        let begins = self.desk(account).with(|memory| {
            let begins = memory.asking.as_ref() != Some(&id);
            memory.asking = Some(id.clone());
            begins
        });
        if begins {
            let (shared, account) = (Arc::downgrade(self), account.clone());
            tokio::spawn(async move { ask_until_typed(shared, &account, &id).await });
        }
    }

    /// The code of this sign-in, while somebody may be waiting for it.
    fn code(&self, account: &Account, id: &str) -> Option<(Subject, Typing, Client)> {
        let settings = self.store.current();
        let server = settings.server(&account.server)?;
        let subject = self.subject(account).ok().filter(|_| server.enabled)?;
        let typing = subject.held.typing.clone();
        let typing = typing.filter(|typing| typing.id == id)?;
        let client = client_of(&subject, &typing.device)?;
        Some((subject, typing, client))
    }

    /// Asks once. `None`: it is over, in one way or another.
    async fn ask_once(
        self: &Arc<Self>,
        account: &Account,
        id: &str,
        device: Device,
    ) -> Option<Device> {
        let desk = self.desk(account);
        // Who signs out waits for the answer, and gives back what it brought.
        let _flow = desk.flow.lock().await;
        let (subject, typing, client) = self.code(account, id)?;
        let driver = self.driver(&subject, Some(id));
        let first = Poll::start(device, client, &subject.policy, self.clock.now());
        let polled = match driver.drive(Ok(first), POLL_TIME).await {
            Ok(polled) => polled,
            Err(never) => match never {},
        };
        match polled {
            Polled::Waiting { device, why } => {
                let device = device.answered(self.clock.now());
                if device.interval > typing.device.interval {
                    let decision = format!("asked about every {} s", device.interval.as_secs());
                    driver.say_why(Stage::TokenExchange, decision, why);
                    let kept = device.clone();
                    let typing = Typing {
                        device: kept,
                        ..typing
                    };
                    self.keep_typing(account, &typing).await;
                }
                Some(device)
            }
            Polled::Granted(exchanged) => {
                driver.notes(Stage::TokenExchange, &exchanged.notes);
                let origin = (typing.device.revocation_endpoint, typing.server);
                self.signed_in(account.clone(), &subject, origin, (*exchanged, None))
                    .await;
                self.drop_waiting(account).await;
                driver.say(Stage::Connect, "signed in; the token is stored");
                None
            }
            Polled::Over(over) => {
                driver.say_wrong(
                    Stage::TokenExchange,
                    Cause::from(&over),
                    "the code is of no use any more",
                    over.to_string(),
                );
                self.drop_waiting(account).await;
                self.typed_in_vain(&subject, &over).await;
                None
            }
        }
    }

    async fn typed_in_vain(self: &Arc<Self>, subject: &Subject, over: &Over) {
        let state = match over {
            Over::Client { .. } if subject.policy.client.is_some() => State::ClientRejected,
            Over::Client { .. } => {
                if let Some(held) = &subject.held.client {
                    self.drop_client(&subject.account, held).await;
                }
                State::OauthRequired
            }
            Over::Denied | Over::Expired | Over::Refused(_) | Over::NoToken(_) => {
                State::OauthRequired
            }
        };
        self.left(subject, (state, over.into()), over.to_string());
    }
}

fn client_of(subject: &Subject, device: &Device) -> Option<Client> {
    let held = subject.held.client.as_ref();
    client_named(&device.client_id, &subject.policy, held, &device.issuer)
}

/// The task of one code. What it learns of the server's wishes lives here; the code itself is in the settings.
async fn ask_until_typed(shared: Weak<Shared>, account: &Account, id: &str) {
    let Some((mut settings, clock, path)) = shared.upgrade().map(|living| {
        let path = living.store.real_path();
        (living.store.subscribe(), living.clock.clone(), path)
    }) else {
        return;
    };
    let one_asks = Account::shared(format!("{}\0device", account.fingerprint()));
    let (mut turn, mut device) = (None, None);
    while let Some(living) = shared.upgrade() {
        let Some((_, typing, _)) = living.code(account, id) else {
            break;
        };
        let now = living.clock.now();
        drop(living);
        // Two processes that share a file do not ask twice as often.
        if turn.is_none() {
            let patience = clock.wait_for(TURN_TIME);
            tokio::select! {
                got = ProcessLock::acquire(&path, &one_asks, patience) => match got {
                    Turn::Ours(lock) => turn = Some(lock),
                    Turn::Theirs => {}
                },
                changed = settings.changed() => if changed.is_err() { return },
            }
            continue;
        }
        // Nobody knows when a former process asked last.
        let current = device.take().unwrap_or_else(|| {
            let mut device = typing.device;
            if now > device.next_at {
                device.next_at = now + device.interval;
            }
            device
        });
        tokio::select! {
            () = clock.until(current.next_at.min(current.expires_at)) => {}
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
                device = Some(current);
                continue;
            }
        }
        let Some(living) = shared.upgrade() else {
            return;
        };
        device = living.ask_once(account, id, current).await;
        if device.is_none() {
            break;
        }
    }
    if let Some(living) = shared.upgrade() {
        let desk = living.desk(account);
        desk.with(|memory| drop(memory.asking.take_if(|asking| asking == id)));
    }
}

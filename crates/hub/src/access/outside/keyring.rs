//! The keys of the issuer as they were published last: asked for when somebody needs them, by one request at a time and one a minute.
//!
//! Any stranger can write a token that names a key which nobody has. So what he can make the hub ask is bounded by the clock, and whoever comes meanwhile waits for
//! the same answer. An issuer that does not answer costs nothing for a day: its keys stay what they were.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::ACCEPT;
use tokio::sync::watch;
use url::Url;

use super::keys::Keys;
use crate::clock::Clock;
use crate::fetch::{Fetch, Reach};

/// Older keys are asked for anew before they count: the issuer may have withdrawn one.
const YOUNG: Duration = Duration::from_secs(10 * 60);
/// Older keys do not count, even if the issuer does not answer.
const OLDEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two requests.
const PAUSE: Duration = Duration::from_secs(60);

pub(super) struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    fetch: Fetch,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where all the rest is from.
    address: Option<Url>,
    keys: Option<Published>,
    asked: Option<SystemTime>,
    /// Ends with the request that is under way.
    under_way: Option<watch::Receiver<()>>,
}

#[derive(Clone)]
struct Published {
    keys: Arc<Keys>,
    since: SystemTime,
}

impl Keyring {
    pub(super) fn new(fetch: Fetch, clock: Clock) -> Self {
        let shared = Shared {
            fetch,
            clock,
            state: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The keys that count now.
    pub(super) fn known(&self, address: &Url) -> Option<Arc<Keys>> {
        self.not_older_than(OLDEST, address)
    }

    /// Asks for keys that are not young any more.
    pub(super) async fn refresh(&self, address: &Url) {
        if self.not_older_than(YOUNG, address).is_none() {
            self.ask(address).await;
        }
    }

    /// Asks for the keys, unless somebody did a moment ago; returns when there is an answer or none will come.
    // rule: mcphub-outside-keys-pace, safe-outside-storm -- however many strangers come with whatever, the issuer is asked once a minute.
    pub(super) async fn ask(&self, address: &Url) {
        let Some(mut under_way) = self.shared.under_way(address) else {
            return;
        };
        // It never says anything: it is over when the other end is gone.
        while under_way.changed().await.is_ok() {}
    }

    fn not_older_than(&self, age: Duration, address: &Url) -> Option<Arc<Keys>> {
        let now = self.shared.clock.now();
        let state = self.shared.state();
        let published = state.keys.as_ref()?;
        // A clock that was set back says nothing about an age.
        let young = now
            .duration_since(published.since)
            .is_ok_and(|since| since < age);
        (young && state.address.as_ref() == Some(address)).then(|| Arc::clone(&published.keys))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request that is under way, which may begin now; `None`: none is, and it is too early for the next.
    fn under_way(self: &Arc<Self>, address: &Url) -> Option<watch::Receiver<()>> {
        let now = self.clock.now();
        let mut state = self.state();
        if state.address.as_ref() != Some(address) {
            *state = State {
                address: Some(address.clone()),
                ..State::default()
            };
        }
        let going = state.under_way.clone();
        if let Some(going) = going.filter(|going| going.has_changed().is_ok()) {
            return Some(going);
        }
        let early = state
            .asked
            .is_some_and(|asked| now.duration_since(asked).is_ok_and(|since| since < PAUSE));
        if early {
            return None;
        }
        state.asked = Some(now);
        let (until, going) = watch::channel(());
        state.under_way = Some(going.clone());
        drop(state);
        // A task of its own: whoever began it may go away, and others wait for it.
        let (shared, address) = (Arc::clone(self), address.clone());
        tokio::spawn(async move {
            shared.read(&address).await;
            drop(until);
        });
        Some(going)
    }

    async fn read(&self, address: &Url) {
        match self.published(address).await {
            Ok(keys) => {
                let since = self.clock.now();
                let mut state = self.state();
                if state.address.as_ref() == Some(address) {
                    let keys = Arc::new(keys);
                    state.keys = Some(Published { keys, since });
                }
            }
            Err(why) => {
                let host = address.host_str().unwrap_or_default();
                tracing::warn!(host, why, "the keys of the outside issuer cannot be read");
            }
        }
    }

    async fn published(&self, address: &Url) -> Result<Keys, String> {
        let request = http::Request::get(address.as_str()).header(ACCEPT, "application/json");
        let request = request
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        // A person named the address, as he names a server's.
        let way = Reach::of_server(address, false).into();
        let answer = self.fetch.send(request, &way).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the answer is {}", answer.status()));
        }
        Keys::read(answer.body()).ok_or_else(|| "the answer is no set of keys".to_owned())
    }
}

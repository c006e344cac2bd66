//! Who a person is: accounts of the settings, the login with its throttle, and the tokens that it gives.
//!
//! `admin` comes from `users`; while no administrator there has a password of his own, from `ADMIN_PASSWORD`, else one is
//! made, stored as a hash and shown once (`session::first`). A password that everybody knows opens nothing.

pub(crate) mod first;
pub(crate) mod password;
mod throttle;
pub(crate) mod token;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use settings::{ADMIN, Settings, User};
use tokio::sync::Semaphore;

use self::throttle::Throttle;
use self::token::{Claimed, Signer};
use crate::options::WebOptions;

/// Hashing takes a core and 19 MiB each.
const AT_ONCE: usize = 2;

/// Somebody who showed who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) is_admin: bool,
}

/// A login that succeeded.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) token: String,
    pub(crate) person: Person,
    /// The hash that opened is an old one: the account should get a new one.
    pub(crate) outdated: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    #[error("the user name or the password is wrong")]
    Wrong,
    #[error(
        "this password stands in public documents and opens nothing; set ADMIN_PASSWORD, or put another hash under users"
    )]
    Public,
    #[error("too many attempts; wait {} s", .0.as_secs().max(1))]
    TooMany(Duration),
    #[error("the login could not be finished")]
    Unfinished(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub(crate) struct Sessions {
    signer: Signer,
    admin_password: Option<SecretString>,
    throttle: Mutex<Throttle>,
    hashing: Semaphore,
    /// For each administrator's hash that was looked at: whether it opens with a password that everybody knows.
    public: Mutex<HashMap<String, bool>>,
}

impl Sessions {
    pub(crate) fn new(options: &WebOptions) -> Self {
        let given = options.jwt_secret.clone().and_then(|secret| {
            let signer = Signer::new(secret);
            if signer.is_none() {
                tracing::warn!("JWT_SECRET is one that everybody knows; a random one is used, and logins end with this process");
            }
            signer
        });
        let usable = |password: &SecretString| !password::is_public(password.expose_secret());
        match &options.admin_password {
            Some(password) if !usable(password) => {
                tracing::warn!("ADMIN_PASSWORD is one that everybody knows, and is not used");
            }
            Some(password) if password::is_short(password.expose_secret()) => {
                let least = password::SHORTEST;
                tracing::warn!("ADMIN_PASSWORD has fewer than {least} letters; take a longer one");
            }
            Some(_) | None => {}
        }
        Self {
            signer: given.unwrap_or_else(|| Signer::random(hub::chance::bytes())),
            admin_password: options.admin_password.clone().filter(usable),
            throttle: Mutex::default(),
            hashing: Semaphore::new(AT_ONCE),
            public: Mutex::default(),
        }
    }

    /// Checks a name and password, slowly and a few at a time.
    pub(crate) async fn log_in(
        &self,
        settings: &Settings,
        (username, password): (&str, &str),
        from: IpAddr,
        now: SystemTime,
    ) -> Result<Login, LoginError> {
        self.throttle()
            .attempt(from, now)
            .map_err(LoginError::TooMany)?;
        // rule: safe-w05
        if password::is_public(password) {
            return Err(if password.trim().is_empty() {
                LoginError::Wrong
            } else {
                LoginError::Public
            });
        }
        let stored = self.open(settings, username, password).await?;
        self.throttle().succeeded(from);
        let is_admin = stored.is_admin;
        let claimed = Claimed {
            username: username.to_owned(),
            is_admin,
        };
        let token = self
            .signer
            .sign(claimed, stored.secret.expose_secret(), now)
            .map_err(|error| LoginError::Unfinished(error.into()))?;
        let outdated = stored
            .is_hash
            .then(|| stored.secret.expose_secret().to_owned())
            .filter(|hash| password::is_bcrypt(hash));
        Ok(Login {
            token,
            person: Person {
                username: username.to_owned(),
                is_admin,
            },
            outdated,
        })
    }

    /// A token for an account whose password was just stored anew.
    pub(crate) fn sign_again(
        &self,
        person: &Person,
        stored_hash: &str,
        now: SystemTime,
    ) -> Option<String> {
        let claimed = Claimed {
            username: person.username.clone(),
            is_admin: person.is_admin,
        };
        self.signer.sign(claimed, stored_hash, now).ok()
    }

    /// Whose token this is. Rights come from the settings of this moment, not from the token.
    pub(crate) fn person(
        &self,
        settings: &Settings,
        token: &str,
        now: SystemTime,
    ) -> Option<Person> {
        let login = self.login(settings, token, now);
        login.map(|(person, _)| person)
    }

    /// The same, and when the token ends.
    // rule: safe-w07
    pub(crate) fn login(
        &self,
        settings: &Settings,
        token: &str,
        now: SystemTime,
    ) -> Option<(Person, SystemTime)> {
        let claims = match self.signer.read(token, now) {
            Ok(claims) => claims,
            Err(refused) => {
                tracing::debug!(
                    error = &refused as &dyn std::error::Error,
                    "a login token was refused"
                );
                return None;
            }
        };
        let username = claims.user.username.clone();
        let stored = self.accounts(settings, &username);
        let account = stored.into_iter().find(|stored| {
            self.signer
                .belongs_to(&claims, stored.secret.expose_secret())
        })?;
        let person = Person {
            username,
            is_admin: account.is_admin,
        };
        Some((person, claims.until()?))
    }

    /// Has the hub an administrator who can log in?
    pub(crate) async fn has_admin(&self, settings: &Settings) -> Result<bool, LoginError> {
        self.look_at_admins(settings).await?;
        Ok(self.admin_password.is_some()
            || admins(settings).any(|hash| !self.is_known_public(hash)))
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String, LoginError> {
        let password = password.to_owned();
        let salt = hub::chance::bytes();
        self.slowly(move || password::hash(&password, &salt))
            .await?
            .map_err(|error| LoginError::Unfinished(error.into()))
    }

    /// The account's password that opens.
    async fn open(
        &self,
        settings: &Settings,
        username: &str,
        password: &str,
    ) -> Result<Stored, LoginError> {
        self.look_at_admins(settings).await?;
        let stored = self.accounts(settings, username);
        let password = password.to_owned();
        let found = self
            .slowly(move || {
                if stored.is_empty() {
                    // As slow as for a name that exists.
                    let _ = password::hash(&password, &[0; 16]);
                }
                stored.into_iter().find(|stored| stored.opens(&password))
            })
            .await?;
        found.ok_or(LoginError::Wrong)
    }

    /// The passwords under which this name may log in.
    fn accounts(&self, settings: &Settings, username: &str) -> Vec<Stored> {
        let named = settings
            .users
            .iter()
            .filter(|user| user.username == username);
        let mut stored: Vec<Stored> = named.filter_map(|user| self.of_settings(user)).collect();
        let alone = admins(settings).all(|hash| self.is_known_public(hash));
        if let (true, ADMIN, Some(password)) = (alone, username, &self.admin_password) {
            stored.push(Stored {
                secret: password.clone(),
                is_hash: false,
                is_admin: true,
            });
        }
        stored
    }

    fn of_settings(&self, user: &User) -> Option<Stored> {
        let secret: SecretString = user.password.clone()?.into();
        let known =
            secret.expose_secret().is_empty() || self.is_known_public(secret.expose_secret());
        (!known).then_some(Stored {
            secret,
            is_hash: true,
            is_admin: user.is_admin,
        })
    }

    // rule: safe-w05
    async fn look_at_admins(&self, settings: &Settings) -> Result<(), LoginError> {
        let unseen: Vec<String> = {
            let public = self.public.lock().unwrap_or_else(PoisonError::into_inner);
            admins(settings)
                .filter(|hash| !public.contains_key(*hash))
                .map(str::to_owned)
                .collect()
        };
        for hash in unseen {
            let (hash, everybody) = self
                .slowly(move || {
                    let everybody = password::opens_for_everybody(&hash);
                    (hash, everybody)
                })
                .await?;
            if everybody {
                tracing::warn!(
                    "an administrator in the settings has a password that everybody knows; it opens nothing"
                );
            }
            self.public
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(hash, everybody);
        }
        Ok(())
    }

    pub(crate) fn is_known_public(&self, hash: &str) -> bool {
        self.public
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .copied()
            .unwrap_or(false)
    }

    fn throttle(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LoginError> {
        let _turn = self
            .hashing
            .acquire()
            .await
            .map_err(|error| LoginError::Unfinished(error.into()))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| LoginError::Unfinished(error.into()))
    }
}

/// The hashes of all administrators of the settings.
fn admins(settings: &Settings) -> impl Iterator<Item = &str> {
    let admins = settings.users.iter().filter(|user| user.is_admin);
    admins.filter_map(|user| user.password.as_ref().map(|hash| hash.expose_secret()))
}

struct Stored {
    secret: SecretString,
    is_hash: bool,
    is_admin: bool,
}

impl Stored {
    fn opens(&self, password: &str) -> bool {
        if self.is_hash {
            password::opens(self.secret.expose_secret(), password)
        } else {
            password::same(self.secret.expose_secret(), password)
        }
    }
}

//! What an account is at a moment: what was given to it ends when it is another one.

use settings::Settings;
use sha2::{Digest as _, Sha256};

use super::digest::Digest;

/// The administrator of the environment, who stands in no list.
pub(crate) const ADMIN: &str = "admin";

/// A mark of what an account is now, for a token to end with it. `None`: there is no such account.
#[must_use]
pub fn account(settings: &Settings, username: &str) -> Option<String> {
    let mut users = settings.users.iter();
    let stored = match users.find(|user| user.username == username) {
        Some(user) => user
            .password
            .as_ref()
            .map_or("", |hash| secrecy::ExposeSecret::expose_secret(&**hash)),
        None if is_of_environment(settings, username) => "",
        None => return None,
    };
    let mark = Sha256::digest(format!("mcphub account\0{username}\0{stored}"));
    Some(Digest::from(<[u8; 32]>::from(mark)).written())
}

fn is_of_environment(settings: &Settings, username: &str) -> bool {
    username == ADMIN && !settings.users.iter().any(|user| user.is_admin)
}

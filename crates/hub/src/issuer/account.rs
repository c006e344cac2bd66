//! What an account is at a moment: what was given to it ends when it is another one.

use settings::{Settings, is_of_environment};
use sha2::{Digest as _, Sha256};

use super::digest::Digest;

/// A mark of what an account is now, for a token to end with it. `None`: there is no such account.
#[must_use]
pub fn account(settings: &Settings, username: &str) -> Option<String> {
    let mut users = settings.users.iter();
    let stored = match users.find(|user| user.username == username) {
        Some(user) => user
            .password
            .as_ref()
            .map_or("", |hash| secrecy::ExposeSecret::expose_secret(&**hash)),
        None if is_of_environment(username, &settings.users) => "",
        None => return None,
    };
    let mark = Sha256::digest(format!("mcphub account\0{username}\0{stored}"));
    Some(Digest::from(<[u8; 32]>::from(mark)).written())
}

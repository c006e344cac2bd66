//! The first start: a hub without an administrator makes one, stores the hash, and tells the password once.

use hub::Hub;
use secrecy::SecretString;
use serde_json::{Value, json};
use settings::{ADMIN, Change};

use super::{Login, LoginError, Sessions};
use crate::app::App;

/// 24 characters.
const STRENGTH: usize = 18;

#[derive(Debug, thiserror::Error)]
pub enum FirstAdminError {
    #[error("the administrator's password could not be made: {0}")]
    Password(String),
    #[error("the administrator could not be stored in the settings: {0}")]
    Store(String),
}

/// The new password, when one had to be made.
pub(crate) async fn administrator(
    hub: &Hub,
    sessions: &Sessions,
) -> Result<Option<SecretString>, FirstAdminError> {
    let failed = |error: LoginError| FirstAdminError::Password(error.to_string());
    if sessions
        .has_admin(&hub.store().current())
        .await
        .map_err(failed)?
    {
        return Ok(None);
    }
    let password = hub::chance::token(STRENGTH);
    let hash = sessions.hash(&password).await.map_err(failed)?;
    let change = account(hub.store().file().document().get("users"), &hash);
    hub.store()
        .edit(vec![change])
        .await
        .map_err(|error| FirstAdminError::Store(error.to_string()))?;
    Ok(Some(password.into()))
}

/// An entry of that name is there, perhaps with a password that everybody knows: it gets the new one.
fn account(users: Option<&Value>, hash: &str) -> Change {
    let Some(list) = users.and_then(Value::as_array) else {
        return Change::set(
            ["users"],
            json!([{ "username": ADMIN, "password": hash, "isAdmin": true }]),
        );
    };
    let there = list
        .iter()
        .position(|user| user.get("username").and_then(Value::as_str) == Some(ADMIN));
    match there {
        Some(index) => {
            let mut user = list[index].clone();
            user["password"] = hash.into();
            user["isAdmin"] = true.into();
            Change::set(["users", &index.to_string()], user)
        }
        None => {
            let user = json!({ "username": ADMIN, "password": hash, "isAdmin": true });
            Change::set(["users", &list.len().to_string()], user)
        }
    }
}

/// A fresh hash in the settings for a login that was opened by an old one: the hash, when it is there. What is stored is not touched
/// where nothing may be changed.
// rule: mcphub-rights
pub(crate) async fn renewed(app: &App, login: &Login, password: &str) -> Option<String> {
    let outdated = login
        .outdated
        .as_deref()
        .filter(|_| !app.options().read_only)?;
    let fresh = app.sessions().hash(password).await.ok()?;
    let stored = rehash(app.hub(), &login.person.username, outdated, &fresh).await;
    stored.then_some(fresh)
}

/// Stores a fresh hash for the account whose old hash is `outdated`; true when it was.
async fn rehash(hub: &Hub, username: &str, outdated: &str, fresh: &str) -> bool {
    let file = hub.store().file();
    let users = file
        .document()
        .get("users")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let place = users.iter().position(|user| {
        user.get("username").and_then(Value::as_str) == Some(username)
            && user.get("password").and_then(Value::as_str) == Some(outdated)
    });
    let Some(index) = place else { return false };
    let change = Change::set(["users", &index.to_string(), "password"], fresh);
    match hub.store().edit(vec![change]).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "the password's hash could not be renewed; the old one stays");
            false
        }
    }
}

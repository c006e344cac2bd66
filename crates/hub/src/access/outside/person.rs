//! From a token to an account of the hub: the one that is bound to issuer and subject, or a new one that is nobody's yet.
//!
//! A name is what people at the issuer can often choose themselves (OpenID Connect Core 5.7). So it never finds an account; it only names a new one,
//! and not even that where the settings speak of somebody of that name.

use serde_json::{Value, json};
use settings::{ADMIN, Change, OutsideIssuer, Settings};
use sha2::{Digest, Sha256};

use super::Refused;
use super::token::Claims;
use crate::access::names;
use crate::store::Store;

const USERS: &str = "users";
/// Users whom the issuer brought: one where anybody can register would fill the file.
const MOST: usize = 1_000;
/// How the accounts of an outside issuer begin.
const KIND: &str = "forward-auth:";
/// How often a user is made up anew because somebody else changed the users.
const ROUNDS: usize = 5;

/// `ssoUserId`, as MCPHub writes it.
pub(super) fn account(issuer: &str, subject: &str) -> String {
    let digest = Sha256::digest(format!("{issuer}\n{subject}"));
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    format!("{KIND}{}", digits.collect::<String>())
}

fn is_outside(user: &settings::User) -> bool {
    let account = user.sso_user_id.as_deref();
    account.is_some_and(|account| account.starts_with(KIND))
}

/// Whether somebody has this account; two must not.
// rule: mcphub-outside-account -- only issuer and subject find an account, and exactly one.
pub(super) fn is_known(settings: &Settings, account: &str) -> Result<bool, Refused> {
    let his = |user: &&settings::User| user.sso_user_id.as_deref() == Some(account);
    match settings.users.iter().filter(his).count() {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Refused::Twice),
    }
}

/// Makes the user, unless somebody was faster.
pub(super) async fn make(
    store: &Store,
    issuer: &OutsideIssuer,
    claims: &Claims,
) -> Result<(), Refused> {
    let account = account(&issuer.issuer, &claims.subject);
    for _ in 0..ROUNDS {
        // In this order: a file that is newer than what we know of it is found out below.
        let known = store.current();
        let file = store.file();
        if is_known(&known, &account)? {
            return Ok(());
        }
        let name = name(claims)?;
        if let Err(taken) = is_free(&known, name, claims.email.as_deref()) {
            // Whoever binds the account by hand has to know how it is called.
            tracing::info!(
                account,
                user = name,
                "the name of somebody whom the outside issuer vouches for is taken"
            );
            return Err(taken);
        }
        let brought = known.users.iter().filter(|user| is_outside(user)).count();
        if brought >= MOST {
            tracing::warn!(
                MOST,
                "the outside issuer has brought so many users that no more are made"
            );
            return Err(Refused::Full);
        }
        let change = one_more(file.document().get(USERS), user(name, claims, &account));
        let as_known = move |now: &Settings| says_the_same_of_people(now, &known);
        match store.edit_when(as_known, vec![change]).await {
            Ok(true) => {
                tracing::info!(
                    user = name,
                    "a user was made for whom the outside issuer vouches"
                );
                return Ok(());
            }
            Ok(false) => {}
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(
                    error,
                    "a user whom the outside issuer vouches for was not written"
                );
                return Err(Refused::Unwritten);
            }
        }
    }
    Err(Refused::Unwritten)
}

/// Never an administrator, and no password that opens anything.
// rule: mcphub-outside-no-admin
fn user(name: &str, claims: &Claims, account: &str) -> Value {
    let mut user = json!({ "username": name, "isAdmin": false, "ssoUserId": account });
    if let Some(email) = claims.email.as_ref().filter(|email| fits(email)) {
        user["email"] = email.as_str().into();
    }
    user
}

fn one_more(written: Option<&Value>, user: Value) -> Change {
    match written.and_then(Value::as_array) {
        Some(users) => Change::set([USERS, &users.len().to_string()], user),
        None => Change::set([USERS], vec![user]),
    }
}

/// As the issuer says it, else the address, else the subject: as MCPHub.
fn name(claims: &Claims) -> Result<&str, Refused> {
    let name = claims.name.as_deref().or(claims.email.as_deref());
    let name = name.unwrap_or(&claims.subject);
    fits(name).then_some(name).ok_or(Refused::NoName)
}

/// Whether it can stand in the settings and be read by people: on one line, as what it is, and without what MCPHub would fill in.
fn fits(text: &str) -> bool {
    names::fit(text).is_ok() && !text.contains('$')
}

/// All that `is_free` looks at.
fn says_the_same_of_people(now: &Settings, then: &Settings) -> bool {
    (&now.users, &now.bearer_keys, &now.oauth_tokens)
        == (&then.users, &then.bearer_keys, &then.oauth_tokens)
        && (&now.groups, &now.servers) == (&then.groups, &then.servers)
}

/// Whether the settings say nothing of anybody of that name: a right that waits for its owner is not for the first one who calls himself so.
// rule: mcphub-outside-name, safe-outside-name -- a token takes over no account and no right of the same name.
fn is_free(settings: &Settings, name: &str, email: Option<&str>) -> Result<(), Refused> {
    let has_mail = |user: &settings::User| {
        let both = email.zip(user.email.as_deref());
        both.is_some_and(|(mail, his)| mail.eq_ignore_ascii_case(his))
    };
    let taken = names::are_alike(name, ADMIN)
        || names::user_like(settings, name).is_some()
        || settings.users.iter().any(has_mail)
        // What somebody left at a login server is his, also while the hub has not given it back yet.
        || names::mention(settings, name).is_some();
    (!taken).then_some(()).ok_or(Refused::NameTaken)
}

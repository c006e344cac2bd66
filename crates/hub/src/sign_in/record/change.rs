//! From records to the smallest changes of the settings file.

use std::time::Duration;

use oauth::Client;
use oauth::client::{Kind, Registered};
use oauth::scope::StepUps;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use settings::{Change, Server};

use super::super::Account;
use super::{Before, Kept, Typing, Waiting, mark, origin_of, read, to_millis};

pub(in crate::sign_in) fn save_grant(account: &Account, kept: &Kept) -> Vec<Change> {
    let grant = &kept.grant;
    let mut record = Map::new();
    let mut put =
        |key: &str, value: Option<Value>| value.map(|value| record.insert(key.to_owned(), value));
    put("issuer", Some(json!(grant.issuer)));
    put("tokenEndpoint", Some(json!(grant.token_endpoint)));
    put(
        "resource",
        grant.resource.as_ref().map(|resource| json!(resource)),
    );
    put("requestedScopes", Some(json!(grant.requested)));
    put("issuedAt", grant.issued_at.map(|at| json!(to_millis(at))));
    put("tokenType", grant.bound.then(|| json!("DPoP")));
    put("dpopPrivateKey", secret(kept.proof_key.as_ref()));
    put("mark", Some(json!(mark(grant.access.expose_secret()))));
    if let Some(origin) = &kept.origin {
        put("clientId", Some(json!(origin.client_id)));
        put("authMethod", Some(json!(origin.method.name())));
        put(
            "revocationEndpoint",
            origin
                .revocation_endpoint
                .as_ref()
                .map(|address| json!(address)),
        );
        put("server", origin.server.as_ref().map(|server| json!(server)));
        put("client", origin.former.as_deref().and_then(whole));
    }
    vec![
        of(account, "accessToken", secret(Some(&grant.access))),
        of(account, "refreshToken", secret(grant.refresh.as_ref())),
        of(
            account,
            "expiresAt",
            grant.expires_at.map(|end| json!(to_millis(end))),
        ),
        of(account, "grantedScopes", Some(json!(grant.scopes))),
        of(account, "grant", Some(Value::Object(record))),
    ]
}

/// The tokens go; where they came from stays, so that the next sign-in asks for no less.
pub(in crate::sign_in) fn forget_grant(account: &Account) -> Vec<Change> {
    let keys = ["accessToken", "refreshToken", "expiresAt", "grantedScopes"];
    let mut changes: Vec<Change> = keys.map(|key| of(account, key, None)).into();
    changes.push(Change::remove(below(account, &["grant", "client"])));
    changes
}

/// The tokens, where they came from, and what waits.
pub(in crate::sign_in) fn forget_all(account: &Account) -> Vec<Change> {
    let mut changes = forget_grant(account);
    changes.push(of(account, "grant", None));
    changes.push(of(account, "stepUps", None));
    changes.extend(forget_waiting(account));
    changes
}

/// Where the client of a person was used, which outlives the tokens: its secret is for nobody else.
pub(in crate::sign_in) fn keep_binding(account: &Account, before: &Before) -> Change {
    let record = json!({
        "issuer": before.issuer, "tokenEndpoint": before.token_endpoint, "clientId": before.client_id,
    });
    of(account, "grant", Some(record))
}

/// The sign-ins for more scopes that the server at this address asked for.
pub(in crate::sign_in) fn save_step_ups(
    account: &Account,
    history: &StepUps,
    url: &str,
) -> Vec<Change> {
    let round = |refused: &oauth::scope::Refused| json!({ "at": to_millis(refused.at), "scopes": refused.scopes, "mark": refused.token });
    let rounds: Vec<Value> = history.refused.iter().map(round).collect();
    let record = json!({ "server": origin_of(url), "rounds": rounds });
    vec![of(account, "stepUps", Some(record))]
}

/// All that a user ever held at the server.
pub(in crate::sign_in) fn forget_user(server: &str, user: &str) -> Change {
    Change::remove(["mcpServers", server, "oauth", "users", user])
}

/// A registered client, which all users of the server share; one that a person gave is never written.
pub(in crate::sign_in) fn save_client(account: &Account, client: &Client) -> Vec<Change> {
    let Kind::Registered(registered) = &client.kind else {
        return Vec::new();
    };
    let server = account.of_all();
    let record = record(client, registered);
    vec![
        of(&server, "clientId", Some(json!(client.id))),
        of(&server, "clientSecret", secret(client.secret.as_ref())),
        of(&server, "registration", Some(Value::Object(record))),
    ]
}

/// Before another client takes the place of this one, or none does: those whose tokens were given to it keep it with them.
pub(in crate::sign_in) fn part_with(
    server: &Server,
    client: &Client,
    successor: Option<&Client>,
) -> Vec<Change> {
    let same = |other: &Client| other.id == client.id && other.issuer == client.issuer;
    if successor.is_some_and(same) {
        return Vec::new();
    }
    let users = server.oauth.users.keys();
    let users = users.map(|user| Account::of(&server.name, Some(user)));
    let needs = |account: &Account| {
        let held = read::whose(&server.oauth, account);
        held.is_some_and(|held| read::was_given_to(held, client))
    };
    let all = std::iter::once(Account::shared(&server.name)).chain(users);
    all.filter(needs)
        .filter_map(|account| {
            let path = below(&account, &["grant", "client"]);
            whole(client).map(|client| Change::record(path, client))
        })
        .collect()
}

/// A registered client with its secret, as one value.
fn whole(client: &Client) -> Option<Value> {
    let Kind::Registered(registered) = &client.kind else {
        return None;
    };
    let mut record = record(client, registered);
    let secret = secret(client.secret.as_ref());
    secret.map(|secret| record.insert("clientSecret".to_owned(), secret));
    Some(Value::Object(record))
}

fn record(client: &Client, registered: &Registered) -> Map<String, Value> {
    let mut record = Map::new();
    let mut put =
        |key: &str, value: Option<Value>| value.map(|value| record.insert(key.to_owned(), value));
    put("issuer", Some(json!(client.issuer)));
    put("clientId", Some(json!(client.id)));
    put("redirectUri", Some(json!(client.redirect_uri)));
    put("tokenEndpointAuthMethod", Some(json!(client.method.name())));
    put("at", registered.at.map(|at| json!(to_millis(at))));
    put("tokenEndpoint", Some(json!(registered.token_endpoint)));
    put(
        "secretExpiresAt",
        registered
            .secret_expires_at
            .map(|end| json!(to_millis(end))),
    );
    put(
        "insteadOf",
        registered.instead_of.as_ref().map(|address| json!(address)),
    );
    put(
        "insteadOfDocument",
        registered
            .instead_of_document
            .as_ref()
            .map(|address| json!(address)),
    );
    put(
        "managementUri",
        registered
            .management_uri
            .as_ref()
            .map(|address| json!(address)),
    );
    put(
        "managementToken",
        secret(registered.management_token.as_ref()),
    );
    put("answer", Some(Value::Object(registered.answer.clone())));
    record
}

pub(in crate::sign_in) fn forget_client(account: &Account) -> Vec<Change> {
    let server = account.of_all();
    ["clientId", "clientSecret", "registration"]
        .map(|key| of(&server, key, None))
        .into()
}

pub(in crate::sign_in) fn save_waiting(account: &Account, waiting: &Waiting) -> Vec<Change> {
    let pending = &waiting.pending;
    let mut record = Map::new();
    let mut put =
        |key: &str, value: Option<Value>| value.map(|value| record.insert(key.to_owned(), value));
    put("id", Some(json!(waiting.id)));
    put(
        "server",
        waiting.server.as_ref().map(|server| json!(server)),
    );
    put("authorizationUrl", Some(json!(waiting.link)));
    put("state", read::state_of(&waiting.link).map(Value::String));
    put("codeVerifier", secret(Some(&pending.verifier)));
    put(
        "issuer",
        pending.issuer.as_ref().map(|issuer| json!(issuer)),
    );
    put("issRequired", Some(json!(pending.iss_promised)));
    put(
        "resource",
        pending.resource.as_ref().map(|resource| json!(resource)),
    );
    put("scopes", Some(json!(pending.scopes)));
    put("redirectUri", Some(json!(pending.redirect_uri)));
    put("clientId", Some(json!(pending.client_id)));
    put("tokenEndpoint", Some(json!(pending.token_endpoint)));
    put(
        "revocationEndpoint",
        pending
            .revocation_endpoint
            .as_ref()
            .map(|address| json!(address)),
    );
    put("createdAt", Some(json!(to_millis(pending.created_at))));
    let healed = json!({ "resource": pending.healed.resource, "scope": pending.healed.scope });
    put("healed", Some(healed));
    put("dpop", pending.dpop.then(|| json!(true)));
    vec![of(
        account,
        "pendingAuthorization",
        Some(Value::Object(record)),
    )]
}

/// In the place of what waits for a callback: one sign-in is pending at a time.
pub(in crate::sign_in) fn save_typing(account: &Account, typing: &Typing) -> Vec<Change> {
    let device = &typing.device;
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    // The time of the first question is counted from here, so a part of a millisecond is a whole one.
    let created_at = to_millis(device.created_at + Duration::from_nanos(999_999));
    let record = [
        ("id", Some(json!(typing.id))),
        ("server", text(&typing.server)),
        ("deviceCode", secret(Some(&device.code))),
        ("userCode", Some(json!(device.user_code))),
        ("verificationUri", Some(json!(device.verification_uri))),
        (
            "verificationUriComplete",
            text(&device.verification_uri_complete),
        ),
        ("interval", Some(json!(device.interval.as_secs()))),
        ("createdAt", Some(json!(created_at))),
        ("expiresAt", Some(json!(to_millis(device.expires_at)))),
        ("issuer", Some(json!(device.issuer))),
        ("clientId", Some(json!(device.client_id))),
        ("authMethod", Some(json!(device.method.name()))),
        ("tokenEndpoint", Some(json!(device.token_endpoint))),
        ("revocationEndpoint", text(&device.revocation_endpoint)),
        ("scopes", Some(json!(device.scopes))),
        ("resource", text(&device.resource)),
    ];
    let record = record.into_iter();
    let record = record.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let record = Value::Object(record.collect());
    vec![of(account, "pendingAuthorization", Some(record))]
}

pub(in crate::sign_in) fn forget_waiting(account: &Account) -> Vec<Change> {
    vec![of(account, "pendingAuthorization", None)]
}

/// All of it came from outside, so none of it may be read as a placeholder.
fn of(account: &Account, key: &str, value: Option<Value>) -> Change {
    let path = below(account, &[key]);
    match value {
        Some(value) => Change::record(path, value),
        None => Change::remove(path),
    }
}

/// A path in the part of the file that is this account's.
fn below<'a>(account: &'a Account, keys: &[&'a str]) -> Vec<&'a str> {
    let mut path = vec!["mcpServers", &account.server, "oauth"];
    if let Some(user) = &account.user {
        path.extend(["users", user]);
    }
    path.extend(keys);
    path
}

fn secret(secret: Option<&SecretString>) -> Option<Value> {
    secret.map(|secret| json!(secret.expose_secret()))
}

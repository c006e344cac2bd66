//! From the settings file to records. What is not whole counts as absent.

use std::time::{Duration, SystemTime};

use oauth::authorization::{Healed, Pending, state_hash};
use oauth::client::{Kind, Registered};
use oauth::scope::{Refused, StepUps};
use oauth::{AuthMethod, Client, Device, Grant};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use settings::OAuth;
use url::Url;

use super::super::Account;
use super::{Before, Held, Kept, Origin, Typing, Waiting, from_millis, mark, origin_of};

/// What is held for this account of the server at this address. The client is the server's, the rest a user's own.
pub(in crate::sign_in) fn read(server: &OAuth, account: &Account, url: &str) -> Held {
    let client = server
        .registration
        .as_ref()
        .filter(|_| server.is_registered())
        .and_then(|kept| {
            let id = server.client_id.clone();
            client(id, server.client_secret.as_deref().cloned(), kept.expose())
        });
    let others = others(server, account);
    let Some(oauth) = whose(server, account) else {
        return Held {
            client,
            others,
            ..Held::default()
        };
    };
    Held {
        kept: kept(oauth, url),
        client,
        waiting: oauth
            .pending_authorization
            .as_ref()
            .and_then(|kept| waiting(kept.expose()))
            .filter(|waiting| waiting.is_for(url)),
        typing: oauth
            .pending_authorization
            .as_ref()
            .and_then(|kept| typing(kept.expose()))
            .filter(|typing| typing.is_for(url)),
        before: oauth.grant.as_ref().and_then(|kept| before(kept.expose())),
        step_ups: (oauth.step_ups.as_ref())
            .map(|kept| step_ups(kept.expose(), url))
            .unwrap_or_default(),
        others,
    }
}

/// Where the others of the server signed in.
fn others(server: &OAuth, account: &Account) -> Vec<Before> {
    let shared = account.user.is_some().then_some(server);
    let users = server.users.iter();
    let users = users.filter(|(user, _)| account.user.as_ref() != Some(*user));
    let all = shared.into_iter().chain(users.map(|(_, oauth)| oauth));
    all.filter_map(|oauth| before(oauth.grant.as_ref()?.expose()))
        .collect()
}

/// The part of a server's settings that is this account's. `None`: nothing is held for it.
pub(in crate::sign_in) fn whose<'s>(server: &'s OAuth, account: &Account) -> Option<&'s OAuth> {
    match &account.user {
        None => Some(server),
        Some(user) => server.users.get(user),
    }
}

/// The grant alone.
pub(in crate::sign_in) fn kept(oauth: &OAuth, url: &str) -> Option<Kept> {
    let access: &SecretString = oauth
        .access_token
        .as_deref()
        .filter(|token| !token.expose_secret().is_empty())?;
    let record = oauth.grant.as_ref().map(|kept| kept.expose());
    // A token that somebody put in its place has neither the other's end nor its origin's word on it.
    let ours =
        record.filter(|kept| text(kept, "mark").as_deref() == Some(&mark(access.expose_secret())));
    let refresh = oauth
        .refresh_token
        .as_deref()
        .filter(|token| !token.expose_secret().is_empty());
    let proof_key = ours.and_then(|kept| text(kept, "dpopPrivateKey"));
    let grant = Grant {
        bound: ours.and_then(|kept| text(kept, "tokenType")).is_some(),
        access: access.clone(),
        refresh: refresh.cloned(),
        issued_at: ours.and_then(|kept| time(kept, "issuedAt")),
        expires_at: oauth
            .expires_at
            .filter(|_| ours.is_some() || record.is_none())
            .and_then(from_millis),
        scopes: oauth.granted_scopes.clone().unwrap_or_default(),
        requested: record
            .map(|kept| texts(kept, "requestedScopes"))
            .unwrap_or_default(),
        resource: record.and_then(|kept| text(kept, "resource")),
        issuer: record
            .and_then(|kept| text(kept, "issuer"))
            .unwrap_or_default(),
        token_endpoint: record
            .and_then(|kept| text(kept, "tokenEndpoint"))
            .unwrap_or_default(),
    };
    let origin = record.and_then(|kept| {
        Some(Origin {
            client_id: text(kept, "clientId")?,
            method: AuthMethod::named(&text(kept, "authMethod")?)?,
            revocation_endpoint: text(kept, "revocationEndpoint"),
            server: text(kept, "server"),
            former: kept.get("client").and_then(former).map(Box::new),
        })
    });
    let proof_key = proof_key.map(SecretString::from);
    Some(Kept {
        grant,
        proof_key,
        origin,
    })
    .filter(|kept| kept.is_for(url))
}

fn former(kept: &Value) -> Option<Client> {
    let secret = text(kept, "clientSecret").map(SecretString::from);
    client(text(kept, "clientId"), secret, kept)
}

/// Whether there are tokens, and this client had them.
pub(super) fn was_given_to(oauth: &OAuth, client: &Client) -> bool {
    let has_tokens = oauth.access_token.as_deref();
    let has_tokens = has_tokens.is_some_and(|token| !token.expose_secret().is_empty());
    let before = oauth.grant.as_ref().and_then(|kept| before(kept.expose()));
    has_tokens
        && before.is_some_and(|before| {
            before.client_id.as_ref() == Some(&client.id) && before.issuer == client.issuer
        })
}

fn before(kept: &Value) -> Option<Before> {
    Some(Before {
        issuer: text(kept, "issuer")?,
        token_endpoint: text(kept, "tokenEndpoint").unwrap_or_default(),
        requested: texts(kept, "requestedScopes"),
        client_id: text(kept, "clientId"),
        issued_at: time(kept, "issuedAt"),
    })
}

/// What was asked for another server than the one at this address says nothing.
fn step_ups(kept: &Value, url: &str) -> StepUps {
    let rounds = kept.get("rounds").and_then(Value::as_array);
    let rounds = rounds.filter(|_| text(kept, "server") == origin_of(url));
    let refused = rounds.into_iter().flatten().filter_map(|round| {
        Some(Refused {
            at: time(round, "at")?,
            scopes: texts(round, "scopes"),
            token: text(round, "mark")?,
        })
    });
    StepUps {
        refused: refused.collect(),
    }
}

fn client(id: Option<String>, secret: Option<SecretString>, kept: &Value) -> Option<Client> {
    let management = text(kept, "managementToken").map(SecretString::from);
    Some(Client {
        id: id.filter(|id| !id.is_empty())?,
        secret,
        key: None,
        method: AuthMethod::named(&text(kept, "tokenEndpointAuthMethod")?)?,
        issuer: text(kept, "issuer")?,
        redirect_uri: text(kept, "redirectUri")?,
        kind: Kind::Registered(Registered {
            at: time(kept, "at"),
            token_endpoint: text(kept, "tokenEndpoint").unwrap_or_default(),
            instead_of: text(kept, "insteadOf"),
            instead_of_document: text(kept, "insteadOfDocument"),
            secret_expires_at: time(kept, "secretExpiresAt"),
            management_uri: text(kept, "managementUri"),
            management_token: management,
            answer: match kept.get("answer") {
                Some(Value::Object(answer)) => answer.clone(),
                Some(_) | None => Map::new(),
            },
        }),
    })
}

fn waiting(kept: &Value) -> Option<Waiting> {
    let link = text(kept, "authorizationUrl")?;
    let healed = |key| {
        kept.pointer(&format!("/healed/{key}"))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    };
    let pending = Pending {
        state_hash: state_hash(&state_of(&link)?),
        verifier: text(kept, "codeVerifier")?.into(),
        issuer: text(kept, "issuer"),
        iss_promised: kept
            .get("issRequired")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        resource: text(kept, "resource"),
        scopes: texts(kept, "scopes"),
        redirect_uri: text(kept, "redirectUri")?,
        client_id: text(kept, "clientId")?,
        token_endpoint: text(kept, "tokenEndpoint")?,
        revocation_endpoint: text(kept, "revocationEndpoint"),
        created_at: time(kept, "createdAt")?,
        dpop: kept.get("dpop").and_then(Value::as_bool).unwrap_or(false),
        healed: Healed {
            resource: healed("resource"),
            scope: healed("scope"),
        },
    };
    Some(Waiting {
        pending,
        link,
        id: text(kept, "id").unwrap_or_default(),
        server: text(kept, "server"),
    })
}

fn typing(kept: &Value) -> Option<Typing> {
    let interval = kept.get("interval").and_then(Value::as_u64)?;
    let interval = Duration::from_secs(interval.max(1));
    let created_at = time(kept, "createdAt")?;
    Some(Typing {
        device: Device {
            code: text(kept, "deviceCode")?.into(),
            user_code: text(kept, "userCode")?,
            verification_uri: text(kept, "verificationUri")?,
            verification_uri_complete: text(kept, "verificationUriComplete"),
            created_at,
            expires_at: time(kept, "expiresAt")?,
            interval,
            next_at: created_at + interval,
            troubles: 0,
            issuer: text(kept, "issuer")?,
            client_id: text(kept, "clientId")?,
            method: AuthMethod::named(&text(kept, "authMethod")?)?,
            token_endpoint: text(kept, "tokenEndpoint")?,
            revocation_endpoint: text(kept, "revocationEndpoint"),
            scopes: texts(kept, "scopes"),
            resource: text(kept, "resource"),
        },
        id: text(kept, "id")?,
        server: text(kept, "server"),
    })
}

/// The link holds the state anyway; what the endpoint's own query says comes before it.
pub(super) fn state_of(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    url.query_pairs()
        .filter(|(key, _)| key == "state")
        .last()
        .map(|(_, state)| state.into_owned())
}

fn text(kept: &Value, key: &str) -> Option<String> {
    kept.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn texts(kept: &Value, key: &str) -> Vec<String> {
    let list = kept.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn time(kept: &Value, key: &str) -> Option<SystemTime> {
    kept.get(key).and_then(Value::as_u64).and_then(from_millis)
}

//! A registration request, and the client that comes of it: RFC 7591 sections 2 and 3.
//!
//! Strangers send these. So only what is needed is kept, in bounds; nothing in it can be read as a placeholder of the settings file; and addresses of logos and policies are neither
//! asked nor shown. Leaves out: software statements, and changing a registration (RFC 7592).

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use settings::OAuthServer;

use super::client::{Client, Method};
use super::digest::Digest;
use super::redirect;

const MOST_ADDRESSES: usize = 10;
/// Letters of a name.
const LONGEST_NAME: usize = 100;

/// RFC 7591 3.2.2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {description}")]
pub struct RegistrationError {
    pub error: &'static str,
    pub description: String,
}

/// The chance that goes into a client.
pub(crate) struct Chance {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A new client, and what it is told.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) client: Client,
    pub(crate) answer: Value,
}

/// Reads a request. What the hub does differently is said in the answer, as RFC 7591 3.2.1 has it.
pub(crate) fn register(
    body: &[u8],
    server: &OAuthServer,
    chance: Chance,
    now: SystemTime,
) -> Result<Registered, RegistrationError> {
    let asked: Value = serde_json::from_slice(body)
        .map_err(|error| metadata(format!("the body is no JSON: {error}")))?;
    let Some(asked) = asked.as_object() else {
        return Err(metadata("the body is no object"));
    };
    let (id, secret) = (chance.id, chance.secret);
    let mut client = read(asked, id, server)?;
    let with_secret = client.method != Method::None;
    client.secret = with_secret.then(|| Digest::of(&secret));
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH);
    client.issued_at = Some(seconds.unwrap_or_default().as_secs());
    let mut answer = json!({
        "client_id": client.id,
        "client_id_issued_at": client.issued_at,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": client.grant_types(),
        "response_types": ["code"],
        "token_endpoint_auth_method": client.method.word(),
        "application_type": if client.is_native { "native" } else { "web" },
        "scope": client.scopes.as_ref().unwrap_or(&server.allowed_scopes).join(" "),
    });
    if with_secret {
        answer["client_secret"] = secret.into();
        answer["client_secret_expires_at"] = 0.into();
    }
    Ok(Registered { client, answer })
}

/// What metadata of a client says, in a request or in its own document.
pub(crate) fn read(
    asked: &Map<String, Value>,
    id: String,
    server: &OAuthServer,
) -> Result<Client, RegistrationError> {
    let redirect_uris = redirect_uris(asked)?;
    let texts = |key| texts(asked, key);
    if let Some(types) = texts("response_types")?
        && !types.iter().any(|kind| kind == "code")
    {
        return Err(metadata("response_types has to have `code`"));
    }
    let allowed = |grant: &str| {
        let mut all = server.registration.allowed_grant_types.iter();
        all.any(|known| known == grant)
    };
    let grants = texts("grant_types")?;
    let wants = |grant: &str| {
        let asked = grants.as_ref();
        asked.is_none_or(|asked| asked.iter().any(|word| word == grant)) && allowed(grant)
    };
    if !wants("authorization_code") {
        return Err(metadata(
            "grant_types has to have `authorization_code`, and the hub has to allow it",
        ));
    }
    let method = match text(asked, "token_endpoint_auth_method")? {
        None => Method::Basic,
        Some(word) => Method::read(word).ok_or_else(|| {
            metadata("token_endpoint_auth_method is none of none, client_secret_basic and client_secret_post")
        })?,
    };
    // rule: mcphub-require-client-secret
    let method = match method {
        Method::None if server.require_client_secret => Method::Post,
        Method::None | Method::Basic | Method::Post => method,
    };
    Ok(Client {
        name: name(asked)?,
        is_native: text(asked, "application_type")? == Some("native"),
        scopes: scopes(asked, server)?,
        refreshes: wants("refresh_token"),
        id,
        method,
        redirect_uris,
        secret: None,
        issued_at: None,
        is_document: false,
    })
}

// rule: as-registration-redirect -- a client names each address that it may be answered at.
fn redirect_uris(asked: &Map<String, Value>) -> Result<Vec<String>, RegistrationError> {
    let wrong = |description: String| RegistrationError {
        error: "invalid_redirect_uri",
        description,
    };
    let addresses = texts(asked, "redirect_uris")?.unwrap_or_default();
    if addresses.is_empty() || addresses.len() > MOST_ADDRESSES {
        return Err(wrong(format!(
            "redirect_uris has to have one to {MOST_ADDRESSES} addresses"
        )));
    }
    for address in &addresses {
        redirect::check(address)
            .map_err(|unfit| wrong(format!("{address:?} is not taken: {unfit}")))?;
    }
    Ok(addresses)
}

fn name(asked: &Map<String, Value>) -> Result<String, RegistrationError> {
    let name = text(asked, "client_name")?.unwrap_or_default();
    // The settings file is MCPHub's, too, which fills in placeholders anywhere.
    // rule: mcphub-registration-text
    if name.contains('$') {
        return Err(metadata("client_name must not have a `$`"));
    }
    let shown = name.chars().filter(|letter| !letter.is_control());
    let shown: String = shown.take(LONGEST_NAME).collect();
    let shown = shown.trim();
    if shown.is_empty() {
        // Nothing is named after an address of its choice: it may have several.
        return Ok("a program without a name".to_owned());
    }
    Ok(shown.to_owned())
}

/// Those of the scopes that the hub has; `None`: nobody asked.
fn scopes(
    asked: &Map<String, Value>,
    server: &OAuthServer,
) -> Result<Option<Vec<String>>, RegistrationError> {
    let Some(scope) = text(asked, "scope")? else {
        return Ok(None);
    };
    // Each of ours once, however often a stranger writes it.
    let asked = |known: &&String| scope.split_whitespace().any(|word| word == *known);
    let scopes: Vec<String> = server
        .allowed_scopes
        .iter()
        .filter(asked)
        .cloned()
        .collect();
    // A client that names none of ours hears of ours when it asks for them.
    Ok(Some(scopes).filter(|scopes| !scopes.is_empty()))
}

fn text<'a>(
    asked: &'a Map<String, Value>,
    key: &str,
) -> Result<Option<&'a str>, RegistrationError> {
    match asked.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(metadata(format!("{key} is no text")))
        }
    }
}

fn texts(asked: &Map<String, Value>, key: &str) -> Result<Option<Vec<String>>, RegistrationError> {
    let list = match asked.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(metadata(format!("{key} is no list")));
        }
    };
    let texts = list.iter().map(|word| word.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    texts
        .map(Some)
        .ok_or_else(|| metadata(format!("{key} has to have texts only")))
}

fn metadata(description: impl Into<String>) -> RegistrationError {
    RegistrationError {
        error: "invalid_client_metadata",
        description: description.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: &Value, server: &OAuthServer) -> Result<Registered, RegistrationError> {
        let chance = Chance {
            id: "id".into(),
            secret: "hunter2".into(),
        };
        register(
            body.to_string().as_bytes(),
            server,
            chance,
            SystemTime::UNIX_EPOCH,
        )
    }

    fn with(key: &str, value: Value) -> Result<Registered, RegistrationError> {
        let mut body = json!({ "redirect_uris": ["http://127.0.0.1/cb"], "client_name": "Claude" });
        body[key] = value;
        asked(&body, &OAuthServer::default())
    }

    #[test]
    fn a_public_client_is_told_what_it_is_and_gets_no_secret() {
        let grants = json!([
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code"
        ]);
        let mut body = json!({ "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none" });
        body["grant_types"] = grants;
        let registered = asked(&body, &OAuthServer::default()).unwrap();
        let answer = &registered.answer;
        assert_eq!(answer["client_id"], "id");
        assert_eq!(answer["token_endpoint_auth_method"], "none");
        assert_eq!(
            answer["grant_types"],
            json!(["authorization_code", "refresh_token"])
        );
        assert_eq!(answer["scope"], "read write");
        assert!(answer.get("client_secret").is_none());
        assert!(registered.client.is_shown_by(None));
    }

    // rule: rfc6749-3.2.1
    #[test]
    fn a_client_with_a_secret_is_known_by_it_alone_and_the_file_does_not_have_it() {
        let registered = with("token_endpoint_auth_method", "client_secret_post".into()).unwrap();
        assert_eq!(registered.answer["client_secret"], "hunter2");
        let client = &registered.client;
        assert!(client.is_shown_by(Some("hunter2")));
        assert!(!client.is_shown_by(Some("hunter3")) && !client.is_shown_by(None));
        assert!(!client.written().to_string().contains("hunter2"));
    }

    // rule: as-registration-redirect
    #[test]
    fn a_client_without_a_fit_address_is_not_registered() {
        let eleven = vec!["http://127.0.0.1/cb"; MOST_ADDRESSES + 1];
        for addresses in [
            json!([]),
            Value::Null,
            json!(["javascript:alert(1)"]),
            json!(["http://127.0.0.1/cb", "http://example.com/cb"]),
            json!(["https://a.example/cb#x"]),
            json!(eleven),
        ] {
            let error = with("redirect_uris", addresses.clone()).unwrap_err();
            assert_eq!(error.error, "invalid_redirect_uri", "{addresses}");
        }
    }

    #[test]
    fn a_request_that_makes_no_sense_is_told_why() {
        for (key, value) in [
            ("redirect_uris", json!("http://127.0.0.1/cb")),
            ("redirect_uris", json!([7])),
            ("grant_types", json!(["client_credentials"])),
            ("response_types", json!(["token"])),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("client_name", json!(7)),
        ] {
            let error = with(key, value).unwrap_err();
            assert_eq!(error.error, "invalid_client_metadata", "{key}");
        }
        let chance = Chance {
            id: String::new(),
            secret: String::new(),
        };
        let torn = register(
            b"{",
            &OAuthServer::default(),
            chance,
            SystemTime::UNIX_EPOCH,
        );
        assert_eq!(torn.unwrap_err().error, "invalid_client_metadata");
    }

    // rule: mcphub-registration-pace
    #[test]
    fn a_scope_is_kept_once_however_often_it_is_written() {
        let registered = with("scope", "write read read ".repeat(1_000).into()).unwrap();
        let scopes = registered.client.scopes.unwrap();
        assert_eq!(scopes, ["read", "write"]);
    }

    // rule: mcphub-registration-text
    #[test]
    fn a_name_is_short_and_clean_and_never_a_placeholder() {
        let error = with("client_name", "${JWT_SECRET}".into()).unwrap_err();
        assert!(error.description.contains('$'), "{error}");
        let long = with("client_name", format!("a\r\n{}", "x".repeat(1_000)).into()).unwrap();
        assert_eq!(long.client.name.chars().count(), LONGEST_NAME);
        assert!(!long.client.name.contains('\n'));
        let none = with("client_name", " ".into()).unwrap();
        assert_eq!(none.client.name, "a program without a name");
    }

    // rule: mcphub-require-client-secret
    #[test]
    fn where_a_secret_is_asked_for_every_client_gets_one() {
        let server = OAuthServer {
            require_client_secret: true,
            ..OAuthServer::default()
        };
        let body = json!({ "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none" });
        let answer = asked(&body, &server).unwrap().answer;
        assert_eq!(answer["token_endpoint_auth_method"], "client_secret_post");
        assert_eq!(answer["client_secret"], "hunter2");
    }

    #[test]
    fn a_client_asks_for_what_the_hub_has() {
        let scopes = |scope: &str| with("scope", scope.into()).unwrap().client.scopes;
        assert_eq!(scopes("read offline_access"), Some(vec!["read".to_owned()]));
        assert_eq!(scopes("openid"), None);
        let no_renewal = with("grant_types", json!(["authorization_code"])).unwrap();
        assert!(!no_renewal.client.refreshes);
    }

    #[test]
    fn a_client_is_written_as_it_is_read() {
        let client = with("application_type", "web".into()).unwrap().client;
        let file = json!({ "oauthClients": [client.written()] }).to_string();
        let file = settings::File::parse(&file).unwrap();
        let read = settings::resolve(&file, &|_| None).oauth_clients;
        assert_eq!(Client::of_settings(&read[0]), client);
    }
}

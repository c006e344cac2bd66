//! What strangers may do before a person has agreed to anything: register, and have the hub look at their documents; in memory, at a pace, and in bounds.
//!
//! A registration reaches the settings file when somebody agrees to the client, so that nobody writes there who has not been let in. OAuth Client ID Metadata Document sections 3 and 4.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use settings::OAuthServer;
use url::Url;

use super::client::{Client, Method};
use super::registration;

/// Of all strangers together.
const A_MINUTE: u32 = 30;
const MINUTE: Duration = Duration::from_secs(60);
const MOST: usize = 500;
/// How long a person may take to agree.
const WAITS: Duration = Duration::from_secs(24 * 60 * 60);
const LARGEST_DOCUMENT: usize = 32 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Newcomers {
    since: Option<SystemTime>,
    count: u32,
    clients: HashMap<String, (Client, SystemTime)>,
}

impl Newcomers {
    /// Counts one thing that a stranger asked for. `Err`: not now, but after so long.
    // rule: mcphub-registration-pace -- strangers are taken in at a pace, and only so many wait.
    pub(crate) fn step(&mut self, now: SystemTime) -> Result<(), Duration> {
        let age = self
            .since
            .and_then(|since| now.duration_since(since).ok())
            .filter(|age| *age < MINUTE);
        match age {
            Some(age) if self.count >= A_MINUTE => Err(MINUTE - age),
            Some(_) => {
                self.count += 1;
                Ok(())
            }
            None => {
                (self.since, self.count) = (Some(now), 1);
                Ok(())
            }
        }
    }

    /// Keeps a client until somebody agreed, or for this long.
    pub(crate) fn keep(&mut self, client: Client, long: Duration, now: SystemTime) {
        self.clients.retain(|_, (_, until)| now < *until);
        if self.clients.len() >= MOST {
            let first = self.clients.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(first) = first.map(|(id, _)| id.clone()) {
                self.clients.remove(&first);
            }
        }
        self.clients.insert(client.id.clone(), (client, now + long));
    }

    pub(crate) fn wait(&mut self, client: Client, now: SystemTime) {
        self.keep(client, WAITS, now);
    }

    pub(crate) fn find(&self, id: &str, now: SystemTime) -> Option<Client> {
        let (client, until) = self.clients.get(id)?;
        (now < *until).then(|| client.clone())
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.clients.remove(id);
    }
}

/// The address of a client's document, if its id is one.
// rule: as-client-document-address -- such an id is an https address with a path, without a dot segment, a fragment, a user name or a password.
pub(crate) fn address(id: &str) -> Option<Url> {
    let url = Url::parse(id).ok()?;
    let plain = url.scheme() == "https"
        && url.path() != "/"
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !id.contains('$')
        && id.len() <= 500;
    // Whatever a parser has to put right is not what the other side wrote.
    (plain && url.as_str() == id).then_some(url)
}

/// The client that its document speaks of.
// rule: as-client-document -- a document names its own address, and holds no secret.
pub(crate) fn read(id: &str, body: &[u8], server: &OAuthServer) -> Result<Client, String> {
    if body.len() > LARGEST_DOCUMENT {
        return Err(format!("it is larger than {LARGEST_DOCUMENT} bytes"));
    }
    let document: serde_json::Value =
        serde_json::from_slice(body).map_err(|error| format!("it is no JSON: {error}"))?;
    let Some(document) = document.as_object() else {
        return Err("it is no object".to_owned());
    };
    if document.get("client_id").and_then(|named| named.as_str()) != Some(id) {
        return Err("its client_id is not its own address".to_owned());
    }
    if ["client_secret", "client_secret_expires_at"]
        .iter()
        .any(|key| document.contains_key(*key))
    {
        return Err("it holds a secret, which everybody can read".to_owned());
    }
    let mut document = document.clone();
    // A document has no other way to show that it is asked for by its client.
    let method = document
        .entry("token_endpoint_auth_method")
        .or_insert_with(|| "none".into());
    if method != "none" {
        return Err(
            "its client would show itself by a key, which this hub does not take".to_owned(),
        );
    }
    if server.require_client_secret {
        return Err("this hub takes clients with a secret only".to_owned());
    }
    let mut client =
        registration::read(&document, id.to_owned(), server).map_err(|error| error.description)?;
    client.method = Method::None;
    client.is_document = true;
    Ok(client)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    // rule: mcphub-registration-pace
    #[test]
    fn strangers_are_taken_in_at_a_pace() {
        let mut newcomers = Newcomers::default();
        for _ in 0..A_MINUTE {
            assert_eq!(newcomers.step(at(0)), Ok(()));
        }
        assert_eq!(newcomers.step(at(10)), Err(Duration::from_secs(50)));
        assert_eq!(newcomers.step(at(60)), Ok(()));
    }

    const ID: &str = "https://client.example/oauth/client.json";

    fn document(change: impl FnOnce(&mut Value)) -> Result<Client, String> {
        let mut document = json!({ "client_id": ID, "client_name": "Client", "redirect_uris": ["http://127.0.0.1/cb"] });
        change(&mut document);
        read(ID, document.to_string().as_bytes(), &OAuthServer::default())
    }

    // rule: mcphub-registration-pace
    #[test]
    fn only_so_many_wait_and_not_for_ever() {
        let mut newcomers = Newcomers::default();
        let client = document(|_| {}).unwrap();
        for number in 0..(MOST + 20) {
            let id = number.to_string();
            let client = Client {
                id,
                ..client.clone()
            };
            newcomers.wait(client, at(number as u64));
        }
        assert_eq!(newcomers.clients.len(), MOST);
        assert!(newcomers.find("0", at(1_000)).is_none(), "the oldest went");
        assert!(newcomers.find("519", at(1_000)).is_some());
        assert!(newcomers.find("519", at(519) + WAITS).is_none());
    }

    // rule: as-client-document-address
    #[test]
    fn an_id_that_is_an_address_is_https_and_written_as_it_is_meant() {
        assert!(address(ID).is_some());
        for id in [
            "http://client.example/client.json",
            "https://client.example",
            "https://client.example/",
            "https://client.example/a/../client.json",
            "https://CLIENT.example/client.json",
            "https://me@client.example/client.json",
            "https://client.example/client.json#x",
            "https://client.example:443/client.json",
            "file:///etc/passwd",
            "c",
        ] {
            assert!(address(id).is_none(), "{id}");
        }
    }

    // rule: as-client-document
    #[test]
    fn a_document_speaks_of_itself_and_holds_no_secret() {
        let client = document(|_| {}).unwrap();
        assert!(client.is_document && client.secret.is_none());
        assert_eq!(client.name, "Client");
        let changes: [fn(&mut Value); 6] = [
            |document| document["client_id"] = "https://other.example/client.json".into(),
            |document| document["client_id"] = Value::Null,
            |document| document["client_secret"] = "s".into(),
            |document| document["token_endpoint_auth_method"] = "private_key_jwt".into(),
            |document| document["redirect_uris"] = json!(["javascript:alert(1)"]),
            |document| document["padding"] = "x".repeat(LARGEST_DOCUMENT).into(),
        ];
        for change in changes {
            assert!(document(change).is_err());
        }
        assert!(read(ID, b"<html>", &OAuthServer::default()).is_err());
    }
}

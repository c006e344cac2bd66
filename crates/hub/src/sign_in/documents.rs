//! Metadata of authorization servers that was read a short while ago, so that each of a provider's servers need not ask again.
//!
//! Kept by issuer and by the way on which it was reached: what a private certificate authority vouches for at one server is not
//! believed at another. What is kept is judged again at every use (`oauth::discovery`); only the question is saved.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use oauth::discovery::Document;
use oauth::{Response, Stage};
use serde_json::Value;

use crate::fetch::Way;

/// How long a document is believed without asking again.
const FRESH: Duration = Duration::from_secs(3_600);
/// Issuers that are remembered at once; the oldest goes first.
const MOST: usize = 64;

/// A clone is the same memory.
#[derive(Clone, Default)]
pub(super) struct Documents {
    all: Arc<Mutex<Vec<Read>>>,
}

struct Read {
    way: Way,
    at: SystemTime,
    document: Document,
}

impl Documents {
    /// What was read on this way within the hour.
    // rule: mcp-auth-discovery-cache
    pub(super) fn fresh(&self, way: &Way, now: SystemTime) -> Vec<Document> {
        let lives = |read: &&Read| {
            let age = now.duration_since(read.at);
            read.way == *way && age.is_ok_and(|age| age < FRESH)
        };
        self.with(|all| {
            let fresh = all.iter().filter(lives);
            fresh.map(|read| read.document.clone()).collect()
        })
    }

    pub(super) fn keep(&self, way: &Way, now: SystemTime, document: Document) {
        self.with(|all| {
            all.retain(|read| read.way != *way || read.document.issuer != document.issuer);
            if all.len() == MOST {
                all.remove(0);
            }
            let (way, at) = (way.clone(), now);
            all.push(Read { way, at, document });
        });
    }

    /// The issuer does not know the client any more: it may have changed in other ways too.
    pub(super) fn forget(&self, issuer: &str) {
        self.with(|all| all.retain(|read| read.document.issuer != issuer));
    }

    /// An endpoint that is not there any more, or does not know the client, says that its document is out of date.
    // rule: mcp-auth-discovery-cache
    pub(super) fn heard(&self, stage: Stage, address: &str, response: &Response) {
        let outdated = stage != Stage::Discovery
            && (response.status() == 404 || is_invalid_client(response.body()));
        if outdated {
            self.with(|all| all.retain(|read| !names(&read.document, address)));
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Vec<Read>) -> T) -> T {
        look(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn names(document: &Document, address: &str) -> bool {
    let same = |value: &Value| value.as_str() == Some(address);
    document.members.values().any(same)
}

fn is_invalid_client(body: &[u8]) -> bool {
    let answer = serde_json::from_slice::<Value>(body);
    answer.is_ok_and(|answer| answer["error"] == "invalid_client")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Reach;

    fn document() -> Document {
        let members = serde_json::json!({ "token_endpoint": "https://as.test/token" });
        Document {
            issuer: "https://as.test".to_owned(),
            place: "https://as.test/.well-known/oauth-authorization-server".to_owned(),
            members: members.as_object().unwrap().clone(),
        }
    }

    fn answer(status: u16, body: &str) -> Response {
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        response
    }

    // rule: mcp-auth-discovery-cache
    #[test]
    fn a_document_is_believed_for_an_hour_and_on_its_own_way_only() {
        let (documents, public) = (Documents::default(), Way::from(Reach::Public));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        documents.keep(&public, now, document());
        let within = now + FRESH - Duration::from_secs(1);
        assert_eq!(documents.fresh(&public, within), [document()]);
        assert!(documents.fresh(&public, now + FRESH).is_empty());
        let early = now - Duration::from_secs(1);
        assert!(documents.fresh(&public, early).is_empty());
        assert!(documents.fresh(&Reach::Any.into(), now).is_empty());
        let with_ca = Way {
            ca_file: Some("house.pem".to_owned()),
            ..public
        };
        assert!(documents.fresh(&with_ca, now).is_empty());
    }

    // rule: mcp-auth-discovery-cache
    #[test]
    fn an_endpoint_that_is_gone_or_does_not_know_the_client_drops_its_document() {
        let way = Way::from(Reach::Public);
        let (now, token) = (SystemTime::UNIX_EPOCH, "https://as.test/token");
        let cases = [
            (Stage::Refresh, token, answer(404, ""), true),
            (
                Stage::Refresh,
                token,
                answer(401, r#"{"error":"invalid_client"}"#),
                true,
            ),
            (
                Stage::Refresh,
                token,
                answer(400, r#"{"error":"invalid_grant"}"#),
                false,
            ),
            (Stage::Refresh, token, answer(503, "invalid_client"), false),
            (
                Stage::Refresh,
                "https://as.test/other",
                answer(404, ""),
                false,
            ),
            (Stage::Discovery, token, answer(404, ""), false),
        ];
        for (stage, address, answer, dropped) in cases {
            let documents = Documents::default();
            documents.keep(&way, now, document());
            documents.heard(stage, address, &answer);
            assert_eq!(documents.fresh(&way, now).is_empty(), dropped, "{answer:?}");
        }
        let documents = Documents::default();
        documents.keep(&way, now, document());
        documents.forget("https://as.test");
        assert!(documents.fresh(&way, now).is_empty());
    }
}

//! What the practice world saw: every request, and the counts that tests ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::trouble::{Endpoint, Fault};

/// Which of the two origins was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    AuthorizationServer,
    McpServer,
}

/// One request as it came, and the status that it was answered with.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Time since the world began.
    pub at: Duration,
    pub side: Side,
    pub endpoint: Endpoint,
    pub method: String,
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// `None` while unanswered, and for ever when the connection was dropped.
    pub status: Option<u16>,
    /// The fault on order that it met.
    pub fault: Option<Fault>,
}

impl Seen {
    /// First value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The token of an `Authorization: Bearer` header.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// The token of an `Authorization` header of this scheme.
    pub(crate) fn shown(&self, wanted: &str) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then_some(token)
    }

    /// First value of a query parameter, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        first(&self.query, name)
    }

    /// First value of a field of a form body, decoded.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<String> {
        first(&self.body, name)
    }

    /// The body as JSON; `Null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

fn first(encoded: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(encoded.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// How often what happened since the world began. A request counts when it arrives, not when it is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub requests: BTreeMap<Endpoint, u64>,
    /// Clients registered.
    pub registered: u64,
    pub codes_issued: u64,
    /// Codes that came a second time.
    pub codes_reused: u64,
    /// Access tokens issued for a code, a device or a client.
    pub tokens_issued: u64,
    /// Questions of devices that came before their time.
    pub asked_too_soon: u64,
    /// Access tokens issued for a refresh token.
    pub renewed: u64,
    /// Refresh tokens that came again after they were spent.
    pub reuse_detected: u64,
    /// Grants ended because of reuse, of a code or a refresh token.
    pub families_revoked: u64,
    /// Tokens that the revocation endpoint took back.
    pub revoked: u64,
    /// Tool calls carried out.
    pub tools_called: u64,
}

impl Counts {
    /// Requests at an endpoint.
    #[must_use]
    pub fn of(&self, endpoint: Endpoint) -> u64 {
        self.requests.get(&endpoint).copied().unwrap_or(0)
    }
}

//! Trouble on order: which endpoint misbehaves, how, and how often.

use serde::{Deserialize, Serialize};

/// What a request was for, as the practice world sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Endpoint {
    /// The protected resource metadata, at any of its well-known addresses.
    ResourceMetadata,
    /// The authorization server metadata, at any of its well-known addresses.
    ServerMetadata,
    Register,
    /// DELETE of a client's own registration.
    Unregister,
    /// GET of the authorization endpoint: the page, or at once the redirect.
    Authorize,
    /// POST of the page's form.
    Decision,
    Token,
    /// POST of the device authorization endpoint.
    Device,
    /// The page where a person types a device's code.
    Verification,
    Revoke,
    /// POST to the MCP endpoint.
    Mcp,
    /// GET of the MCP endpoint: the stream of server messages.
    McpStream,
    /// DELETE of the MCP endpoint: the end of a session.
    McpEnd,
    Other,
}

/// How an endpoint misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "fault",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Fault {
    /// No fault: does the work. For a pause between others.
    Pass,
    /// Answers with this status and a short page, without doing the work.
    Status {
        status: u16,
        /// Seconds for a `Retry-After` header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// Answers 400 (or `status`) with this OAuth error as JSON.
    #[serde(rename = "oauth")]
    OAuth {
        error: String,
        #[serde(default = "bad_request")]
        status: u16,
    },
    /// Answers 200 with a web page where JSON was expected.
    Html,
    /// Answers 200 with two million bytes of JSON.
    Large,
    /// Answers 307 to another address.
    Redirect { to: String },
    /// Does the work, but only after this time.
    Slow { milliseconds: u64 },
    /// Never answers, and keeps the connection open.
    Hang,
    /// Closes the connection before the work is done.
    Drop,
    /// Does the work, then closes the connection: the answer is lost.
    Lose,
}

/// A fault and how often it is met; faults of one endpoint are used up in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    #[serde(flatten)]
    pub fault: Fault,
    /// Requests that are still to meet the fault; absent means for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

impl Trouble {
    /// The fault, for ever.
    #[must_use]
    pub fn forever(fault: Fault) -> Self {
        Self { fault, times: None }
    }

    /// The fault, for the next `times` requests.
    #[must_use]
    pub fn times(fault: Fault, times: u32) -> Self {
        Self {
            fault,
            times: Some(times),
        }
    }

    /// The fault, for the next request.
    #[must_use]
    pub fn once(fault: Fault) -> Self {
        Self::times(fault, 1)
    }
}

impl Fault {
    /// A plain status, as `500`.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
        }
    }

    /// 429 with `Retry-After` in seconds.
    #[must_use]
    pub fn busy(retry_after: u64) -> Self {
        Self::Status {
            status: 429,
            retry_after: Some(retry_after),
        }
    }

    /// 400 with an OAuth error.
    #[must_use]
    pub fn oauth(error: &str) -> Self {
        Self::OAuth {
            error: error.to_owned(),
            status: bad_request(),
        }
    }
}

fn bad_request() -> u16 {
    400
}

/// Takes the next fault of a list and counts it down.
pub(crate) fn take(list: &mut Vec<Trouble>) -> Option<Fault> {
    list.retain(|trouble| trouble.times != Some(0));
    let first = list.first_mut()?;
    let fault = first.fault.clone();
    if let Some(times) = &mut first.times {
        *times -= 1;
    }
    list.retain(|trouble| trouble.times != Some(0));
    Some(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_met_in_order_and_as_often_as_ordered() {
        let mut list = vec![
            Trouble::times(Fault::status(500), 2),
            Trouble::once(Fault::busy(1)),
        ];
        let met: Vec<_> = std::iter::from_fn(|| take(&mut list)).collect();
        assert_eq!(
            met,
            [Fault::status(500), Fault::status(500), Fault::busy(1)]
        );
    }

    #[test]
    fn a_fault_without_a_number_stays() {
        let mut list = vec![Trouble::forever(Fault::Drop)];
        assert_eq!(take(&mut list), Some(Fault::Drop));
        assert_eq!(take(&mut list), Some(Fault::Drop));
    }

    #[test]
    fn trouble_is_written_flat_in_json() {
        let text = r#"{"fault":"status","status":429,"retryAfter":2,"times":3}"#;
        let read: Trouble = serde_json::from_str(text).unwrap();
        assert_eq!(read, Trouble::times(Fault::busy(2), 3));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

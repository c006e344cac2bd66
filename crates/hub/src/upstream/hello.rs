//! The first words with a server: `initialize`, what it answers, and `notifications/initialized`.
//!
//! MCP lifecycle, "Initialization" and "Version Negotiation", client's side, for the revisions that have a handshake.

use mcp::{capability::Offers, message::Message, method, raw, revision::Revision};

use super::{
    Shared, Trouble,
    behalf::{IMPLEMENTATION, PASSED_ON},
    link::Link,
    outgoing::Refused,
    trouble::plain,
};

/// What the server said in its answer to `initialize`.
#[derive(Debug, Clone)]
pub struct Hello {
    /// The result as the server wrote it.
    pub result: Box<str>,
    pub revision: Revision,
    pub offers: Offers,
}

impl Hello {
    fn read(result: &str) -> Result<Self, Trouble> {
        let unreadable = |why: String| Trouble::NotAMessage {
            kind: "an answer to initialize that cannot be read",
            why,
            begins: String::new(),
        };
        let [version, capabilities] = raw::fields(result, ["protocolVersion", "capabilities"])
            .map_err(|error| unreadable(error.to_string()))?;
        let answered = version
            .and_then(raw::string)
            .ok_or_else(|| unreadable("the answer to initialize has no protocolVersion".into()))?;
        // rule: mcp-lifecycle-unsupported -- a client that does not know the server's revision disconnects.
        let revision = Revision::parse(&answered)
            .filter(|revision| revision.has_handshake())
            .ok_or_else(|| Trouble::Revision {
                offered: Revision::LATEST_HANDSHAKE.as_str(),
                answered: plain(&answered).chars().take(40).collect(),
            })?;
        Ok(Self {
            result: result.into(),
            revision,
            offers: capabilities.map(Offers::read).unwrap_or_default(),
        })
    }
}

/// What the hub can pass on to its clients: their model, their forms, their folders.
fn introduction() -> String {
    format!(
        "{{\"protocolVersion\":\"{}\",\"capabilities\":{PASSED_ON},\"clientInfo\":{IMPLEMENTATION}}}",
        Revision::LATEST_HANDSHAKE
    )
}

/// Introduces the hub and hears who the server is.
pub(super) async fn introduce(shared: &Shared, link: &Link) -> Result<Hello, Refused> {
    let answer = shared
        .ask(link, method::INITIALIZE, Some(&introduction()))
        .await?;
    let Some(result) = answer.result() else {
        return Err(Refused::Failed(refusal(method::INITIALIZE, &answer)));
    };
    let hello = Hello::read(result).map_err(Refused::Failed)?;
    link.agreed(hello.revision);
    link.send(Message::notification(method::INITIALIZED, None))
        .await?;
    Ok(hello)
}

/// The error that a server answered with.
pub(super) fn refusal(method: &'static str, answer: &Message) -> Trouble {
    let error = answer.error().unwrap_or("{}");
    // What the server wrote wrong about its own error is shown as nothing.
    let [code, message] = raw::fields(error, ["code", "message"]).unwrap_or_default();
    let message = message.and_then(raw::string).unwrap_or_default();
    Trouble::Refused {
        method,
        code: code.and_then(|code| code.parse().ok()).unwrap_or_default(),
        message: plain(&message).chars().take(300).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: mcp-lifecycle-unsupported
    #[test]
    fn a_revision_that_the_hub_does_not_know_or_did_not_offer_is_refused() {
        for version in ["1999-01-01", "2026-07-28", ""] {
            let result = format!("{{\"protocolVersion\":\"{version}\",\"capabilities\":{{}}}}");
            assert!(
                matches!(Hello::read(&result), Err(Trouble::Revision { .. })),
                "{version}"
            );
        }
        assert_eq!(
            Hello::read(r#"{"protocolVersion":"2024-11-05"}"#)
                .unwrap()
                .revision,
            Revision::V2024_11_05
        );
    }

    #[test]
    fn an_answer_without_a_version_is_not_an_mcp_server() {
        assert!(matches!(
            Hello::read("{}"),
            Err(Trouble::NotAMessage { .. })
        ));
    }
}

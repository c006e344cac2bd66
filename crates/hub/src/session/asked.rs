//! Requests of servers that wait for a client: sampling, elicitation, roots. Only the session that was asked may answer.
//!
//! Their ids are unique in the hub already (`hub::upstream` sees to that), so they stay.

use std::sync::Arc;

use mcp::capability::Abilities;
use mcp::message::{Message, code};
use mcp::{method, raw};
use tokio::sync::oneshot;

use super::Session;
use crate::upstream::Upstream;

/// Who asked, and by which token the client may report progress.
pub(super) struct AskedOf {
    /// The server that asked, or that the hub asks about.
    upstream: Upstream,
    token: Option<Box<str>>,
    /// Where an answer to the hub itself goes.
    hub: Option<oneshot::Sender<Message>>,
}

/// Open questions in one session; a server that asks more is refused.
const MOST_ASKED: usize = 64;

impl Session {
    /// Notes a server's request that is about to be sent to the client; or the refusal for the server.
    pub(super) fn ask(&self, upstream: &Upstream, request: &Message) -> Result<(), Message> {
        let id = request.id().unwrap_or("null");
        if !can(self.abilities, request) {
            let text = format!(
                "the client did not declare that it can answer {}",
                request.method().unwrap_or_default()
            );
            return Err(Message::failure(
                Some(id),
                code::METHOD_NOT_FOUND,
                &text,
                None,
            ));
        }
        let mut asked = self.asked();
        if asked.len() >= MOST_ASKED {
            let text = "too many questions are waiting for this client";
            return Err(Message::failure(Some(id), code::SERVER_ERROR, text, None));
        }
        let token = request.progress_token().ok().flatten().map(Into::into);
        let upstream = upstream.clone();
        let hub = None;
        asked.insert(
            id.into(),
            AskedOf {
                upstream,
                token,
                hub,
            },
        );
        Ok(())
    }

    /// Notes a question of the hub's own about a server. False: the client has been asked about it already, or too much.
    pub(super) fn ask_for_hub(
        &self,
        upstream: &Upstream,
        id: Box<str>,
        hub: oneshot::Sender<Message>,
    ) -> bool {
        let mut asked = self.asked();
        let same = |other: &AskedOf| other.hub.is_some() && other.upstream.key() == upstream.key();
        if asked.len() >= MOST_ASKED || asked.values().any(same) {
            return false;
        }
        let question = AskedOf {
            upstream: upstream.clone(),
            token: None,
            hub: Some(hub),
        };
        asked.insert(id, question);
        true
    }

    /// Hands the client's answer to the server that asked. An answer that nobody asked for goes nowhere.
    pub(super) fn answer(self: &Arc<Self>, response: Message) {
        let asked = response.id().and_then(|id| self.asked().remove(id));
        match asked {
            Some(AskedOf { hub: Some(hub), .. }) => {
                // A call that does not wait any more needs no answer.
                drop(hub.send(response));
            }
            Some(asked) => self.tell(asked.upstream, response),
            None => {
                tracing::debug!(session = %self.short_id(), "a client answered what nobody asked");
            }
        }
    }

    /// Hands the client's progress on a server's request to that server.
    pub(super) fn asker_by_token(&self, token: &str) -> Option<Upstream> {
        let asked = self.asked();
        let mut all = asked.values();
        all.find(|asked| asked.hub.is_none() && asked.token.as_deref() == Some(token))
            .map(|asked| asked.upstream.clone())
    }

    /// Enough of the id for a log line, too little to use it.
    pub(super) fn short_id(&self) -> &str {
        self.id.get(..6).unwrap_or_default()
    }
}

// rule: mcp-lifecycle-capabilities -- only what was negotiated may be used.
// rule: mcp-elicit-url -- a server must not ask in a mode that the client did not declare.
fn can(abilities: Abilities, request: &Message) -> bool {
    match request.method().unwrap_or_default() {
        method::SAMPLE => abilities.sampling,
        method::ELICIT if is_by_link(request) => abilities.elicitation_url,
        method::ELICIT => abilities.elicitation,
        method::ROOTS_LIST => abilities.roots,
        _ => true,
    }
}

fn is_by_link(request: &Message) -> bool {
    let mode = raw::string_at(request.params().unwrap_or("{}"), &["mode"]);
    mode.ok().flatten().as_deref() == Some("url")
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: mcp-lifecycle-capabilities
    #[test]
    fn a_client_is_only_asked_what_it_said_it_can_do() {
        let sampling = Abilities {
            sampling: true,
            ..Abilities::default()
        };
        let asks = |abilities, method| can(abilities, &Message::request("1", method, None));
        assert!(asks(sampling, method::SAMPLE) && asks(sampling, method::PING));
        assert!(!asks(sampling, method::ELICIT) && !asks(sampling, method::ROOTS_LIST));
    }

    // rule: mcp-elicit-url
    // rule: mcp-elicit-form
    #[test]
    fn a_client_is_asked_only_in_the_modes_that_it_declared() {
        let asks = |capabilities: &str, params: &str| {
            let question = Message::request("1", method::ELICIT, Some(params));
            can(Abilities::read(capabilities), &question)
        };
        let (old, form, url) = ("{}", r#"{"mode":"form"}"#, r#"{"mode":"url"}"#);
        for (declared, by_form, by_link) in [
            (r#"{}"#, false, false),
            (r#"{"elicitation":{}}"#, true, false),
            (r#"{"elicitation":{"form":{}}}"#, true, false),
            (r#"{"elicitation":{"url":{}}}"#, false, true),
            (r#"{"elicitation":{"form":{},"url":{}}}"#, true, true),
        ] {
            assert_eq!(asks(declared, old), by_form, "{declared}");
            assert_eq!(asks(declared, form), by_form, "{declared}");
            assert_eq!(asks(declared, url), by_link, "{declared}");
        }
    }
}

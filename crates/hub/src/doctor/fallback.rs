//! What is tried where the handshake over Streamable HTTP is not taken: no handshake at all, and the old transport.
//!
//! MCP 2026-07-28, versioning; MCP transports, "Backwards Compatibility".

use mcp::message::Message;
use mcp::method;
use oauth::step::Response;

use super::line::{Line, Part};
use super::said::{self, Answered};
use super::walk::Walk;
use crate::cause::Cause;

/// A server that does not take the handshake may do without one. The inner `None`: there is nothing to sign in to.
pub(super) async fn stateless(walk: &mut Walk<'_>) -> Option<Option<Response>> {
    for asked in [method::DISCOVER, method::TOOLS_LIST] {
        let request = walk.stateless(asked)?;
        let heard = walk.ask_server(request).await;
        let (both, response) = (heard.both(), heard.answer.clone().ok()?);
        if response.status().as_u16() == 401 {
            let text = "answers 401: a sign-in is needed";
            walk.say(Line::ok(Part::Transport, "sign-in-needed", text).exchange(both));
            return Some(Some(response));
        }
        let Answered::Result(_) = said::answered(&response) else {
            return None;
        };
        if asked == method::TOOLS_LIST {
            let text = "Streamable HTTP, MCP 2026-07-28; no sign-in is needed";
            walk.say(Line::ok(Part::Transport, "open", text).exchange(both));
        }
    }
    Some(None)
}

/// A message of MCP, and nothing that a sign-in could follow.
pub(super) fn refused_handshake(refusal: &Message, handshake: (String, String)) -> Line {
    let said = refusal.error().unwrap_or_default();
    Line::wrong(
        Part::Transport,
        Cause::HandshakeRefused,
        format!("speaks MCP, and refuses the first message: {said}"),
        "tell the server's owner what it answered; its revision of MCP may be one that nobody speaks any more",
    )
    .exchange(handshake)
}

/// 400, 404 and 405 are also what servers of the old transport answer to a POST, and those that know no handshake.
pub(super) async fn old(
    walk: &mut Walk<'_>,
    response: &Response,
    posted: (String, String),
) -> Option<Response> {
    let refusal = match said::answered(response) {
        Answered::Error(message) => Some(message),
        Answered::Result(_) | Answered::Html | Answered::Other => None,
    };
    if refusal.is_some()
        && let Some(answer) = stateless(walk).await
    {
        return answer;
    }
    let request = walk.old_stream();
    let heard = walk.ask_server(request).await;
    let both = heard.both();
    let line = match heard.answer.clone() {
        Ok(response) if response.status().as_u16() == 401 => {
            let text = "answers 401 to the stream of the old transport: a sign-in is needed";
            walk.say(Line::ok(Part::Transport, "sign-in-needed", text).exchange(both));
            return Some(response);
        }
        Ok(response) if said::is_old_stream(&response) => Line::note(
            Part::Transport,
            "old-sse",
            "the old HTTP+SSE transport; it works, and needs no sign-in",
        )
        .exchange(both)
        .clause("MCP transports, Backwards Compatibility"),
        Ok(_) | Err(_) => match refusal {
            Some(refusal) => refused_handshake(&refusal, posted),
            None => Line::wrong(
                Part::Transport,
                Cause::NotFound,
                "there is no MCP endpoint at this address, neither the new transport nor the old one",
                "correct the address; many servers have theirs at /mcp, old ones at /sse",
            )
            .exchange(posted),
        },
    };
    walk.say(line);
    None
}

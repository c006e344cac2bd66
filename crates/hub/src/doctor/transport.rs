//! Whether MCP is spoken at the address, in which way, and whether a token is demanded.
//!
//! MCP transports, "Streamable HTTP" and "Backwards Compatibility"; MCP authorization, "Error Handling".

use http::HeaderValue;
use http::header::LOCATION;
use mcp::header::SESSION_ID;
use oauth::step::{Response, Unanswered};

use super::line::{Line, Part};
use super::said::{self, Answered, Session};
use super::walk::{Walk, content_type};
use super::{fallback, token};
use crate::cause::Cause;

pub(super) const CLAUSE: &str = "MCP transports, Streamable HTTP";

/// The answer that begins a sign-in, if there is one.
pub(super) async fn examine(walk: &mut Walk<'_>) -> Option<Response> {
    let request = walk.initialize(None);
    let heard = walk.ask_server(request).await;
    let both = heard.both();
    let response = match heard.answer.clone() {
        Ok(response) => response,
        Err(why) => {
            let line = unanswered(&why).exchange(both);
            walk.say(line);
            return None;
        }
    };
    match response.status().as_u16() {
        401 => {
            walk.say(
                Line::ok(
                    Part::Transport,
                    "sign-in-needed",
                    "answers 401: a sign-in is needed",
                )
                .exchange(both)
                .clause("MCP authorization, Error Handling"),
            );
            token::examine(walk).await;
            Some(response)
        }
        200..300 => spoken(walk, &response, both).await,
        400 | 404 | 405 => fallback::old(walk, &response, both).await,
        status => {
            let line = refused(status, &response).exchange(both);
            walk.say(line);
            None
        }
    }
}

fn unanswered(why: &Unanswered) -> Line {
    let text = why.to_string();
    if text.contains("caFile") {
        return Line::wrong(
            Part::Transport,
            Cause::CaFile,
            text,
            "correct caFile at the server; a relative one is looked for beside the settings file",
        );
    }
    if text.contains("certificate") {
        return certificate(Part::Address, &text);
    }
    match why {
        Unanswered::Timeout => Line::wrong(
            Part::Transport,
            Cause::ServerSilent,
            "takes the connection and does not answer in time",
            "look at the server's own log; give it more time with --within SECONDS",
        ),
        Unanswered::Network(_) | Unanswered::Refused(_) | Unanswered::TooLarge => Line::wrong(
            Part::Transport,
            Cause::ConnectionBroken,
            format!("no answer came: {text}"),
            "look at the server's own log, and at what stands between it and here (proxy, TLS)",
        ),
    }
}

/// What TLS says of a certificate.
pub(super) fn certificate(part: Part, said: &str) -> Line {
    if said.contains("UnknownIssuer") || said.contains("CaUsedAsEndEntity") {
        Line::wrong(
            part,
            Cause::CertificateUnknown,
            "the certificate is signed by nobody whom this machine trusts",
            "name the authority's PEM file as caFile at the server, or in SSL_CERT_FILE",
        )
    } else if said.contains("xpired")
        || said.contains("NotValidYet")
        || said.contains("not valid yet")
    {
        Line::wrong(
            part,
            Cause::CertificateEnded,
            format!("the certificate does not hold now: {said}"),
            "the server's owner has to renew it; look also at this machine's clock",
        )
    } else {
        Line::wrong(
            part,
            Cause::CertificateWrong,
            format!("the certificate is not accepted: {said}"),
            "write the host as the certificate names it, or have the server's owner correct it",
        )
    }
}

/// A refusal that is neither 401 nor the mark of an old server.
fn refused(status: u16, response: &Response) -> Line {
    let part = Part::Transport;
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|to| to.to_str().ok()).unwrap_or_default();
    match status {
        300..400 => Line::wrong(
            part,
            Cause::Redirect,
            format!(
                "answers with a redirect to {location}; it is not followed, for tokens must not go where an answer points"
            ),
            format!("if that is the server, set url to {location}"),
        ),
        403 => Line::wrong(
            part,
            Cause::Forbidden,
            "answers 403 before anybody signed in; a sign-in begins with 401",
            "ask the server's owner whether this network or client is let in at all",
        ),
        429 => Line::wrong(
            part,
            Cause::Busy,
            "answers 429: too many requests",
            "wait, and look again",
        ),
        500.. => Line::wrong(
            part,
            Cause::ServerTrouble,
            format!("answers {status}: the server is in trouble"),
            "try later; its owner finds the reason in its log",
        ),
        _ => Line::wrong(
            part,
            Cause::Refused,
            format!("answers {status} to a message of MCP"),
            "look whether the address is that of the MCP endpoint",
        ),
    }
}

/// A success: MCP, or something else.
async fn spoken(
    walk: &mut Walk<'_>,
    response: &Response,
    both: (String, String),
) -> Option<Response> {
    match said::answered(response) {
        Answered::Result(message) => {
            let revision = said::text_of(&message, "protocolVersion");
            let shown = revision.clone().unwrap_or_else(|| "of no revision".into());
            walk.say(
                Line::ok(
                    Part::Transport,
                    "streamable-http",
                    format!("Streamable HTTP, MCP {shown}"),
                )
                .exchange(both)
                .clause(CLAUSE),
            );
            let session = Session {
                id: response.headers().get(SESSION_ID).cloned(),
                revision: revision.and_then(|it| HeaderValue::try_from(it).ok()),
            };
            Box::pin(behind(walk, &session)).await
        }
        Answered::Error(message) => match fallback::stateless(walk).await {
            Some(answer) => answer,
            None => {
                walk.say(fallback::refused_handshake(&message, both));
                None
            }
        },
        Answered::Html => {
            walk.say(
                Line::wrong(
                    Part::Transport,
                    Cause::Html,
                    "answers with a web page: this is not the MCP endpoint",
                    "correct the address; many servers have theirs at /mcp",
                )
                .exchange(both),
            );
            None
        }
        Answered::Other => {
            let text = format!(
                "answers, but not with a message of MCP ({})",
                content_type(response)
            );
            walk.say(
                Line::wrong(
                    Part::Transport,
                    Cause::NotMcp,
                    text,
                    "correct the address; many servers have theirs at /mcp",
                )
                .exchange(both),
            );
            None
        }
    }
}

/// What lies behind a handshake that needed no token: many servers ask for one only then.
async fn behind(walk: &mut Walk<'_>, session: &Session) -> Option<Response> {
    let told = walk.initialized(session);
    walk.ask_server(told).await;
    let listing = walk.list_tools(session);
    let heard = walk.ask_server(listing).await;
    let (both, answer) = (heard.both(), heard.answer.clone());
    if session.id.is_some() {
        let end = walk.end_session(session);
        walk.ask_server(end).await;
    }
    match answer {
        Ok(response) if response.status().as_u16() == 401 => {
            walk.say(
                Line::ok(
                    Part::Transport,
                    "sign-in-needed",
                    "the handshake is open to all; the tools answer 401: a sign-in is needed",
                )
                .exchange(both),
            );
            Some(response)
        }
        Ok(response) if !response.status().is_success() => {
            let line = refused(response.status().as_u16(), &response).exchange(both);
            walk.say(line);
            None
        }
        Ok(_) => {
            let text = "the tools are listed without a token: no sign-in is needed";
            walk.say(Line::ok(Part::Transport, "open", text).exchange(both));
            None
        }
        Err(why) => {
            let line = unanswered(&why).exchange(both);
            walk.say(line);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_apart() {
        for (said, cause) in [
            (
                "invalid peer certificate: UnknownIssuer",
                Cause::CertificateUnknown,
            ),
            (
                "invalid peer certificate: certificate expired: verification time 2",
                Cause::CertificateEnded,
            ),
            (
                "invalid peer certificate: certificate not valid yet: verification time 1",
                Cause::CertificateEnded,
            ),
            (
                "invalid peer certificate: certificate not valid for name \"a.test\"",
                Cause::CertificateWrong,
            ),
        ] {
            let line = certificate(Part::Address, said);
            assert_eq!(line.cause, Some(cause), "{said}");
        }
    }
}

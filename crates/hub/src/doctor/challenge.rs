//! What the refusal says of the way to a sign-in.
//!
//! RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1. How a challenge is read, `oauth::challenge` knows.

use http::header::WWW_AUTHENTICATE;
use oauth::Challenge;
use oauth::step::Response;

use super::line::{Line, Part};
use super::walk::Walk;
use crate::cause::Cause;

const ANYWAY: &str =
    "tell the server's owner; the hub goes on without, and looks at the well-known addresses";

pub(super) fn examine(walk: &mut Walk<'_>, refusal: &Response) -> Option<Challenge> {
    let lines: Vec<&str> = refusal
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    if lines.is_empty() {
        walk.say(Line::wrong(
            Part::Challenge,
            Cause::ChallengeAbsent,
            "the 401 has no WWW-Authenticate",
            ANYWAY,
        ));
        return None;
    }
    let Some(challenge) = Challenge::parse(lines.iter().copied()) else {
        walk.say(strange(&lines));
        return None;
    };
    let mut said = vec!["Bearer".to_owned()];
    if challenge.dpop {
        said.push("DPoP: tokens are bound to a key".to_owned());
    }
    if let Some(scopes) = &challenge.scopes {
        said.push(format!("scope {}", scopes.join(" ")));
    }
    said.extend(
        challenge
            .resource_metadata
            .iter()
            .map(|pointer| format!("metadata at {pointer}")),
    );
    walk.say(Line::ok(Part::Challenge, "challenge", said.join("; ")).clause("RFC 9728 5.1"));
    if challenge.resource_metadata.is_empty() {
        let older = !challenge.authorization_servers.is_empty();
        let text = match older {
            true => "names the login server itself, as older servers do, and no metadata",
            false => "does not say where the metadata is; the well-known addresses are looked at",
        };
        walk.say(Line::note(Part::Challenge, "pointer-absent", text).clause("RFC 9728 5.1"));
    }
    Some(challenge)
}

/// A header in which there is no challenge of ours.
fn strange(lines: &[&str]) -> Line {
    let said = lines.join("; ");
    let password = ["basic", "digest", "negotiate", "ntlm"]
        .iter()
        .any(|scheme| said.to_ascii_lowercase().starts_with(scheme));
    if password {
        Line::wrong(
            Part::Challenge,
            Cause::ChallengePassword,
            "a password is asked for, not a token of OAuth",
            "give the server its password: headers.Authorization in the settings",
        )
    } else {
        Line::wrong(
            Part::Challenge,
            Cause::ChallengeUnreadable,
            format!("WWW-Authenticate says {said:?}, which is no Bearer challenge"),
            ANYWAY,
        )
    }
}

/// Where the challenge points to, there must be a document; after the search, which asked there first if it may be asked.
pub(super) fn pointer(walk: &mut Walk<'_>, challenge: &Challenge) {
    let Some(pointer) = challenge.resource_metadata.first() else {
        return;
    };
    let address = walk.url.join(pointer).ok();
    let heard = address.and_then(|address| walk.heard_at(address.as_str()));
    let Some(heard) = heard else {
        walk.say(
            Line::wrong(
                Part::Challenge,
                Cause::PointerRefused,
                format!("the challenge points to {pointer}, which is not asked: it must be https, and not nearer to us than the server"),
                ANYWAY,
            ),
        );
        return;
    };
    let Ok(response) = &heard.answer else {
        return;
    };
    let status = response.status();
    let found = if status.is_success() && heard.document().is_none() {
        Some((
            Cause::PointerNoDocument,
            "the challenge points to something that is no JSON",
        ))
    } else if status.is_client_error() || status.is_redirection() {
        Some((
            Cause::PointerDead,
            "the challenge points to where nothing is",
        ))
    } else {
        None
    };
    if let Some((cause, text)) = found {
        let line = Line::wrong(Part::Challenge, cause, text, ANYWAY);
        let line = line.exchange(heard.both());
        walk.say(line);
    }
}

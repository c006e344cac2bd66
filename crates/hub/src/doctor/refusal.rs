//! Why there is no client, as a line: its code, its clause, and what helps.

use http::Method;
use oauth::{Discovered, RegistrationError};

use super::client::CLAUSE;
use super::line::{Line, Part};
use super::walk::Walk;

const PART: Part = Part::Client;

pub(super) fn line(walk: &Walk<'_>, found: &Discovered, error: &RegistrationError) -> Line {
    let (policy, issuer) = (walk.policy(), found.server.identity());
    let console = policy.profile(Some(&issuer)).and_then(|it| it.console_url);
    let by_hand = format!(
        "register a client at {} with the callback {}, and set oauth.clientId",
        console.unwrap_or(&issuer),
        policy.redirect_uri
    );
    let line = match error {
        RegistrationError::NeedsClient { .. } => Line::wrong(
            PART,
            "no-registration",
            format!("{issuer} registers nobody by itself"),
            by_hand,
        )
        .clause(CLAUSE),
        RegistrationError::SwitchedOff { .. } => Line::wrong(
            PART,
            "registration-off",
            "the settings forbid to register one, and name none",
            format!("{by_hand}; or take dynamicRegistration.enabled away"),
        )
        .clause(CLAUSE),
        RegistrationError::Refused {
            status, said, cure, ..
        } => refused(&issuer, &policy.redirect_uri, (*status, said, cure)),
        RegistrationError::Unusable { why, .. } => Line::wrong(
            PART,
            "registration-unusable",
            format!("{issuer} registers, and answers with no client that could be used: {why}"),
            by_hand,
        )
        .clause("RFC 7591 3.2.1"),
        RegistrationError::Expired { .. } => Line::wrong(
            PART,
            "registration-ended",
            format!("{issuer} registers with a secret that has ended already"),
            format!("look at the clock below; or {by_hand}"),
        )
        .clause("RFC 7591 3.2.1"),
        RegistrationError::Unavailable { why, .. } => Line::wrong(
            PART,
            "registration-unavailable",
            format!("{issuer} cannot register anybody now: {why}"),
            format!("try later; or {by_hand}"),
        )
        .clause("RFC 7591 3"),
    };
    let endpoint = walk.registration_of(found);
    let mut posted = walk.heard().rev();
    let posted = posted.find(|heard| heard.method == Method::POST && heard.address == endpoint);
    line.shown_by(posted.map(|heard| heard.both()).as_ref())
}

fn refused(issuer: &str, callback: &str, (status, said, cure): (u16, &str, &str)) -> Line {
    if matches!(status, 401 | 403) {
        return Line::wrong(
            PART,
            "registration-protected",
            format!("{issuer} does not register just anybody: {said}"),
            cure,
        )
        .clause("RFC 7591 3");
    }
    if said.contains("redirect_uri") {
        return Line::wrong(
            PART,
            "registration-redirect-refused",
            format!("{issuer} does not take the callback {callback}: {said}"),
            "set oauth.redirectUri to an address that it takes (the page at which the browser ends can be pasted back), or register a client there by hand and set oauth.clientId",
        )
        .clause("RFC 7591 3.2.2");
    }
    Line::wrong(
        PART,
        "registration-refused",
        format!("{issuer} refuses to register us: {said}"),
        cure,
    )
    .clause("RFC 7591 3.2.2")
}

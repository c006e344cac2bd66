//! Why there is no client, as a line: what helps. Which code an error has, `cause` knows.

use http::Method;
use oauth::registration::Against;
use oauth::{Discovered, RegistrationError};

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
    let (text, cure) = match error {
        RegistrationError::NeedsClient { .. } => {
            (format!("{issuer} registers nobody by itself"), by_hand)
        }
        RegistrationError::SwitchedOff { .. } => (
            "the settings forbid to register one, and name none".to_owned(),
            format!("{by_hand}; or take dynamicRegistration.enabled away"),
        ),
        RegistrationError::Refused {
            said,
            cure,
            against,
            ..
        } => refused(*against, &issuer, &policy.redirect_uri, (said, cure)),
        RegistrationError::Unusable { why, .. } => (
            format!("{issuer} registers, and answers with no client that could be used: {why}"),
            by_hand,
        ),
        RegistrationError::Expired { .. } => (
            format!("{issuer} registers with a secret that has ended already"),
            format!("look at the clock below; or {by_hand}"),
        ),
        RegistrationError::Unavailable { why, .. } => (
            format!("{issuer} cannot register anybody now: {why}"),
            format!("try later; or {by_hand}"),
        ),
    };
    let endpoint = walk.registration_of(found);
    let mut posted = walk.heard().rev();
    let posted = posted.find(|heard| heard.method == Method::POST && heard.address == endpoint);
    let line = Line::wrong(PART, error.into(), text, cure);
    line.shown_by(posted.map(|heard| heard.both()).as_ref())
}

/// Text and cure.
fn refused(
    against: Against,
    issuer: &str,
    callback: &str,
    (said, cure): (&str, &str),
) -> (String, String) {
    match against {
        Against::Strangers => (
            format!("{issuer} does not register just anybody: {said}"),
            cure.to_owned(),
        ),
        Against::Callback => (
            format!("{issuer} does not take the callback {callback}: {said}"),
            "set oauth.redirectUri to an address that it takes (the page at which the browser ends can be pasted back), or register a client there by hand and set oauth.clientId".to_owned(),
        ),
        Against::Metadata => (
            format!("{issuer} refuses to register us: {said}"),
            cure.to_owned(),
        ),
    }
}

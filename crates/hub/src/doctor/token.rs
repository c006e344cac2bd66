//! Whether a token that is there already is any good: one of the settings' headers, or one of a sign-in.
//!
//! RFC 6750 section 3.1. Nothing is renewed; a token that needs a proof is left alone.

use http::header::AUTHORIZATION;

use super::line::{Line, Part};
use super::walk::Walk;
use crate::cause::Cause;

/// After a request without a token of ours was refused.
pub(super) async fn examine(walk: &mut Walk<'_>) {
    refused_header(walk);
    held_token(walk).await;
}

/// A token that a person wrote into the settings, and that does not help.
fn refused_header(walk: &mut Walk<'_>) {
    if walk.headers.contains_key(AUTHORIZATION) {
        walk.say(Line::wrong(
            Part::Token,
            Cause::HeaderRefused,
            "the Authorization header of the settings is refused",
            "give headers.Authorization another value, or take it away and sign in",
        ));
    }
    walk.headers.remove(AUTHORIZATION);
}

/// A token that the hub holds from a sign-in. It is shown to nobody but the server that it is for.
async fn held_token(walk: &mut Walk<'_>) {
    let Some(token) = walk.plan.token(walk.clock.now()) else {
        return;
    };
    let request = walk.initialize(Some(&token));
    let heard = walk.ask_server(request).await;
    let both = heard.both();
    let status = heard.answer.as_ref().map(|answer| answer.status().as_u16());
    let line = match status {
        Ok(200..300) => Line::ok(Part::Token, "token", "the token that is held is accepted"),
        Ok(401) => Line::wrong(
            Part::Token,
            Cause::TokenRefused,
            "the token that is held has not ended, and is refused",
            "sign in again: mcphub auth login. Where the next token is refused as well, it is made for another resource or issuer than the server takes: look at `resource` below, and ask its owner",
        ),
        Ok(403) => Line::wrong(
            Part::Token,
            Cause::TokenTooLittle,
            "the token that is held is good, and not enough",
            "sign in again with more in oauth.scopes",
        ),
        Ok(_) | Err(_) => Line::note(
            Part::Token,
            "token-unknown",
            "whether the token that is held is accepted is not known",
        ),
    };
    walk.say(line.exchange(both));
}

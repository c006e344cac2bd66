//! The callback's pages in words: what happened, why, what to do, what goes on meanwhile.

use http::StatusCode;
use hub::explained::Explained;
use hub::sign_in::CallbackError;

use super::Reached;
use crate::page::explained::{UP, rows};
use crate::page::{Act, Page, Tone};

const CLOSE: &str = "You can close this tab.";

/// The code was exchanged and the token stored.
pub(super) fn signed_in(server: &str, reached: &Reached) -> Page {
    let page = |tone, headline: &str, lead: String| Page {
        status: StatusCode::OK,
        tone,
        server: Some(server.to_owned()),
        headline: headline.to_owned(),
        lead,
        rows: Vec::new(),
        hint: CLOSE,
        closes: false,
        act: Act::None,
    };
    match reached {
        Reached::Connected { tools } => Page {
            closes: true,
            ..page(Tone::Good, "You are signed in", format!("The server is connected{}. Your clients can use it now.", offered(*tools)))
        },
        Reached::Connecting => {
            page(Tone::Good, "You are signed in", "The sign-in is stored, and the hub is connecting to the server now.".to_owned())
        }
        Reached::Off => page(
            Tone::Calm,
            "You are signed in",
            "The sign-in is stored. The server is switched off, so the hub does not connect to it.".to_owned(),
        ),
        Reached::Wanting(explained) => Page {
            rows: rows(explained, UP),
            ..page(
                Tone::Attention,
                "Signed in, but the server wants more",
                "The login server let you in, and the sign-in is stored. The server itself does not accept it as it is.".to_owned(),
            )
        },
        Reached::Failed(explained) => Page {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            rows: rows(explained, UP),
            ..page(
                Tone::Attention,
                "Signed in, but not connected",
                "The login server let you in, and the sign-in is stored. The connection to the server itself failed afterwards.".to_owned(),
            )
        },
    }
}

/// The answer was refused, or it was a no.
pub(super) fn failed(error: &CallbackError, explained: &Explained) -> Page {
    let (status, tone, headline, lead) = match error {
        CallbackError::Malformed(_) => (
            StatusCode::BAD_REQUEST,
            Tone::Attention,
            "This is not a complete answer",
            "This address is opened by a login server at the end of a sign-in. Something is missing in it, or stands there twice.",
        ),
        CallbackError::UnknownState => (
            StatusCode::BAD_REQUEST,
            Tone::Attention,
            "No sign-in is waiting for this",
            "The link is older than 10 minutes, was replaced by a newer one, or did not start at this hub.",
        ),
        CallbackError::AlreadyUsed => (
            StatusCode::BAD_REQUEST,
            Tone::Calm,
            "Already used",
            "This answer was already used, and counts only once. Going back or reloading changes nothing.",
        ),
        CallbackError::WrongIssuer(_) => (
            StatusCode::BAD_REQUEST,
            Tone::Attention,
            "The answer came from elsewhere",
            "The answer does not come from the login server that this sign-in was started with, so it was not used.",
        ),
        CallbackError::Denied { error, .. } if error == "access_denied" => (
            StatusCode::BAD_REQUEST,
            Tone::Attention,
            "Access was declined",
            "The login server says that access was not allowed.",
        ),
        CallbackError::Denied { .. } => (
            StatusCode::BAD_REQUEST,
            Tone::Bad,
            "The sign-in failed",
            "The login server ended the sign-in with an error.",
        ),
        // Starting again helps only after it was corrected.
        CallbackError::Client { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Tone::Bad,
            "The sign-in failed",
            "The login server let you in, but does not accept the client that the hub is there.",
        ),
        CallbackError::Exchange { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Tone::Bad,
            "The sign-in failed",
            "The login server let you in, but did not hand out the token.",
        ),
        CallbackError::Store { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Tone::Bad,
            "The sign-in failed",
            "You are known to the login server, but the hub could not store the token.",
        ),
    };
    Page {
        status,
        tone,
        server: explained.subject.clone(),
        headline: headline.to_owned(),
        lead: lead.to_owned(),
        rows: rows(explained, UP),
        hint: CLOSE,
        closes: false,
        act: Act::None,
    }
}

fn offered(tools: usize) -> String {
    match tools {
        0 => String::new(),
        1 => ", with 1 tool".to_owned(),
        more => format!(", with {more} tools"),
    }
}

//! The callback's pages in words: what happened, why, what to do, what goes on meanwhile.

use http::StatusCode;
use hub::sign_in::CallbackError;

use super::Reached;
use crate::page::{Act, Page, Row, Tone};

const CLOSE: &str = "You can close this tab.";
const NOTHING_LOST: &str = "Nothing was changed or deleted. Other servers go on working.";

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
        Reached::Wanting { why, cure } => Page {
            rows: vec![
                ("What happened", Row::Text(sentence(why))),
                ("Do", Row::Text(sentence(cure))),
            ],
            ..page(
                Tone::Attention,
                "Signed in, but the server wants more",
                "The login server let you in, and the sign-in is stored. The server itself does not accept it as it is.".to_owned(),
            )
        },
        Reached::Failed { why, cure } => Page {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            rows: vec![
                ("What happened", Row::Text(sentence(why))),
                ("Do", Row::Text(sentence(cure))),
                ("Meanwhile", Row::Text("The sign-in is stored and need not be repeated.".to_owned())),
            ],
            ..page(
                Tone::Attention,
                "Signed in, but not connected",
                "The login server let you in. The connection to the server itself failed afterwards.".to_owned(),
            )
        },
    }
}

/// The answer was refused, or it was a no.
pub(super) fn failed(error: &CallbackError) -> Page {
    match error {
        CallbackError::Malformed(_) => {
            let lead = "This address is opened by a login server at the end of a sign-in. Something is missing in it, or stands there twice.";
            refusal(
                "This is not a complete answer",
                lead,
                vec![happened(error), start_again(None)],
            )
        }
        CallbackError::UnknownState => {
            let lead = "The link is older than 10 minutes, was replaced by a newer one, or did not start at this hub.";
            refusal(
                "No sign-in is waiting for this",
                lead,
                vec![start_again(None)],
            )
        }
        CallbackError::AlreadyUsed => {
            let lead = "This answer was already used, and counts only once. Going back or reloading changes nothing.";
            let look = Row::Command(
                "See how the sign-in went:".to_owned(),
                "mcphub auth status".to_owned(),
            );
            Page {
                tone: Tone::Calm,
                ..refusal("Already used", lead, vec![("Do", look)])
            }
        }
        CallbackError::WrongIssuer(_) => {
            let lead = "The answer does not come from the login server that this sign-in was started with, so it was not used.";
            // rule: safe-c05
            let why = Row::Text(
                "A mixed-up or malicious login server could otherwise be handed your sign-in (RFC 9207). Its text is not shown."
                    .to_owned(),
            );
            refusal(
                "The answer came from elsewhere",
                lead,
                vec![("Why", why), start_again(None)],
            )
        }
        CallbackError::Denied {
            server,
            error,
            description,
        } => denied(server, error, description.as_deref()),
        CallbackError::Client { server, reason } => rejected(server, reason),
        CallbackError::Exchange { server, reason } => {
            let lead = "The login server let you in, but did not hand out the token.";
            broken(server, lead, reason, start_again(Some(server)))
        }
        CallbackError::Store { server, reason } => {
            let lead = "You are known to the login server, but the hub could not store the token.";
            let cure =
                "Make the settings file writable for the hub, then sign in again:".to_owned();
            broken(
                server,
                lead,
                reason,
                ("Do", Row::Command(cure, login_command(server))),
            )
        }
    }
}

/// The client of the settings was refused: starting again helps only after it was corrected.
fn rejected(server: &str, reason: &str) -> Page {
    let lead = "The login server let you in, but does not accept the client that the hub is there.";
    let cure = "Correct oauth.clientId and oauth.clientSecret in the settings, then sign in again:";
    let cure = ("Do", Row::Command(cure.to_owned(), login_command(server)));
    broken(server, lead, reason, cure)
}

fn denied(server: &str, error: &str, description: Option<&str>) -> Page {
    let declined = error == "access_denied";
    let lead = if declined {
        "The login server says that access was not allowed."
    } else {
        "The login server ended the sign-in with an error."
    };
    let mut rows = vec![("Evidence", Row::Text(error.to_owned()))];
    rows.extend(
        description
            .filter(|text| !text.trim().is_empty())
            .map(|text| ("It says", Row::Text(text.to_owned()))),
    );
    rows.push(start_again(Some(server)));
    rows.push(("Meanwhile", Row::Text(NOTHING_LOST.to_owned())));
    let headline = if declined {
        "Access was declined"
    } else {
        "The sign-in failed"
    };
    let tone = if declined { Tone::Attention } else { Tone::Bad };
    Page {
        server: Some(server.to_owned()),
        tone,
        ..refusal(headline, lead, rows)
    }
}

fn refusal(headline: &str, lead: &str, rows: Vec<(&'static str, Row)>) -> Page {
    Page {
        status: StatusCode::BAD_REQUEST,
        tone: Tone::Attention,
        server: None,
        headline: headline.to_owned(),
        lead: lead.to_owned(),
        rows,
        hint: CLOSE,
        closes: false,
        act: Act::None,
    }
}

fn broken(server: &str, lead: &str, reason: &str, cure: (&'static str, Row)) -> Page {
    let rows = vec![
        ("Evidence", Row::Text(sentence(reason))),
        cure,
        ("Meanwhile", Row::Text(NOTHING_LOST.to_owned())),
    ];
    let page = refusal("The sign-in failed", lead, rows);
    Page {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        tone: Tone::Bad,
        server: Some(server.to_owned()),
        ..page
    }
}

fn happened(error: &CallbackError) -> (&'static str, Row) {
    ("Evidence", Row::Text(sentence(&error.to_string())))
}

fn start_again(server: Option<&str>) -> (&'static str, Row) {
    let command = server.map_or_else(|| "mcphub auth login <server>".to_owned(), login_command);
    (
        "Do",
        Row::Command("Start the sign-in again:".to_owned(), command),
    )
}

/// Messages of errors are no sentences yet.
pub(crate) fn sentence(message: &str) -> String {
    let mut letters = message.trim().chars();
    // A word like `invalid_grant` or an address keeps its spelling.
    let word = message.split_whitespace().next().unwrap_or_default();
    let ordinary = word.chars().all(|letter| letter.is_ascii_lowercase());
    let first = letters.next().map(|letter| {
        if ordinary {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    });
    let mut text: String = first.into_iter().chain(letters).collect();
    if text.ends_with(char::is_alphanumeric) {
        text.push('.');
    }
    text
}

fn offered(tools: usize) -> String {
    match tools {
        0 => String::new(),
        1 => ", with 1 tool".to_owned(),
        more => format!(", with {more} tools"),
    }
}

/// To be copied into a shell: a name with other characters than usual is quoted.
pub(crate) fn login_command(server: &str) -> String {
    let plain = server
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-_./@:".contains(letter));
    if plain && !server.starts_with('-') {
        format!("mcphub auth login {server}")
    } else {
        format!("mcphub auth login -- '{}'", server.replace('\'', r"'\''"))
    }
}

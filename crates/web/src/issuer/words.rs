//! The page of `/oauth/authorize` in words.

use http::StatusCode;
use hub::cause::Cause;
use hub::explained::{Explained, sentence};
use hub::issuer::resource::covers_api;
use hub::issuer::{Authorization, Shown};
use url::Url;

use super::consent::place;
use crate::connect::click::{PASSWORD, TIE, USERNAME};
use crate::page::explained::{UP, rows};
use crate::page::{Act, Form, Page, Row, Tone};

/// What is said above the form.
pub(super) enum Said {
    Nothing,
    /// The click came from another page, or from an old one.
    Elsewhere,
    Wrong(String),
    Hurry(String),
    /// The account stands in the environment, beside administrators of the settings.
    NoAccount,
}

const CAREFUL: &str = "Allow it only if you have just connected this program yourself. Its name is its own word; where it is answered is not.";
const CLOSE: &str = "You can close this tab.";

pub(super) fn form(asked: &Authorization, said: Said, tie: String) -> Page {
    let name = &asked.client.name;
    let (status, tone, lead) = match said {
        Said::Nothing => (
            StatusCode::OK,
            Tone::Calm,
            "A program wants to use this hub in your name. It never sees your password.".to_owned(),
        ),
        Said::Elsewhere => (
            StatusCode::FORBIDDEN,
            Tone::Attention,
            "That click did not come from this page, or the page was too old. Please decide once more.".to_owned(),
        ),
        Said::Wrong(why) => (StatusCode::UNAUTHORIZED, Tone::Attention, sentence(&why)),
        Said::Hurry(why) => (StatusCode::TOO_MANY_REQUESTS, Tone::Attention, sentence(&why)),
        Said::NoAccount => (
            StatusCode::FORBIDDEN,
            Tone::Attention,
            "This account is not in the settings, so no token can be given to it. Take one that is listed under users.".to_owned(),
        ),
    };
    let mut rows = vec![
        ("Program", Row::Text(name.clone())),
        ("Answered at", Row::Text(place(&asked.redirect_uri))),
        ("Address", Row::Link(asked.redirect_uri.to_string())),
    ];
    if asked.client.is_document {
        rows.push(("Known by", Row::Link(asked.client.id().to_owned())));
    }
    rows.push(("May", Row::Text(may(asked))));
    rows.push(("Scopes", Row::Text(asked.scopes.join(", "))));
    rows.push((
        "You",
        Row::Text("Show with your account at this hub that it may.".to_owned()),
    ));
    Page {
        rows,
        act: Act::Form(Form {
            hidden: (TIE, tie),
            fields: &[(USERNAME, "User name"), (PASSWORD, "Password")],
            button: "Allow",
            other: Some(("deny", "Deny")),
        }),
        hint: CAREFUL,
        ..page(status, tone, "Let this program in?", lead)
    }
}

fn may(asked: &Authorization) -> String {
    let resource = asked.resource.as_deref();
    if resource.is_some_and(covers_api) {
        return match asked.scopes.iter().any(|scope| scope == "write") {
            true => "see and change in this hub's settings whatever you may change there: as an administrator everything, also which programs it starts",
            false => "see in this hub's settings whatever you may see there",
        }
        .to_owned();
    }
    match resource {
        None | Some("/mcp") => "use all servers of this hub that you may use".to_owned(),
        Some(path) => format!("use what you may use at {path} of this hub"),
    }
}

/// Back to the client.
pub(super) fn onward(client: &str, back: &Url, at_once: bool) -> Page {
    let lead = "If your browser does not go back there by itself, use the button.".to_owned();
    Page {
        act: Act::Onward {
            address: back.to_string(),
            at_once,
        },
        hint: CLOSE,
        ..page(
            StatusCode::OK,
            Tone::Good,
            &format!("Back to {client}"),
            lead,
        )
    }
}

/// The client asked for what cannot be; it hears so at its own address if the person goes there.
pub(super) fn cannot(back: &Url) -> Page {
    let said = |key: &str| {
        // Ours stand behind what a stranger may have registered.
        let pairs = back.query_pairs().filter(|(name, _)| name == key);
        pairs
            .last()
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let lead = "The program asked in a way that this hub does not answer.".to_owned();
    Page {
        rows: vec![
            ("Why", Row::Text(said("error_description"))),
            ("Error", Row::Text(said("error"))),
            ("Answered at", Row::Text(place(back))),
        ],
        act: Act::Onward {
            address: back.to_string(),
            at_once: false,
        },
        hint: "The button takes you back to the program, which is told why.",
        ..page(
            StatusCode::BAD_REQUEST,
            Tone::Attention,
            "This cannot be allowed",
            lead,
        )
    }
}

/// Nobody is sent anywhere.
pub(super) fn refused(shown: &Shown) -> Page {
    let cause = match shown {
        Shown::NoClient | Shown::UnknownClient(_) | Shown::Document(_) | Shown::DocumentAway => {
            Cause::ClientUnknown
        }
        Shown::Redirect(_) => Cause::ClientAddress,
        Shown::Hurry(_) => return hurry(shown),
    };
    let explained = Explained::of(cause, None).because(cause, &shown.to_string());
    Page {
        rows: rows(&explained, UP),
        hint: CLOSE,
        ..page(
            StatusCode::BAD_REQUEST,
            Tone::Bad,
            "This program cannot be let in",
            "Nobody was sent anywhere, and nothing was given.".to_owned(),
        )
    }
}

/// The same may do in a minute.
fn hurry(shown: &Shown) -> Page {
    let (status, tone) = (StatusCode::TOO_MANY_REQUESTS, Tone::Attention);
    Page {
        hint: "Load this page again then.",
        ..page(
            status,
            tone,
            "Not at this moment",
            sentence(&shown.to_string()),
        )
    }
}

pub(super) fn unwritten(client: &str) -> Page {
    let explained = Explained::of(Cause::SettingsNotWritten, None);
    Page {
        rows: rows(&explained, UP),
        hint: CLOSE,
        ..page(
            StatusCode::SERVICE_UNAVAILABLE,
            Tone::Bad,
            "The hub could not write that down",
            format!("So {client} gets nothing. Try again when it can."),
        )
    }
}

fn page(status: StatusCode, tone: Tone, headline: &str, lead: String) -> Page {
    Page {
        status,
        tone,
        server: None,
        headline: headline.to_owned(),
        lead,
        rows: Vec::new(),
        hint: CAREFUL,
        closes: false,
        act: Act::None,
    }
}

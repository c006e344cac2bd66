//! The page in words: what is asked for, by whom, for whom; and what to do where it cannot go on.

use http::StatusCode;
use hub::explained::{Explained, sentence};
use hub::sign_in::Link;
use settings::{KeyKind, Transport};
use url::Url;

use super::Meant;
use super::click::{PASSWORD, TIE, USERNAME};
use crate::page::explained::{UP, rows};
use crate::page::{Act, Form, Page, Row, Tone};

/// What is said above the form.
pub(super) enum Said {
    Nothing,
    /// The click came from another page, or from an old one.
    Elsewhere,
    Wrong(String),
    NotYours,
    Hurry(String),
}

const CAREFUL: &str =
    "Go on only if you have just asked for this yourself. Nothing happens before you click.";
const CLOSE: &str = "You can close this tab.";

fn not_yours(meant: &Meant) -> &'static str {
    match meant.ticketed.account.user {
        Some(_) => {
            "This account may not sign in to this server here. The link is meant for somebody else."
        }
        None => {
            "All who use this server act as whoever signs in here, so an administrator of this hub, or the server's owner, has to do it. Send the link on; calls that wait go on by themselves."
        }
    }
}

pub(super) fn form(meant: &Meant, said: Said, tie: String) -> Page {
    let name = &meant.server.name;
    let lead = "Calls that wait for it go on by themselves when you are back. The hub keeps the sign-in; the program that asked never sees it.";
    let (status, tone, lead) = match said {
        Said::Nothing => (StatusCode::OK, Tone::Calm, lead.to_owned()),
        Said::Elsewhere => (
            StatusCode::FORBIDDEN,
            Tone::Attention,
            "That click did not come from this page, or the page was too old. Please click once more.".to_owned(),
        ),
        Said::Wrong(why) => (StatusCode::UNAUTHORIZED, Tone::Attention, sentence(&why)),
        Said::NotYours => (
            StatusCode::FORBIDDEN,
            Tone::Attention,
            not_yours(meant).to_owned(),
        ),
        Said::Hurry(why) => (StatusCode::TOO_MANY_REQUESTS, Tone::Attention, sentence(&why)),
    };
    let mut rows = vec![("Server", Row::Text(server(meant)))];
    let login = meant.pending.as_ref().and_then(host);
    let login = login.unwrap_or_else(|| "is found out when you continue".to_owned());
    rows.push(("Login server", Row::Text(login)));
    rows.push(("Asks for", Row::Text(scopes(meant.pending.as_ref()))));
    rows.push(("Asked by", Row::Text(who(meant))));
    if let Some(user) = &meant.ticketed.account.user {
        rows.push(("For", Row::Text(format!("the hub's user {user} alone"))));
    }
    if let Some(Ok(person)) = meant.vouched.as_ref().filter(|_| meant.wants_login) {
        let known = format!(
            "{}, as the login server of this house says",
            person.username
        );
        rows.push(("You", Row::Text(known)));
    }
    let fields: &[(&str, &str)] = if meant.asks_for_password() {
        rows.push((
            "You",
            Row::Text("Show with your account at this hub that you may do this.".to_owned()),
        ));
        &[(USERNAME, "User name"), (PASSWORD, "Password")]
    } else {
        &[]
    };
    Page {
        rows,
        act: Act::Form(Form {
            hidden: (TIE, tie),
            fields,
            button: "Continue to sign in",
            other: None,
        }),
        hint: CAREFUL,
        ..page(status, tone, Some(name), "Sign in to this server?", lead)
    }
}

/// Nobody has to do anything any more.
pub(super) fn already(server: &str) -> Page {
    let lead = "Somebody has signed in already. Calls go on by themselves.".to_owned();
    let headline = "Nothing left to do";
    page(StatusCode::OK, Tone::Good, Some(server), headline, lead)
}

pub(super) fn unknown() -> Page {
    let lead = "It is older than 10 minutes, was cut off when it was copied, or is of another hub.";
    let again = Row::Command(
        "Call the tool again for a new link, or:".to_owned(),
        "mcphub auth login <server>".to_owned(),
    );
    let headline = "This link leads nowhere";
    Page {
        rows: vec![("Do", again)],
        ..page(
            StatusCode::NOT_FOUND,
            Tone::Attention,
            None,
            headline,
            lead.to_owned(),
        )
    }
}

/// On to the login server; with a code, once the person has seen it.
pub(super) fn onward(server: &str, link: &Link) -> Page {
    let host = Url::parse(&link.url).ok();
    let host = host
        .as_ref()
        .and_then(Url::host_str)
        .unwrap_or("the login server");
    let headline = format!("On to {host}");
    let (rows, at_once, lead) = match &link.typed {
        Some(typed) => (
            vec![("Code", Row::Link(typed.user_code.clone()))],
            false,
            "Compare this code with the one that you see there, or type it if you are asked to.",
        ),
        None => (
            Vec::new(),
            true,
            "If your browser does not go there by itself, use the button.",
        ),
    };
    Page {
        rows,
        act: Act::Onward {
            address: link.url.clone(),
            at_once,
        },
        hint: CLOSE,
        ..page(
            StatusCode::OK,
            Tone::Calm,
            Some(server),
            &headline,
            lead.to_owned(),
        )
    }
}

pub(super) fn not_begun(server: &str, explained: &Explained) -> Page {
    let lead = "The hub could not begin the sign-in.".to_owned();
    Page {
        rows: rows(explained, UP),
        ..page(
            StatusCode::CONFLICT,
            Tone::Attention,
            Some(server),
            "No sign-in yet",
            lead,
        )
    }
}

pub(super) fn page(
    status: StatusCode,
    tone: Tone,
    server: Option<&str>,
    headline: &str,
    lead: String,
) -> Page {
    Page {
        status,
        tone,
        server: server.map(str::to_owned),
        headline: headline.to_owned(),
        lead,
        rows: Vec::new(),
        hint: CLOSE,
        closes: false,
        act: Act::None,
    }
}

fn server(meant: &Meant) -> String {
    let name = &meant.server.name;
    let Ok(Transport::Http { url, .. }) = &meant.server.transport else {
        return name.clone();
    };
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(host);
    host.map_or_else(|| name.clone(), |host| format!("{name}, at {host}"))
}

/// With the port where it is not the usual one: that is what tells servers on one machine apart.
pub(super) fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Scopes that everybody has met, in words; others are the server's own words.
const KNOWN: [(&str, &str); 5] = [
    ("openid", "know who you are"),
    ("profile", "see your name"),
    ("email", "see your e-mail address"),
    ("offline_access", "stay signed in while you are away"),
    ("refresh_token", "stay signed in while you are away"),
];

pub(super) fn scopes(pending: Option<&Url>) -> String {
    let asked = pending.and_then(|link| {
        let mut pairs = link.query_pairs();
        let scope = pairs.find(|(name, _)| name == "scope");
        scope.map(|(_, scope)| scope.into_owned())
    });
    let asked = asked.unwrap_or_default();
    let words: Vec<String> = asked
        .split_whitespace()
        .map(
            |scope| match KNOWN.iter().find(|(known, _)| *known == scope) {
                Some((_, words)) => format!("{words} ({scope})"),
                None => scope.to_owned(),
            },
        )
        .collect();
    match (words.is_empty(), pending) {
        (false, _) => words.join(", "),
        (true, Some(_)) => "what the login server gives when nothing is named".to_owned(),
        (true, None) => "see at the login server what is asked for".to_owned(),
    }
}

fn who(meant: &Meant) -> String {
    // At a user's address the identity names the user behind who came in.
    let asked_by = meant.ticketed.asked_by.split('\0').next();
    let asked_by = asked_by.unwrap_or_default();
    if let Some(user) = asked_by.strip_prefix("user:") {
        return format!("a program of {user}, who is logged in");
    }
    let Some(id) = asked_by.strip_prefix("key:") else {
        return match asked_by {
            "operator" => "whoever runs this hub".to_owned(),
            _ => "a program that uses this hub; no key is asked for".to_owned(),
        };
    };
    let keys = &meant.now.settings.bearer_keys;
    match keys.iter().find(|key| key.id == id) {
        Some(key) => match &key.kind {
            KeyKind::User { owner } => format!("a program with the key {:?} of {owner}", key.name),
            KeyKind::System => format!("a program with the key {:?}", key.name),
        },
        None => "a program with a key that is gone meanwhile".to_owned(),
    }
}

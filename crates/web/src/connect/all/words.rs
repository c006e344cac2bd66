//! The list in words: what waits and why, what the next click leads to, and what helps where no click does.

use http::StatusCode;
use hub::explained::{Explained, named, sentence, with_client};
use hub::sign_in::{Link, State as Standing};
use hub::upstream::State as Life;
use settings::Transport;
use url::Url;

use super::{Entry, Turn, Visit, Who};
use crate::api::without_url_secrets;
use crate::app::App;
use crate::connect::click::{PASSWORD, SERVER, TIE, USERNAME};
use crate::connect::words::{self, host, page, scopes};
use crate::page::explained::rows;
use crate::page::{Act, Form, Item, List, Page, Row, Step, Tone};

/// What the address says behind its `?` to ask a user who he is, where nobody has to.
pub(super) const AS_USER: &str = "user";
const AS_USER_LINK: &str = "?user";
const BACK: &str = "Click only where you want the hub to use that server for you.";

/// What is said above the list.
pub(super) enum Said {
    Nothing,
    /// The click came from another page, or from an old one.
    Elsewhere,
    Wrong(String),
    Hurry(String),
    /// What was clicked waits no more.
    Over,
}

impl Said {
    fn words(self) -> Option<(StatusCode, String)> {
        Some(match self {
            Self::Nothing => return None,
            Self::Elsewhere => (
                StatusCode::FORBIDDEN,
                "That click did not come from this page, or the page was too old. Please click once more.".to_owned(),
            ),
            Self::Wrong(why) => (StatusCode::UNAUTHORIZED, sentence(&why)),
            Self::Hurry(why) => (StatusCode::TOO_MANY_REQUESTS, sentence(&why)),
            Self::Over => (
                StatusCode::CONFLICT,
                "That server does not wait for a sign-in any more.".to_owned(),
            ),
        })
    }
}

pub(super) fn login(said: Said, tie: String) -> Page {
    let lead = "The list says which servers want a sign-in at their own login server. Show with your account at this hub who you are, to see what waits for you.";
    let (status, tone, lead) = match said.words() {
        Some((status, words)) => (status, Tone::Attention, words),
        None => (StatusCode::OK, Tone::Calm, lead.to_owned()),
    };
    Page {
        act: Act::Form(Form {
            hidden: (TIE, tie),
            fields: &[(USERNAME, "User name"), (PASSWORD, "Password")],
            button: "Show what waits",
            other: None,
        }),
        hint: "The login counts for this list only, and ends half an hour after its last use.",
        ..page(status, tone, None, "Who signs in?", lead)
    }
}

pub(super) fn list(
    app: &App,
    visit: &Visit,
    entries: &[Entry],
    (said, tie): (Said, String),
) -> Page {
    let count = |turn: Turn| entries.iter().filter(|it| it.turn() == turn).count();
    let (done, to_click) = (count(Turn::Done), count(Turn::Click));
    let stuck = |entry: &&Entry| entry.turn() == Turn::Instead && entry.account.is_some();
    let stuck = entries.iter().filter(stuck).count();
    let next = entries.iter().find(|entry| entry.turn() == Turn::Click);
    let next = next.map(|entry| (entry, format!("{} of {}", done + 1, done + to_click)));
    let last = visit.walk.as_ref().and_then(|walk| walk.last.as_ref());
    let last = last.and_then(|last| entries.iter().find(|it| it.account.as_ref() == Some(last)));
    let arrived = last.filter(|entry| entry.turn() == Turn::Done);
    let (tone, headline, lead) = match (&next, arrived) {
        (Some((entry, place)), Some(arrived)) => (
            Tone::Good,
            format!("{} is signed in", arrived.server.name),
            format!("Next: {} ({place}).", entry.server.name),
        ),
        (Some(_), None) => (
            Tone::Attention,
            waiting(to_click),
            "A click leads to the login server, and from there back to this page. Nothing happens before you click."
                .to_owned(),
        ),
        (None, _) if stuck > 0 => (
            Tone::Attention,
            "No click helps here".to_owned(),
            "What is left needs something else first; it stands below.".to_owned(),
        ),
        (None, _) if done > 0 => (
            Tone::Good,
            "All are signed in".to_owned(),
            "Calls that waited go on by themselves, and your clients can use these servers now."
                .to_owned(),
        ),
        (None, _) => (
            Tone::Good,
            "Nothing waits for a sign-in".to_owned(),
            "When a server asks for one, it is listed here.".to_owned(),
        ),
    };
    let (status, tone, lead) = match said.words() {
        Some((status, words)) => (status, Tone::Attention, words),
        None => (StatusCode::OK, tone, lead),
    };
    let server = match &visit.who {
        Who::Known(person) => Some(format!("for the hub's user {}", person.username)),
        Who::Alone | Who::Unknown(_) => None,
    };
    let next = next.map(|(entry, _)| entry.server.name.as_str());
    let items = entries.iter().map(|entry| item(app, visit, entry, next));
    let act = Act::List(List {
        hidden: (TIE, tie),
        choice: SERVER,
        items: items.collect(),
    });
    let hint = if to_click > 0 {
        BACK
    } else {
        "You can close this tab."
    };
    Page {
        act: if entries.is_empty() { Act::None } else { act },
        hint,
        ..page(status, tone, server.as_deref(), &headline, lead)
    }
}

fn waiting(count: usize) -> String {
    match count {
        1 => "One server waits for a sign-in".to_owned(),
        more => format!("{more} servers wait for a sign-in"),
    }
}

fn item(app: &App, visit: &Visit, entry: &Entry, next: Option<&str>) -> Item {
    let name = &entry.server.name;
    let item = |tone, state: String, rows, step| Item {
        tone,
        name: name.clone(),
        state,
        rows,
        step,
    };
    match entry.turn() {
        Turn::Done => item(Tone::Good, done(app, entry), Vec::new(), Step::None),
        Turn::Click => {
            let next = next == Some(name);
            let words = format!("Sign in to {name}");
            let step = Step::Button { words, next };
            item(Tone::Attention, why(entry), asked(entry), step)
        }
        Turn::Instead if entry.account.is_none() => {
            let step = Step::Link {
                address: AS_USER_LINK,
                words: "Log in as a user of this hub",
            };
            let state = "Each user signs in there for himself.".to_owned();
            item(Tone::Calm, state, Vec::new(), step)
        }
        Turn::Instead => {
            let runs = match &visit.who {
                Who::Alone => true,
                Who::Known(person) => person.is_admin,
                Who::Unknown(_) => false,
            };
            item(Tone::Calm, why(entry), instead(entry, runs), Step::None)
        }
    }
}

fn done(app: &App, entry: &Entry) -> String {
    let user = entry.account.as_ref().and_then(|it| it.user.as_deref());
    let upstreams = app.hub().upstreams();
    let upstream = upstreams.serving(&entry.server.name, user, None).ok();
    let ready = upstream.filter(|upstream| matches!(upstream.state(), Life::Ready));
    match ready.map(|upstream| upstream.catalog().tools.len()) {
        Some(1) => "Signed in and connected, 1 tool.".to_owned(),
        Some(tools) => format!("Signed in and connected, {tools} tools."),
        None => "Signed in; the hub is connecting.".to_owned(),
    }
}

/// The state in words, and why.
fn why(entry: &Entry) -> String {
    let state = match entry.view.state {
        Standing::OauthRequired | Standing::Unneeded => "Sign-in needed",
        Standing::NeedsClient => "Needs a client id",
        Standing::ClientRejected => "Client rejected",
        Standing::RegistrationRefused => "Registration refused",
        Standing::RejectedByResource => "Token rejected",
        Standing::RefreshFailing => "Renewal failing",
        Standing::Disconnected => "Not connected",
        Standing::Connected => "Connected",
    };
    match entry.view.reason.as_str() {
        "" => sentence(&format!("{state}: you have not signed in there yet")),
        reason => sentence(&format!("{state}: {reason}")),
    }
}

/// What the click leads to.
fn asked(entry: &Entry) -> Vec<(&'static str, Row)> {
    let mut rows = Vec::new();
    if let Some(at) = address(entry).as_ref().and_then(host) {
        rows.push(("Server", Row::Text(at)));
    }
    let pending = entry.view.authorization_url.as_deref();
    let pending = pending.and_then(|link| Url::parse(link).ok());
    if let Some(login) = pending.as_ref().and_then(host) {
        rows.push(("Login server", Row::Text(login)));
        rows.push(("Asks for", Row::Text(scopes(pending.as_ref()))));
    }
    rows
}

/// What helps where no click does; whoever does not run the hub cannot do it.
fn instead(entry: &Entry, runs: bool) -> Vec<(&'static str, Row)> {
    let (view, name) = (&entry.view, &entry.server.name);
    if entry.of_others {
        let words = "All who use it share this sign-in: tell an administrator of this hub, or the server's owner.";
        return vec![("Do", Row::Text(words.to_owned()))];
    }
    if !runs {
        let words = "Tell whoever runs this hub.".to_owned();
        return vec![("Do", Row::Text(words))];
    }
    let command = |words: &str, command: String| ("Do", Row::Command(words.to_owned(), command));
    if view.state == Standing::OauthRequired {
        let words = "The answer of its login server does not come back to this hub by itself; sign in with:";
        return vec![command(words, named("mcphub auth login <server>", name))];
    }
    if view.state == Standing::NeedsClient {
        return by_hand(entry, "Do").into();
    }
    let action = view.action.as_deref().unwrap_or("sign in again");
    let login = Row::Command(String::new(), named("mcphub auth login <server>", name));
    let mut rows = vec![("Do", Row::Text(sentence(action))), ("Then", login)];
    if view.state == Standing::RegistrationRefused {
        rows.extend(by_hand(entry, "Or"));
    }
    rows
}

/// The client that a person makes at the login server, and its way into the settings.
fn by_hand(entry: &Entry, label: &'static str) -> [(&'static str, Row); 2] {
    let view = &entry.view;
    let console = match (&view.console_url, &view.issuer) {
        (Some(console), _) => console.clone(),
        (None, Some(issuer)) => format!("the console of {issuer}"),
        (None, None) => "the login server's console".to_owned(),
    };
    // rule: safe-x03
    let address = written(entry).map_or_else(String::new, without_url_secrets);
    [
        (
            label,
            Row::Command(
                format!("Make a client in {console}, with this callback address:"),
                view.redirect_uri.clone(),
            ),
        ),
        (
            "Then",
            Row::Command(
                "Give its id and secret:".to_owned(),
                with_client(&address, &entry.server.name),
            ),
        ),
    ]
}

fn address(entry: &Entry) -> Option<Url> {
    Url::parse(written(entry)?).ok()
}

/// The server's address to the letter: by that `mcphub add` knows it again.
fn written(entry: &Entry) -> Option<&str> {
    match &entry.server.transport {
        Ok(Transport::Http { url, .. }) => Some(url),
        Ok(_) | Err(_) => None,
    }
}

/// On to the login server. Where a code is typed, nobody sends the browser back.
pub(super) fn onward(server: &str, link: &Link, base: &str) -> Page {
    let mut page = words::onward(server, link);
    if link.typed.is_some() {
        page.rows
            .push(("Then", Row::Link(format!("{base}/connect"))));
        page.hint = "Come back to the list when the code is entered.";
    }
    page
}

pub(super) fn not_begun(server: &str, explained: &Explained) -> Page {
    Page {
        act: Act::Back { address: "connect" },
        // The list is one level nearer to the hub's address than other pages.
        rows: rows(explained, ""),
        ..words::not_begun(server, explained)
    }
}

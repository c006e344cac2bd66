//! The servers that want a sign-in when the hub starts: on a terminal their links are shown, and the browser is opened.
//!
//! Whoever starts the hub at a terminal is the person who can sign in, so the link leads to the login server at once. One page is opened at
//! a time: the next one when the one before it is through. What wants a sign-in later is shown to whoever meets it (a call that waits,
//! `mcphub servers`). Where nobody sits at a terminal nothing is said here: a link is not for a log.

use std::collections::{BTreeSet, VecDeque};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub::Hub;
use hub::explained::named;
use hub::sign_in::{Account, Event, Link, State};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::browser;
use crate::environment::Environment;
use crate::operator::is_loopback;
use crate::output::Output;

/// As long as a start may take: the hub gives up connecting after 15 seconds.
const START: Duration = Duration::from_secs(20);

/// The servers whose page was opened: a call that waits for one of them needs no second one.
pub(super) type Opened = Arc<Mutex<BTreeSet<String>>>;

pub(super) fn has(opened: &Opened, server: &str) -> bool {
    note(opened, |opened| opened.contains(server))
}

fn note(opened: &Opened, how: impl FnOnce(&mut BTreeSet<String>) -> bool) -> bool {
    how(&mut opened.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Until all who wanted a sign-in at the start had their turn.
pub(super) async fn tell(hub: &Hub, may_open: bool, environment: &Environment, opened: &Opened) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    // Heard from now on, and looked at once: what is needed already is not told again.
    let mut events = hub.sign_ins().events();
    let mut doors = Doors {
        hub,
        browser: may_open && is_here(hub),
        environment,
        opened,
        unasked: here_at_the_start(hub),
        waiting: VecDeque::new(),
        open: None,
    };
    for server in doors.unasked.clone() {
        doors.look(&server).await;
    }
    let end = Instant::now() + START;
    loop {
        let event = if doors.open.is_some() {
            events.recv().await
        } else {
            let Ok(event) = timeout_at(end, events.recv()).await else {
                return;
            };
            event
        };
        match event {
            Ok(Event::Needed(account)) => doors.look(&account.server).await,
            Ok(Event::SignedIn(account)) => doors.through(&account.server).await,
            Ok(Event::SignedOut(_)) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Those whose sign-in all share, for a user's own is not this person's.
fn here_at_the_start(hub: &Hub) -> Vec<String> {
    let settings = hub.store().current();
    let shared = |name: &&str| Account::shared(*name).fits(&settings);
    let names = settings.servers.names().filter(shared);
    names.map(str::to_owned).collect()
}

/// Who has a public address may have his person elsewhere, too.
fn is_here(hub: &Hub) -> bool {
    let settings = hub.store().current();
    let base = settings.base_url().and_then(|base| Url::parse(base).ok());
    base.is_none_or(|base| is_loopback(&base))
}

struct Doors<'a> {
    hub: &'a Hub,
    browser: bool,
    environment: &'a Environment,
    opened: &'a Opened,
    /// Nothing was said of them yet.
    unasked: Vec<String>,
    waiting: VecDeque<String>,
    /// Whose page is before the person.
    open: Option<String>,
}

impl Doors<'_> {
    async fn look(&mut self, server: &str) {
        let view = self.hub.sign_ins().view(server);
        let at = self.unasked.iter().position(|unasked| unasked == server);
        let Some(at) = at.filter(|_| view.state.waits_for_a_person()) else {
            return;
        };
        self.unasked.remove(at);
        if view.state != State::OauthRequired {
            let action = view.action.unwrap_or_default();
            return say(format!("  {server}: {}\n   do: {action}", view.reason));
        }
        self.waiting.push_back(server.to_owned());
        if self.open.is_none() {
            self.next().await;
        } else {
            say(format!("  {server} wants a sign-in too; it is next"));
        }
    }

    async fn through(&mut self, server: &str) {
        self.waiting.retain(|waiting| waiting != server);
        note(self.opened, |opened| opened.remove(server));
        if self.open.as_deref() == Some(server) {
            say(format!("  {server} is signed in"));
            self.open = None;
            self.next().await;
        }
    }

    async fn next(&mut self) {
        while let Some(server) = self.waiting.pop_front() {
            match self.hub.sign_ins().begin(server.as_str()).await {
                Ok(link) => {
                    self.show(&server, &link);
                    self.open = Some(server);
                    return;
                }
                Err(why) => say(format!("  {server}: {why}")),
            }
        }
    }

    fn show(&self, server: &str, link: &Link) {
        let url = &link.url;
        if let Some(typed) = &link.typed {
            let (code, page) = (&typed.user_code, &typed.verification_uri);
            return say(format!(
                "  {server} wants a sign-in: open {page} and enter {code}"
            ));
        }
        match browser::open(url, self.browser, self.environment) {
            Ok(()) => {
                note(self.opened, |opened| opened.insert(server.to_owned()));
                say(format!(
                    "  {server} wants a sign-in. Opening the browser. Not opening?  {url}"
                ));
            }
            Err(browser::Closed::Scheme(scheme)) => say(format!(
                "  {server} wants a sign-in, and its link is neither http nor https ({scheme})"
            )),
            // Over ssh the browser is elsewhere; that command says what to do then.
            Err(browser::Closed::NoDisplay | browser::Closed::Failed(_)) => say(format!(
                "  {server} wants a sign-in. Browser on another machine?  {}\n  Open this in a browser:\n\n{url}\n",
                named("mcphub auth login <server>", server)
            )),
            Err(browser::Closed::Unwanted) => say(format!(
                "  {server} wants a sign-in. Open this in a browser:\n\n{url}\n"
            )),
        }
    }
}

fn say(text: String) {
    Output { json: false }.line(text);
}

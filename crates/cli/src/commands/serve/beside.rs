//! What a running hub says to whoever sits beside it: that servers wait for a sign-in, and which one a call waits for right now.
//!
//! A browser opens for such a call where a person would see it: on a terminal, with a display, not over ssh or in CI, and only when all that can reach the hub is this machine. At most one tab for each
//! sign-in (the hub tells each once), and few in a minute. Everywhere else the address is printed and nothing more.

use std::io::Write;
use std::time::Duration;

use hub::Hub;
use hub::sign_in::{Awaited, State as Standing};
use hub::upstream::State;
use settings::Grants;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval};
use url::Url;

use super::waiting::{self, Opened};
use crate::browser;
use crate::environment::Environment;
use crate::operator::is_loopback;
use crate::output::plain;

/// Tabs that are opened within `WHILE`; who has more servers than that meets them on one page.
const MOST_TABS: usize = 3;
const WHILE: Duration = Duration::from_secs(60);
/// How often it is looked whether the servers of the start have settled, and for how long.
const LOOK: Duration = Duration::from_millis(500);
const LOOKS: usize = 40;

/// Where the hub's words go.
pub(super) struct Beside {
    pub(super) hub: Hub,
    /// The hub's own address on this machine, without a slash at its end.
    pub(super) url: String,
    /// Nobody said no, and only this machine can reach the hub.
    pub(super) may_open: bool,
    pub(super) environment: Environment,
    /// Whose page is before the person since the start.
    pub(super) opened: Opened,
}

impl Beside {
    /// Goes on until it is dropped.
    pub(super) async fn watch(self) {
        tokio::join!(self.tell_how_many_wait(), self.show_what_is_awaited());
    }

    /// Once, when the servers of the start have settled.
    async fn tell_how_many_wait(&self) {
        let mut looks = interval(LOOK);
        // The first look is at once, when nothing has begun.
        looks.tick().await;
        for _ in 0..LOOKS {
            looks.tick().await;
            if self.has_settled() {
                break;
            }
        }
        let all = self.hub.upstreams().all();
        let waits = |state: &State| matches!(state, State::NeedsSignIn { why } if why.state == Standing::OauthRequired);
        let waiting = all.iter().filter(|upstream| waits(&upstream.state()));
        let settings = self.hub.store().current();
        let public = settings.base_url().map(|base| base.trim_end_matches('/'));
        if let Some(line) = many_wait(waiting.count(), public.unwrap_or(&self.url)) {
            say(&line);
        }
    }

    /// Whether the first attempt at each server is over.
    fn has_settled(&self) -> bool {
        let (settings, upstreams) = (self.hub.store().current(), self.hub.upstreams());
        let mut wanted = settings.servers.iter().filter(|server| {
            server.enabled && server.transport.is_ok() && server.oauth.tokens == Grants::Shared
        });
        wanted.all(|server| {
            let state = upstreams.get(&server.name).map(|upstream| upstream.state());
            !matches!(state, None | Some(State::Connecting { attempt: ..=1 }))
        })
    }

    async fn show_what_is_awaited(&self) {
        let mut awaited = self.hub.sign_ins().awaited();
        let mut tabs = Tabs::default();
        loop {
            match awaited.recv().await {
                Ok(asked) => self.show(&asked, &mut tabs).await,
                // The clients' own words name the page, too.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn show(&self, asked: &Awaited, tabs: &mut Tabs) {
        let (account, address) = (&asked.account, asked.ticket.short.clone());
        // A public address: the caller may sit anywhere, and so may the person.
        let here = Url::parse(&address).is_ok_and(|url| is_loopback(&url));
        let before_them = account.user.is_none() && waiting::has(&self.opened, &account.server);
        let wanted = self.may_open && here && !before_them && tabs.has_room(Instant::now());
        let environment = self.environment.clone();
        let page = address.clone();
        let opened =
            tokio::task::spawn_blocking(move || browser::open(&page, wanted, &environment));
        let how = match opened.await {
            Ok(Ok(())) => {
                tabs.opened(Instant::now());
                "the browser opens"
            }
            Ok(Err(_)) | Err(_) => "open",
        };
        say(&format!(
            "  {account} needs a sign-in, and a call waits for it; {how} {address}"
        ));
    }
}

/// When the last tabs were opened.
#[derive(Default)]
struct Tabs(Vec<Instant>);

impl Tabs {
    fn has_room(&mut self, now: Instant) -> bool {
        self.0.retain(|at| now.duration_since(*at) < WHILE);
        self.0.len() < MOST_TABS
    }

    fn opened(&mut self, now: Instant) {
        self.0.push(now);
    }
}

/// One waits by itself; for several there is a page.
pub(in crate::commands) fn many_wait(count: usize, url: &str) -> Option<String> {
    (count > 1)
        .then(|| format!("  {count} servers wait for a sign-in; one page for all:  {url}/connect"))
}

/// A hub whose terminal is gone goes on.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{}", plain(line)).and_then(|()| out.flush()) {
        tracing::debug!(%error, "nobody reads what the hub says");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_tabs_are_opened_in_a_minute() {
        let (mut tabs, start) = (Tabs::default(), Instant::now());
        for _ in 0..MOST_TABS {
            assert!(tabs.has_room(start));
            tabs.opened(start);
        }
        assert!(!tabs.has_room(start + WHILE / 2));
        assert!(tabs.has_room(start + WHILE));
    }

    #[test]
    fn one_page_is_named_where_several_wait() {
        let url = "http://localhost:3000";
        assert_eq!(many_wait(0, url), None);
        assert_eq!(many_wait(1, url), None);
        assert!(
            many_wait(2, url)
                .unwrap()
                .ends_with("http://localhost:3000/connect")
        );
    }
}

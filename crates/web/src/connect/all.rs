//! `/connect`: all servers that wait for a sign-in of one person, on one page, and the way through them.
//!
//! As at `/connect/{ticket}`, looking begins nothing and a click is taken from our own page only; where the hub is not one person's own, the list wants the name and password of a user first, or what an issuer outside
//! says of him, and shows what that user may use. After each sign-in the browser comes back here (`walk`). What the page says: `all::words`.

mod words;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use hub::sign_in::{Account, State as Standing, View};
use settings::{Grants, Server, Transport};
use url::{Host, Url};

use self::words::Said;
use super::click::{self, Click};
use super::walk::{self, Walk};
use super::{is_https, is_own};
use crate::access::{self, base_url, peer};
use crate::app::{App, Moment};
use crate::session::{LoginError, Person};

/// Behind the `?` of an address that somebody was led to: a proxy that hides the name that was asked for would lead in circles.
const HERE: &str = "here";

/// GET `/connect`.
pub(crate) async fn show(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let elsewhere = elsewhere(&app, &headers).filter(|_| query.as_deref() != Some(HERE));
    if let Some(address) = elsewhere {
        return (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, address)],
        )
            .into_response();
    }
    // On one's own hub nobody is asked, but a user may want to see what is his alone.
    let as_user = query.as_deref() == Some(words::AS_USER);
    Visit::of(&app, &headers)
        .await
        .page(&app, Said::Nothing, as_user)
}

/// POST `/connect`: a name with its password, or the click on one server.
pub(crate) async fn confirm(State(app): State<App>, request: Request) -> Response {
    let from = peer(request.extensions());
    let (head, body) = request.into_parts();
    let body = body.collect().await;
    // rule: mcphub-key-taken-back -- who he is and what he may counts when all of his click is there, however long that took.
    let visit = Visit::of(&app, &head.headers).await;
    let Ok(body) = body else {
        return visit.page(&app, Said::Elsewhere, false);
    };
    let click = Click::read(&head.headers, &body.to_bytes());
    if !click.is_of(&head.headers, &app.walks().form) {
        return visit.page(&app, Said::Elsewhere, false);
    }
    match &click.server {
        Some(name) => visit.begin(&app, name, &head.headers).await,
        None => visit.log_in(&app, &click, from).await,
    }
}

/// Who looks at the list.
#[derive(Clone)]
enum Who {
    /// The one person whose hub this is.
    Alone,
    Known(Person),
    /// Maybe why an issuer outside does not vouch for him.
    Unknown(Option<String>),
}

/// One look at the list.
struct Visit {
    now: Arc<Moment>,
    who: Who,
    walk: Option<Walk>,
    /// Of this browser.
    nonce: String,
    https: bool,
}

/// One server in the list.
struct Entry {
    server: Arc<Server>,
    /// `None`: each user has a sign-in there, and nobody said which one he is.
    account: Option<Account>,
    view: View,
    /// All share the sign-in, and it takes an administrator or the server's owner.
    of_others: bool,
}

/// How an entry stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Done,
    Click,
    /// Something else has to be done first.
    Instead,
}

impl Visit {
    async fn of(app: &App, headers: &HeaderMap) -> Self {
        let vouched = access::outside::person(app, headers).await;
        let (now, at) = (app.now(), app.hub().clock().now());
        // Who comes with a token of the issuer is whom that names, whoever began the walk that his browser knows.
        let own = |walk: &Walk| vouched.is_none() || walk.login.is_none();
        let walk = app.walks().find(headers, at).filter(own);
        let login = walk.as_ref().and_then(|walk| walk.login.as_deref());
        // A login that ended, or whose account changed, counts no more.
        let person = login.and_then(|login| app.sessions().person(&now.settings, login, at));
        let who = match (person, vouched) {
            (Some(person), _) | (None, Some(Ok(person))) => Who::Known(person),
            (None, _) if is_own(app, &now, headers) => Who::Alone,
            (None, vouched) => Who::Unknown(vouched.and_then(Result::err)),
        };
        let nonce = click::nonce(headers);
        Self {
            now,
            who,
            walk,
            nonce,
            https: is_https(app, headers),
        }
    }

    /// What this person has to do with: what waits, and what was done on this walk.
    fn entries(&self, app: &App) -> Vec<Entry> {
        let met = self.walk.as_ref().map_or(&[][..], |walk| &walk.met);
        let servers = self.now.settings.servers.iter();
        let entries = servers.filter_map(|server| self.entry(app, server));
        entries
            .filter(|entry| match &entry.account {
                None => true,
                Some(account) => entry.waits() || met.contains(account),
            })
            .collect()
    }

    fn entry(&self, app: &App, server: &Arc<Server>) -> Option<Entry> {
        let is_http = matches!(server.transport, Ok(Transport::Http { .. }));
        if !server.enabled || !is_http {
            return None;
        }
        let each = server.oauth.tokens == Grants::PerUser;
        let user = match &self.who {
            Who::Unknown(_) => return None,
            Who::Alone => None,
            Who::Known(person) => {
                let sees = hub::access::sees(&person.username, &server.sharing);
                (person.is_admin || sees).then_some(())?;
                each.then_some(person.username.as_str())
            }
        };
        let account = Account::of(&server.name, user);
        let fits = account.fits(&self.now.settings);
        // An administrator who is in no entry of `users` has no sign-in of his own.
        (fits || matches!(self.who, Who::Alone)).then_some(())?;
        let of_others = match &self.who {
            Who::Known(person) => {
                let owns = hub::access::signs_in_for_all(&person.username, &server.sharing);
                !each && !person.is_admin && !owns
            }
            Who::Alone | Who::Unknown(_) => false,
        };
        Some(Entry {
            of_others,
            view: app.hub().sign_ins().view(&account),
            server: Arc::clone(server),
            account: fits.then_some(account),
        })
    }

    fn page(&self, app: &App, said: Said, as_user: bool) -> Response {
        let nonce = &self.nonce;
        let tie = click::tie(&app.walks().form, nonce);
        let (asks, said) = match (&self.who, said) {
            (Who::Unknown(Some(why)), Said::Nothing) => (true, Said::Wrong(why.clone())),
            (Who::Unknown(_), said) => (true, said),
            (Who::Alone, said) => (as_user, said),
            (Who::Known(_), said) => (false, said),
        };
        let page = if asks {
            words::login(said, tie)
        } else {
            let entries = self.entries(app);
            if let Some(walk) = &self.walk {
                let accounts: Vec<_> = accounts(&entries).cloned().collect();
                let at = app.hub().clock().now();
                app.walks().meets(&walk.id, &accounts, at);
            }
            words::list(app, self, &entries, (said, tie))
        };
        self.answer(page, self.walk.as_ref(), Some(nonce))
    }

    // rule: mcp-elicit-same-person
    async fn log_in(&self, app: &App, click: &Click, from: IpAddr) -> Response {
        let (settings, at) = (&self.now.settings, app.hub().clock().now());
        let shown = (click.username.as_str(), click.password.as_str());
        let login = match app.sessions().log_in(settings, shown, from, at).await {
            Ok(login) => login,
            Err(error @ LoginError::TooMany(_)) => {
                return self.page(app, Said::Hurry(error.to_string()), true);
            }
            Err(error) => return self.page(app, Said::Wrong(error.to_string()), true),
        };
        let walk = app.walks().start(Some(login.token), at);
        let mut response = self.answer(StatusCode::SEE_OTHER, Some(&walk), None);
        let list = HeaderValue::from_static("connect");
        response.headers_mut().insert(header::LOCATION, list);
        response
    }

    async fn begin(&self, app: &App, name: &str, headers: &HeaderMap) -> Response {
        let entries = self.entries(app);
        let wanted = entries.iter().find(|entry| entry.server.name == name);
        let account = wanted.and_then(|entry| entry.account.as_ref());
        // Another tab may have been faster, or the settings have changed.
        let Some(account) = account.filter(|_| wanted.is_some_and(Entry::may_begin)) else {
            return self.page(app, Said::Over, false);
        };
        let at = app.hub().clock().now();
        let walk = match &self.walk {
            Some(walk) => walk.clone(),
            None => app.walks().start(None, at),
        };
        let met: Vec<_> = accounts(&entries).cloned().collect();
        app.walks().meets(&walk.id, &met, at);
        app.walks().begins(&walk.id, account, at);
        let page = match app.hub().sign_ins().begin(account).await {
            Ok(link) => words::onward(name, &link, &base_url(app, headers)),
            Err(error) => {
                let explained = app.hub().explain_sign_in(account, &error);
                words::not_begun(name, &explained)
            }
        };
        self.answer(page, Some(&walk), None)
    }

    fn answer(
        &self,
        page: impl IntoResponse,
        walk: Option<&Walk>,
        nonce: Option<&str>,
    ) -> Response {
        let mut response = page.into_response();
        let https = self.https;
        let cookies = [
            walk.map(|walk| walk::cookie(&walk.id, https)),
            nonce.map(|nonce| click::cookie(nonce, https)),
        ];
        for cookie in cookies.into_iter().flatten() {
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        response
    }
}

impl Entry {
    fn waits(&self) -> bool {
        let of_user = self.account.as_ref().is_some_and(|it| it.user.is_some());
        // Nothing is tried for a user before he has called something.
        let untried = of_user && !self.view.connected && self.view.state == Standing::Unneeded;
        self.view.state.waits_for_a_person() || untried
    }

    fn may_begin(&self) -> bool {
        self.waits() && !self.of_others
    }

    fn turn(&self) -> Turn {
        let by_click = match self.view.state {
            Standing::OauthRequired => !self.view.paste_back,
            Standing::Unneeded => true,
            Standing::Connected
            | Standing::NeedsClient
            | Standing::ClientRejected
            | Standing::RegistrationRefused
            | Standing::RefreshFailing
            | Standing::RejectedByResource
            | Standing::Disconnected => false,
        };
        match (&self.account, self.waits()) {
            (None, _) => Turn::Instead,
            (Some(_), true) if by_click && !self.of_others => Turn::Click,
            (Some(_), true) => Turn::Instead,
            (Some(_), false) if self.view.state.usable() => Turn::Done,
            (Some(_), false) => Turn::Instead,
        }
    }
}

fn accounts(entries: &[Entry]) -> impl Iterator<Item = &Account> {
    entries.iter().filter_map(|entry| entry.account.as_ref())
}

/// Where the list has to be opened instead: callbacks come to the hub's own address, and cookies of another name would not come along.
fn elsewhere(app: &App, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let mut asked = Url::parse(&format!("http://{host}{}/connect", app.options().prefix())).ok()?;
    if let Some(base) = app.now().settings.base_url() {
        let own = Url::parse(base).ok()?;
        let base = base.trim_end_matches('/');
        return (own.host() != asked.host()).then(|| format!("{base}/connect?{HERE}"));
    }
    let is_address = match asked.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(_) => false,
    };
    asked.set_host(Some("localhost")).ok()?;
    is_address.then(|| asked.into())
}

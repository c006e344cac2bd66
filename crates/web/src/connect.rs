//! `/connect/{ticket}` and `/c/{code}`: the hub's own page between a client's words and a login server, where a person agrees with one click.
//!
//! MCP 2025-11-25 and 2026-07-28, elicitation, "Safe URL Handling" and "Phishing". A ticket proves nothing: where the hub is not one person's own, whoever
//! clicks shows with a password that he may sign in there, or a login server of the house says who he is. Nothing is remembered of that. What the page says: `connect::words`.

pub(crate) mod all;
pub(crate) mod click;
mod walk;
mod words;

use std::net::IpAddr;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use hub::sign_in::Ticketed;
use settings::Server;
use url::{Host, Url};

use self::click::Click;
pub(crate) use self::walk::Walks;
use self::words::Said;
use crate::access::{self, peer};
use crate::app::{App, Moment};
use crate::issuer::home;
use crate::session::{LoginError, Person};

/// GET `/c/{code}`: the same page under the short address that can be typed.
pub(crate) async fn short(State(app): State<App>, Path(code): Path<String>) -> Response {
    match app.hub().sign_ins().ticketed(&code) {
        Some(ticketed) => {
            let page = format!("../connect/{}", ticketed.ticket);
            (StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response()
        }
        None => words::unknown().into_response(),
    }
}

/// GET `/connect/{ticket}`. Asks no login server for a sign-in: programs that look at links begin nothing.
pub(crate) async fn show(
    State(app): State<App>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(meant) = Meant::of(&app, &ticket, &headers).await else {
        return words::unknown().into_response();
    };
    let view = app.hub().sign_ins().view(&meant.ticketed.account);
    if view.connected && view.state.usable() && view.authorization_url.is_none() {
        return words::already(&meant.server.name).into_response();
    }
    let said = match &meant.vouched {
        Some(Ok(person)) if meant.wants_login && !meant.may_sign_in(person) => Said::NotYours,
        Some(Err(why)) if meant.wants_login => Said::Wrong(why.clone()),
        _ => Said::Nothing,
    };
    form(&meant, said)
}

/// POST `/connect/{ticket}`: the click.
pub(crate) async fn confirm(
    State(app): State<App>,
    Path(ticket): Path<String>,
    request: Request,
) -> Response {
    let from = peer(request.extensions());
    let (head, body) = request.into_parts();
    let body = body.collect().await;
    // rule: mcphub-key-taken-back -- what counts is what holds when all of the click is there, however long that took.
    let Some(meant) = Meant::of(&app, &ticket, &head.headers).await else {
        return words::unknown().into_response();
    };
    let Ok(body) = body else {
        return form(&meant, Said::Elsewhere);
    };
    let click = Click::read(&head.headers, &body.to_bytes());
    if !click.is_of(&head.headers, &meant.ticketed.form) {
        return form(&meant, Said::Elsewhere);
    }
    if let Err(said) = meant.looked_at(&app, &click, from).await {
        return form(&meant, said);
    }
    let name = &meant.server.name;
    match app.hub().sign_ins().begin(&meant.ticketed.account).await {
        Ok(link) => words::onward(name, &link).into_response(),
        Err(error) => {
            let account = &meant.ticketed.account;
            let explained = app.hub().explain_sign_in(account, &error);
            words::not_begun(name, &explained).into_response()
        }
    }
}

/// What a ticket means in the settings of this moment.
struct Meant {
    ticketed: Ticketed,
    server: std::sync::Arc<Server>,
    now: std::sync::Arc<Moment>,
    /// The authorization address of the pending sign-in, for what it says of itself.
    pending: Option<Url>,
    wants_login: bool,
    /// What an issuer outside the hub says of who asks.
    vouched: Option<Result<Person, String>>,
    /// Of this browser.
    nonce: String,
    https: bool,
}

impl Meant {
    /// `None`: the ticket is unknown or too old, or what it is about is gone.
    async fn of(app: &App, ticket: &str, headers: &HeaderMap) -> Option<Self> {
        let ticketed = app.hub().sign_ins().ticketed(ticket)?;
        // The short code leads here; it is no second ticket.
        if ticketed.ticket != ticket {
            return None;
        }
        let now = app.now();
        let account = &ticketed.account;
        let server = now.settings.servers.get(&account.server)?.clone();
        if !account.fits(&now.settings) {
            return None;
        }
        let pending = app.hub().sign_ins().view(account).authorization_url;
        Some(Self {
            wants_login: !is_own(app, &now, headers) || account.user.is_some(),
            vouched: access::outside::person(app, headers).await,
            nonce: click::nonce(headers),
            https: is_https(app, headers),
            pending: pending.and_then(|link| Url::parse(&link).ok()),
            ticketed,
            server,
            now,
        })
    }

    /// Whether whoever clicked may sign in here; else what he reads.
    // rule: mcp-elicit-same-person
    async fn looked_at(&self, app: &App, click: &Click, from: IpAddr) -> Result<(), Said> {
        if !self.wants_login {
            return Ok(());
        }
        let (settings, now) = (&self.now.settings, app.hub().clock().now());
        let shown = (click.username.as_str(), click.password.as_str());
        let person = match &self.vouched {
            Some(Ok(person)) => person.clone(),
            // A login of the hub's own does as well.
            _ => match app.sessions().log_in(settings, shown, from, now).await {
                Ok(login) => login.person,
                Err(error @ LoginError::TooMany(_)) => return Err(Said::Hurry(error.to_string())),
                Err(error) => return Err(Said::Wrong(error.to_string())),
            },
        };
        self.may_sign_in(&person)
            .then_some(())
            .ok_or(Said::NotYours)
    }

    /// Whether a name and a password are asked for.
    fn asks_for_password(&self) -> bool {
        self.wants_login && !matches!(self.vouched, Some(Ok(_)))
    }

    /// Whether this person may sign this account in: that of a user nobody but the user, a shared one only who may lend himself to all.
    fn may_sign_in(&self, person: &Person) -> bool {
        match &self.ticketed.account.user {
            Some(user) => *user == person.username,
            None => {
                person.is_admin
                    || hub::access::signs_in_for_all(&person.username, &self.server.sharing)
            }
        }
    }
}

/// Whether the hub is one person's own, whom nobody has to ask who he is.
// rule: mcp-elicit-same-person -- whoever completes the sign-in must be whom it was asked for; on a person's own machine, with an open door, nobody else can click.
fn is_own(app: &App, now: &Moment, headers: &HeaderMap) -> bool {
    let loopback = app.options().listen.ip().to_canonical().is_loopback();
    let alone = is_local(now.settings.base_url()) && app.options().allowed_hosts.is_empty();
    now.rules.is_open() && loopback && alone && !came_through(headers)
}

/// Whether a proxy says that it stands between: one on this machine may call the hub `localhost` for people who are elsewhere.
// rule: mcp-elicit-same-person
pub(crate) fn came_through(headers: &HeaderMap) -> bool {
    const SAID_BY_PROXIES: [&str; 6] = [
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
    ];
    let says_so = |name: &HeaderName| {
        SAID_BY_PROXIES.contains(&name.as_str()) || name.as_str().starts_with("x-forwarded-")
    };
    headers.keys().any(says_so)
}

/// Whether people reach the hub on this machine only; where a proxy stands in front of it, others do.
fn is_local(base_url: Option<&str>) -> bool {
    base_url.is_none_or(|base| {
        Url::parse(base).is_ok_and(|url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        })
    })
}

/// The page to agree on, tied to this browser.
fn form(meant: &Meant, said: Said) -> Response {
    let tie = click::tie(&meant.ticketed.form, &meant.nonce);
    let mut response = words::form(meant, said, tie).into_response();
    if let Ok(cookie) = HeaderValue::try_from(click::cookie(&meant.nonce, meant.https)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Whether the browser asked over https, so that its cookies go that way alone. On this machine the hub is asked over plain http also where it has a public name; not every browser keeps a cookie there that is `Secure`.
// rule: mcphub-cookie-here
pub(crate) fn is_https(app: &App, headers: &HeaderMap) -> bool {
    home(app, headers).starts_with("https:")
}

//! Who stands before `/mcp`, before one user's `/{user}/mcp` and before `/api`: reads the credential out of a request and asks the rules.
//!
//! RFC 6750 2.1 and 3 (bearer tokens in the header, the challenge of a 401). A token in the address is not read.

mod kept_back;
pub(crate) mod outside;

pub(crate) use self::kept_back::keep_back;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, Method, StatusCode, header};
use hub::access::{Caller, Denied, Issued, Token, Who};
use hub::cause::Cause;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::address::{Address, Door};
use crate::app::{App, Moment};
use crate::audit;
use crate::issuer::{home, metadata};
use crate::problem::{Problem, Whose};
use crate::session::password::same;

const LOGIN_HEADER: HeaderName = HeaderName::from_static("x-auth-token");

/// Nobody was let in at `/mcp`.
#[derive(Debug)]
pub(crate) struct NotAdmitted {
    denied: Denied,
    resource_metadata: String,
}

/// Whom the rules let in at `/mcp`.
// rule: rfc6750-3 -- a request without valid credentials gets a WWW-Authenticate with the scheme Bearer.
pub(crate) fn admit(app: &App, (path, headers): (&str, &HeaderMap)) -> Result<Caller, NotAdmitted> {
    let now = app.now();
    let presented = key_in(headers, &now.key_header);
    if presented.is_some_and(|token| is_operator(app, token)) {
        return Ok(Caller::operator());
    }
    let admitted = now.rules.admit_at(path, presented, app.hub().clock().now());
    admitted.map_err(|denied| NotAdmitted::new(denied, app, (path, headers)))
}

/// Whom the rules let in at a user's address. Where `/mcp` is open to everybody, a login of that user counts too.
pub(crate) fn admit_as(
    app: &App,
    username: &str,
    (path, headers): (&str, &HeaderMap),
) -> Result<Caller, NotAdmitted> {
    let now = app.now();
    let presented = key_in(headers, &now.key_header);
    let own = presented.and_then(|token| issued(app, &now, token));
    let admitted = if let Some(issued) = own {
        match issued.caller().user() == Some(username) {
            true => issued.let_in(path),
            false => Err(Denied::SomebodyElse),
        }
    } else if presented.is_some_and(|token| is_operator(app, token)) {
        now.rules.through_the_eyes_of(username, &Caller::operator())
    } else {
        match now.rules.admit_as(username, presented) {
            Err(Denied::Nobody) if now.rules.is_open() => logged_in(app, username, headers),
            admitted => admitted,
        }
    };
    admitted.map_err(|denied| NotAdmitted::new(denied, app, (path, headers)))
}

/// A token that the hub gave.
fn issued<'m>(app: &App, now: &'m Moment, token: &str) -> Option<&'m Issued> {
    now.rules.issued(token, app.hub().clock().now())
}

/// The token of ours by which a request to `/api` is let in.
pub(crate) fn token_in(app: &App, headers: &HeaderMap) -> Option<Token> {
    let now = app.now();
    let mut shown = shown(headers);
    shown.find_map(|token| Some(issued(app, &now, token)?.token()))
}

/// What may be shown at `/api`.
fn shown(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let login = headers.get(LOGIN_HEADER);
    let login = login.and_then(|value| value.to_str().ok());
    bearer(headers).into_iter().chain(login)
}

/// Who was let in by the head of a request, now that its body has come; that may have taken long.
// rule: mcphub-key-taken-back
pub(crate) fn still<'c>(
    app: &App,
    then: &Moment,
    (caller, path, headers): (&'c Caller, &str, &HeaderMap),
) -> Result<Cow<'c, Caller>, NotAdmitted> {
    let now = app.now();
    if Arc::ptr_eq(&now.settings, &then.settings) {
        return Ok(Cow::Borrowed(caller));
    }
    let at = app.hub().clock().now();
    let holds = caller
        .token()
        .is_none_or(|token| now.rules.holds(token, at));
    let again = holds.then(|| now.rules.again(caller)).flatten();
    again.map(Cow::Owned).ok_or_else(|| {
        let prefix = app.options().prefix();
        let path = path.strip_prefix(prefix.as_str()).unwrap_or(path);
        NotAdmitted::new(Denied::Unknown, app, (path, headers))
    })
}

fn logged_in(app: &App, username: &str, headers: &HeaderMap) -> Result<Caller, Denied> {
    let now = app.now();
    let login = headers
        .get(LOGIN_HEADER)
        .and_then(|value| value.to_str().ok());
    let person = login.and_then(|token| {
        let at = app.hub().clock().now();
        app.sessions().login(&now.settings, token, at)
    });
    match person {
        Some((person, until)) if person.username == username => now.rules.user(username, until),
        Some(_) => Err(Denied::SomebodyElse),
        None => Err(Denied::Nobody),
    }
}

impl NotAdmitted {
    /// `path`: the endpoint, below the hub's address.
    // rule: as-resource-metadata-pointer -- the challenge points to the metadata of the very endpoint that was asked.
    fn new(denied: Denied, app: &App, (path, headers): (&str, &HeaderMap)) -> Self {
        let (home, well_known) = (home(app, headers), metadata::RESOURCE);
        let door = Address::of(path, "").map(|address| address.door);
        let path = path.trim_end_matches('/');
        // Messages of the old transport are a part of what its stream is.
        let stream = (door == Some(Door::Messages)).then(|| path.strip_suffix("/messages"));
        let endpoint = match (stream.flatten(), path) {
            (Some(user), _) => format!("{user}/sse"),
            (None, "/mcp") => String::new(),
            (None, path) => path.to_owned(),
        };
        Self {
            denied,
            resource_metadata: format!("{home}{well_known}{endpoint}"),
        }
    }

    /// What a 401 says; nothing where another key would do no good.
    pub(crate) fn challenge(&self) -> Option<String> {
        let description = self.denied.to_string();
        let quoted = description.replace('\\', "").replace('"', "'");
        let final_word = self.denied == Denied::SomebodyElse || outside::is_final(self.denied);
        (!final_word).then(|| {
            format!(
                "Bearer error=\"invalid_token\", error_description=\"{quoted}\", resource_metadata=\"{}\"",
                self.resource_metadata
            )
        })
    }

    pub(crate) fn denied(&self) -> Denied {
        self.denied
    }
}

impl IntoResponse for NotAdmitted {
    fn into_response(self) -> Response {
        let description = self.denied.to_string();
        let Some(challenge) = self.challenge() else {
            let body = json!({ "error": "forbidden", "error_description": description });
            return (StatusCode::FORBIDDEN, Json(body)).into_response();
        };
        if let Some(later) = outside::later(self.denied) {
            return later;
        }
        let body = json!({
            "error": "invalid_token",
            "error_description": description,
            "resource_metadata": self.resource_metadata,
        });
        (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, challenge)],
            Json(body),
        )
            .into_response()
    }
}

/// A visitor of `/api`, and what counted when he was let in. Stands in the request, for whoever reads its body.
#[derive(Clone)]
struct Entered {
    visitor: Visitor,
    then: Arc<Moment>,
}

/// Whether whoever was let in by the head of a request to `/api` would be let in again, now that its body has come.
// rule: mcphub-key-taken-back
pub(crate) async fn still_there(app: &App, parts: &mut Parts) -> Result<(), Problem> {
    let Some(entered) = parts.extensions.remove::<Entered>() else {
        return Ok(());
    };
    if Arc::ptr_eq(&entered.then.settings, &app.now().settings) {
        return Ok(());
    }
    let visitor = Visitor::from_request_parts(parts, app).await?;
    if visitor.may_the_same(&entered.visitor) {
        return Ok(());
    }
    let message = "what you may do here has changed while the request came; ask again";
    Err(Problem::new(Whose::Forbidden, message).code("rights_changed"))
}

/// A visitor of `/api`.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// `None`: a key or the operator, no person with an account.
    pub(crate) username: Option<String>,
    pub(crate) is_admin: bool,
    /// By a token that was given for less.
    only_reads: bool,
    /// For people to read.
    pub(crate) who: Who,
}

/// A visitor who may change things.
#[derive(Clone, Debug)]
pub(crate) struct Admin(pub(crate) Visitor);

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let then = app.now();
        let visitor = match outside::visitor(app, &parts.headers).await {
            Some(vouched) => vouched?,
            None => Self::enter(&parts.headers, app, &then)?,
        };
        let (kind, name) = match (&visitor.username, visitor.who.key.as_deref()) {
            (Some(user), _) => ("user", user.as_str()),
            (None, Some(key)) if key.name.is_empty() => ("key", &*key.id),
            (None, Some(key)) => ("key", &*key.name),
            (None, None) if visitor.who.operator => ("operator", ""),
            (None, None) => ("anyone", ""),
        };
        audit::note(&parts.extensions, kind, name);
        // rule: mcphub-token-scope -- a token without `write` changes nothing.
        if visitor.only_reads && !matches!(parts.method, Method::GET | Method::HEAD) {
            let message = "the token was not given to change anything: its scope has no `write`";
            return Err(Problem::new(Whose::Forbidden, message).code("insufficient_scope"));
        }
        parts.extensions.insert(Entered {
            visitor: visitor.clone(),
            then,
        });
        Ok(visitor)
    }
}

impl Visitor {
    /// Whether the same would be let in with the same rights now: for what goes on for long.
    // rule: mcphub-key-taken-back
    pub(crate) fn is_still(&self, app: &App, headers: &HeaderMap) -> bool {
        if let Some(vouched) = outside::known_visitor(app, headers) {
            return vouched.is_ok_and(|now| now.may_the_same(self));
        }
        Self::enter(headers, app, &app.now()).is_ok_and(|now| now.may_the_same(self))
    }

    fn may_the_same(&self, other: &Self) -> bool {
        let rights = |it: &Self| (it.is_admin, it.only_reads);
        self.username == other.username && rights(self) == rights(other)
    }

    /// With a right to everything, and no account.
    fn without_account(who: Who) -> Self {
        Self {
            username: None,
            is_admin: true,
            only_reads: false,
            who,
        }
    }

    fn enter(headers: &HeaderMap, app: &App, now: &Moment) -> Result<Self, Problem> {
        let presented: Vec<&str> = shown(headers).collect();
        for token in &presented {
            if is_operator(app, token) {
                return Ok(Self::without_account(Who::operator()));
            }
            if let Some(caller) = now.rules.admit_to_api(token) {
                return Ok(Self::without_account(caller.who()));
            }
            if let Some(person) =
                app.sessions()
                    .person(&now.settings, token, app.hub().clock().now())
            {
                return Ok(Self {
                    who: Who::user(&person.username),
                    username: Some(person.username),
                    is_admin: person.is_admin,
                    only_reads: false,
                });
            }
            if let Some(issued) = issued(app, now, token).filter(|issued| issued.opens_api()) {
                return Ok(Self {
                    who: issued.caller().who(),
                    username: issued.caller().user().map(str::to_owned),
                    is_admin: issued.is_admin(),
                    only_reads: !issued.has_scope("write"),
                });
            }
        }
        if now.settings.routing.skip_auth {
            return Ok(Self::without_account(Who::default()));
        }
        let message = if presented.is_empty() {
            "log in first: POST /api/auth/login gives the token for the x-auth-token header"
        } else {
            "the token is not valid, or no longer; log in again, or use a system bearer key with access to all"
        };
        Err(Problem::new(Whose::Stranger, message).code("not_logged_in"))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    // rule: safe-e01, safe-s11, mcphub-rights
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
        if visitor.is_admin {
            return Ok(Self(visitor));
        }
        Err(
            Problem::new(Whose::Forbidden, "only an administrator may do this")
                .code("not_an_administrator")
                .cause(Cause::NotAnAdministrator),
        )
    }
}

/// The address under which clients reach us: as the settings say it, else as we were asked (which the gate has checked).
pub(crate) fn base_url(app: &App, headers: &HeaderMap) -> String {
    let written = app
        .now()
        .settings
        .base_url()
        .map(|url| url.trim_end_matches('/').to_owned());
    let asked = || {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let host = host.map_or_else(|| app.options().listen.to_string(), str::to_owned);
        format!("http://{host}{}", app.options().prefix())
    };
    written.unwrap_or_else(asked)
}

/// Whom the connection comes from; without a connection (a test), this machine.
pub(crate) fn peer(extensions: &Extensions) -> IpAddr {
    let known = extensions.get::<ConnectInfo<SocketAddr>>();
    known.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| {
        address.ip()
    })
}

fn is_operator(app: &App, token: &str) -> bool {
    app.options()
        .operator_token
        .as_ref()
        .is_some_and(|operator| {
            !operator.expose_secret().is_empty() && same(operator.expose_secret(), token)
        })
}

/// A key in the header that the settings name, else in `Authorization`.
fn key_in<'h>(headers: &'h HeaderMap, named: &HeaderName) -> Option<&'h str> {
    let own = || Some(bare(headers.get(named)?.to_str().ok()?));
    if *named == header::AUTHORIZATION {
        bearer(headers)
    } else {
        own().or_else(|| bearer(headers))
    }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    strip_scheme(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// The scheme's name has no case.
fn bare(value: &str) -> &str {
    strip_scheme(value).unwrap_or(value.trim())
}

fn strip_scheme(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

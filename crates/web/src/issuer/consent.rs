//! `/oauth/authorize`: who asks, where he is answered, what he may do, and in whose name; a person agrees with name and password, or says no.
//!
//! Looking asks nobody and changes nothing. A decision is taken from our own page in this browser only (`connect::click`), and nothing is remembered of it: whoever agrees shows each time who he is. Strangers register as
//! they like, so nobody is sent to an address of theirs by himself before he agreed (RFC 9700 4.11.2). What the page says: `words`.

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;
use hub::issuer::account::account;
use hub::issuer::{Authorization, Refused};
use url::Url;

use super::words::{self, Said};
use super::{homes, on};
use crate::access::peer;
use crate::app::App;
use crate::audit;
use crate::connect::click::{self, Click};
use crate::problem::Problem;
use crate::session::{LoginError, first};

/// GET `/oauth/authorize`.
pub(crate) async fn show(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    on(&app)?;
    let query = query.unwrap_or_default();
    Ok(match asked(&app, &query, &headers).await {
        Ok(asked) => form(&app, &asked, (&query, &headers), Said::Nothing),
        Err(refused) => refused,
    })
}

/// POST `/oauth/authorize`: the decision.
pub(crate) async fn decide(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    on(&app)?;
    let from = peer(request.extensions());
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let asked = match asked(&app, query, &head.headers).await {
        Ok(asked) => asked,
        Err(refused) => return Ok(refused),
    };
    let again = |said| Ok(form(&app, &asked, (query, &head.headers), said));
    let Ok(body) = body.collect().await else {
        return again(Said::Elsewhere);
    };
    let click = Click::read(&head.headers, &body.to_bytes());
    // rule: mcphub-consent-click -- what a person agrees to he saw on our own page, in this browser.
    if !click.is_of(&head.headers, &tied_to(&app, query)) {
        return again(Said::Elsewhere);
    }
    let homes = homes(&app, &head.headers);
    if click.denied {
        let back = asked.denied(&homes.issuer);
        // Who says no may do so because he trusts nobody there: a program of this machine hears it by itself, no site does.
        let at_once = back.scheme() != "https";
        return Ok(words::onward(&asked.client.name, &back, at_once).into_response());
    }
    let (settings, now) = (app.now().settings.clone(), app.hub().clock().now());
    let shown = (click.username.as_str(), click.password.as_str());
    let login = match app.sessions().log_in(&settings, shown, from, now).await {
        Ok(login) => login,
        Err(error) => {
            audit::password_refused(head.uri.path());
            return again(match error {
                LoginError::TooMany(_) => Said::Hurry(error.to_string()),
                LoginError::Wrong | LoginError::Public | LoginError::Unfinished(_) => {
                    Said::Wrong(error.to_string())
                }
            });
        }
    };
    let user = &login.person.username;
    // Before the token is bound to it.
    let renewed = first::renewed(&app, &login, &click.password).await;
    let (then, account) = (
        account(&settings, user),
        account(&app.hub().store().current(), user),
    );
    // rule: mcphub-token-account -- a password that was changed while it was looked at opens nothing.
    if account.is_none() || (renewed.is_none() && account != then) {
        return again(Said::NoAccount);
    }
    let name = asked.client.name.clone();
    Ok(match app.hub().issuer().agreed(asked, user, &homes).await {
        Ok(back) => words::onward(&name, &back, true).into_response(),
        Err(failure) => {
            tracing::error!(
                error = &failure as &dyn std::error::Error,
                "a user agreed to a client in vain"
            );
            words::unwritten(&name).into_response()
        }
    })
}

async fn asked(app: &App, query: &str, headers: &HeaderMap) -> Result<Authorization, Response> {
    let homes = homes(app, headers);
    let asked = Box::pin(app.hub().issuer().asked(query, &homes)).await;
    asked.map_err(|refused| match refused {
        Refused::Shown(shown) => words::refused(&shown).into_response(),
        // rule: rfc9700-4.11.2 -- nobody is sent on by himself to an address that a stranger registered.
        Refused::Told(back) => words::cannot(&back).into_response(),
    })
}

/// The page to agree on, tied to this browser and to this very request.
fn form(
    app: &App,
    asked: &Authorization,
    (query, headers): (&str, &HeaderMap),
    said: Said,
) -> Response {
    let nonce = click::nonce(headers);
    let tie = click::tie(&tied_to(app, query), &nonce);
    let mut response = words::form(asked, said, tie).into_response();
    let https = crate::connect::is_https(app, headers);
    if let Ok(cookie) = HeaderValue::try_from(click::cookie(&nonce, https)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn tied_to(app: &App, query: &str) -> String {
    format!("{}\0authorize\0{query}", app.walks().form)
}

/// Where an address leads, in few words.
pub(super) fn place(url: &Url) -> String {
    match (url.scheme(), url.host_str()) {
        ("http", Some(_)) => "a program on this machine".to_owned(),
        ("https", Some(host)) => host.to_owned(),
        (scheme, _) => format!("the app that opens {scheme}: addresses"),
    }
}

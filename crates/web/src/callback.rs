//! GET `/oauth/callback`: where a browser comes back from a login server, and the page that tells a person how it went.
//!
//! Never redirects anywhere but to the login server of the same sign-in (when it wants to be asked differently) and to our own list of
//! sign-ins (when that is where the browser began), and shows nothing of an answer that was not proven to come from that server. Which page says what: `callback::words`.

#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hub::cause::Cause;
use hub::explained::Explained;
use hub::sign_in::Account;
use hub::upstream::{State as Life, Upstream};
use tokio::time::{Instant, timeout_at};

use self::words::{failed, signed_in};
use crate::app::App;
use crate::page::{Act, Page};

/// How long a browser waits for the reconnection before it is told that it goes on.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of the connection after the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reached {
    Connected {
        tools: usize,
    },
    Connecting,
    Off,
    /// The server wants more of a person than this sign-in gave.
    Wanting(Box<Explained>),
    Failed(Box<Explained>),
}

pub(crate) async fn callback(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let now = app.hub().clock().now();
    let completed = match app
        .hub()
        .sign_ins()
        .callback(query.as_deref().unwrap_or_default())
        .await
    {
        Ok(completed) => completed,
        Err(error) => {
            let back = app.walks().comes_back(&headers, None, now);
            return with_list(
                failed(&error, &app.hub().explain_callback(&error, None)),
                back,
                uri.path(),
            )
            .into_response();
        }
    };
    // rule: safe-c11
    if let Some(again) = completed
        .again
        .and_then(|url| HeaderValue::try_from(url).ok())
    {
        return (StatusCode::FOUND, [(header::LOCATION, again)]).into_response();
    }
    let reached =
        match app
            .hub()
            .upstreams()
            .serving(&completed.server, completed.user.as_deref(), None)
        {
            Ok(upstream) => reached(&upstream).await,
            Err(_) => Reached::Off,
        };
    let account = Account::of(&completed.server, completed.user.as_deref());
    let back = app.walks().comes_back(&headers, Some(&account), now);
    if back && matches!(reached, Reached::Connected { .. } | Reached::Connecting) {
        // The list says it, and what is next.
        return (
            StatusCode::SEE_OTHER,
            [(header::LOCATION, list(uri.path()))],
        )
            .into_response();
    }
    with_list(signed_in(&completed.server, &reached), back, uri.path()).into_response()
}

/// The list of all sign-ins, as seen from the callback; the settings may place that elsewhere.
fn list(callback: &str) -> &'static str {
    if callback.ends_with("/oauth/callback") {
        "../connect"
    } else {
        "/connect"
    }
}

/// A page for somebody who may have come from the list.
fn with_list(page: Page, back: bool, callback: &str) -> Page {
    if !back {
        return page;
    }
    let address = list(callback);
    Page {
        act: Act::Back { address },
        closes: false,
        hint: "The list says what is left.",
        ..page
    }
}

/// Waits for the connection that the new token makes possible.
async fn reached(upstream: &Upstream) -> Reached {
    let until = Instant::now() + PATIENCE;
    let mut life = upstream.watch();
    let mut fresh = false;
    loop {
        let now = life.borrow_and_update().clone();
        match &now {
            Life::Ready => {
                return Reached::Connected {
                    tools: upstream.catalog().tools.len(),
                };
            }
            Life::Disabled | Life::Asleep => return Reached::Off,
            Life::Broken { error } => {
                return Reached::Failed(explained(upstream, error.into()));
            }
            // An older failure says nothing about the new token.
            Life::BackingOff { error, .. } if fresh => {
                return Reached::Failed(explained(upstream, error.into()));
            }
            Life::NeedsSignIn { why } if fresh => {
                return Reached::Wanting(explained(upstream, why.into()));
            }
            Life::BackingOff { .. } | Life::Connecting { .. } | Life::NeedsSignIn { .. } => {}
        }
        match timeout_at(until, life.changed()).await {
            Ok(Ok(())) => fresh = true,
            Ok(Err(_)) => return Reached::Off,
            Err(_) => return Reached::Connecting,
        }
    }
}

/// What stands now; its state may have gone on since it was looked at.
fn explained(upstream: &Upstream, cause: Cause) -> Box<Explained> {
    let explained = upstream.explained();
    Box::new(explained.unwrap_or_else(|| Explained::of(cause, Some(upstream.name()))))
}

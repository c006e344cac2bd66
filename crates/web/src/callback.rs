//! GET `/oauth/callback`: where a browser comes back from a login server, and the page that tells a person how it went.
//!
//! Never redirects anywhere but to the login server of the same sign-in (when it wants to be asked differently), and shows
//! nothing of an answer that was not proven to come from that server. Which page says what: `callback::words`.

#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use hub::upstream::{State as Life, Upstream};
use tokio::time::{Instant, timeout_at};

use self::words::{failed, signed_in};
use crate::app::App;

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
    Wanting {
        why: String,
        cure: String,
    },
    Failed {
        why: String,
        cure: String,
    },
}

pub(crate) async fn callback(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let completed = match app
        .hub()
        .sign_ins()
        .callback(query.as_deref().unwrap_or_default())
        .await
    {
        Ok(completed) => completed,
        Err(error) => return failed(&error).into_response(),
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
    signed_in(&completed.server, &reached).into_response()
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
                return Reached::Failed {
                    why: error.to_string(),
                    cure: error.cure(),
                };
            }
            // An older failure says nothing about the new token.
            Life::BackingOff { error, .. } if fresh => {
                return Reached::Failed {
                    why: error.to_string(),
                    cure: error.cure(),
                };
            }
            Life::NeedsSignIn { why } if fresh => {
                return Reached::Wanting {
                    why: why.reason.clone(),
                    cure: why.action.clone(),
                };
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

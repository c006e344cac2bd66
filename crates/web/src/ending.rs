//! When a stream without an end has to end: the hub is about to stop, or the token that opened it is over.
//!
//! A client that renewed its token opens the stream anew with the next one; what it does meanwhile is lost to nobody, for sessions belong to the client and not to one of its tokens.

use std::future;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use hub::access::{Caller, Token};

use crate::access;
use crate::app::App;

/// Over when the stream has to end.
pub(crate) type Ending = BoxFuture<'static, ()>;

/// Of a stream that this caller opens at an MCP endpoint.
pub(crate) fn of_caller(app: &App, caller: &Caller) -> Ending {
    ending(app, caller.token())
}

/// Of a stream of `/api` that is opened with these headers.
pub(crate) fn of_headers(app: &App, headers: &HeaderMap) -> Ending {
    ending(app, access::token_in(app, headers))
}

fn ending(app: &App, token: Option<Token>) -> Ending {
    let mut draining = app.draining();
    let app = app.clone();
    async move {
        let stops = async {
            // Without a hub there is nothing to wait for.
            drop(draining.wait_for(|draining| *draining).await);
        };
        let over = async {
            match token {
                Some(token) => over(&app, token).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            () = stops => {}
            () = over => {}
        }
    }
    .boxed()
}

/// Until its time has come, or it was taken back, or its user or its client is gone.
// rule: mcphub-stream-token -- a stream ends with the token that opened it.
async fn over(app: &App, token: Token) {
    let clock = app.hub().clock();
    let mut settings = app.hub().store().subscribe();
    while app.now().rules.holds(token, clock.now()) {
        tokio::select! {
            changed = settings.changed() => if changed.is_err() { return },
            () = clock.until(token.until) => {}
        }
    }
}

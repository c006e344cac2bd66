//! When a stream without an end has to end: the hub is about to stop, or the token that opened it is over.
//!
//! A client that renewed its token opens the stream anew with the next one; what it does meanwhile is lost to nobody, for sessions belong to the client and not to one of its tokens.

use std::future;
use std::time::SystemTime;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use hub::access::{Caller, Token};

use crate::access;
use crate::app::App;

/// Over when the stream has to end.
pub(crate) type Ending = BoxFuture<'static, ()>;

/// What a stream hangs on.
enum Hold {
    /// One that the hub gave.
    Given(Token),
    /// One of the outside issuer, until then, and whoever came with it; at `/api` that is looked at elsewhere.
    Vouched(SystemTime, Option<Caller>),
}

/// Of a stream that this caller opens at an MCP endpoint.
pub(crate) fn of_caller(app: &App, caller: &Caller) -> Ending {
    let vouched = caller.vouched_until();
    let vouched = vouched.map(|until| Hold::Vouched(until, Some(caller.clone())));
    ending(app, vouched.or(caller.token().map(Hold::Given)))
}

/// Of a stream of `/api` that is opened with these headers.
pub(crate) fn of_headers(app: &App, headers: &HeaderMap) -> Ending {
    let vouched = access::outside::until(app, headers);
    let vouched = vouched.map(|until| Hold::Vouched(until, None));
    ending(
        app,
        vouched.or_else(|| access::token_in(app, headers).map(Hold::Given)),
    )
}

impl Hold {
    fn until(&self) -> SystemTime {
        match self {
            Self::Given(token) => token.until,
            Self::Vouched(until, _) => *until,
        }
    }

    fn holds(&self, app: &App) -> bool {
        let (moment, now) = (app.now(), app.hub().clock().now());
        match self {
            Self::Given(token) => moment.rules.holds(*token, now),
            Self::Vouched(until, caller) => {
                let again = |caller: &Caller| moment.rules.again(caller).is_some();
                now < *until && caller.as_ref().is_none_or(again)
            }
        }
    }
}

fn ending(app: &App, hold: Option<Hold>) -> Ending {
    let mut draining = app.draining();
    let app = app.clone();
    async move {
        let stops = async {
            // Without a hub there is nothing to wait for.
            drop(draining.wait_for(|draining| *draining).await);
        };
        let over = async {
            match hold {
                Some(hold) => over(&app, &hold).await,
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
async fn over(app: &App, hold: &Hold) {
    let clock = app.hub().clock();
    let mut settings = app.hub().store().subscribe();
    while hold.holds(app) {
        tokio::select! {
            changed = settings.changed() => if changed.is_err() { return },
            () = clock.until(hold.until()) => {}
        }
    }
}

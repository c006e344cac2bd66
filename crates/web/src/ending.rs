//! When a stream without an end has to end: the hub is about to stop, or what let its reader in is over.
//!
//! A client that renewed its token opens the stream anew with the next one; what it does meanwhile is lost to nobody, for sessions belong to the client and not to one of its tokens.

use std::future;
use std::time::SystemTime;

use futures::FutureExt;
use futures::future::{BoxFuture, OptionFuture};
use http::HeaderMap;
use hub::access::{Caller, Token};
use hub::catalog::{Endpoint, Nowhere};
use hub::session::NoSession;

use crate::access;
use crate::app::App;

/// Over when the stream has to end.
pub(crate) type Ending = BoxFuture<'static, ()>;

/// What a stream hangs on.
enum Hold {
    /// Whoever was let in, by whatever it was, and where.
    Caller(Caller, Endpoint),
    /// A token that the hub gave, at `/api`. Whether whoever came with it may still read is looked at elsewhere there.
    Given(Token),
    /// One of the outside issuer, until then; the same holds.
    Vouched(SystemTime),
}

/// Of a stream that this caller opens at an MCP endpoint.
pub(crate) fn of_caller(app: &App, caller: &Caller, endpoint: &Endpoint) -> Ending {
    let hold = Hold::Caller(caller.clone(), endpoint.clone());
    ending(app, Some(hold))
}

/// Of a stream of `/api` that is opened with these headers.
pub(crate) fn of_headers(app: &App, headers: &HeaderMap) -> Ending {
    let vouched = access::outside::until(app, headers).map(Hold::Vouched);
    ending(
        app,
        vouched.or_else(|| access::token_in(app, headers).map(Hold::Given)),
    )
}

impl Hold {
    /// When it is over by itself.
    fn until(&self) -> Option<SystemTime> {
        match self {
            Self::Caller(caller, _) => {
                let token = caller.token().map(|token| token.until);
                token.or(caller.until())
            }
            Self::Given(token) => Some(token.until),
            Self::Vouched(until) => Some(*until),
        }
    }

    fn holds(&self, app: &App) -> bool {
        let (moment, now) = (app.now(), app.hub().clock().now());
        let is_given = |token: Token| moment.rules.holds(token, now);
        let is_in_time = self.until().is_none_or(|until| now < until);
        is_in_time
            && match self {
                Self::Caller(caller, endpoint) => {
                    let again = moment.rules.again(caller);
                    caller.token().is_none_or(is_given)
                        && again.is_some_and(|again| is_there(app, endpoint, &again))
                }
                Self::Given(token) => is_given(*token),
                Self::Vouched(_) => true,
            }
    }
}

// rule: mcphub-key-taken-back -- as sessions: who may do less from now on goes on with that, as long as he may know of the endpoint. One that is off may be on again.
fn is_there(app: &App, endpoint: &Endpoint, caller: &Caller) -> bool {
    let looked = app.hub().sessions().look(endpoint, caller);
    !matches!(looked, Err(NoSession::Nowhere(Nowhere::Unknown { .. })))
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
        let time = OptionFuture::from(hold.until().map(|until| clock.until(until)));
        tokio::select! {
            changed = settings.changed() => if changed.is_err() { return },
            Some(()) = time => {}
        }
    }
}

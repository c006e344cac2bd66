//! Who did what through `/api`: one line of the log (target `audit`) for each request that may change something, and for each that is refused.
//!
//! The line holds who (a user, a key by its name, the operator), the method, the path and the status. No query, no header and no body of a request
//! is in it, so no secret is. Leaves out what clients call over MCP.

use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use http::{Extensions, Method, StatusCode};
use hub::explained::steers;

/// A place in a request where whoever lets its sender in notes who that is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Who(Arc<Mutex<Option<String>>>);

/// Longest name that is written.
const LONGEST: usize = 200;

impl Who {
    fn is(&self, who: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(who);
    }

    fn told(&self) -> String {
        let who = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        who.clone().unwrap_or_else(|| "nobody".to_owned())
    }
}

/// Notes who sent a request; `kind` is a word of ours.
pub(crate) fn note(extensions: &Extensions, kind: &str, name: &str) {
    let Some(who) = extensions.get::<Who>() else {
        return;
    };
    let name: String = name.replace(steers, " ").chars().take(LONGEST).collect();
    who.is(format!("{kind} {name}").trim_end().to_owned());
}

/// A password that was refused outside `/api`. The name is not written: it may be the password, in the wrong field.
pub(crate) fn password_refused(path: &str) {
    tracing::info!(target: "audit", who = "nobody", method = "POST", path, status = 401, outcome = "refused", "a password was refused");
}

/// Writes the line, where one is due.
pub(crate) fn write(who: &Who, (method, path): (&Method, &str), answer: &Response) {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let status = answer.status();
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    if reads && !refused {
        return;
    }
    let status = status.as_u16();
    let outcome = match status {
        401 | 403 => "refused",
        400.. => "failed",
        _ => "done",
    };
    tracing::info!(target: "audit", who = who.told(), %method, path, status, outcome, "the API was asked");
}

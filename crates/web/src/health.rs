//! `/health` in MCPHub's shape, `/healthz` (we run) and `/readyz` (we take requests).
//!
//! A server that waits for a person is no illness: a container that is restarted for it would lose the person's sign-in.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use hub::store::Trouble;
use hub::upstream::{State as Life, Upstream};
use serde_json::json;

use crate::api::rfc3339;
use crate::app::App;

pub(crate) async fn health(State(app): State<App>) -> Response {
    let lives: Vec<Life> = app
        .hub()
        .upstreams()
        .all()
        .iter()
        .map(Upstream::state)
        .collect();
    let running = lives
        .iter()
        // One that sleeps until somebody wants it is in order.
        .filter(|life| !matches!(life, Life::Disabled | Life::Asleep))
        .count();
    let connected = lives
        .iter()
        .filter(|life| matches!(life, Life::Ready))
        .count();
    let failing = lives.iter().filter(|life| life.trouble().is_some()).count();
    let (status, mut word, mut message) = judge(running, connected, failing);
    let (settings, said) = of_settings(app.hub().store().trouble().as_ref());
    if let (Some(said), StatusCode::OK) = (said, status) {
        (word, message) = ("degraded", said);
    }
    let body = json!({
        "status": word,
        "message": message,
        "settings": settings,
        "servers": { "total": running, "connected": connected, "disconnected": running - connected },
        "timestamp": rfc3339(app.hub().clock().now()),
    });
    (status, Json(body)).into_response()
}

/// Anybody may ask here, so no path and nothing of the file is shown; both stand in the log.
// rule: safe-p02
fn of_settings(trouble: Option<&Trouble>) -> (&'static str, Option<&'static str>) {
    let Some(trouble) = trouble else {
        return ("ok", None);
    };
    let (word, message) = match trouble {
        Trouble::Unparsable(_) => (
            "unparsable",
            "the settings file has an error, and the settings from before it are in force; the log names the line",
        ),
        Trouble::Unreadable(_) => (
            "unreadable",
            "the settings file cannot be read, and the settings from before are in force",
        ),
        Trouble::Gone => (
            "gone",
            "the settings file was emptied or taken away, and the settings from before are in force",
        ),
        Trouble::NotWritable(_) => (
            "not_writable",
            "the settings file cannot be written, so sign-ins will not survive a restart",
        ),
    };
    (word, Some(message))
}

fn judge(
    running: usize,
    connected: usize,
    failing: usize,
) -> (StatusCode, &'static str, &'static str) {
    if connected == running {
        (
            StatusCode::OK,
            "healthy",
            "all enabled servers are connected",
        )
    } else if failing < running {
        (
            StatusCode::OK,
            "degraded",
            "some enabled servers are not connected",
        )
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "unhealthy",
            "no enabled server can be reached",
        )
    }
}

pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    if *app.draining().borrow() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: safe-p02
    #[test]
    fn a_file_that_cannot_be_written_is_said_without_its_path() {
        let trouble = Trouble::NotWritable("/secret/place".to_owned());
        let (word, message) = of_settings(Some(&trouble));
        assert_eq!(word, "not_writable");
        let message = message.unwrap();
        assert!(
            message.contains("will not survive") && !message.contains("secret"),
            "{message}"
        );
    }

    #[test]
    fn only_a_hub_that_reaches_none_of_its_servers_is_unhealthy() {
        let cases = [
            (0, 0, 0, 200, "healthy"),
            (2, 2, 0, 200, "healthy"),
            (2, 1, 1, 200, "degraded"),
            (2, 0, 1, 200, "degraded"),
            (1, 0, 0, 200, "degraded"),
            (2, 0, 2, 503, "unhealthy"),
        ];
        for (running, connected, failing, status, word) in cases {
            let judged = judge(running, connected, failing);
            assert_eq!(
                (judged.0.as_u16(), judged.1),
                (status, word),
                "{running} {connected} {failing}"
            );
        }
    }
}

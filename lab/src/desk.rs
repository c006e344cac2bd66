//! Where every request arrives: read, classified, recorded, held, troubled on order, then answered by its side.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::json;

use crate::choices::Placement;
use crate::listen::Dropped;
use crate::seen::{Seen, Side};
use crate::state::{Shared, State};
use crate::trouble::{self, Endpoint, Fault};
use crate::{authorization_server, control, mcp_server};

/// Bodies above this are cut off; no honest client comes near it.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

pub(crate) async fn answer(
    shared: Arc<Shared>,
    side: Side,
    request: hyper::Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let seen = read(&shared, side, request).await?;
    if control::is_control(&seen.path) {
        let response = control::answer(&shared, &seen);
        shared.tick();
        return Ok(response);
    }
    let (number, fault) = arrive(&shared, &seen).await;
    let response = match fault {
        Some(fault) => with_fault(&shared, &seen, fault).await?,
        None => route(&shared, &seen).await,
    };
    let mut response = response;
    dated(&shared, &mut response);
    shared.lock().answered(number, response.status().as_u16());
    shared.tick();
    Ok(response)
}

/// A clock that is wrong shows in the `Date` of each answer.
fn dated(shared: &Shared, response: &mut Response) {
    let state = shared.lock();
    let ahead = state.switches.date_ahead;
    let Some(said) = state.clock.unix().checked_add_signed(ahead) else {
        return;
    };
    let said = UNIX_EPOCH + Duration::from_secs(said);
    if ahead != 0
        && let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(said))
    {
        response.headers_mut().insert(header::DATE, date);
    }
}

async fn read(
    shared: &Shared,
    side: Side,
    request: hyper::Request<Incoming>,
) -> Result<Seen, Dropped> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY)
        .collect()
        .await
        .map_err(|_cut_off| Dropped)?
        .to_bytes();
    let path = parts.uri.path().to_owned();
    let state = shared.lock();
    Ok(Seen {
        at: state.clock.now(),
        side,
        endpoint: classify(&state, side, parts.method.as_str(), &path),
        method: parts.method.as_str().to_owned(),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers(&parts.headers),
        body: String::from_utf8_lossy(&body).into_owned(),
        status: None,
        fault: None,
    })
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

fn classify(state: &State, side: Side, method: &str, path: &str) -> Endpoint {
    if path.starts_with("/.well-known/oauth-protected-resource") || path == mcp_server::ELSEWHERE {
        return Endpoint::ResourceMetadata;
    }
    if path.contains("/.well-known/oauth-authorization-server")
        || path.contains("/.well-known/openid-configuration")
    {
        return Endpoint::ServerMetadata;
    }
    if side == Side::McpServer && path == "/mcp" {
        return match method {
            "POST" => Endpoint::Mcp,
            "GET" => Endpoint::McpStream,
            "DELETE" => Endpoint::McpEnd,
            _other => Endpoint::Other,
        };
    }
    if !serves_oauth(state, side) {
        return Endpoint::Other;
    }
    match (
        method,
        path.strip_prefix(state.switches.issuer_path.as_str())
            .unwrap_or_default(),
    ) {
        ("POST", "/register") => Endpoint::Register,
        ("DELETE", path) if path.starts_with("/register/") => Endpoint::Unregister,
        ("GET", "/authorize") => Endpoint::Authorize,
        ("POST", "/authorize") => Endpoint::Decision,
        ("POST", "/token") => Endpoint::Token,
        ("POST", "/device_authorization") => Endpoint::Device,
        ("GET" | "POST", "/device") => Endpoint::Verification,
        ("POST", "/revoke") => Endpoint::Revoke,
        _other => Endpoint::Other,
    }
}

fn serves_oauth(state: &State, side: Side) -> bool {
    match state.switches.placement {
        Placement::TwoOrigins => side == Side::AuthorizationServer,
        Placement::SameOrigin => side == Side::McpServer,
    }
}

/// Records the request, waits at a hold, then draws its fault.
async fn arrive(shared: &Shared, seen: &Seen) -> (u64, Option<Fault>) {
    let (number, hold) = {
        let mut state = shared.lock();
        (
            state.record(seen.clone()),
            state.holds.get(&seen.endpoint).cloned(),
        )
    };
    shared.tick();
    if let Some(mut hold) = hold {
        // Nothing is ever sent: the channel closes when the hold is dropped.
        while hold.changed().await.is_ok() {}
    }
    let mut state = shared.lock();
    let fault = state
        .switches
        .trouble
        .get_mut(&seen.endpoint)
        .and_then(trouble::take);
    state.met(number, fault.clone());
    (number, fault)
}

async fn with_fault(shared: &Arc<Shared>, seen: &Seen, fault: Fault) -> Result<Response, Dropped> {
    match fault {
        Fault::Pass => Ok(route(shared, seen).await),
        Fault::Status {
            status,
            retry_after,
        } => Ok(plain_trouble(status, retry_after)),
        Fault::OAuth { error, status } => Ok((
            status_code(status),
            Json(json!({ "error": error, "error_description": "trouble on order" })),
        )
            .into_response()),
        Fault::Html => {
            Ok(Html("<!doctype html><title>Welcome</title><h1>Welcome</h1>").into_response())
        }
        Fault::Large => {
            let filling = "x".repeat(2_000_000);
            Ok(Json(json!({ "filling": filling })).into_response())
        }
        Fault::Redirect { to } => {
            Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response())
        }
        Fault::Slow { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(route(shared, seen).await)
        }
        Fault::Hang => std::future::pending().await,
        Fault::Drop => Err(Dropped),
        Fault::Lose => {
            let _lost = route(shared, seen).await;
            Err(Dropped)
        }
    }
}

fn plain_trouble(status: u16, retry_after: Option<u64>) -> Response {
    let mut response = (
        status_code(status),
        Html("<!doctype html><title>Trouble</title><h1>Trouble</h1>"),
    )
        .into_response();
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn route(shared: &Arc<Shared>, seen: &Seen) -> Response {
    if seen.side == Side::McpServer
        && matches!(
            seen.endpoint,
            Endpoint::Mcp | Endpoint::McpStream | Endpoint::McpEnd | Endpoint::ResourceMetadata
        )
    {
        return mcp_server::answer(shared, seen).await;
    }
    let mut state = shared.lock();
    if serves_oauth(&state, seen.side) {
        authorization_server::answer(&mut state, seen)
    } else {
        authorization_server::metadata::missing(&state)
    }
}

//! The dashboard: the built files of `dashboard/dist`, at `/` under the prefix.
//!
//! One small function in front of "there is nothing at this address": it hands back what is not its business. Pages have their addresses behind
//! `#`; an address as MCPHub's pages have it (`/servers`) leads there. Leaves out whatever the pages do: they speak the REST API.

#[cfg(feature = "dashboard")]
mod built;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::app::App;
use crate::landing;
use crate::problem::Problem;

const INDEX: &str = "index.html";
/// Vite names what lies there after its content.
const HASHED: &str = "assets/";
/// What has a meaning of its own there, below it, too.
const NOT_OURS: [&str; 18] = [
    "api",
    "mcp",
    "sse",
    "messages",
    "oauth",
    "connect",
    "c",
    "health",
    "healthz",
    "readyz",
    "metrics",
    "schema",
    "discovery",
    ".well-known",
    "openapi.json",
    "config",
    "public-config",
    "assets",
];
/// Only what comes from this hub, and nothing inside of the page; pictures and sounds that a tool answers are data.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' data:; font-src 'self'; \
     connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
);

/// Where the files of the dashboard come from.
#[derive(Clone, Copy, Debug)]
pub struct Dashboard {
    read: fn(&str) -> Option<Cow<'static, [u8]>>,
}

impl Dashboard {
    /// The files that were built; none where there is no build.
    #[must_use]
    pub fn built() -> Self {
        #[cfg(feature = "dashboard")]
        let read = built::read;
        #[cfg(not(feature = "dashboard"))]
        let read = |_: &str| None;
        Self { read }
    }

    /// Files by their path, like `assets/index-x1.js`.
    #[must_use]
    pub fn of(read: fn(&str) -> Option<Cow<'static, [u8]>>) -> Self {
        Self { read }
    }

    /// No path leads out of the folder, or to what is hidden there.
    fn file(self, path: &str) -> Option<Cow<'static, [u8]>> {
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
        let inside = path.split('/').all(plain) && !path.contains(['\\', '%']);
        inside.then(|| (self.read)(path)).flatten()
    }
}

/// `/`: the dashboard, or what is said in its place.
pub(crate) async fn front(
    state: State<App>,
    // The other one has lost the prefix.
    OriginalUri(uri): OriginalUri,
    (method, headers): (Method, HeaderMap),
) -> Response {
    let options = state.0.options();
    if options.dashboard.is_none() {
        return Problem::missing("this hub shows no pages (DISABLE_WEB)").into_response();
    }
    page(&state.0, &method, &uri, &headers)
        .unwrap_or_else(|| landing::landing(&state.0, &headers).into_response())
}

/// What the dashboard has at this address, if anything.
pub(crate) fn page(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let dashboard = app.options().dashboard?;
    let prefix = app.options().prefix();
    let path = uri.path().strip_prefix(prefix.as_str())?;
    // The page asks for its files beside itself, so behind a slash.
    let Some(path) = path.strip_prefix('/') else {
        let there = path.is_empty() && dashboard.file(INDEX).is_some();
        return there.then(|| Redirect::temporary(&format!("{prefix}/")).into_response());
    };
    let name = if path.is_empty() { INDEX } else { path };
    if let Some(file) = served(dashboard, name, headers) {
        return Some(file);
    }
    let ours = !NOT_OURS.contains(&path.split('/').next().unwrap_or_default());
    let there = ours && wants_a_page(headers) && dashboard.file(INDEX).is_some();
    there.then(|| {
        let query = uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        Redirect::temporary(&format!("{prefix}/#/{path}{query}")).into_response()
    })
}

/// A program that asks for something that is not there is told so; a person is shown a page.
fn wants_a_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

/// A file as it is, or as the build pressed it where the browser takes that.
fn served(dashboard: Dashboard, name: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = dashboard.file(name)?;
    let pressed = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .find_map(|(coding, ending)| {
            let file =
                takes(headers, coding).then(|| dashboard.file(&format!("{name}.{ending}")))?;
            Some((coding, file?))
        });
    let (coding, file) = match pressed {
        Some((coding, file)) => (Some(coding), file),
        None => (None, plain),
    };
    let body = match file {
        Cow::Borrowed(bytes) => axum::body::Body::from(bytes),
        Cow::Owned(bytes) => axum::body::Body::from(bytes),
    };
    let mut response = Response::new(body);
    let told = response.headers_mut();
    let mut tell = |name: HeaderName, value: &'static str| {
        told.insert(name, HeaderValue::from_static(value));
    };
    tell(header::CONTENT_TYPE, kind(name));
    tell(header::VARY, "accept-encoding");
    if name.starts_with(HASHED) {
        tell(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    } else {
        tell(header::CACHE_CONTROL, "no-cache");
    }
    if let Some(coding) = coding {
        tell(header::CONTENT_ENCODING, coding);
    }
    if name.ends_with(".html") {
        told.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    }
    Some(response)
}

/// RFC 9110 12.5.3, as far as browsers use it: a coding is taken when it is named, and not with the weight 0.
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter();
    let named = named.filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case(coding) && weight.parse::<f32>() != Ok(0.0)
    })
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

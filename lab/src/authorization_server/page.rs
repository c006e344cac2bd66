//! The consent page: one plain form, no script, light and dark.

use std::collections::HashMap;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use url::Url;

use super::authorize::{Request, SOMEBODY};
use crate::chance;
use crate::state::State;

const STYLE: &str = include_str!("page.css");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// Requests whose page was shown and not answered yet; each is answered once.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    requests: HashMap<String, Request>,
}

impl Waiting {
    pub(crate) fn take(&mut self, name: &str) -> Option<Request> {
        self.requests.remove(name)
    }
}

pub(crate) fn consent(state: &mut State, request: Request) -> Response {
    let name = chance::name("request");
    let action = format!("{}/authorize", state.switches.issuer_path);
    let client = request
        .client
        .client_name
        .as_deref()
        .unwrap_or(&request.client.client_id);
    let sends_to = Url::parse(&request.redirect_uri).map_or_else(
        |_| request.redirect_uri.clone(),
        |url| url.origin().ascii_serialization(),
    );
    let resource = request.resource.clone().unwrap_or_else(|| state.mcp_url());
    let scopes: String = request
        .scopes
        .iter()
        .map(|scope| format!("<li><code>{}</code></li>", escaped(scope)))
        .collect();
    let scopes = if scopes.is_empty() {
        "<li>nothing in particular</li>".to_owned()
    } else {
        scopes
    };
    let body = format!(
        r#"<p class="badge">Practice login server</p>
<h1><strong>{client}</strong> asks to use your tools</h1>
<dl><dt>At</dt><dd>{resource}</dd><dt>Sends you back to</dt><dd>{sends_to}</dd><dt>May</dt><dd><ul>{scopes}</ul></dd></dl>
<form method="post" action="{action}">
<input type="hidden" name="request" value="{name}">
<label>Sign in as <input name="person" value="{SOMEBODY}" autocomplete="off" spellcheck="false"></label>
<div class="buttons"><button name="decision" value="allow" class="allow" autofocus>Allow</button>
<button name="decision" value="deny">Deny</button></div>
</form>
<p class="small">Nothing here is real: this server lives in memory and forgets everything when it stops.</p>"#,
        client = escaped(client),
        resource = escaped(&resource),
        sends_to = escaped(&sends_to),
        action = escaped(&action),
    );
    state.waiting.requests.insert(name, request);
    page(StatusCode::OK, "Allow access?", &body)
}

/// A page for what cannot be told to the client.
pub(crate) fn refusal(sentence: &str) -> Response {
    let body = format!(
        "<p class=\"badge\">Practice login server</p><h1>This request cannot go on</h1><p>{}</p>",
        escaped(sentence)
    );
    page(StatusCode::BAD_REQUEST, "Request refused", &body)
}

/// Where a person types a device's code.
pub(crate) fn device(issuer_path: &str, typed: &str) -> Response {
    let body = format!(
        r#"<p class="badge">Practice login server</p>
<h1>Which code does your device show?</h1>
<form method="post" action="{action}">
<label>Code <input name="user_code" value="{typed}" autocomplete="off" spellcheck="false" autofocus></label>
<div class="buttons"><button name="decision" value="allow" class="allow">Allow</button>
<button name="decision" value="deny">Deny</button></div>
</form>"#,
        action = escaped(&format!("{issuer_path}/device")),
        typed = escaped(typed),
    );
    page(StatusCode::OK, "Connect a device", &body)
}

/// A page without a question.
pub(crate) fn said(title: &str, sentence: &str) -> Response {
    let (title, sentence) = (escaped(title), escaped(sentence));
    let badge = "<p class=\"badge\">Practice login server</p>";
    page(
        StatusCode::OK,
        &title,
        &format!("{badge}<h1>{title}</h1><p>{sentence}</p>"),
    )
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>{STYLE}</style></head>
<body><main>{body}</main></body></html>
"#
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_clients_is_never_markup() {
        assert_eq!(
            escaped("<b a=\"'&\">"),
            "&lt;b a=&quot;&#39;&amp;&quot;&gt;"
        );
    }
}

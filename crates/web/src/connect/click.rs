//! The click on the page: that it came from this page, in this browser, and not from a page of somebody else.
//!
//! Two ways at once, without script: what the browser says of the origin (Fetch standard, `Origin`; Fetch Metadata, `Sec-Fetch-Site`), and a value that
//! stands in the form and is derived from a cookie that no other site sends along (`SameSite=Strict`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::session::password::same;

const COOKIE: &str = "mcphub_connect";
const NONCE_BYTES: usize = 16;
/// As long as a ticket lives.
const COOKIE_SECONDS: u32 = 600;
/// What the form calls them.
pub(crate) const TIE: &str = "tie";
pub(crate) const USERNAME: &str = "username";
pub(crate) const PASSWORD: &str = "password";
pub(crate) const SERVER: &str = "server";

/// What was sent with the click.
#[derive(Debug, Default)]
pub(crate) struct Click {
    tie: String,
    nonce: String,
    pub(crate) username: String,
    pub(crate) password: String,
    /// The other button was clicked.
    pub(crate) denied: bool,
    /// Which of several was clicked.
    pub(crate) server: Option<String>,
}

impl Click {
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut click = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                TIE => click.tie = value.into_owned(),
                USERNAME => click.username = value.into_owned(),
                PASSWORD => click.password = value.into_owned(),
                SERVER => click.server = Some(value.into_owned()),
                "decision" => click.denied = value == "deny",
                _ => {}
            }
        }
        if let Some(nonce) = cookie_in(headers, COOKIE) {
            nonce.clone_into(&mut click.nonce);
        }
        click
    }

    // rule: safe-w12 -- a form that changes something is taken from our own page only.
    pub(crate) fn is_of(&self, headers: &HeaderMap, form: &str) -> bool {
        let tied = !self.nonce.is_empty() && same(&self.tie, &tie(form, &self.nonce));
        tied && is_from_here(headers)
    }
}

/// The value of this cookie, as the browser sent it along.
pub(crate) fn cookie_in<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let cookies = cookies.filter_map(|line| line.to_str().ok());
    let mut pairs = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == wanted);
    found.map(|(_, value)| value)
}

/// Whether the browser says that a page of this very address sent it. One that says neither is none of today's.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = text("host").unwrap_or_default();
    text("origin").is_some_and(|origin| {
        let scheme = Url::parse(origin).map(|url| url.scheme().to_owned());
        let asked = scheme.and_then(|scheme| Url::parse(&format!("{scheme}://{host}")));
        asked.is_ok_and(|asked| asked.origin().ascii_serialization() == origin)
    })
}

/// What this browser's cookie holds, or will hold from now on.
// rule: mcphub-two-tabs -- a page that is opened in another tab leaves the first one good: both are tied to the browser.
pub(crate) fn nonce(headers: &HeaderMap) -> String {
    let fresh = || hub::chance::token(NONCE_BYTES);
    let known = cookie_in(headers, COOKIE).filter(|nonce| is_nonce(nonce));
    known.map_or_else(fresh, str::to_owned)
}

/// Such as we make: it is sent back as it is.
fn is_nonce(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == (NONCE_BYTES * 8).div_ceil(6) && text.bytes().all(letter)
}

/// What stands in the form of a browser that has this cookie.
pub(crate) fn tie(form: &str, nonce: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(form);
    digest.update([0]);
    digest.update(nonce);
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

pub(crate) fn cookie(nonce: &str, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{COOKIE}={nonce}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}")
}

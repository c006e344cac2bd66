//! The pages that a browser sees: one card, light and dark, readable without script.
//!
//! Everything that came from elsewhere is text: escaped, shortened, without control and direction characters. The policy
//! allows exactly our own style (and, where the page closes itself, our own script) by hash and nothing else.

pub(crate) mod explained;
mod list;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

pub(crate) use list::{Item, List, Step};

const STYLE: &str = include_str!("page/style.css");
const CLOSE: &str = "setTimeout(function(){window.close()},3000)";
/// Longest text from elsewhere, in characters.
const LONGEST: usize = 600;

static PLAIN_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(None, "'none'"));
static CLOSING_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(Some(CLOSE), "'none'"));
static FORM_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(None, "'self'"));

macro_rules! icon {
    ($paths:literal) => {
        concat!(
            "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.4\" ",
            "stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\">",
            $paths,
            "</svg>"
        )
    };
}

/// How it went, as icon and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Attention,
    Bad,
    Calm,
}

/// One page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) tone: Tone,
    /// The server's name above the headline.
    pub(crate) server: Option<String>,
    pub(crate) headline: String,
    pub(crate) lead: String,
    /// Label and text, e.g. the lines of an error.
    pub(crate) rows: Vec<(&'static str, Row)>,
    /// Below the card.
    pub(crate) hint: &'static str,
    /// Tries to close its tab after three seconds.
    pub(crate) closes: bool,
    /// What a person does here.
    pub(crate) act: Act,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    None,
    Form(Form),
    /// Leads elsewhere.
    Onward {
        address: String,
        /// Also without a click.
        at_once: bool,
    },
    List(List),
    /// Leads back to the list that the person came from.
    Back {
        address: &'static str,
    },
}

/// A form that goes back to the address of its page.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) hidden: (&'static str, String),
    /// Names and labels of what is typed; one named `password` is not shown.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) button: &'static str,
    /// Value and label of a second button, which takes no field: the answer no.
    pub(crate) other: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Row {
    Text(String),
    /// A sentence, and something to type or copy.
    Command(String, String),
    /// An address of ours.
    Link(String),
    /// A word of ours, and the address of ours where more of it stands.
    Reference(String, String),
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = match self.act {
            Act::Form(_) | Act::List(_) => &FORM_POLICY,
            _ if self.closes => &CLOSING_POLICY,
            Act::None | Act::Onward { .. } | Act::Back { .. } => &PLAIN_POLICY,
        };
        // A browser that may say nothing of where it comes from says no origin with a form either, and the gate asks for it.
        let referrer = match self.act {
            Act::Form(_) | Act::List(_) => "same-origin",
            Act::None | Act::Onward { .. } | Act::Back { .. } => "no-referrer",
        };
        let refresh = match &self.act {
            Act::Onward {
                address,
                at_once: true,
            } => HeaderValue::try_from(format!("0; url={address}")).ok(),
            Act::None | Act::Form(_) | Act::Onward { .. } | Act::List(_) | Act::Back { .. } => None,
        };
        let mut response = (self.status, self.html()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(header::CONTENT_SECURITY_POLICY, (**policy).clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // rule: safe-c14
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer));
        // Not a redirect: browsers hold all redirects after a form to `form-action`, and a login server sends them anywhere.
        if let Some(refresh) = refresh {
            headers.insert(header::REFRESH, refresh);
        }
        response
    }
}

impl Page {
    pub(crate) fn html(&self) -> String {
        let mut html = String::with_capacity(8 * 1024);
        html.push_str("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        html.push_str("<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">");
        let _ = write!(
            html,
            "<title>{} · MCPHub</title><style>{STYLE}</style></head>",
            text(&self.headline)
        );
        let _ = write!(
            html,
            "<body class=\"{}\"><main><header>{BRAND}<span>MCPHub</span></header>",
            self.tone.class()
        );
        let _ = write!(
            html,
            "<section><div class=\"sign\">{}</div>",
            self.tone.icon()
        );
        if let Some(server) = &self.server {
            let _ = write!(html, "<p class=\"server\"><bdi>{}</bdi></p>", text(server));
        }
        let _ = write!(
            html,
            "<h1>{}</h1><p class=\"lead\">{}</p>",
            text(&self.headline),
            text(&self.lead)
        );
        if !self.rows.is_empty() {
            html.push_str("<dl>");
            for (label, row) in &self.rows {
                let _ = write!(html, "<div><dt>{label}</dt><dd>{}</dd></div>", row.html());
            }
            html.push_str("</dl>");
        }
        html.push_str(&self.act.html());
        let _ = write!(
            html,
            "</section><footer>{}</footer></main>",
            text(self.hint)
        );
        if self.closes {
            let _ = write!(html, "<script>{CLOSE}</script>");
        }
        html.push_str("</body></html>");
        html
    }
}

impl Act {
    fn html(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::List(list) => list.html(),
            Self::Back { address } => {
                format!("<a class=\"go\" href=\"{address}\">Back to all sign-ins</a>")
            }
            Self::Onward { address, .. } => {
                format!(
                    "<a class=\"go\" href=\"{}\" rel=\"noreferrer\">Continue</a>",
                    whole(address)
                )
            }
            Self::Form(form) => {
                let mut html = String::from("<form method=\"post\">");
                let (name, value) = &form.hidden;
                let _ = write!(
                    html,
                    "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                    whole(value)
                );
                for (name, label) in form.fields {
                    let (kind, hint) = match *name {
                        "password" => ("password", "current-password"),
                        name => ("text", name),
                    };
                    let _ = write!(
                        html,
                        "<label>{label}<input type=\"{kind}\" name=\"{name}\" autocomplete=\"{hint}\" required></label>"
                    );
                }
                let _ = write!(html, "<button class=\"go\">{}</button>", form.button);
                if let Some((value, label)) = form.other {
                    let _ = write!(
                        html,
                        "<button class=\"go other\" name=\"decision\" value=\"{value}\" formnovalidate>{label}</button>"
                    );
                }
                html.push_str("</form>");
                html
            }
        }
    }
}

impl Row {
    fn html(&self) -> String {
        match self {
            Self::Text(words) => format!("<bdi>{}</bdi>", text(words)),
            Self::Command(words, command) if words.is_empty() => {
                format!("<code>{}</code>", text(command))
            }
            Self::Command(words, command) => {
                let (words, command) = (text(words), text(command));
                format!("<span>{words}</span><code>{command}</code>")
            }
            Self::Link(address) => format!("<code>{}</code>", text(address)),
            Self::Reference(word, address) => {
                format!("<a href=\"{}\">{}</a>", whole(address), text(word))
            }
        }
    }
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Attention => "attention",
            Self::Bad => "bad",
            Self::Calm => "calm",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Good => icon!("<path d=\"M5 12.5l4.5 4.5L19 7.5\"/>"),
            Self::Attention => icon!("<path d=\"M12 6.5v7\"/><path d=\"M12 17.5v.01\"/>"),
            Self::Bad => icon!("<path d=\"M7 7l10 10M17 7L7 17\"/>"),
            Self::Calm => icon!("<path d=\"M12 11v6.5\"/><path d=\"M12 6.6v.01\"/>"),
        }
    }
}

const BRAND: &str = concat!(
    "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linecap=\"round\" aria-hidden=\"true\">",
    "<circle cx=\"12\" cy=\"12\" r=\"3\"/><circle cx=\"12\" cy=\"3.5\" r=\"1.6\"/><circle cx=\"4.6\" cy=\"17.5\" r=\"1.6\"/>",
    "<circle cx=\"19.4\" cy=\"17.5\" r=\"1.6\"/><path d=\"M12 5.1V9M9.4 13.6l-3.4 3M14.6 13.6l3.4 3\"/></svg>"
);

/// Text from anywhere, fit for HTML.
// rule: safe-x01
pub(crate) fn text(words: &str) -> String {
    let mut shown = words.chars().filter(|letter| !is_hidden(*letter));
    let mut out = escaped(shown.by_ref().take(LONGEST));
    if shown.next().is_some() {
        out.push('…');
    }
    out
}

/// A value of ours or a checked address, of any length, fit for an attribute.
fn whole(value: &str) -> String {
    escaped(value.chars())
}

fn escaped(letters: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for letter in letters {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}

/// Control characters, and characters that turn the direction of what stands around them.
pub(crate) fn is_hidden(letter: char) -> bool {
    hub::explained::steers(letter) && !matches!(letter, '\n' | '\t')
}

// rule: safe-c10
fn policy(script: Option<&str>, forms: &str) -> HeaderValue {
    let script = script.map_or_else(|| "'none'".to_owned(), hash);
    let text = format!(
        "default-src 'none'; style-src {}; script-src {script}; base-uri 'none'; form-action {forms}; frame-ancestors 'none'",
        hash(STYLE)
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'",
    ))
}

fn hash(source: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(source)))
}

//! What can go wrong between the hub and one upstream: what came back, and what cures it.
//! The server's name is added by whoever shows it; text from the server is shortened and freed of control characters here.

use std::{error::Error, io, sync::Arc, time::Duration};

use oauth::shown::steers;

use crate::cause::Cause;

/// One broken rule or lost connection. Cheap to clone, because it stays in the upstream's state.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Trouble {
    #[error("{host} could not be reached")]
    Unreachable {
        host: String,
        source: Arc<dyn Error + Send + Sync>,
    },
    #[error("no trusted TLS connection to {host}")]
    Tls {
        host: String,
        source: Arc<dyn Error + Send + Sync>,
    },
    #[error("the connection to {host} broke off")]
    BrokeOff {
        host: String,
        source: Arc<dyn Error + Send + Sync>,
    },
    #[error("{url} answered {status}{}", beginning(.begins))]
    Status {
        url: String,
        status: u16,
        begins: String,
    },
    #[error("{url} answered {status} with {content_type} where JSON or an event stream was expected{}", beginning(.begins))]
    ContentType {
        url: String,
        status: u16,
        content_type: String,
        begins: String,
    },
    #[error(
        "{url} answered {status}, a redirect to {to}, and redirects are not followed with a token in hand"
    )]
    Redirect {
        url: String,
        status: u16,
        to: String,
    },
    #[error("what the server sent is not an MCP message: {why}{}", beginning(.begins))]
    NotAMessage {
        /// In words that are ours alone.
        kind: &'static str,
        /// It may quote what was sent.
        why: String,
        begins: String,
    },
    #[error("the server sent a message over the limit of {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the server closed the stream before it answered")]
    Unanswered,
    #[error("no answer to {what} within {} s", .after.as_secs_f32())]
    CutOff { what: &'static str, after: Duration },
    #[error("the server refused {method} with error {code}: {message}")]
    Refused {
        method: &'static str,
        code: i64,
        message: String,
    },
    #[error("the server speaks revision {answered:?} and the hub offered {offered}")]
    Revision {
        offered: &'static str,
        answered: String,
    },
    #[error(
        "the server answered with a result of the type {kind:?}, which the caller did not say it knows"
    )]
    ResultType { kind: String },
    #[error("the server asks for input that nobody can give: {why}")]
    Unanswerable { why: String },
    #[error("the session id {id:?} has characters other than visible ASCII")]
    SessionId { id: String },
    #[error("the session ended and could not be opened again")]
    SessionGone,
    #[error(
        "the old SSE transport named the endpoint {theirs}, which is another origin than {ours}"
    )]
    EndpointElsewhere { ours: String, theirs: String },
    #[error("the old SSE transport of {ours} named an endpoint that is no address{}", beginning(.begins))]
    NoEndpoint { ours: String, begins: String },
    #[error("{url} speaks neither Streamable HTTP ({post}) nor the old SSE transport ({get})")]
    NeitherTransport {
        url: String,
        post: Box<Self>,
        get: Box<Self>,
    },
    #[error("{command:?} could not be started")]
    Spawn {
        command: String,
        source: Arc<io::Error>,
    },
    #[error("the process ended with {status}{}", last_words(.stderr))]
    Exited {
        status: String,
        stderr: Option<String>,
    },
    #[error("the process closed its output")]
    OutputClosed,
    #[error("{0}")]
    Settings(String),
    #[error("the sign-in could not be prepared: {why}")]
    SignIn { cause: Cause, why: String },
}

impl Trouble {
    /// The same without what the other side said, where that may be for nobody who reads this.
    // rule: safe-s11
    pub(super) fn without_words(mut self) -> Self {
        if let Self::NotAMessage { kind, why, .. } = &mut self {
            *why = (*kind).to_owned();
        }
        if let Self::Status { begins, .. }
        | Self::ContentType { begins, .. }
        | Self::NotAMessage { begins, .. }
        | Self::NoEndpoint { begins, .. } = &mut self
        {
            begins.clear();
        }
        self
    }

    /// What a person can do about it, as one sentence.
    pub fn cure(&self) -> String {
        match self {
            Self::Unreachable { .. } => "check the address in \"url\" and that the server is running; the hub tries again by itself".into(),
            Self::Tls { .. } => "check the server's certificate and the address in \"url\"".into(),
            Self::BrokeOff { .. } | Self::Unanswered => "try again; if it goes on, look at the server's own log".into(),
            Self::Status { status, .. } => status_cure(*status).into(),
            Self::ContentType { .. } => "\"url\" must be the MCP endpoint itself, often a path that ends in /mcp or /sse, not a web page".into(),
            Self::Redirect { to, .. } => format!("if you trust it, set \"url\" to {to}"),
            Self::NotAMessage { .. } => "check that \"url\" or \"command\" names an MCP server; otherwise report it to the server's makers".into(),
            Self::TooLarge { .. } => "ask the tool for less, or raise \"options.maxBufferSize\"".into(),
            Self::CutOff { .. } => "look at the server's own log; the hub tries again by itself".into(),
            Self::Refused { .. } => "the server's message says what it wants".into(),
            Self::Revision { .. } => "update the server, or the hub".into(),
            Self::SessionId { .. }
            | Self::EndpointElsewhere { .. }
            | Self::NoEndpoint { .. }
            | Self::ResultType { .. }
            | Self::Unanswerable { .. } => "report it to the server's makers".into(),
            Self::SessionGone => "reload the server".into(),
            Self::NeitherTransport { .. } => "check the path of \"url\": it must be the MCP endpoint".into(),
            Self::Spawn { .. } => "check \"command\": it must be installed and on the hub's PATH, or an absolute path".into(),
            Self::Exited { .. } | Self::OutputClosed => "read the server's log lines, and try the command in a terminal".into(),
            Self::Settings(_) => "edit the server's settings".into(),
            Self::SignIn { .. } => "the sign-in journal shows the request that failed".into(),
        }
    }

    /// The whole story on one line: what happened, the root cause, the cure.
    pub fn explain(&self) -> String {
        format!("{}; {}", self.reason(), self.cure())
    }

    /// What happened, with the root cause: a name that nobody knows and a refused connection want different cures.
    pub fn reason(&self) -> String {
        match root_cause(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}

/// The deepest source that says more than the error itself.
fn root_cause(error: &dyn Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

fn status_cure(status: u16) -> &'static str {
    match status {
        401 => "sign in again, or check the key in \"headers\"",
        403 => "the server knows you and refuses: ask whoever runs it for access",
        400 | 404 | 405 => "check the path of \"url\": it must be the MCP endpoint",
        408 | 425 | 429 => "the server asks for patience; the hub tries again by itself",
        500..=599 => "the server is in trouble; the hub tries again by itself",
        _ => "look at the server's own documentation for this status",
    }
}

fn beginning(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(", beginning {text:?}")
    }
}

fn last_words(line: &Option<String>) -> String {
    line.as_ref()
        .map_or_else(String::new, |line| format!(", its last words: {line}"))
}

/// What an excerpt is made of.
const SEEN: usize = 400;

/// As much of what is about to be read as an excerpt needs, should it turn out to be unreadable.
pub(super) fn head(bytes: &[u8]) -> Box<[u8]> {
    bytes[..bytes.len().min(SEEN)].into()
}

/// The first characters of what a server sent, on one line and without control characters.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SEEN)]);
    plain(&text).chars().take(120).collect()
}

// rule: safe-x02
/// A server's text made safe for a terminal or a log line.
pub(crate) fn plain(text: &str) -> String {
    let kept = text
        .chars()
        .map(|c| if steers(c) { ' ' } else { c })
        .collect::<String>();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_in_place_of_an_answer_is_named_with_its_cure() {
        let trouble = Trouble::ContentType {
            url: "https://example.test/".into(),
            status: 200,
            content_type: "text/html".into(),
            begins: excerpt(b"<!doctype html>\n<title>Hi</title>"),
        };
        let text = trouble.explain();
        assert!(
            text.contains("text/html") && text.contains("<!doctype html> <title>"),
            "{text}"
        );
        assert!(text.contains("must be the MCP endpoint"), "{text}");
    }

    #[test]
    fn the_root_cause_is_told_with_the_error() {
        let source = Arc::new(io::Error::new(io::ErrorKind::NotFound, "no such file"));
        let trouble = Trouble::Spawn {
            command: "nowhere".into(),
            source,
        };
        assert_eq!(
            trouble.reason(),
            "\"nowhere\" could not be started: no such file"
        );
        assert!(
            trouble
                .explain()
                .contains("\"nowhere\" could not be started: no such file; check \"command\"")
        );
    }

    // rule: safe-x02
    #[test]
    fn terminal_escapes_and_line_breaks_do_not_survive() {
        assert_eq!(plain("\x1b[31mred\r\nFAKE  line"), "[31mred FAKE line");
        assert_eq!(plain("a\u{202e}b\u{2066}c\u{2028}d"), "a b c d");
    }
}

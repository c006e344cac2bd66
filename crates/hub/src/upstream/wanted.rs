//! What the settings want of one upstream, cut down to what a connection depends on: when this changes, and only then, the
//! upstream starts, stops or connects afresh. Tokens that the hub itself stores are not part of it.

use std::time::Duration;

use settings::{OAuth, Options, Problem, Server, Transport};
use url::Url;

use super::Trouble;
use crate::fetch::{Reach, Way};

/// The part of a server's settings that its connection depends on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) enabled: bool,
    pub(super) transport: Result<Transport, Problem>,
    pub(super) limits: Limits,
    /// How its requests go out; for a process it makes no difference.
    pub(super) way: Way,
    /// What a person wrote about signing in; an edit of it is worth another attempt.
    sign_in: OAuth,
}

/// Times and sizes for one upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// For an answer, counted from the request or from the last sign of progress.
    pub(super) timeout: Duration,
    pub(super) reset_on_progress: bool,
    pub(super) total: Option<Duration>,
    /// Bytes of one message.
    pub(super) message: usize,
}

const USUAL_TIMEOUT: Duration = Duration::from_secs(60);
const USUAL_MESSAGE: usize = 10 * 1024 * 1024;

impl Wanted {
    pub(super) fn of(server: &Server) -> Self {
        Self {
            enabled: server.enabled,
            transport: server.transport.clone(),
            limits: Limits::of(&server.options),
            way: way(server),
            sign_in: server.oauth.given(),
        }
    }
}

impl Wanted {
    /// The same for nobody in particular, where every user has a connection: there is none without a user.
    pub(super) fn of_nobody(mut self) -> Self {
        self.enabled = false;
        self
    }
}

impl Limits {
    fn of(options: &Options) -> Self {
        Self {
            timeout: options.timeout.unwrap_or(USUAL_TIMEOUT),
            reset_on_progress: options.reset_timeout_on_progress,
            total: options.max_total_timeout,
            message: options.max_buffer_size.map_or(USUAL_MESSAGE, |bytes| {
                usize::try_from(bytes).unwrap_or(usize::MAX)
            }),
        }
    }
}

fn way(server: &Server) -> Way {
    let url = match &server.transport {
        Ok(Transport::Http { url, .. }) => Url::parse(url).ok(),
        Ok(Transport::Stdio { .. }) | Err(_) => None,
    };
    url.map_or_else(|| Reach::Public.into(), |url| Way::to_server(&url, server))
}

/// A setting that makes no sense, in the words of the settings.
pub(super) fn trouble(problem: &Problem) -> Trouble {
    match &problem.cure {
        Some(cure) => Trouble::Settings(format!("{}; {cure}", problem.message)),
        None => Trouble::Settings(problem.message.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(entry: &str) -> Wanted {
        let text = format!("{{\"mcpServers\":{{\"one\":{entry}}}}}");
        let file = settings::File::parse(&text).unwrap();
        let settings = settings::resolve(&file, &|_| None);
        Wanted::of(settings.server("one").unwrap())
    }

    #[test]
    fn what_the_hub_stores_after_a_sign_in_is_no_reason_to_connect_afresh() {
        let before = wanted(r#"{"url":"http://127.0.0.1:1/mcp"}"#);
        let stored = r#"{"url":"http://127.0.0.1:1/mcp","description":"mine","tools":{"a":{"enabled":false}},"oauth":{"clientId":"c",
            "clientSecret":"s","registration":{"client_id":"c"},"accessToken":"t","refreshToken":"r","expiresAt":1,
            "grant":{"issuer":"http://127.0.0.1:2","tokenEndpoint":"http://127.0.0.1:2/token"},"grantedScopes":["a"]}}"#;
        assert_eq!(before, wanted(stored));
    }

    #[test]
    fn what_a_person_edits_is() {
        let before = wanted(r#"{"url":"http://127.0.0.1:1/mcp"}"#);
        for edited in [
            r#"{"url":"http://127.0.0.1:1/other"}"#,
            r#"{"url":"http://127.0.0.1:1/mcp","enabled":false}"#,
            r#"{"url":"http://127.0.0.1:1/mcp","headers":{"x-key":"1"}}"#,
            r#"{"url":"http://127.0.0.1:1/mcp","options":{"timeout":5}}"#,
            r#"{"url":"http://127.0.0.1:1/mcp","caFile":"ca.pem"}"#,
            r#"{"url":"http://127.0.0.1:1/mcp","allowPrivateNetwork":true}"#,
            r#"{"url":"http://127.0.0.1:1/mcp","oauth":{"clientId":"given"}}"#,
            r#"{"url":"http://127.0.0.1:1/mcp","oauth":{"issuer":"http://127.0.0.1:2"}}"#,
        ] {
            assert_ne!(before, wanted(edited), "{edited}");
        }
    }
}

//! What the settings want of one upstream, cut down to what a connection depends on: when this changes, and only then, the
//! upstream starts, stops or connects afresh. Tokens that the hub itself stores are not part of it.

use std::time::Duration;

use http::HeaderName;
use settings::{OAuth, Options, Problem, Server, Transport};
use url::Url;

use super::{Trouble, passed_on};
use crate::{
    fetch::{Reach, Way},
    store::Environment,
};

/// The part of a server's settings that its connection depends on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) enabled: bool,
    pub(super) transport: Result<Transport, Problem>,
    pub(super) limits: Limits,
    /// How its requests go out; for a process it makes no difference.
    pub(super) way: Way,
    /// It runs while somebody uses it, and for so long after that.
    pub(super) on_demand: Option<Duration>,
    /// Between signs of life over HTTP.
    pub(super) keep_alive: Option<Duration>,
    /// Headers of clients' requests that it is to see.
    pub(super) passed_on: Box<[HeaderName]>,
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
const USUAL_IDLE: Duration = Duration::from_secs(300);
const USUAL_MESSAGE: usize = 10 * 1024 * 1024;

impl Wanted {
    /// `usual`: the time for a call where the settings give none.
    pub(super) fn of(server: &Server, usual: Duration) -> Self {
        // Every setting of a server is named here, so that a new one cannot be forgotten.
        let Server {
            enabled,
            transport,
            oauth,
            options,
            start_on_demand,
            idle_timeout,
            keep_alive,
            // Both are in `way`.
            ca_file: _,
            allow_private_network: _,
            // What is shown, and to whom.
            name: _,
            description: _,
            sharing: _,
            created_at: _,
            tools: _,
            prompts: _,
            resources: _,
            // Headers of each call, read below.
            passthrough_headers: _,
            // Who shares a connection, in `people`.
            per_session: _,
            // Nothing acts upon these.
            credential_template: _,
            proxy: _,
        } = server;
        let is_process = matches!(transport, Ok(Transport::Stdio { .. }));
        let some = |time: &Duration| !time.is_zero();
        let idle = idle_timeout.filter(some).unwrap_or(USUAL_IDLE);
        Self {
            on_demand: (*start_on_demand && is_process).then_some(idle),
            keep_alive: keep_alive.filter(some).filter(|_| !is_process),
            enabled: *enabled,
            transport: transport.clone(),
            limits: Limits::of(options, usual),
            way: way(server),
            passed_on: passed_on::names(server),
            sign_in: oauth.given(),
        }
    }

    /// Whether a connection that was made for `other` still fits. Times and passed headers count from the next call on, over any
    /// connection.
    pub(super) fn connects_like(&self, other: &Self) -> bool {
        let Self {
            enabled,
            transport,
            limits,
            way,
            on_demand,
            keep_alive: _,
            passed_on: _,
            sign_in,
        } = self;
        *enabled == other.enabled
            && *transport == other.transport
            && limits.message == other.limits.message
            && *way == other.way
            && on_demand.is_some() == other.on_demand.is_some()
            && *sign_in == other.sign_in
    }

    /// The same for nobody in particular, where every user has a connection: there is none without a user.
    pub(super) fn of_nobody(mut self) -> Self {
        self.enabled = false;
        self
    }
}

impl Limits {
    fn of(options: &Options, usual: Duration) -> Self {
        Self {
            timeout: options.timeout.unwrap_or(usual),
            reset_on_progress: options.reset_timeout_on_progress,
            total: options.max_total_timeout,
            message: options.max_buffer_size.map_or(USUAL_MESSAGE, |bytes| {
                usize::try_from(bytes).unwrap_or(usize::MAX)
            }),
        }
    }
}

/// The time for a call to a server whose settings give none: `DEFAULT_REQUEST_TIMEOUT` in milliseconds, or a minute.
pub(super) fn usual_timeout(environment: &Environment) -> Duration {
    let written = environment("DEFAULT_REQUEST_TIMEOUT");
    let written = written.and_then(|text| text.trim().parse().ok());
    let some = written.filter(|milliseconds| *milliseconds > 0);
    some.map_or(USUAL_TIMEOUT, Duration::from_millis)
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
    use serde_json::json;

    use super::*;

    fn wanted(entry: &str) -> Wanted {
        let text = format!("{{\"mcpServers\":{{\"one\":{entry}}}}}");
        let file = settings::File::parse(&text).unwrap();
        let settings = settings::resolve(&file, &|_| None);
        Wanted::of(settings.server("one").unwrap(), USUAL_TIMEOUT)
    }

    /// Every key of a server, another value for it, and whether the server is connected to afresh when it changes.
    const KEYS: [(&str, &str, bool); 29] = [
        ("url", r#""http://127.0.0.1:1/other""#, true),
        ("type", r#""sse""#, true),
        ("headers", r#"{"x-key":"1"}"#, true),
        ("enabled", "false", true),
        ("caFile", r#""ca.pem""#, true),
        ("allowPrivateNetwork", "true", true),
        ("oauth", r#"{"clientId":"given"}"#, true),
        ("oauth", r#"{"issuer":"http://127.0.0.1:2"}"#, true),
        // What the hub itself stores after a sign-in.
        (
            "oauth",
            r#"{"clientId":"c","clientSecret":"s","registration":{"client_id":"c"},"accessToken":"t","refreshToken":"r",
            "expiresAt":1,"grant":{"issuer":"http://127.0.0.1:2","tokenEndpoint":"http://127.0.0.1:2/token"},"grantedScopes":["a"]}"#,
            false,
        ),
        ("options", r#"{"maxBufferSize":5}"#, true),
        ("options", r#"{"timeout":5}"#, false),
        ("options", r#"{"resetTimeoutOnProgress":false}"#, false),
        ("options", r#"{"maxTotalTimeout":5}"#, false),
        ("passthroughHeaders", r#"["x-key"]"#, false),
        ("enableKeepAlive", "true", false),
        ("keepAliveInterval", "5", false),
        ("perSessionClient", "true", false),
        // These two are for processes.
        ("startOnDemand", "true", false),
        ("idleTimeoutMs", "5", false),
        ("description", r#""mine""#, false),
        ("owner", r#""me""#, false),
        ("visibility", r#""public""#, false),
        ("sharedWithUsers", r#"["me"]"#, false),
        ("createdAt", r#""2026-01-01T00:00:00Z""#, false),
        ("tools", r#"{"a":{"enabled":false}}"#, false),
        ("prompts", r#"{"a":{"description":"b"}}"#, false),
        ("resources", r#"{"a":{"enabled":false}}"#, false),
        ("proxy", r#"{"enabled":true}"#, false),
        ("unknown", "1", false),
    ];

    #[test]
    fn each_setting_either_connects_afresh_or_only_changes_what_is_shown() {
        let plain = json!({"url": "http://127.0.0.1:1/mcp", "type": "http"});
        let before = wanted(&plain.to_string());
        for (key, value, afresh) in KEYS {
            let mut edited = plain.clone();
            edited[key] = serde_json::from_str(value).unwrap();
            let after = wanted(&edited.to_string());
            assert_ne!(after.connects_like(&before), afresh, "{key}: {value}");
        }
    }

    #[test]
    fn the_environment_gives_the_usual_time_and_the_settings_another() {
        let environment = |text: &'static str| -> Environment {
            std::sync::Arc::new(move |name| {
                (name == "DEFAULT_REQUEST_TIMEOUT").then(|| text.to_owned())
            })
        };
        for (text, milliseconds) in [("1500", 1_500), ("0", 60_000), ("soon", 60_000)] {
            let usual = usual_timeout(&environment(text));
            assert_eq!(usual.as_millis(), milliseconds, "{text}");
        }
        let limits = |options| {
            Limits::of(&options, Duration::from_secs(7))
                .timeout
                .as_secs()
        };
        assert_eq!(limits(Options::default()), 7);
        let written = Options {
            timeout: Some(Duration::from_secs(1)),
            ..Options::default()
        };
        assert_eq!(limits(written), 1);
    }

    #[test]
    fn each_setting_of_a_process_connects_afresh() {
        let plain = json!({"command": "server"});
        let before = wanted(&plain.to_string());
        for (key, value) in [
            ("command", json!("other")),
            ("args", json!(["a"])),
            ("env", json!({"A": "b"})),
            ("startOnDemand", json!(true)),
        ] {
            let mut edited = plain.clone();
            edited[key] = value;
            assert!(!wanted(&edited.to_string()).connects_like(&before), "{key}");
        }
    }
}

//! `/metrics`, in the text form of OpenMetrics 1.0: whether servers are up, calls, those that wait for a sign-in,
//! renewals, tokens, sessions.
//!
//! Read from the hub when somebody asks; nothing is kept here. Names of servers are in it and nothing else of the settings, and they
//! are told to those who may use every server.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use hub::Hub;
use hub::cause::Cause;
use hub::upstream::State as Life;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::access;
use crate::app::App;
use crate::problem::{Problem, Whose};

const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn metrics(State(app): State<App>, headers: HeaderMap) -> Response {
    // rule: mcphub-token-api -- a token that was given for MCP tells nothing of the hub itself.
    let asked = ("/api", &headers);
    let admitted = match access::outside::admit(&app, None, asked).await {
        Some(vouched) => vouched,
        None => access::admit(&app, asked),
    };
    match admitted {
        Err(refused) => return refused.into_response(),
        Ok(caller) if !caller.may_use_everything() => {
            let message = "the names of all servers are in the metrics; use a key for everything";
            return Problem::new(Whose::Forbidden, message)
                .cause(Cause::NotAnAdministrator)
                .into_response();
        }
        Ok(_) => {}
    }
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Seen(app.hub().clone())));
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, KIND)], text).into_response(),
        Err(error) => Problem::us("writing the metrics", &error).into_response(),
    }
}

/// The hub, looked at once.
struct Seen(Hub);

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}

impl Collector for Seen {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        self.up(&mut encoder)?;
        self.tokens(&mut encoder)?;
        self.renewals(&mut encoder)?;
        self.calls(&mut encoder)?;
        self.waiting(&mut encoder)?;
        let help = "Sessions of clients";
        let sessions =
            ConstGauge::new(i64::try_from(self.0.sessions().count()).unwrap_or(i64::MAX));
        let one = encoder.encode_descriptor("mcphub_sessions", help, None, MetricType::Gauge)?;
        sessions.encode(one)
    }
}

impl Seen {
    /// Servers that are reached in the name of each user, or for each session, have no connection that all share, and no line.
    fn up(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let help = "Whether a server that is not switched off is connected";
        let mut family =
            encoder.encode_descriptor("mcphub_upstream_up", help, None, MetricType::Gauge)?;
        for upstream in self.0.upstreams().all() {
            let life = upstream.state();
            if matches!(life, Life::Disabled | Life::Asleep) {
                continue;
            }
            let up = ConstGauge::new(i64::from(matches!(life, Life::Ready)));
            up.encode(family.encode_family(&[("server", upstream.name())])?)?;
        }
        Ok(())
    }

    fn tokens(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let help =
            "When a server's access token ends, in seconds since 1970; the hub renews it before";
        let name = "mcphub_oauth_token_expiry_seconds";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for server in &self.0.store().current().servers {
            let view = self.0.sign_ins().view(server.name.as_str());
            if let (true, Some(end)) = (view.connected, view.expires_at) {
                let end = ConstGauge::new(seconds(end));
                end.encode(family.encode_family(&[("server", server.name.as_str())])?)?;
            }
        }
        Ok(())
    }

    fn renewals(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let help = "Attempts to renew a token: ok, retry (kept, tried again), sign_in (a person is needed)";
        let mut family =
            encoder.encode_descriptor("mcphub_oauth_refresh", help, None, MetricType::Counter)?;
        for (server, renewed) in self.0.sign_ins().renewed() {
            for (result, count) in renewed.read() {
                let labels = [("server", &*server), ("result", result)];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn waiting(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let help = "Calls that wait until somebody has signed in to their server";
        let name = "mcphub_waiting_calls";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        let waiting = self.0.sessions().waiting_for_sign_in();
        for server in &self.0.store().current().servers {
            let name = server.name.as_str();
            let calls = waiting.get(name).copied().unwrap_or_default();
            let calls = ConstGauge::new(i64::try_from(calls).unwrap_or(i64::MAX));
            calls.encode(family.encode_family(&[("server", name)])?)?;
        }
        Ok(())
    }

    fn calls(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let help = "How long tool calls took until their answer";
        let name = "mcphub_tool_call_seconds";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        let settings = self.0.store().current();
        for (server, took) in self.0.upstreams().took(&settings) {
            let read = took.read();
            let labels = [("server", &*server)];
            let mut one = family.encode_family(&labels)?;
            one.encode_histogram::<[(&str, &str); 0]>(read.sum, read.count, &read.classes, None)?;
        }
        Ok(())
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

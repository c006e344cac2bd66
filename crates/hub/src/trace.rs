//! Traces: a span for each request of a client, for what goes to its server because of it, and for each exchange of a sign-in.
//!
//! W3C Trace Context is kept towards servers: with tracing, a request says which span of ours it belongs to; without, it says what its
//! client said. Spans go to whoever listens for `TARGET` (the binary's exporter); when nobody does, none is made. What is sent, asked
//! or answered is in no span: no token, no query, no argument.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode};
use mcp::message::Message;
use mcp::trace::{self, Trace};
use mcp::{method, raw};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::{Level, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What spans for traces are told apart by.
pub const TARGET: &str = "mcphub::trace";

/// Whether anybody listens. Costs a look at a number when nobody does.
fn is_on() -> bool {
    tracing::enabled!(target: TARGET, Level::INFO)
}

/// The span of a client's request; a child of what the client says that it belongs to.
#[must_use]
pub fn request(headers: &HeaderMap) -> Option<Span> {
    if !is_on() {
        return None;
    }
    let span = tracing::info_span!(target: TARGET, "mcp request", otel.kind = "server", otel.name = field::Empty, mcp.method.name = field::Empty);
    if let Some(parent) = Trace::of(headers).as_ref().and_then(remote) {
        let parent = opentelemetry::Context::new().with_remote_span_context(parent);
        // A span that nobody records belongs to nothing.
        drop(span.set_parent(parent));
    }
    Some(span)
}

/// Says in the span of the request that is worked on here what is asked.
pub fn asks(request: &Message) {
    if is_on() {
        let asked = request.method().unwrap_or("answer");
        let span = Span::current();
        span.record("otel.name", asked);
        span.record("mcp.method.name", asked);
    }
}

/// What goes to a server and comes back for one request of a client.
pub(crate) struct Exchange {
    span: Span,
    headers: Arc<HeaderMap>,
}

impl Exchange {
    /// Belongs to the request that is worked on here. `None`: nobody listens.
    pub(crate) fn begin(server: &str, request: &Message) -> Option<Box<Self>> {
        if !is_on() {
            return None;
        }
        let asked = request.method().unwrap_or_default();
        let tool = (asked == method::TOOLS_CALL).then(|| {
            let name = raw::string_at(request.params().unwrap_or("{}"), &["name"]);
            name.ok().flatten().unwrap_or_default().into_owned()
        });
        let span = tracing::info_span!(
            target: TARGET, "mcp upstream", otel.kind = "client", otel.name = asked, otel.status_code = field::Empty,
            mcphub.server = server, mcp.method.name = asked, gen_ai.tool.name = tool, error.type = field::Empty,
        );
        Some(Box::new(Self {
            headers: Arc::new(said(&span)),
            span,
        }))
    }

    /// What tells the server which span its work belongs to.
    pub(crate) fn headers(&self) -> &Arc<HeaderMap> {
        &self.headers
    }

    /// `kind`: the error's, in a word of few.
    pub(crate) fn failed(&self, kind: &'static str) {
        self.span.record("error.type", kind);
        self.span.record("otel.status_code", "ERROR");
    }
}

/// One exchange of a sign-in. The address is the host alone.
pub(crate) fn oauth(server: &str, stage: &str, host: Option<&str>) -> Option<Span> {
    is_on().then(|| {
        tracing::info_span!(
            target: TARGET, "oauth", otel.kind = "client", otel.name = format!("oauth {stage}"), otel.status_code = field::Empty,
            mcphub.server = server, oauth.stage = stage, server.address = host, http.response.status_code = field::Empty,
        )
    })
}

/// Whether an exchange of a sign-in was answered, and how.
pub(crate) fn answered(span: &Span, status: Option<StatusCode>) {
    if let Some(status) = status {
        span.record("http.response.status_code", i64::from(status.as_u16()));
    }
    if status.is_none_or(|status| status.is_client_error() || status.is_server_error()) {
        span.record("otel.status_code", "ERROR");
    }
}

/// The client's own words about its trace, for a server that is to hear them.
pub(crate) fn passed_on(headers: &HeaderMap) -> Option<HeaderMap> {
    let trace = Trace::of(headers)?;
    let mut said = HeaderMap::with_capacity(2);
    said.insert(trace::PARENT, trace.parent);
    if let Some(state) = trace.state {
        said.insert(trace::STATE, state);
    }
    Some(said)
}

fn remote(trace: &Trace) -> Option<SpanContext> {
    let parts: Vec<&str> = trace.parent.to_str().ok()?.split('-').collect();
    let (id, parent) = (
        TraceId::from_hex(parts.get(1)?),
        SpanId::from_hex(parts.get(2)?),
    );
    let flags = u8::from_str_radix(parts.get(3)?, 16).ok()?;
    let state = trace.state.as_ref().and_then(|state| state.to_str().ok());
    let state = state.and_then(|state| state.parse::<TraceState>().ok());
    // Of the flags, only the one about recording is known (version 00).
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    Some(SpanContext::new(
        id.ok()?,
        parent.ok()?,
        flags,
        true,
        state.unwrap_or_default(),
    ))
}

fn said(span: &Span) -> HeaderMap {
    let context = span.context();
    let context = context.span().span_context().clone();
    let mut headers = HeaderMap::with_capacity(2);
    if !context.is_valid() {
        return headers;
    }
    let (trace, span, flags) = (context.trace_id(), context.span_id(), context.trace_flags());
    let parent = format!("00-{trace}-{span}-{:02x}", flags.to_u8());
    if let Ok(parent) = HeaderValue::try_from(parent) {
        headers.insert(trace::PARENT, parent);
    }
    let state = HeaderValue::try_from(context.trace_state().header());
    if let Some(state) = state.ok().filter(|state| !state.is_empty()) {
        headers.insert(trace::STATE, state);
    }
    headers
}

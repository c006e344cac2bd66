//! The log: on stderr, for people on a terminal and as JSON elsewhere, and of a hub also in its book (`/api/logs`). `RUST_LOG` chooses
//! what is said. Spans for traces are no part of it; they go to the exporter, where there is one.

mod book;

use std::io::IsTerminal;

use tracing::Metadata;
use tracing_subscriber::filter::{Directive, FilterFn, LevelFilter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};
use web::LogBook;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::traces::Traces;

/// Of a running hub.
const HUB: &str = "info,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn";

/// The hub's log, and the book in which it stands, too.
pub(crate) fn start_for_hub(
    environment: &Environment,
    traces: Option<&Traces>,
) -> Result<LogBook, Failure> {
    let log = LogBook::default();
    start(
        environment.text("RUST_LOG").unwrap_or(HUB),
        Some(&log),
        traces,
    )?;
    Ok(log)
}

/// A command that asks a hub says what it has to say itself; the log is for looking for mistakes.
pub(crate) fn start_for_command(environment: &Environment) -> Result<(), Failure> {
    let wanted = environment.text("RUST_LOG");
    wanted.map_or(Ok(()), |wanted| start(wanted, None, None))
}

fn start(wanted: &str, log: Option<&LogBook>, traces: Option<&Traces>) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(wanted).map_err(|error| {
        Failure::usage(format!("RUST_LOG is {wanted}, which is no filter: {error}"))
            .cure("write `info`, `debug` or `mcphub_hub=debug,info`")
    })?;
    let filter = filter.add_directive(no_traces());
    let said = lines().and_then(log.map(book::InBook::new));
    let Some(traces) = traces else {
        // One filter for all, so that what nobody takes costs next to nothing where it would be made.
        Registry::default().with(said).with(filter).init();
        return Ok(());
    };
    let layer = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer())
        .with_context_activation(false)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    let only = FilterFn::new(is_traced).with_max_level_hint(LevelFilter::INFO);
    Registry::default()
        .with(said.with_filter(filter))
        .with(layer.with_filter(only))
        .init();
    Ok(())
}

fn no_traces() -> Directive {
    // Written here, so it can be read.
    format!("{}=off", hub::trace::TARGET)
        .parse()
        .unwrap_or_else(|_never| LevelFilter::INFO.into())
}

fn lines() -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        lines.with_target(false).compact().boxed()
    } else {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed()
    }
}

fn is_traced(it: &Metadata<'_>) -> bool {
    it.target() == hub::trace::TARGET
}

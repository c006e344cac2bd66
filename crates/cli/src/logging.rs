//! The log: on stderr, for people on a terminal and as JSON elsewhere, and of a hub also in its book (`/api/logs`). `RUST_LOG` chooses what is said.

mod book;

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};
use web::LogBook;

use crate::environment::Environment;
use crate::failure::Failure;

/// Of a running hub.
const HUB: &str = "info,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn";

/// The hub's log, and the book in which it stands, too.
pub(crate) fn start_for_hub(environment: &Environment) -> Result<LogBook, Failure> {
    let log = LogBook::default();
    start(environment.text("RUST_LOG").unwrap_or(HUB), Some(&log))?;
    Ok(log)
}

/// A command that asks a hub says what it has to say itself; the log is for looking for mistakes.
pub(crate) fn start_for_command(environment: &Environment) -> Result<(), Failure> {
    let wanted = environment.text("RUST_LOG");
    wanted.map_or(Ok(()), |wanted| start(wanted, None))
}

fn start(wanted: &str, log: Option<&LogBook>) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(wanted).map_err(|error| {
        Failure::usage(format!("RUST_LOG is {wanted}, which is no filter: {error}"))
            .cure("write `info`, `debug` or `mcphub_hub=debug,info`")
    })?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if std::io::stderr().is_terminal() {
        lines.with_target(false).compact().boxed()
    } else {
        let json = lines.json().flatten_event(true).with_current_span(false);
        json.boxed()
    };
    let book = log.map(book::InBook::new);
    registry().with(filter).with(lines).with(book).init();
    Ok(())
}

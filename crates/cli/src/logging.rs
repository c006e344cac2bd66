//! The log: on stderr, for people on a terminal and as JSON elsewhere. `RUST_LOG` chooses what is said.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::environment::Environment;
use crate::failure::Failure;

/// Of a running hub.
const HUB: &str = "info,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn";

pub(crate) fn start_for_hub(environment: &Environment) -> Result<(), Failure> {
    start(environment.text("RUST_LOG").unwrap_or(HUB))
}

/// A command that asks a hub says what it has to say itself; the log is for looking for mistakes.
pub(crate) fn start_for_command(environment: &Environment) -> Result<(), Failure> {
    environment.text("RUST_LOG").map_or(Ok(()), start)
}

fn start(wanted: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(wanted).map_err(|error| {
        Failure::usage(format!("RUST_LOG is {wanted}, which is no filter: {error}"))
            .cure("write `info`, `debug` or `mcphub_hub=debug,info`")
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.with_target(false).compact().init();
    } else {
        log.json()
            .flatten_event(true)
            .with_current_span(false)
            .init();
    }
    Ok(())
}

//! The binary `mcphub`: arguments, logging, signals, wiring.

mod arguments;
mod browser;
mod clients;
mod commands;
mod credential_key;
mod environment;
mod failure;
mod files;
mod logging;
mod operator;
mod output;
mod qr;
mod rest;
mod shutdown;
mod timeline;
mod traces;

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use arguments::{Arguments, Asking, Command};
use commands::{
    Desk, add, auth, call, connect, doctor, explain, export, groups, import, keys, lab, programs,
    serve, servers, settings, tools,
};
use environment::Environment;
use failure::{Exit, Failure};
use output::Output;
use rest::Hub;
use traces::Traces;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(wrong) => return say_usage(&wrong),
    };
    let json = arguments.asking.json;
    match run(arguments, Environment::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

fn run(arguments: Arguments, environment: Environment) -> Result<(), Failure> {
    let Arguments {
        command,
        serve,
        asking,
    } = arguments;
    match command {
        None => run_hub(serve, environment),
        Some(Command::Serve(inner)) => run_hub(inner.or(serve), environment),
        Some(Command::Settings { wanted }) => {
            let environment = environment.with_file(std::path::Path::new(".env"))?;
            logging::start_for_command(&environment)?;
            settings::run(wanted, Output { json: asking.json }, &environment)
        }
        Some(Command::Doctor(wanted)) => {
            let environment = environment.with_file(std::path::Path::new(".env"))?;
            logging::start_for_command(&environment)?;
            let output = Output { json: asking.json };
            runtime(Builder::new_current_thread())?.block_on(doctor::run(
                wanted,
                asking.url.as_deref(),
                output,
                &environment,
            ))
        }
        Some(Command::Explain(wanted)) => explain::run(&wanted, Output { json: asking.json }),
        Some(Command::Lab(wanted)) => {
            let output = Output { json: asking.json };
            runtime(Builder::new_multi_thread())?.block_on(lab::run(wanted, output, &environment))
        }
        Some(Command::Add(wanted)) => ask(&asking, environment, async |desk| {
            add::run(desk, wanted).await
        }),
        Some(Command::Servers { wanted }) => ask(&asking, environment, async |desk| {
            servers::run(desk, wanted).await
        }),
        Some(Command::Auth { wanted }) => ask(&asking, environment, async |desk| {
            auth::run(desk, wanted).await
        }),
        Some(Command::Call(wanted)) => ask(&asking, environment, async |desk| {
            call::run(desk, wanted).await
        }),
        Some(Command::Connect(wanted)) => ask(&asking, environment, async |desk| {
            connect::run(desk, wanted).await
        }),
        Some(Command::Tools { wanted }) => ask(&asking, environment, async |desk| {
            tools::run(desk, wanted).await
        }),
        Some(Command::Groups { wanted }) => ask(&asking, environment, async |desk| {
            groups::run(desk, wanted).await
        }),
        Some(Command::Keys { wanted }) => ask(&asking, environment, async |desk| {
            keys::run(desk, wanted).await
        }),
        Some(Command::Clients { wanted }) => ask(&asking, environment, async |desk| {
            programs::run(desk, wanted).await
        }),
        Some(Command::Export(wanted)) => ask(&asking, environment, async |desk| {
            export::run(desk, wanted).await
        }),
        Some(Command::Completion { shell }) => {
            Output::text(&arguments::completion(shell));
            Ok(())
        }
        Some(Command::Import(wanted)) => ask(&asking, environment, async |desk| {
            import::run(desk, wanted).await
        }),
    }
}

fn run_hub(serve: arguments::Serve, environment: Environment) -> Result<(), Failure> {
    let environment = environment.with_file(std::path::Path::new(".env"))?;
    let runtime = runtime(Builder::new_multi_thread())?;
    let traces = Traces::start(&environment, runtime.handle().clone())?;
    let log = logging::start_for_hub(&environment, traces.as_ref())?;
    let ended = runtime.block_on(serve::run(serve, environment, log));
    if let Some(traces) = traces {
        traces.end();
    }
    // What still runs is for nobody; processes end with the tasks that keep them.
    runtime.shutdown_timeout(shutdown::AT_ONCE);
    ended
}

fn ask(
    asking: &Asking,
    environment: Environment,
    command: impl AsyncFnOnce(&Desk) -> Result<(), Failure>,
) -> Result<(), Failure> {
    logging::start_for_command(&environment)?;
    let hub = Hub::new(asking.url.as_deref(), asking.token.as_deref(), &environment)?;
    let desk = Desk {
        hub,
        output: Output { json: asking.json },
        environment,
    };
    runtime(Builder::new_current_thread())?.block_on(command(&desk))
}

fn runtime(mut builder: Builder) -> Result<Runtime, Failure> {
    builder
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format!("the system gives no threads: {error}")))
}

/// Help and version are answers; anything else is a mistake of usage, with our exit code instead of clap's.
fn say_usage(wrong: &clap::Error) -> ExitCode {
    let printed = wrong.print();
    if wrong.use_stderr() || printed.is_err() {
        ExitCode::from(Exit::Usage as u8)
    } else {
        ExitCode::SUCCESS
    }
}

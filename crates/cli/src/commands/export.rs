//! `mcphub export`: the settings without a secret and without anybody's sign-in, to show or to take elsewhere.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Desk;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Where to write; else it is shown
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only this server
    #[arg(long)]
    server: Option<String>,
}

pub(crate) async fn run(desk: &Desk, wanted: Export) -> Result<(), Failure> {
    let told = desk.hub.export(wanted.server.as_deref()).await?;
    let Some(path) = wanted.out else {
        desk.output.value(&told);
        return Ok(());
    };
    let shown = path.display();
    // What is there may be the settings file itself.
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.and_then(|mut file| writeln!(file, "{told:#}"));
    written.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return Failure::usage(format!("{shown} is there already, and stays as it is"))
                .cure("name another file, or take that one away");
        }
        Failure::usage(format!("cannot write {shown}: {error}"))
    })?;
    desk.output.line(format!(
        "{shown}: the settings, with ******** in the place of secrets and without sign-ins"
    ));
    desk.output
        .result(&json!({ "success": true, "path": shown.to_string() }));
    Ok(())
}

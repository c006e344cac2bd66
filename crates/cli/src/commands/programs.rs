//! `mcphub clients`: the programs that people let in on the hub's own page, and the end of one.

use clap::Subcommand;
use hub::explained::quoted;
use serde_json::Value;

use super::Desk;
use crate::failure::Failure;
use crate::output::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Programs {
    /// All programs, where each is answered, and who let it in (also without a word)
    List,
    /// Take a program out, by its id: its tokens and streams end at once, and it may ask again
    Remove { id: String },
}

const NONE_YET: &str =
    "no program was let in yet; a client that is given the hub's address alone asks to be";

pub(crate) async fn run(desk: &Desk, wanted: Option<Programs>) -> Result<(), Failure> {
    match wanted.unwrap_or(Programs::List) {
        Programs::List => list(desk).await,
        Programs::Remove { id } => remove(desk, &id).await,
    }
}

fn all(told: &Value) -> &[Value] {
    told.as_array().map(Vec::as_slice).unwrap_or_default()
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let told = desk.hub.programs().await?;
    if all(&told).is_empty() {
        desk.output.line(NONE_YET);
    }
    for line in table(&all(&told).iter().map(row).collect::<Vec<_>>()) {
        desk.output.line(line);
    }
    desk.output.result(&told);
    Ok(())
}

/// Id, name, where it is answered, and who let it in. All but the id are a stranger's words.
fn row(program: &Value) -> Vec<String> {
    let text = |name: &str| one_line(program[name].as_str().unwrap_or_default());
    let addresses = all(&program["redirectUris"]).iter();
    let addresses: Vec<String> = addresses.filter_map(Value::as_str).map(one_line).collect();
    let answered = match program["isDocument"] == true {
        true => "where its document says".to_owned(),
        false => addresses.join(", "),
    };
    let let_in: Vec<String> = all(&program["letIn"]).iter().map(by_whom).collect();
    let by = match let_in.is_empty() {
        true => "nobody now".to_owned(),
        false => let_in.join("; "),
    };
    // The id is copied into the next command.
    let id = quoted(program["clientId"].as_str().unwrap_or_default());
    vec![id, text("name"), answered, by]
}

fn by_whom(consent: &Value) -> String {
    let user = one_line(consent["user"].as_str().unwrap_or_default());
    let at = consent["agreedAt"].as_str();
    let at = at.map(|at| format!(", {at}")).unwrap_or_default();
    let writes = all(&consent["scopes"]).iter().any(|scope| scope == "write");
    let what = match (consent["opensApi"] == true, consent["resource"].as_str()) {
        (true, _) if writes => "the API, to see and change".to_owned(),
        (true, _) => "the API, to see".to_owned(),
        (false, None) => "/mcp".to_owned(),
        (false, Some(path)) => one_line(path),
    };
    format!("by {user}{at}: {what}")
}

/// Whoever chose a name does not end the line that it stands in.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn remove(desk: &Desk, id: &str) -> Result<(), Failure> {
    match desk.hub.remove_program(id).await {
        Ok(told) => {
            desk.output.result(&told);
            desk.output.line(format!(
                "{id} is taken out: its tokens open nothing any more; it may ask again"
            ));
            Ok(())
        }
        Err(failure) => Err(better(desk, id, failure).await),
    }
}

/// Programs choose their names themselves, several the same: none is taken out by its name, but whoever wrote one is told the id.
async fn better(desk: &Desk, wanted: &str, failure: Failure) -> Failure {
    // The first failure says more than one about asking again.
    let Ok(told) = desk.hub.programs().await else {
        return failure;
    };
    let named = all(&told).iter().filter(|it| it["name"] == wanted);
    let ids = named.filter_map(|it| it["clientId"].as_str());
    let ids: Vec<String> = ids.map(quoted).collect();
    if ids.is_empty() || all(&told).iter().any(|it| it["clientId"] == wanted) {
        return failure;
    }
    failure.cure(format!(
        "that is a name, which programs choose themselves; write the id: {}",
        ids.join(", ")
    ))
}

//! `mcphub add <url>`: puts a server into the settings, and sees it through to its tools.

use clap::Args;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::journey::{Journey, Wishes, verdict};
use super::{Desk, by_hand};
use crate::failure::Failure;
use crate::rest::shape::Server;

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The server's MCP endpoint, like https://mcp.linear.app/mcp
    #[arg(value_name = "URL")]
    address: String,
    /// How the server is called; else taken from the address
    #[arg(long)]
    name: Option<String>,
    /// A header for every request to it, like `X-Team=blue`; `${VARIABLE}` is filled in by the hub
    #[arg(long, value_name = "NAME=VALUE")]
    header: Vec<String>,
    /// For a login server that registers nobody: the client id from its console, or `${VARIABLE}`
    #[arg(long)]
    client_id: Option<String>,
    /// Its secret, or better `${VARIABLE}`
    #[arg(long, requires = "client_id")]
    client_secret: Option<String>,
    /// Asks nothing
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    wishes: Wishes,
}

pub(crate) async fn run(desk: &Desk, add: Add) -> Result<(), Failure> {
    let url = checked(&add.address)?;
    let known = Server::read_all(&desk.hub.servers().await?)?;
    let is_there = |server: &&Server| {
        let written = server.config["url"].as_str().unwrap_or_default();
        // The same one may be written with and without a slash behind its host.
        let same = written == add.address || Url::parse(written).is_ok_and(|it| it == url);
        same && add.name.as_ref().is_none_or(|name| *name == server.name)
    };
    let there = known.iter().find(is_there);
    let name = match there {
        Some(there) => there.name.clone(),
        None => {
            let names: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
            let free = || free_name(&url, &names);
            add.name.clone().unwrap_or_else(free)
        }
    };
    let mut journey = match there {
        Some(_) => Journey::of(desk, &name).await?,
        None => Journey::of_new(desk, &name),
    };
    let mut server = match there {
        Some(there) => take_up(desk, &add, there, &mut journey).await?,
        None => {
            desk.hub.add(&name, &config(&add)?).await?;
            desk.output.progress(format!("  saved as       {name}"));
            desk.output.progress(format!("  checking       {url}"));
            journey.settled().await?
        }
    };
    by_hand::counts(&server)?;
    if server.wants_a_client() {
        let whom = (&server, add.address.as_str());
        let result = desk.hub.server_as_told(&name).await?;
        server = by_hand::give(desk, whom, !add.yes, result, &mut journey).await?;
    }
    if server.waits_for_a_person() && !server.wants_a_client() {
        server = journey.sign_in(add.wishes).await?;
    }
    desk.output.result(&desk.hub.server_as_told(&name).await?);
    verdict(desk, &server)?;
    if server.oauth.as_ref().is_none_or(|oauth| !oauth.connected) {
        desk.output.line("  sign-in        none needed");
    }
    if let (Some(transport), Some(revision)) = (&server.transport, &server.protocol_version) {
        desk.output
            .line(format!("  connected      {transport}, MCP {revision}"));
    }
    let (address, tools) = (desk.hub.address(), server.tools.len());
    desk.output.line(format!("  tools          {tools}"));
    desk.output.line(format!(
        "  clients        {address}/mcp/{name}, or {address}/mcp for all servers"
    ));
    Ok(())
}

/// The address is in the settings already: what is new is the client, if anything is.
async fn take_up(
    desk: &Desk,
    add: &Add,
    there: &Server,
    journey: &mut Journey<'_>,
) -> Result<Server, Failure> {
    desk.output
        .progress(format!("  known as       {}", there.name));
    match &add.client_id {
        Some(id) => by_hand::save(desk, there, (id, add.client_secret.as_deref()), journey).await,
        None => journey.settled().await,
    }
}

fn checked(address: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!("`{address}` is no address of an MCP server: {why}"))
            .cure("write it like https://mcp.linear.app/mcp")
    };
    let url = Url::parse(address).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "a password has no place in an address; use --header or --client-id",
        ));
    }
    Ok(url)
}

fn config(add: &Add) -> Result<Value, Failure> {
    // Without a type the hub finds out itself which transport the server speaks.
    let mut config = json!({ "url": add.address });
    let mut headers = Map::new();
    for pair in &add.header {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("`{pair}` is not of the form NAME=VALUE")))?;
        headers.insert(name.trim().to_owned(), value.into());
    }
    if !headers.is_empty() {
        config["headers"] = Value::Object(headers);
    }
    if let Some(id) = &add.client_id {
        by_hand::put(&mut config, id, add.client_secret.as_deref());
    }
    Ok(config)
}

/// `https://mcp.linear.app/mcp` is `linear`; with a number behind when the name is taken.
pub(super) fn free_name(url: &Url, known: &[&str]) -> String {
    let name = name_of(url);
    let taken = |name: &str| known.contains(&name);
    if !taken(&name) {
        return name;
    }
    let numbered = (2..=known.len() + 2)
        .map(|number| format!("{name}-{number}"))
        .find(|name| !taken(name));
    numbered.unwrap_or(name)
}

/// Labels before the last one under which many countries sell names.
const SECOND_LEVEL: [&str; 9] = ["co", "com", "org", "net", "gov", "edu", "ac", "or", "ne"];

fn name_of(url: &Url) -> String {
    let Some(Host::Domain(host)) = url.host() else {
        return url
            .port()
            .map_or_else(|| "local".to_owned(), |port| format!("local-{port}"));
    };
    let labels: Vec<&str> = host.split('.').filter(|label| !label.is_empty()).collect();
    match labels.as_slice() {
        [] | ["localhost"] => url
            .port()
            .map_or_else(|| "local".to_owned(), |port| format!("local-{port}")),
        [only] => (*only).to_owned(),
        [.., own, second, _] if SECOND_LEVEL.contains(second) => (*own).to_owned(),
        [.., own, _] => (*own).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_server_is_called_after_its_host() {
        for (address, name) in [
            ("https://mcp.linear.app/mcp", "linear"),
            ("https://api.githubcopilot.com/mcp/", "githubcopilot"),
            ("https://mcp.example.co.uk/mcp", "example"),
            ("https://x.ai/mcp", "x"),
            ("https://mcp.ibm.com/mcp", "ibm"),
            ("http://localhost:4101/mcp", "local-4101"),
            ("http://127.0.0.1/mcp", "local"),
            ("http://[::1]:81/mcp", "local-81"),
            ("http://intranet/mcp", "intranet"),
        ] {
            assert_eq!(name_of(&url(address)), name, "{address}");
        }
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let known = ["linear", "linear-2"];
        assert_eq!(
            free_name(&url("https://mcp.linear.app/sse"), &known),
            "linear-3"
        );
    }

    #[test]
    fn an_address_that_no_server_can_have_is_refused_before_anything_is_saved() {
        for address in [
            "linear",
            "ftp://a/b",
            "https://user:secret@host/mcp",
            "npx -y x",
        ] {
            assert_eq!(checked(address).unwrap_err().exit, Exit::Usage, "{address}");
        }
    }
}

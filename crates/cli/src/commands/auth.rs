//! `mcphub auth`: the sign-ins of servers, seen and changed from the command line.

use clap::Subcommand;
use hub::explained::named;
use serde_json::{Value, json};

use super::journey::{Journey, Wishes, noticed, switched_off, ticking, verdict};
use super::{Desk, all_sign_ins, by_hand, servers};
use crate::failure::{Exit, Failure};
use crate::output::table;
use crate::rest::shape::{self, Entry, Server};
use crate::timeline::{self, Follower};

#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    /// Which servers are signed in, and which need a person (exit code 3 when one does)
    Status { server: Option<String> },
    /// Sign in: opens the browser, or shows the link and takes the address it ends at
    Login {
        #[arg(required_unless_present = "all")]
        server: Option<String>,
        /// Every server that waits for a sign-in, on one page
        #[arg(long, conflicts_with_all = ["server", "forget"])]
        all: bool,
        /// Forgets tokens and the registered client first
        #[arg(long)]
        forget: bool,
        #[command(flatten)]
        wishes: Wishes,
    },
    /// Finish a sign-in by hand: the address at which the browser ended, its query, or the bare code
    Complete {
        server: String,
        /// Read from standard input when left out
        pasted: Option<String>,
    },
    /// Sign out: revokes the tokens where possible, then forgets them
    Logout {
        server: String,
        /// Forgets the registered client too
        #[arg(long)]
        all: bool,
    },
    /// What happened at each step of the sign-in
    Log {
        server: String,
        /// Goes on until you end it
        #[arg(long, short)]
        follow: bool,
    },
}

pub(crate) async fn run(desk: &Desk, wanted: Auth) -> Result<(), Failure> {
    match wanted {
        Auth::Status { server } => status(desk, server.as_deref()).await,
        Auth::Login {
            server: Some(server),
            forget,
            wishes,
            ..
        } => login(desk, &server, forget, wishes).await,
        Auth::Login { wishes, .. } => all_sign_ins::run(desk, wishes).await,
        Auth::Complete { server, pasted } => complete(desk, &server, pasted).await,
        Auth::Logout { server, all } => logout(desk, &server, all).await,
        Auth::Log {
            server,
            follow: true,
        } => follow(desk, &server).await,
        Auth::Log { server, .. } => log(desk, &server).await,
    }
}

async fn status(desk: &Desk, only: Option<&str>) -> Result<(), Failure> {
    let servers = match only {
        Some(name) => vec![desk.hub.server(name).await?],
        None => Server::read_all(&desk.hub.servers().await?)?,
    };
    if servers.is_empty() {
        desk.output.line(servers::NONE_YET);
    }
    desk.output
        .result(&Value::Array(servers.iter().map(told).collect()));
    let rows = servers.iter().map(|server| row(server, desk.hub.address()));
    for line in table(&rows.collect::<Vec<_>>()) {
        desk.output.line(line);
    }
    let waiting: Vec<&Server> = servers
        .iter()
        .filter(|server| server.waits_for_a_person())
        .collect();
    let Some(first) = waiting.first() else {
        return Ok(());
    };
    let names = waiting
        .iter()
        .map(|server| server.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let need = if waiting.len() == 1 { "needs" } else { "need" };
    let failure = Failure::new(Exit::SignInNeeded, format!("{names} {need} a person"))
        .explained(first.explained.as_ref())
        .beside_a_result();
    Err(match first.cure(desk.hub.address()) {
        Some(cure) => failure.cure(cure),
        None => failure,
    })
}

pub(super) fn told(server: &Server) -> Value {
    let oauth = server.oauth.clone().unwrap_or_default();
    json!({
        "server": server.name,
        "status": server.status,
        "reason": server.why(),
        "action": server.action,
        "signedIn": oauth.connected,
        "expiresAt": oauth.expires_at,
        "authorizationUrl": oauth.authorization_url,
        "userCode": oauth.user_code,
        "verificationUri": oauth.verification_uri,
        "linkExpiresAt": oauth.link_expires_at,
        "explained": server.explained,
    })
}

fn row(server: &Server, hub: &str) -> Vec<String> {
    let mut row = servers::row(server, hub);
    let oauth = server.oauth.clone().unwrap_or_default();
    if server.is_connected() {
        row[2] = match (oauth.connected, oauth.expires_at) {
            (false, _) => match oauth.offered_by {
                Some(issuer) => format!("no sign-in needed; {issuer} offers one"),
                None => "no sign-in needed".to_owned(),
            },
            (true, Some(until)) if !until.is_null() => format!(
                "signed in; renews by itself, next by {}",
                until
                    .as_str()
                    .map_or_else(|| until.to_string(), str::to_owned)
            ),
            (true, _) => "signed in".to_owned(),
        };
    }
    row
}

async fn login(desk: &Desk, server: &str, forget: bool, wishes: Wishes) -> Result<(), Failure> {
    let before = desk.hub.server(server).await?;
    if before.status == "disabled" {
        return Err(switched_off(&before.name));
    }
    if forget {
        desk.hub.disconnect(server, "all").await?;
    } else {
        if before.is_connected() && before.oauth.as_ref().is_some_and(|oauth| oauth.connected) {
            desk.output.result(&told(&before));
            desk.output.line(format!(
                "{server} is signed in already; `mcphub auth logout {server}` ends that"
            ));
            return Ok(());
        }
    }
    let mut journey = Journey::of(desk, server).await?;
    let after = match journey.sign_in(wishes).await {
        Err(failure) if failure.exit == Exit::SignInNeeded => {
            let stands = journey.settled().await?;
            if !stands.wants_a_client() {
                return Err(failure);
            }
            with_a_client(desk, &stands, wishes, &mut journey).await?
        }
        done => done?,
    };
    desk.output.result(&told(&after));
    finished(desk, &after)
}

/// The sign-in once a person has made the client that the login server does not give.
async fn with_a_client(
    desk: &Desk,
    server: &Server,
    wishes: Wishes,
    journey: &mut Journey<'_>,
) -> Result<Server, Failure> {
    let whole = desk.hub.server_as_told(&server.name).await?;
    let mut result = told(server);
    result["oauth"] = whole["oauth"].clone();
    let address = server.config["url"].as_str().unwrap_or_default();
    let whom = (server, address);
    let server = by_hand::give(desk, whom, !wishes.no_wait, result, journey).await?;
    match server.waits_for_a_person() && !server.wants_a_client() {
        true => journey.sign_in(wishes).await,
        false => Ok(server),
    }
}

async fn complete(desk: &Desk, server: &str, pasted: Option<String>) -> Result<(), Failure> {
    let pasted = match pasted {
        Some(pasted) => pasted,
        None => std::io::read_to_string(std::io::stdin())
            .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?,
    };
    let mut journey = Journey::of(desk, server).await?;
    if let Some(again) = desk
        .hub
        .complete(server, pasted.trim())
        .await
        .map_err(|failure| {
            failure.or_cure(|| {
                let again = named("mcphub auth login <server>", server);
                format!("paste the whole address at which the browser ended; a new link: {again}")
            })
        })?
        .authorization_url
    {
        let why = format!(
            "the login server wants to be asked differently; open this and paste again:\n\n{again}\n"
        );
        return Err(Failure::new(Exit::SignInNeeded, why));
    }
    let after = journey.settled().await?;
    desk.output.result(&told(&after));
    finished(desk, &after)
}

fn finished(desk: &Desk, after: &Server) -> Result<(), Failure> {
    verdict(desk, after)?;
    desk.output.line(format!(
        "{} is connected, {} tools",
        after.name,
        after.tools.len()
    ));
    Ok(())
}

async fn logout(desk: &Desk, server: &str, all: bool) -> Result<(), Failure> {
    let before = desk.hub.server(server).await?.oauth.unwrap_or_default();
    let told = desk
        .hub
        .disconnect(server, if all { "all" } else { "tokens" })
        .await?;
    desk.output.result(&told);
    let count = |key: &str| told["revoked"][key].as_u64().unwrap_or(0);
    let revoked = match (count("attempted"), count("succeeded")) {
        (0, _) if !before.connected => "there was no token to revoke".to_owned(),
        (0, _) => "its login server cannot revoke tokens, so they were only forgotten".to_owned(),
        (attempted, succeeded) => format!("{succeeded} of {attempted} tokens revoked"),
    };
    desk.output
        .line(format!("{server} is signed out; {revoked}"));
    if before.connected {
        noticed(desk, server).await?;
    }
    Ok(())
}

async fn log(desk: &Desk, server: &str) -> Result<(), Failure> {
    desk.output.result(&desk.hub.journal_as_told(server).await?);
    let entries = desk.hub.journal(server).await?;
    if entries.is_empty() {
        desk.output.line(format!(
            "{server}: nothing yet; no sign-in was needed since the hub started"
        ));
    }
    for entry in entries {
        desk.output
            .line(format!("{}{}", entry.time, timeline::line(&entry)));
    }
    Ok(())
}

/// What is there, and what comes, until the person or the hub ends it; with `--json` one entry after the other.
async fn follow(desk: &Desk, server: &str) -> Result<(), Failure> {
    let mut journal = Follower::default();
    let mut clock = ticking();
    loop {
        clock.tick().await;
        let told = desk.hub.journal_as_told(server).await?;
        let entries: Vec<Value> = shape::read(told)?;
        for told in journal.news(entries) {
            desk.output.result(told);
            let entry: Entry = shape::read(told.clone())?;
            desk.output
                .line(format!("{}{}", entry.time, timeline::line(&entry)));
        }
    }
}

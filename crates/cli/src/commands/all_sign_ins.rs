//! `mcphub auth login --all`: every server that waits for a sign-in, on the hub's one page, or one after the other where no browser opens.

use tokio::time::Instant;

use super::Desk;
use super::auth::told;
use super::journey::{Journey, LONGEST, Pasted, Wishes, ticking};
use crate::browser;
use crate::failure::{Exit, Failure};
use crate::rest::shape::Server;

pub(super) async fn run(desk: &Desk, wishes: Wishes) -> Result<(), Failure> {
    let waiting = waiting(desk).await?;
    if waiting.is_empty() {
        desk.output.line("no server waits for a sign-in");
    }
    let (by_link, others): (Vec<&Server>, Vec<&Server>) =
        waiting.iter().partition(|server| is_by_link(server));
    if !by_link.is_empty() {
        let page = format!("{}/connect", desk.hub.address());
        let opens = !(wishes.no_browser || wishes.no_wait);
        if browser::open(&page, opens, &desk.environment).is_ok() {
            let words = format!("  Opening the browser. Not opening?  {page}");
            desk.output.progress(words);
            watch(desk, &by_link).await?;
        } else {
            let words = format!("  all on one page  {page}");
            desk.output.progress(words);
            if !wishes.no_wait {
                one_by_one(desk, &by_link, wishes).await?;
            }
        }
    }
    for server in others {
        let why = server.why().unwrap_or_default();
        let words = format!("  {}: {}: {why}", server.name, server.words());
        desk.output.progress(words);
    }
    finish(desk, &waiting).await
}

async fn waiting(desk: &Desk) -> Result<Vec<Server>, Failure> {
    let all = Server::read_all(&desk.hub.servers().await?)?;
    let waits = |server: &Server| server.waits_for_a_person();
    Ok(all.into_iter().filter(waits).collect())
}

/// What a link helps; others want something of their owner first.
pub(super) fn is_by_link(server: &Server) -> bool {
    server.status == "oauth_required"
}

/// Tells of each server that is signed in while the person walks through the page.
async fn watch(desk: &Desk, wanted: &[&Server]) -> Result<(), Failure> {
    let mut left: Vec<&str> = wanted.iter().map(|server| server.name.as_str()).collect();
    let mut end = Instant::now() + LONGEST;
    let mut clock = ticking();
    while !left.is_empty() && Instant::now() < end {
        clock.tick().await;
        let all = Server::read_all(&desk.hub.servers().await?)?;
        left.retain(|name| {
            let now = all.iter().find(|server| server.name == *name);
            // One that is gone, or switched off, is nothing to wait for.
            let over = now.is_none_or(|now| !now.waits_for_a_person() && !now.is_under_way());
            if over {
                tell(desk, name, now);
                end = Instant::now() + LONGEST;
            }
            !over
        });
    }
    Ok(())
}

fn tell(desk: &Desk, name: &str, now: Option<&Server>) {
    let words = match now {
        Some(now) if now.is_connected() => {
            format!("  signed in      {name}, {} tools", now.tools.len())
        }
        Some(now) => format!("  {:<14} {name}", now.words()),
        None => format!("  removed        {name}"),
    };
    desk.output.progress(words);
}

async fn one_by_one(desk: &Desk, wanted: &[&Server], wishes: Wishes) -> Result<(), Failure> {
    let mut pasted = Pasted::begin(wishes);
    for (place, server) in (1..).zip(wanted) {
        let words = format!("\n  {}   ({place} of {})", server.name, wanted.len());
        desk.output.progress(words);
        let mut journey = Journey::of(desk, &server.name).await?;
        match journey.sign_in_with(wishes, &mut pasted).await {
            Ok(_) => {}
            Err(failure) if failure.exit == Exit::Unreachable => return Err(failure),
            // The others can still be signed in to.
            Err(failure) => {
                let words = format!("  not begun      {}", failure.what());
                desk.output.progress(words);
            }
        }
    }
    Ok(())
}

async fn finish(desk: &Desk, before: &[Server]) -> Result<(), Failure> {
    let all = Server::read_all(&desk.hub.servers().await?)?;
    let was = |server: &&Server| before.iter().any(|old| old.name == server.name);
    let after: Vec<&Server> = all.iter().filter(was).collect();
    desk.output
        .result(&after.iter().map(|server| told(server)).collect());
    let left = after.iter().filter(|server| !server.is_connected());
    let left: Vec<&str> = left.map(|server| server.name.as_str()).collect();
    if left.is_empty() {
        return Ok(());
    }
    let need = if left.len() == 1 { "needs" } else { "need" };
    let what = format!("{} still {need} a person", left.join(", "));
    Err(Failure::new(Exit::SignInNeeded, what)
        .cure("mcphub auth status")
        .beside_a_result())
}

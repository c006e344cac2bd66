//! What a real sign-in shows, after a hub of its own made it: what the token is, whether the server takes it, or where it stopped.
//!
//! RFC 9207, RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1. The sign-in itself is `sign_in`'s, with all its checks; here its
//! outcome is put into lines.

use std::time::{Duration, SystemTime};

use mcp::merge::Listing;
use oauth::Grant;
use oauth::step::Stage;
use tokio::time::timeout;

use super::line::{Discretion, Line, Part};
use crate::Hub;
use crate::cause::Cause;
use crate::journal::Entry;
use crate::sign_in::{Forget, Plan, SignIns, State, View};
use crate::upstream::{self, Upstream};

/// The line of a sign-in that nobody finished.
pub(super) const UNFINISHED: Cause = Cause::SignInNeeded;

/// How long a registration's end is waited for.
const TAKING_BACK: Duration = Duration::from_secs(12);

/// What this hub's sign-in to the server came to.
#[must_use]
pub fn judge(hub: &Hub, server: &str) -> Vec<Line> {
    let view = hub.sign_ins().view(server);
    let upstream = hub.upstreams().serving(server, None, None).ok();
    let ready = upstream.filter(|it| matches!(it.state(), upstream::State::Ready));
    let (clock, store) = (&hub.parts.clock, hub.store());
    let plan = Plan::of(&store.current(), server, 0, clock, store.folder()).ok();
    let grant = plan.as_ref().and_then(Plan::grant);
    let mut discretion = Discretion::default();
    for secret in plan.iter().flat_map(Plan::secrets) {
        discretion.keep(secret);
    }
    let mut lines = Vec::new();
    lines.extend(answer(&hub.journal().entries(server)));
    if let Some(grant) = grant {
        lines.extend([made(grant), life(grant, clock.now())]);
    }
    lines.push(match (ready, grant) {
        (Some(upstream), grant) => taken(&upstream, grant.is_some()),
        (None, Some(_)) => not_taken(&view),
        (None, None) => stopped(&view, &hub.journal().entries(server)),
    });
    for line in &mut lines {
        discretion.apply(line);
    }
    lines
}

/// Whether an answer that was accepted said whose it is.
fn answer(journal: &[Entry]) -> Option<Line> {
    let mut callbacks = journal
        .iter()
        .rev()
        .filter(|it| it.stage == Stage::Callback);
    let accepted = callbacks.find(|entry| entry.decision.starts_with("accepted"))?;
    let line = match accepted.decision.ends_with("issuer are right") {
        true => Line::ok(
            Part::SignIn,
            "answer-named",
            "the answer names the login server (iss), and it is the right one",
        ),
        false => Line::note(
            Part::SignIn,
            "answer-unnamed",
            "the answer does not name the login server (iss)",
        ),
    };
    Some(line.clause("RFC 9207 2.4"))
}

fn made(grant: &Grant) -> Line {
    let scope = match grant.scopes.as_slice() {
        [] => "no scope".to_owned(),
        scopes => format!("scope {}", scopes.join(" ")),
    };
    // What was asked for by that name came: some do not list it then.
    let came = |wanted: &str| wanted == "offline_access" && grant.refresh.is_some();
    let fewer = (grant.requested.iter())
        .find(|wanted| !grant.scopes.is_empty() && !grant.scopes.contains(wanted) && !came(wanted));
    let audience = match grant.audience() {
        Some(audience) => format!("made for {audience}"),
        None => "for whom it is made cannot be read in it".to_owned(),
    };
    let text = format!("{} gave one for {scope}; {audience}", grant.issuer);
    let line = match fewer {
        Some(fewer) => Line::note(
            Part::Token,
            "scope-less",
            format!("{text}; {fewer} was asked for and not given"),
        ),
        None => Line::ok(Part::Token, "token-made", text),
    };
    line.clause("RFC 6749 3.3")
}

fn life(grant: &Grant, now: SystemTime) -> Line {
    let life = match grant.expires_at.map(|end| end.duration_since(now)) {
        Some(left) => format!("ends in {} s", left.unwrap_or_default().as_secs()),
        None => "does not say when it ends".to_owned(),
    };
    let line = match grant.refresh {
        Some(_) => Line::ok(
            Part::Token,
            "token-renews",
            format!("{life}, and renews by itself: a refresh token came with it"),
        ),
        None => Line::note(
            Part::Token,
            "no-refresh-token",
            format!("{life}; no refresh token came with it, so somebody has to sign in again then"),
        )
        .cure("where the login server knows the scope offline_access, add it to oauth.scopes"),
    };
    line.clause("RFC 6749 5.1")
}

fn taken(upstream: &Upstream, signed_in: bool) -> Line {
    let tools = match upstream.catalog().of(Listing::Tools).len() {
        1 => "one tool".to_owned(),
        tools => format!("{tools} tools"),
    };
    match signed_in {
        true => Line::ok(
            Part::Token,
            "token-taken",
            format!("the server takes it: {tools}"),
        )
        .clause("RFC 6750 3.1"),
        false => Line::ok(
            Part::SignIn,
            "sign-in-unneeded",
            format!("was not needed: {tools}"),
        ),
    }
}

fn not_taken(view: &View) -> Line {
    if view.state == State::RejectedByResource {
        return Line::wrong(
            Part::Token,
            Cause::TokenRefused,
            view.reason.clone(),
            "compare audience and resource: its owner has to take tokens of this login server for this resource; set oauth.resource where the server goes by another name",
        );
    }
    let why = match view.reason.as_str() {
        "" => "the server does not answer as it should",
        reason => reason,
    };
    Line::wrong(
        Part::Token,
        view.cause.unwrap_or(Cause::ServerTrouble),
        format!("somebody signed in, and the server cannot be used: {why}"),
        "look at the server's own log; or try again",
    )
}

/// Where a sign-in without a token stopped.
fn stopped(view: &View, journal: &[Entry]) -> Line {
    let steps = journal.iter().rev();
    let mut ends = steps.filter(|it| matches!(it.stage, Stage::Callback | Stage::TokenExchange));
    let cause = ends.find_map(|entry| entry.cause).or(view.cause);
    let cause = cause.unwrap_or(UNFINISHED);
    let reason = view.reason.as_str();
    let text = if cause == UNFINISHED {
        match reason {
            "" => "nobody finished it".to_owned(),
            reason => format!("nobody finished it: {reason}"),
        }
    } else if cause == Cause::TokenNotGiven {
        format!("the code was not traded for a token: {reason}")
    } else {
        reason.to_owned()
    };
    Line::wrong(Part::SignIn, cause, text, cause.cure())
}

/// Ends the hub's connections, signs out, and gives back what the trial was given: tokens, and the client that was registered for it.
pub async fn give_back(hub: &Hub, server: &str) -> Vec<Line> {
    let entry = hub.store().opened_server(server).unwrap_or_default();
    let registered = entry["oauth"].get("registration").is_some();
    let held = entry["oauth"].get("accessToken").is_some();
    let mut lines = Vec::new();
    // Whoever hears of the end of a sign-in connects again at once, and registers anew for the next one. So nobody hears of it.
    hub.shutdown().await;
    let (store, fetch, clock) = (hub.store().clone(), hub.fetch().clone(), &hub.parts.clock);
    let apart = SignIns::start(store, fetch, hub.journal().clone(), clock.clone(), 0);
    let mut journal = hub.journal().subscribe();
    match apart.sign_out(server, Forget::All).await {
        Ok(done) if done.attempted > 0 && done.failed == 0 => {
            lines.push(
                Line::ok(Part::Token, "tokens-revoked", "was given back").clause("RFC 7009 2"),
            );
        }
        Ok(done) if held => {
            let text = match done.succeeded {
                0 => "is forgotten here, and stays good until it ends: the login server took nothing back".to_owned(),
                some => format!("{some} of {} tokens was given back; the other one stays good until it ends", done.attempted),
            };
            let line = Line::note(Part::Token, "tokens-stay", text);
            lines.push(line.clause("RFC 7009 2"));
        }
        Ok(_) => {}
        Err(error) => lines.push(Line::note(Part::Token, "tokens-stay", error.to_string())),
    }
    if registered {
        let end = async {
            while let Ok(entry) = journal.recv().await {
                if entry.server == server
                    && entry.stage == Stage::Registration
                    && entry.request.is_none()
                {
                    return entry.decision == TAKEN_BACK;
                }
            }
            false
        };
        let gone = timeout(TAKING_BACK, end).await == Ok(true);
        let line = match gone {
            true => Line::ok(Part::Client, "taken-back", "was taken back"),
            false => Line::note(
                Part::Client,
                "stays-registered",
                "stays registered there: the login server takes no registration back",
            ),
        };
        lines.push(line.clause("RFC 7592 2.3"));
    }
    lines
}

/// As `sign_in` says it.
const TAKEN_BACK: &str = "the registration was taken back";

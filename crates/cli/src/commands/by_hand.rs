//! A client that a person makes by hand, because the login server registers nobody, or not this hub: where its console is, which callback
//! address to paste there, and the id and secret that come out.
//!
//! Where nobody is at a terminal the same is said, with the command that takes both. What else helps against a refusal is the hub's to say.

use std::io::{BufRead, IsTerminal};

use hub::cause::Cause;
use hub::explained::{Explained, named, sentence, with_client};
use serde_json::{Value, json};

use super::Desk;
use super::journey::Journey;
use crate::failure::{Exit, Failure};
use crate::rest::shape::{OAuth, Server};

/// Asks for the client and saves it; the server as it stands then. Where nobody can be asked, `result` is the command's result.
// Nothing is registered for that: what was just refused is not asked for again.
pub(super) async fn give(
    desk: &Desk,
    (server, address): (&Server, &str),
    asks: bool,
    result: Value,
    journey: &mut Journey<'_>,
) -> Result<Server, Failure> {
    let oauth = server.oauth.clone().unwrap_or_default();
    let told = instructions(&oauth, desk.hub.address());
    for line in refusal(server).into_iter().chain(told) {
        desk.output.progress(line);
    }
    let missing = missing(server, address);
    if !asks || desk.output.json || !std::io::stdin().is_terminal() {
        // A script finds the callback address and the console in there.
        desk.output.result(&result);
        return Err(missing.beside_a_result());
    }
    let id = asked(
        desk,
        "  client id, or a variable of the hub like ${GITHUB_OAUTH_APP_ID}:",
    )?;
    if id.is_empty() {
        return Err(missing);
    }
    let secret = asked_in_secret(desk)?;
    let server = save(desk, server, (&id, Some(&secret)), journey).await?;
    counts(&server)?;
    Ok(server)
}

/// Puts the client into the server's entry, and waits for what comes of it.
pub(super) async fn save(
    desk: &Desk,
    server: &Server,
    (id, secret): (&str, Option<&str>),
    journey: &mut Journey<'_>,
) -> Result<Server, Failure> {
    let mut config = server.config.clone();
    put(&mut config, id, secret);
    desk.hub.change(&server.name, &config).await?;
    desk.output.progress("  client         saved");
    journey.stirred(server).await
}

/// What else stands under `oauth` stays; an empty secret is none.
pub(super) fn put(config: &mut Value, id: &str, secret: Option<&str>) {
    if !config["oauth"].is_object() {
        config["oauth"] = json!({});
    }
    config["oauth"]["clientId"] = id.into();
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        config["oauth"]["clientSecret"] = secret.into();
    }
}

fn missing(server: &Server, address: &str) -> Failure {
    let name = &server.name;
    let add = format!(
        "{}; `${{NAME}}` stands for a variable of the hub's environment",
        with_client(address, name)
    );
    let failure = Failure::new(Exit::SignInNeeded, format!("{name} needs a client id")).cure(add);
    match told(server).and_then(|told| Cause::find(&told.code)) {
        Some(cause) => failure.cause(cause),
        None => failure,
    }
}

/// Where the hub was refused, a client made by hand is one of several things that help.
fn refusal(server: &Server) -> Vec<String> {
    let told = told(server).filter(|_| server.status == "registration_refused");
    told.map_or_else(Vec::new, |told| {
        vec![
            format!("  refused        {}   {}", told.what_happened, told.code),
            format!("  what helps     {}", sentence(&told.cure)),
        ]
    })
}

/// A hub of another version may tell something else, and then it is left out.
fn told(server: &Server) -> Option<Explained> {
    let told = server.explained.clone()?;
    serde_json::from_value(told).ok()
}

/// A client that was given does not count where it names a variable that the hub does not have.
pub(super) fn counts(server: &Server) -> Result<(), Failure> {
    let mut problems = server.problems.iter();
    let Some(problem) = problems.find(|problem| problem.contains(".oauth.client")) else {
        return Ok(());
    };
    let go_on = named("mcphub auth login <server>", &server.name);
    let cure = format!("start the hub with it, and go on: {go_on}");
    Err(Failure::usage(problem.clone()).cure(cure))
}

fn instructions(oauth: &OAuth, hub: &str) -> [String; 2] {
    let callback = oauth.redirect_uri.clone();
    let callback = callback.unwrap_or_else(|| format!("{hub}/oauth/callback"));
    let place = match (&oauth.console_url, &oauth.issuer) {
        (Some(console), _) => console.clone(),
        (None, Some(issuer)) => format!("the console of {issuer}"),
        (None, None) => "the login server's console".to_owned(),
    };
    [
        format!("  Make a client (an OAuth app) in:   {place}"),
        format!("  with this callback address:\n\n{callback}\n"),
    ]
}

fn asked(desk: &Desk, question: &str) -> Result<String, Failure> {
    desk.output.progress(question);
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| unread(&error))?;
    Ok(line.trim().to_owned())
}

/// What is typed is not shown: neither to who looks on, nor in what the terminal remembers.
fn asked_in_secret(desk: &Desk) -> Result<String, Failure> {
    desk.output
        .progress("  client secret (is not shown; empty if there is none):");
    let secret = rpassword::read_password().map_err(|error| unread(&error))?;
    Ok(secret.trim().to_owned())
}

fn unread(error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read the answer: {error}"))
        .cure("give --client-id and --client-secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_console_is_named_else_whose_it_is() {
        let mut oauth = OAuth {
            console_url: Some("https://github.com/settings/developers".to_owned()),
            issuer: Some("https://github.com/login/oauth".to_owned()),
            redirect_uri: Some("https://hub.test/oauth/callback".to_owned()),
            ..OAuth::default()
        };
        let [place, callback] = instructions(&oauth, "http://localhost:3000");
        assert!(place.ends_with("https://github.com/settings/developers"));
        assert!(callback.contains("\n\nhttps://hub.test/oauth/callback\n"));
        (oauth.console_url, oauth.redirect_uri) = (None, None);
        let [place, callback] = instructions(&oauth, "http://localhost:3000");
        assert!(place.ends_with("the console of https://github.com/login/oauth"));
        assert!(callback.contains("\n\nhttp://localhost:3000/oauth/callback\n"));
    }
}

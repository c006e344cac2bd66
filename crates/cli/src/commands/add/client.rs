//! A client that a person makes by hand, because the login server registers nobody: where its console is, which callback address to paste
//! there, and the id and secret that come out.
//!
//! Where nobody is at a terminal the same is said, with the command that takes both.

use std::io::{BufRead, IsTerminal};

use hub::explained::{named, with_client};

use super::Add;
use crate::commands::Desk;
use crate::failure::{Exit, Failure};
use crate::rest::shape::{OAuth, Server};

/// The client id and secret that the person gives; an empty secret is none.
pub(super) async fn ask(
    desk: &Desk,
    add: &Add,
    server: &Server,
) -> Result<(String, String), Failure> {
    let name = &server.name;
    let oauth = server.oauth.clone().unwrap_or_default();
    for line in instructions(&oauth, desk.hub.address()) {
        desk.output.progress(line);
    }
    let cure = format!(
        "{}; `${{NAME}}` stands for a variable of the hub's environment",
        with_client(&add.address, name)
    );
    let missing = Failure::new(Exit::SignInNeeded, format!("{name} needs a client id")).cure(cure);
    if add.yes || desk.output.json || !std::io::stdin().is_terminal() {
        // A script finds the callback address and the console in there.
        desk.output.result(&desk.hub.server_as_told(name).await?);
        return Err(missing.beside_a_result());
    }
    let id = asked(
        desk,
        "  client id, or a variable of the hub like ${GITHUB_OAUTH_APP_ID}:",
    )?;
    if id.is_empty() {
        return Err(missing);
    }
    Ok((id, asked_in_secret(desk)?))
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

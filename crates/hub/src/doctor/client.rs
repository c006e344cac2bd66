//! As whom a sign-in would go, what it would ask for, and where the browser would come back to.
//!
//! MCP authorization, "Client Registration"; RFC 7591, RFC 7592, RFC 8707. The order of identities is `oauth::registration`'s.

use oauth::client::Kind;
use oauth::place::Place;
use oauth::registration::management::{Deleted, Deletion};
use oauth::step::Step;
use oauth::{Client, Discovered, Registration, RegistrationError};
use url::Url;

use super::line::{Line, Part};
use super::refusal;
use super::walk::Walk;
use crate::cause::Cause;

/// The lines that a person cures by registering a client.
pub(super) const NEEDS_CLIENT: [Cause; 2] = [Cause::NoRegistration, Cause::RegistrationOff];

pub(super) const CLAUSE: &str = "MCP authorization, Client Registration";

pub(super) async fn examine(walk: &mut Walk<'_>, found: Option<Discovered>) {
    let Some(found) = found else {
        let text = "not known: there is no login server to be a client of";
        walk.say(Line::note(Part::Client, "not-examined", text));
        callback(walk);
        return;
    };
    walk.settle(&found.server.identity());
    let (server, now) = (found.server.clone(), walk.clock.now());
    let first = Registration::start(walk.policy(), server, walk.plan.client(), now);
    match first {
        Ok(Step::Done(identified)) => {
            let line = Line::ok(Part::Client, "client", who(&identified.client));
            walk.say(line.clause(CLAUSE));
        }
        Err(error) => {
            let line = refusal::line(walk, &found, &error);
            walk.say(line);
        }
        Ok(Step::Send { .. }) if !walk.register || !walk.is_well() => {
            let text = match walk.register {
                true => "would be registered; it is not, while something is wrong",
                false => "would be registered; --register tries it",
            };
            let asked = walk.registration_of(&found);
            let line = Line::ok(Part::Client, "would-register", format!("{text} ({asked})"));
            walk.say(line.clause("RFC 7591 3"));
        }
        sending @ Ok(Step::Send { .. }) => register(walk, &found, sending).await,
    }
    request(walk, &found);
    callback(walk);
}

impl Walk<'_> {
    /// The login server is known, and so are its provider's habits.
    fn settle(&mut self, issuer: &str) {
        self.replan(|plan| plan.at(issuer));
    }

    pub(super) fn registration_of(&self, found: &Discovered) -> String {
        let endpoint = found.server.registration_endpoint.as_ref();
        endpoint.map(ToString::to_string).unwrap_or_default()
    }
}

fn who(client: &Client) -> String {
    match &client.kind {
        Kind::Settings => format!("the one of the settings, {}", client.method),
        Kind::MetadataDocument => format!("our own document, {}", client.id),
        Kind::Registered(_) => format!("the one that was registered before, {}", client.method),
    }
}

/// Registers, and takes it back.
async fn register(
    walk: &mut Walk<'_>,
    found: &Discovered,
    first: Result<Step<Registration>, RegistrationError>,
) {
    let client = match walk.drive(first).await {
        Ok(identified) => identified.client,
        Err(error) => {
            let line = refusal::line(walk, found, &error);
            walk.say(line);
            return;
        }
    };
    if let Some(secret) = &client.secret {
        walk.keep_secret(secret);
    }
    let text = format!("was registered, {}", client.method);
    let line = Line::ok(Part::Client, "registered", text);
    let line = match walk.heard().next_back() {
        Some(heard) => line.exchange(heard.both()),
        None => line,
    };
    walk.say(line.clause("RFC 7591 3.2.1"));
    let first = Deletion::start(&client);
    let deleted = match walk.drive(Ok(first)).await {
        Ok(deleted) => deleted,
        Err(never) => match never {},
    };
    let line = match deleted {
        Deleted::Gone => Line::ok(Part::Client, "taken-back", "was taken back"),
        Deleted::NotOffered => Line::note(
            Part::Client,
            "stays-registered",
            "stays registered there: the login server takes no registration back",
        ),
        Deleted::Failed(why) => Line::note(
            Part::Client,
            "stays-registered",
            format!("stays registered there; it could not be taken back: {why}"),
        ),
    };
    walk.say(line.clause("RFC 7592 2.3"));
}

/// Scope and resource, as they would be sent.
fn request(walk: &mut Walk<'_>, found: &Discovered) {
    let scope = match found.scopes.as_slice() {
        [] => "no scope".to_owned(),
        scopes => format!("scope {}", scopes.join(" ")),
    };
    let line = match &found.resource {
        Some(resource) => Line::ok(
            Part::Request,
            "request",
            format!("would ask for {scope}; resource {resource}"),
        ),
        None => Line::note(
            Part::Request,
            "resource-omitted",
            format!("would ask for {scope}, and name no resource"),
        ),
    };
    walk.say(line.clause("RFC 8707 2"));
}

fn callback(walk: &mut Walk<'_>) {
    let address = walk.policy().redirect_uri.clone();
    let url = Url::parse(&address);
    let plain = url
        .is_ok_and(|url| url.scheme() == "http" && Place::of_host(&url) != Some(Place::Loopback));
    let line = match plain {
        true => Line::note(
            Part::Callback,
            "callback-plain-http",
            format!("{address} is plain http, which many login servers refuse"),
        )
        .cure("put https in front of the hub, and into systemConfig.install.baseUrl"),
        false => Line::ok(Part::Callback, "callback", address),
    };
    walk.say(line.clause("OAuth 2.1 2.3.1"));
}

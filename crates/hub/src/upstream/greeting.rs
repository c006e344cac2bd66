//! Finds out what a server speaks, and hears who it is: `server/discover` first, and a handshake where it is not understood.
//!
//! MCP 2026-07-28, versioning, and "Backward Compatibility" of both transports. What was found is remembered while the settings of
//! the server stay as they are.

use std::{sync::atomic::Ordering, time::Duration};

use mcp::{
    bridge::{self, Choice},
    capability::Offers,
    method, raw,
    revision::Revision,
};
use tokio::time::timeout;

use super::{
    Hello, Shared, Trouble,
    hello::{self, refusal},
    link::Link,
    outgoing::Refused,
    trouble::plain,
};

/// How long a server may think about a question that it may not know. Some never answer one.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// What a server turned out to speak.
enum Found {
    Stateless(Hello, Revision),
    Handshake,
    /// It did not answer: a server that does not know the question, or a slow one.
    Silence,
}

/// Greets a server: the connection as it is to be used from here on, and who answered.
pub(super) async fn greet(shared: &Shared, link: Link) -> Result<(Link, Hello), Refused> {
    let known = shared.shakes_hands.load(Ordering::Relaxed);
    let found = if known {
        Found::Handshake
    } else {
        discover(shared, &link).await?
    };
    match found {
        Found::Stateless(hello, revision) => Ok((link.without_handshake(revision), hello)),
        Found::Handshake | Found::Silence => {
            let introduced = hello::introduce(shared, &link).await;
            // It was slow, and what it says to a handshake tells nothing: it is asked once more.
            if let (Found::Silence, Err(Refused::Failed(_))) = (&found, &introduced)
                && let Found::Stateless(hello, revision) = discover(shared, &link).await?
            {
                return Ok((link.without_handshake(revision), hello));
            }
            // A server that refuses may have learned to do without.
            shared
                .shakes_hands
                .store(introduced.is_ok(), Ordering::Relaxed);
            Ok((link, introduced?))
        }
    }
}

/// Asks with the newest revision, and once more with the one that the server named instead.
async fn discover(shared: &Shared, link: &Link) -> Result<Found, Refused> {
    let Choice::Stateless(newest) = bridge::choose(Revision::ALL.map(Revision::as_str)) else {
        return Ok(Found::Handshake);
    };
    let mut revision = newest;
    for last in [false, true] {
        let asking = link.clone().without_handshake(revision);
        let mut asked = Box::pin(shared.ask(&asking, method::DISCOVER, None));
        let answered = match timeout(ANSWERED_WITHIN, &mut asked).await {
            Ok(answered) => answered,
            // The server did answer, and its 401 is being looked into.
            // rule: at-25
            Err(_) if shared.sign_ins.is_at_work(shared.account.clone()) => asked.await,
            // rule: mcp-era-silence -- no answer in a reasonable time is the answer of a server that shakes hands.
            Err(_) => return Ok(Found::Silence),
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(refused) => return fall_back(refused),
        };
        if let Some(result) = answer.result() {
            return read(shared, result);
        }
        let error = answer.error().unwrap_or("{}");
        match bridge::unsupported(error) {
            // rule: mcp-unsupported-version -- the client takes a revision that both know, and asks again.
            Some(supported) => match bridge::choose(supported.iter().map(String::as_str)) {
                Choice::Stateless(other) if !last => revision = other,
                Choice::Handshake => return Ok(Found::Handshake),
                Choice::Stateless(_) | Choice::Nothing => return Err(strange(&supported)),
            },
            // rule: mcp-era-modern-error
            None if bridge::is_modern(error) => {
                return Err(Refused::Failed(refusal(method::DISCOVER, &answer)));
            }
            None => return Ok(Found::Handshake),
        }
    }
    Ok(Found::Handshake)
}

/// What is no answer at all. A refusal for want of a sign-in is not one to go by: both kinds of servers refuse so.
// rule: mcp-era-fallback -- an answer that no modern server would give means a handshake; a 401 never does.
fn fall_back(refused: Refused) -> Result<Found, Refused> {
    match refused {
        Refused::Failed(
            trouble @ (Trouble::SignIn { .. } | Trouble::Status { status: 401, .. }),
        ) => Err(Refused::Failed(trouble)),
        Refused::Failed(_) => Ok(Found::Handshake),
        Refused::NeedsSignIn(_)
        | Refused::NeedsScopes(_)
        | Refused::SessionGone
        | Refused::Unsent(_) => Err(refused),
    }
}

// rule: mcp-discover-result -- a server is modern only when it lists the revisions that it supports.
fn read(shared: &Shared, result: &str) -> Result<Found, Refused> {
    let Some(supported) = bridge::supported(result) else {
        return Ok(Found::Handshake);
    };
    let revision = match bridge::choose(supported.iter().map(String::as_str)) {
        Choice::Stateless(revision) => revision,
        Choice::Handshake => return Ok(Found::Handshake),
        Choice::Nothing => return Err(strange(&supported)),
    };
    let unreadable = |error: raw::Unreadable| {
        Refused::Failed(Trouble::NotAMessage {
            kind: "an answer to server/discover that cannot be read",
            why: error.to_string(),
            begins: String::new(),
        })
    };
    let capabilities = raw::field(result, "capabilities").map_err(unreadable)?;
    let introduction = bridge::introduction(result, &shared.name, revision).map_err(unreadable)?;
    let hello = Hello {
        result: introduction.into(),
        revision,
        offers: capabilities.map(Offers::read).unwrap_or_default(),
    };
    Ok(Found::Stateless(hello, revision))
}

fn strange(supported: &[String]) -> Refused {
    let answered = plain(&supported.join(", ")).chars().take(80).collect();
    Refused::Failed(Trouble::Revision {
        offered: Revision::V2026_07_28.as_str(),
        answered,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcp::message::Message;
    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        Hub, HubOptions,
        clock::Clock,
        upstream::{
            pipe::{Outlet, Pipe},
            stdio::Input,
        },
    };

    /// A hub with one server that is never started, for what its connections share.
    async fn hub() -> (Hub, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let settings_path = folder.path().join("mcp_settings.json");
        let servers = r#"{"mcpServers":{"up":{"command":"none","enabled":false}}}"#;
        std::fs::write(&settings_path, servers).unwrap();
        let options = HubOptions {
            settings_path,
            environment: Arc::new(|_| None),
            port: 3000,
            clock: Clock::system(),
            vault: crate::vault::Vault::default(),
        };
        let hub = Hub::start(options).await.unwrap();
        (hub, folder)
    }

    // rule: mcp-era-silence
    #[tokio::test]
    async fn a_server_that_never_answers_the_first_question_is_met_with_a_handshake() {
        let (hub, _folder) = hub().await;
        let shared = hub.upstreams().get("up").unwrap().shared;
        let (lines, mut written) = mpsc::channel(8);
        let pipe = Arc::new(Pipe::new(Outlet::Lines(Input::queued(lines))));
        let link = Link::pipe(1, pipe.clone());
        tokio::time::pause();
        let server = async {
            let mut asked = Vec::new();
            while asked.len() < 2 {
                let line = String::from_utf8(written.recv().await.unwrap().line.to_vec()).unwrap();
                asked.push(Message::parse(line).unwrap());
            }
            let result = r#"{"protocolVersion":"2025-06-18","capabilities":{}}"#;
            let answer = Message::success(asked[1].id().unwrap(), result);
            assert!(matches!(
                pipe.arrived(answer),
                crate::upstream::pipe::Place::Delivered
            ));
            asked
                .into_iter()
                .map(|m| m.method().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let (greeted, asked) = tokio::join!(greet(&shared, link), server);
        assert_eq!(asked, [method::DISCOVER, method::INITIALIZE]);
        let (link, hello) = greeted.unwrap();
        assert_eq!(
            (link.stateless(), hello.revision),
            (None, Revision::V2025_06_18)
        );
        assert!(shared.shakes_hands.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_slow_server_that_refuses_the_handshake_is_asked_once_more() {
        let (hub, _folder) = hub().await;
        let shared = hub.upstreams().get("up").unwrap().shared;
        let (lines, mut written) = mpsc::channel(8);
        let pipe = Arc::new(Pipe::new(Outlet::Lines(Input::queued(lines))));
        let link = Link::pipe(1, pipe.clone());
        tokio::time::pause();
        let server = async {
            for nth in 0..3 {
                let line = String::from_utf8(written.recv().await.unwrap().line.to_vec()).unwrap();
                let id = Message::parse(line).unwrap().id().unwrap().to_owned();
                let answer = match nth {
                    0 => continue,
                    1 => Message::failure(Some(&id), -32020, "a header is missing", None),
                    _ => Message::success(&id, r#"{"supportedVersions":["2026-07-28"]}"#),
                };
                pipe.arrived(answer);
            }
        };
        let (greeted, ()) = tokio::join!(greet(&shared, link), server);
        assert_eq!(greeted.unwrap().0.stateless(), Some(Revision::V2026_07_28));
    }
}

//! Two hubs with the same key, and what opens where.

use std::path::Path;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use mcp::message::Message;
use tempfile::TempDir;

use super::*;
use crate::access::{Access, Door, Key, Rules};
use crate::session::{NoSession, Resumed, Sessions};
use crate::{Hub, HubOptions};

const KEY: &str = "a key that is long enough and that only this test knows";

struct World {
    folder: TempDir,
    clock: Clock,
}

impl World {
    fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31)),
        };
        world.write("{}");
        world
    }

    fn write(&self, system: &str) {
        let off = r#""off":{"command":"x","enabled":false},"on":{"url":"http://127.0.0.1:1/mcp"}"#;
        let text = format!(r#"{{"mcpServers":{{{off}}},"systemConfig":{system}}}"#);
        std::fs::write(self.path(), text).unwrap();
    }

    fn path(&self) -> impl AsRef<Path> + Into<std::path::PathBuf> {
        self.folder.path().join("mcp_settings.json")
    }

    /// Another process, or the same one after a restart.
    async fn hub(&self, key: Option<&str>, jwt_secret: Option<&'static str>) -> Hub {
        let key = key.map(|key| Vault::with_key(&SecretString::from(key)).unwrap());
        let options = HubOptions {
            settings_path: self.path().into(),
            environment: Arc::new(move |name| {
                let secret = jwt_secret.filter(|_| name == LOGINS_KEY);
                secret.map(str::to_owned)
            }),
            vault: key.unwrap_or_default(),
            port: 0,
            clock: self.clock.clone(),
        };
        Hub::start(options).await.unwrap()
    }
}

fn initialize(capabilities: &str) -> Message {
    let params = format!(r#"{{"protocolVersion":"2025-06-18","capabilities":{capabilities}}}"#);
    Message::request("1", "initialize", Some(&params))
}

async fn opened(sessions: &Sessions, capabilities: &str) -> String {
    let asked = initialize(capabilities);
    let (session, _) = sessions
        .open(Endpoint::Everything, &Caller::anyone(), &asked)
        .await
        .unwrap();
    session.id()
}

fn found(sessions: &Sessions, id: &str) -> Result<(), NoSession> {
    let found = sessions.find(id, &Endpoint::Everything, &Caller::anyone());
    found.map(|_| ())
}

fn key(id: &str) -> Caller {
    let door = Door {
        bearer_required: None,
        loopback: true,
    };
    let key = Key {
        id: id.into(),
        name: id.into(),
        token: SecretString::from(id),
        enabled: true,
        access: Access::All,
        owner: None,
    };
    Rules::new(door, &[key], &[]).admit(Some(id)).unwrap()
}

// rule: mcp-transport-session-anew
#[tokio::test]
async fn a_session_goes_on_in_another_process_that_has_the_key() {
    let world = World::new();
    let (one, two) = (
        world.hub(Some(KEY), None).await,
        world.hub(Some(KEY), None).await,
    );
    let declared = r#"{"sampling":{},"elicitation":{"url":{}},"roots":{"listChanged":true},"extensions":{"x/y":{}}}"#;
    let id = opened(one.sessions(), declared).await;
    assert!(mcp::header::is_session_id(&id) && id.len() < 400, "{id}");
    let anyone = Caller::anyone();
    let session = two.sessions().find(&id, &Endpoint::Everything, &anyone);
    let session = session.unwrap();
    assert_eq!(session.id(), id);
    assert_eq!(session.revision(), Revision::V2025_06_18);
    let abilities = session.abilities;
    assert!(abilities.sampling && abilities.elicitation_url && abilities.roots);
    assert!(session.capabilities.contains("x/y"));
    let again = two.sessions().find(&id, &Endpoint::Everything, &anyone);
    assert!(Arc::ptr_eq(&again.unwrap(), &session));
    assert_eq!(two.sessions().count(), 1);
    // What it missed is not known, so it hears that all may have changed.
    let mut listening = session.listen().unwrap();
    for _ in 0..3 {
        let (_, message) = listening.next().await.unwrap();
        assert!(message.method().unwrap().ends_with("list_changed"));
    }
}

// rule: safe-session-sealed
#[tokio::test]
async fn nobody_else_gets_a_session_and_no_other_endpoint_does() {
    let world = World::new();
    let (one, two) = (
        world.hub(Some(KEY), None).await,
        world.hub(Some(KEY), None).await,
    );
    let (alice, bob) = (key("alice"), key("bob"));
    let everything = Endpoint::Everything;
    let asked = initialize("{}");
    let opened = one.sessions().open(everything.clone(), &alice, &asked);
    let id = opened.await.unwrap().0.id();
    let on = Endpoint::Named("on".into());
    for (endpoint, caller) in [
        (&everything, &bob),
        (&everything, &Caller::anyone()),
        (&everything, &Caller::operator()),
        (&on, &alice),
    ] {
        for hub in [&one, &two] {
            let refused = hub.sessions().find(&id, endpoint, caller).err();
            assert_eq!(refused, Some(NoSession::Unknown));
        }
    }
    assert_eq!(two.sessions().count(), 0);
    assert!(two.sessions().find(&id, &everything, &alice).is_ok());
}

// rule: safe-session-sealed
#[tokio::test]
async fn an_id_that_was_changed_or_sealed_with_another_key_is_unknown() {
    let world = World::new();
    let one = world.hub(Some(KEY), None).await;
    let two = world.hub(Some(KEY), None).await;
    let id = opened(one.sessions(), "{}").await;
    let other = opened(one.sessions(), "{}").await;
    let (word, sealed) = id.split_once('.').unwrap();
    let (other_word, other_sealed) = other.split_once('.').unwrap();
    let mut tampered = vec![
        word.to_owned(),
        format!("{word}."),
        format!("{word}.{other_sealed}"),
        format!("{other_word}.{sealed}"),
        format!("x{word}.{sealed}"),
        format!("{word}.{sealed}A"),
        format!("{word}.!"),
    ];
    for at in (0..sealed.len()).step_by(7) {
        let mut letters = sealed.as_bytes().to_vec();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        tampered.push(format!("{word}.{}", String::from_utf8(letters).unwrap()));
    }
    for id in tampered {
        for hub in [&one, &two] {
            assert_eq!(found(hub.sessions(), &id), Err(NoSession::Unknown), "{id}");
        }
    }
    for key in [
        Some("another key that is long enough, and known to nobody"),
        None,
    ] {
        let stranger = world.hub(key, None).await;
        assert_eq!(found(stranger.sessions(), &id), Err(NoSession::Unknown));
    }
    assert_eq!(two.sessions().count(), 0);
    assert_eq!(found(two.sessions(), &id), Ok(()));
}

// rule: mcp-transport-session-ended
#[tokio::test]
async fn a_session_that_ended_here_stays_ended_and_one_that_is_too_old_is_gone() {
    let world = World::new();
    let hub = world.hub(Some(KEY), None).await;
    let id = opened(hub.sessions(), "{}").await;
    let anyone = Caller::anyone();
    let session = hub.sessions().find(&id, &Endpoint::Everything, &anyone);
    hub.sessions().close(&session.unwrap());
    assert_eq!(found(hub.sessions(), &id), Err(NoSession::Unknown));
    let id = opened(hub.sessions(), "{}").await;
    world.clock.advance(LIFE);
    assert_eq!(
        found(world.hub(Some(KEY), None).await.sessions(), &id),
        Ok(())
    );
    world.clock.advance(Duration::from_secs(1));
    let late = world.hub(Some(KEY), None).await;
    assert_eq!(found(late.sessions(), &id), Err(NoSession::Unknown));
    assert_eq!(
        found(hub.sessions(), &id),
        Ok(()),
        "where it lives it goes on"
    );
}

// rule: mcp-transport-resume-stream
#[tokio::test]
async fn a_stream_of_a_session_that_lost_its_place_is_no_stream_of_the_one_made_anew() {
    let world = World::new();
    let hub = world.hub(Some(KEY), None).await;
    let id = opened(hub.sessions(), "{}").await;
    let anyone = Caller::anyone();
    let find = || hub.sessions().find(&id, &Endpoint::Everything, &anyone);
    let session = find().unwrap();
    let lost = session
        .stream(Some("1"), stream::pending().boxed())
        .opening_id();
    let before = session.listen().unwrap().opening_id();
    hub.sessions().shared.let_go(&session);
    let anew = find().unwrap();
    let _other = anew.stream(Some("2"), stream::pending().boxed());
    let _others = anew.listen().unwrap();
    let Resumed::Lost { answer, .. } = anew.resume(&lost) else {
        panic!("{lost} led to the stream of another request");
    };
    assert_eq!(answer.id(), Some("1"));
    assert!(matches!(anew.resume(&before), Resumed::Afresh(_)));
}

#[tokio::test]
async fn what_is_remembered_of_ended_sessions_is_bounded() {
    let world = World::new();
    let hub = world.hub(Some(KEY), None).await;
    let vault = Vault::with_key(&SecretString::from(KEY)).unwrap();
    let none: Environment = Arc::new(|_| None);
    let passports = Passports::new(hub.store().clone(), world.clock.clone(), vault, &none);
    for n in 0..2 * MOST_ENDED {
        passports.end(&n.to_string());
        passports.end(&n.to_string());
    }
    let kept = |passports: &Passports| {
        let ended = passports.ended();
        assert_eq!(ended.ids.len(), ended.order.len());
        ended.ids.len()
    };
    assert_eq!(kept(&passports), MOST_ENDED);
    world.clock.advance(LIFE + Duration::from_secs(1));
    passports.end("late");
    assert_eq!(kept(&passports), 1);
}

#[tokio::test]
async fn long_declarations_are_cut_down_to_what_the_hub_acts_on() {
    let world = World::new();
    let hub = world.hub(Some(KEY), None).await;
    let long = "x".repeat(5_000);
    let declared = format!(
        r#"{{"sampling":{{"{long}":1}},"elicitation":{{"form":{{}},"url":{{}}}},"roots":{{}}}}"#
    );
    let id = opened(hub.sessions(), &declared).await;
    assert!(id.len() < 400, "{}", id.len());
    let two = world.hub(Some(KEY), None).await;
    let session = two
        .sessions()
        .find(&id, &Endpoint::Everything, &Caller::anyone())
        .unwrap();
    let expected = r#"{"sampling":{},"elicitation":{"form":{},"url":{}},"roots":{}}"#;
    assert_eq!(&*session.capabilities, expected);
    assert_eq!(essence("{}"), "{}");
    for declared in ["{}", r#"{"url":{}}"#, r#"{"form":{},"url":{}}"#] {
        let declared = format!(r#"{{"elicitation":{declared}}}"#);
        assert_eq!(essence(&declared), declared, "no more than was said");
    }
}

#[tokio::test]
async fn without_a_key_sessions_end_with_the_process_unless_the_settings_and_the_logins_key_say_otherwise()
 {
    const LOGINS: &str = "the secret of the logins, which is long enough for a key";
    let world = World::new();
    for (rebuild, secret, lasts) in [
        (false, None, false),
        (false, Some(LOGINS), false),
        (true, None, false),
        (true, Some("short"), false),
        (true, Some(LOGINS), true),
    ] {
        world.write(&format!(r#"{{"enableSessionRebuild":{rebuild}}}"#));
        let id = opened(world.hub(None, secret).await.sessions(), "{}").await;
        assert_eq!(id.contains('.'), lasts);
        let after = world.hub(None, secret).await;
        assert_eq!(found(after.sessions(), &id).is_ok(), lasts, "{rebuild}");
    }
}

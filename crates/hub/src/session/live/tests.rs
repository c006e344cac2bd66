//! Who loses a session, when there are too many.

use std::sync::atomic::Ordering;

use mcp::message::Message;

use super::Most;
use crate::access::Caller;
use crate::catalog::Endpoint;
use crate::session::passport::Passports;
use crate::session::{NoSession, Sessions};
use crate::{Hub, HubOptions};

async fn sessions(of_all: usize, of_one: usize) -> (Sessions, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings_path = folder.path().join("mcp_settings.json");
    std::fs::write(&settings_path, "{}").unwrap();
    let (clock, vault) = (
        crate::clock::Clock::system(),
        crate::vault::Vault::default(),
    );
    let environment: crate::store::Environment = std::sync::Arc::new(|_| None);
    let hub = Hub::start(HubOptions {
        settings_path,
        environment: environment.clone(),
        vault: vault.clone(),
        port: 0,
        clock: clock.clone(),
    });
    let hub = hub.await.unwrap();
    let most = Most { of_all, of_one };
    let passports = Passports::new(hub.store().clone(), clock, vault, &environment);
    let catalog = hub.catalog().clone();
    let kept = (passports, hub.activity().clone());
    (Sessions::with_at_most(most, catalog, kept), folder)
}

async fn open(sessions: &Sessions, caller: &Caller, used: u64) -> Result<Box<str>, NoSession> {
    let params = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#;
    let initialize = Message::request("1", "initialize", Some(params));
    let opened = sessions.open(Endpoint::Everything, caller, &initialize);
    let (session, _) = opened.await?;
    session.used.store(used, Ordering::Relaxed);
    Ok(session.id().into())
}

fn is_open(sessions: &Sessions, id: &str) -> bool {
    sessions.shared.live.get(id).is_some()
}

#[tokio::test]
async fn a_client_that_opens_too_many_sessions_loses_its_own_that_it_used_longest_ago() {
    let (sessions, _folder) = sessions(100, 32).await;
    let other = open(&sessions, &Caller::operator(), 0).await.unwrap();
    let mut mine = Vec::new();
    for used in 1..=32 {
        mine.push(open(&sessions, &Caller::anyone(), used).await.unwrap());
    }
    assert_eq!(sessions.count(), 33);
    let newest = open(&sessions, &Caller::anyone(), 99).await.unwrap();
    let there: Vec<_> = mine.iter().map(|id| is_open(&sessions, id)).collect();
    // One in sixteen at once.
    assert!(!there[0] && !there[1] && there[2..].iter().all(|there| *there));
    assert!(is_open(&sessions, &newest) && is_open(&sessions, &other));
}

#[tokio::test]
async fn when_all_are_full_whoever_has_the_most_makes_room() {
    let (sessions, _folder) = sessions(20, 100).await;
    let first = open(&sessions, &Caller::operator(), 0).await.unwrap();
    for used in 1..20 {
        open(&sessions, &Caller::anyone(), used).await.unwrap();
    }
    open(&sessions, &Caller::operator(), 0).await.unwrap();
    assert!(is_open(&sessions, &first));
    assert!(sessions.count() <= 20);
}

#[tokio::test]
async fn sessions_in_which_something_goes_on_are_not_ended_for_new_ones() {
    let (sessions, _folder) = sessions(100, 2).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let id = open(&sessions, &Caller::anyone(), 0).await.unwrap();
        held.push(sessions.shared.live.get(&id).unwrap().listen().unwrap());
    }
    let refused = open(&sessions, &Caller::anyone(), 0).await;
    assert_eq!(refused.unwrap_err(), NoSession::TooMany);
    drop(held);
    assert!(open(&sessions, &Caller::anyone(), 0).await.is_ok());
}

#[tokio::test]
async fn what_counts_the_sessions_of_each_forgets_who_has_none() {
    let (sessions, _folder) = sessions(100, 10).await;
    for _ in 0..50 {
        let id = open(&sessions, &Caller::anyone(), 0).await.unwrap();
        let session = sessions.shared.live.get(&id).unwrap();
        sessions.close(&session);
        sessions.close(&session);
    }
    assert_eq!(sessions.count(), 0);
    assert!(sessions.shared.live.of.is_empty());
}

#[tokio::test]
async fn a_client_that_says_too_much_of_itself_gets_no_session() {
    let (sessions, _folder) = sessions(100, 10).await;
    let large = "x".repeat(20_000);
    let params = format!("{{\"capabilities\":{{\"experimental\":{{\"{large}\":{{}}}}}}}}");
    let initialize = Message::request("1", "initialize", Some(&params));
    let caller = Caller::anyone();
    let opened = sessions.open(Endpoint::Everything, &caller, &initialize);
    assert!(matches!(opened.await, Err(NoSession::Initialize(_))));
}

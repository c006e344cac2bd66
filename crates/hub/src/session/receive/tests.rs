//! How many requests may be under way.

use super::*;
use crate::access::Caller;
use crate::catalog::Endpoint;
use crate::clock::Clock;
use crate::session::callers::MOST_OF_ONE;
use crate::vault::Vault;
use crate::{Hub, HubOptions};

async fn hub(folder: &tempfile::TempDir) -> Hub {
    let settings_path = folder.path().join("mcp_settings.json");
    let servers =
        r#"{"mcpServers":{"up":{"type":"streamable-http","url":"http://127.0.0.1:1/mcp"}}}"#;
    std::fs::write(&settings_path, servers).unwrap();
    let options = HubOptions {
        settings_path,
        environment: Arc::new(|_| None),
        vault: Vault::default(),
        port: 0,
        clock: Clock::system(),
    };
    Hub::start(options).await.unwrap()
}

async fn session(sessions: &Sessions) -> Arc<Session> {
    let params = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#;
    let initialize = Message::request("1", method::INITIALIZE, Some(params));
    let caller = Caller::anyone();
    let opened = sessions.open(Endpoint::Named("up".into()), &caller, &initialize);
    opened.await.unwrap().0
}

#[tokio::test]
async fn requests_under_way_are_bounded_in_each_session_and_for_each_caller() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub(&folder).await;
    let sessions = hub.sessions();
    let mut held = Vec::new();
    let refusal = loop {
        let session = session(sessions).await;
        let mut of_one = 0;
        let refusal = loop {
            let call = Message::request(&of_one.to_string(), method::TOOLS_CALL, None);
            match sessions.receive(&session, call).await {
                Reply::Later(exchange) => held.push(exchange),
                Reply::Now(refusal) => break refusal,
                Reply::Accepted => panic!("a request is answered"),
            }
            of_one += 1;
        };
        if of_one < MOST_CALLS {
            break refusal;
        }
        assert_eq!(of_one, MOST_CALLS);
        assert!(refusal.error().unwrap().contains("in this session"));
    };
    assert_eq!(held.len(), MOST_OF_ONE);
    assert!(refusal.error().unwrap().contains("of this caller"));
    held.pop();
    let call = Message::request("\"another\"", method::TOOLS_CALL, None);
    let reply = sessions.receive(&session(sessions).await, call).await;
    assert!(matches!(reply, Reply::Later(_)));
}

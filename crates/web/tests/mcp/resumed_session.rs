//! A client by hand that loses the stream of what happens outside of requests, and what it gets when it comes back.

use serde_json::json;

use crate::by_hand::{Events, Wire};
use crate::harness::hub_with;
use crate::up;

const ALL_LISTS: [&str; 4] = [
    "priming",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
];

async fn told(stream: &mut Events, many: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..many {
        all.push(stream.told().await.1);
    }
    all
}

// rule: mcp-transport-resume-stream
#[tokio::test]
async fn what_happens_while_nobody_listens_is_told_to_the_client_that_comes_back() {
    let (url, up) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let other = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let mut watching = Events::of(other.request(http::Method::GET)).await;
    assert_eq!(watching.told().await.1, "priming");
    let mut stream = Events::of(wire.request(http::Method::GET)).await;
    let (id, what) = stream.told().await;
    assert_eq!(what, "priming");
    drop(stream);
    for name in ["fresh", "fresher"] {
        up.tools.lock().unwrap().push(name);
        up.tells_of_tools().await;
        // Both sessions are told in one go.
        watching.told().await;
    }
    let mut stream = Events::of(wire.resuming(&id)).await;
    let changed = "notifications/tools/list_changed";
    assert_eq!(told(&mut stream, 3).await, ["priming", changed, changed]);
    let mut again = Events::of(wire.resuming(&id)).await;
    assert_eq!(told(&mut again, 3).await, ["priming", changed, changed]);
    assert!(stream.next().await.is_none(), "one reads at a time");
}

#[tokio::test]
async fn a_stream_of_a_hub_before_this_one_begins_anew_with_a_word_that_all_may_have_changed() {
    let (url, _) = up::start("up").await;
    let hub = hub_with(&url, json!({})).await;
    let wire = Wire::initialized(&hub, "/mcp/up", "2025-11-25").await;
    let mut stream = Events::of(wire.resuming("5.s1.before")).await;
    assert_eq!(told(&mut stream, 4).await, ALL_LISTS);
}

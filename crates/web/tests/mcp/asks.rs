//! What a server asks or tells during a call goes to the caller, and the caller's answer goes back.

use serde_json::json;

use crate::client::{connect, connect_as};
use crate::harness::{hub_with, soon, typed};
use crate::up::{self, Way};

#[tokio::test]
async fn sampling_elicitation_and_roots_reach_the_caller_and_the_answer_goes_back() {
    for way in Way::BOTH {
        let (url, _) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let client = connect(&hub.url("/mcp/up")).await;
        let sampled = client.tool("sample", json!({})).await;
        assert_eq!(sampled, "client says so", "{way:?}");
        let answer = client.tool("elicit", json!({})).await;
        assert!(
            answer.contains("\"accept\"") && answer.contains("\"client\""),
            "{way:?}: {answer}"
        );
        let roots = client.tool("roots", json!({})).await;
        assert_eq!(roots, "file:///client", "{way:?}");
        let asked = ["asked to sample", "a name for everything?"];
        assert_eq!(client.heard(), asked, "{way:?}");
    }
}

#[tokio::test]
async fn two_callers_of_one_server_are_each_asked_for_their_own_call() {
    for way in Way::BOTH {
        let (url, _) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let abilities = json!({ "sampling": {}, "elicitation": {} });
        let alice = connect_as("alice", &hub.url("/mcp/up"), abilities.clone()).await;
        let bob = connect_as("bob", &hub.url("/mcp"), abilities).await;
        let calls = futures::future::join_all((0..10).map(|turn| {
            let (alice, bob) = (&alice, &bob);
            async move {
                if turn % 2 == 0 {
                    let said = alice.tool("sample", json!({})).await;
                    assert_eq!(said, "alice says so", "{way:?}");
                } else {
                    let said = bob.tool("up-sample", json!({})).await;
                    assert_eq!(said, "bob says so", "{way:?}");
                }
            }
        }));
        calls.await;
        let asked = (alice.heard().len(), bob.heard().len());
        assert_eq!(asked, (5, 5), "{way:?}");
    }
}

#[tokio::test]
async fn a_client_is_not_asked_what_it_cannot_answer() {
    for way in Way::BOTH {
        let (url, _) = up::start_as("everything", way).await;
        let hub = hub_with(&url, json!({})).await;
        let client = connect_as("plain", &hub.url("/mcp/up"), json!({})).await;
        let answer = client.tool("sample", json!({})).await;
        assert!(
            answer.contains("did not declare that it can answer sampling/createMessage"),
            "{way:?}: {answer}"
        );
        assert!(client.heard().is_empty());
    }
}

#[tokio::test]
async fn progress_comes_in_order_under_the_callers_own_token() {
    let (url, _) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    for (path, tool) in [("/mcp/up", "progress"), ("/mcp", "up-progress")] {
        let client = connect(&hub.url(path)).await;
        assert_eq!(client.tool(tool, json!({})).await, "done");
        client.hears("progress 3").await;
        assert_eq!(client.heard(), ["progress 1", "progress 2", "progress 3"]);
    }
}

#[tokio::test]
async fn a_cancelled_call_is_cancelled_at_the_server() {
    use rmcp::model::{CallToolRequest, ClientRequest};
    use rmcp::service::PeerRequestOptions;

    let (url, up) = up::start("everything").await;
    let hub = hub_with(&url, json!({})).await;
    let client = connect(&hub.url("/mcp/up")).await;
    let request = CallToolRequest::new(typed(json!({ "name": "wait" })));
    let options = PeerRequestOptions::no_options();
    let request = ClientRequest::CallToolRequest(request);
    let handle = client
        .service
        .send_cancellable_request(request, options)
        .await
        .unwrap();
    soon(up.started.notified()).await;
    handle.cancel(Some("enough".to_owned())).await.unwrap();
    soon(up.cancelled.notified()).await;
}

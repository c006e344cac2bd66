//! What the hub says of itself while servers cannot list their tools: a model that sees no tool knows who has to do what.

use lab::Switches;
use serde_json::json;

use crate::client::{Connected, Wire, connect, connect_as, connect_over};
use crate::stage::{Stage, soon};

fn instructions(client: &Connected) -> String {
    let said = client.service.peer_info().unwrap();
    said.instructions.clone().unwrap_or_default()
}

#[tokio::test]
async fn a_client_is_told_which_servers_list_nothing_before_a_sign_in_and_where_that_is_done() {
    let stage = Stage::new().await;
    let alone = connect(&stage.endpoint()).await;
    let all = format!("{}/mcp", stage.base);
    let stateless = connect_over(Wire::Stateless, &all, None, (json!({}), "")).await;
    for client in [&alone, &connect(&all).await, &stateless] {
        let said = instructions(client);
        assert!(
            said.contains("missing: practice. ") && said.contains("http://localhost:3000/connect "),
            "{said}"
        );
    }
    stage.signs_in(None).await;
    assert_eq!(soon(alone.calls("hello")).await.unwrap(), "hello");
    assert_eq!(instructions(&connect(&all).await), "");
}

#[tokio::test]
async fn where_each_user_signs_in_for_himself_each_is_told_of_his_own() {
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "kind": "user", "owner": id, "accessType": "all" });
    let settings = json!({
        "practice": { "visibility": "public", "oauth": { "tokens": "per_user" } },
        "users": [{ "username": "alice" }, { "username": "bob" }],
        "bearerKeys": [key("alice"), key("bob"), { "id": "all", "token": "all", "enabled": true, "accessType": "all" }],
    });
    let stage = Stage::with(settings, Switches::default()).await;
    stage.signs_in(Some("bob")).await;
    let all = format!("{}/mcp", stage.base);
    for (key, told) in [("alice", true), ("bob", false), ("all", false)] {
        let client = connect_as(&all, Some(key), json!({}), "").await;
        assert_eq!(instructions(&client).contains("practice"), told, "{key}");
    }
}

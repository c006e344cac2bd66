//! Clients of the old HTTP+SSE transport in crowds, without a socket.

mod stage;

use http::{Method, StatusCode};
use serde_json::json;
use stage::{Stage, request};
use tower::ServiceExt;

#[tokio::test]
async fn a_key_that_opens_streams_without_end_is_refused_and_locks_nobody_out() {
    let key = |id: &str| json!({ "id": id, "token": id, "enabled": true, "accessType": "all" });
    let settings = json!({ "bearerKeys": [key("greedy"), key("modest")] });
    let stage = Stage::new(&settings.to_string()).await;
    let open = async |key: &str| {
        let mut request = request(Method::GET, "/sse");
        let bearer = format!("Bearer {key}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        stage.router.clone().oneshot(request).await.unwrap()
    };
    let mut held = Vec::new();
    let refused = loop {
        let response = open("greedy").await;
        if response.status() != StatusCode::OK || held.len() > 20_000 {
            break response;
        }
        held.push(response);
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(held.len(), 4_000);
    assert_eq!(open("modest").await.status(), StatusCode::OK);
    held.pop();
    assert_eq!(
        open("greedy").await.status(),
        StatusCode::OK,
        "one has ended"
    );
}

//! An MCP server in one handler: it lets everybody in, and offers two prompts, a resource and what a template makes.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// Starts it; its address.
pub(crate) async fn start() -> String {
    let router = axum::Router::new().route("/mcp", axum::routing::post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/mcp")
}

async fn answer(Json(asked): Json<Value>) -> Response {
    let Some(id) = asked.get("id") else {
        return StatusCode::ACCEPTED.into_response();
    };
    let params = &asked["params"];
    let result = match asked["method"].as_str().unwrap() {
        "initialize" => json!({
            "protocolVersion": "2025-06-18",
            "capabilities": { "prompts": {}, "resources": {} },
            "serverInfo": { "name": "offers", "version": "1" },
        }),
        "prompts/list" => json!({ "prompts": [
            { "name": "greet", "arguments": [{ "name": "who", "required": true }] }, { "name": "part" },
        ] }),
        "resources/list" => json!({ "resources": [{ "uri": "test://text", "name": "text" }] }),
        "resources/templates/list" => {
            json!({ "resourceTemplates": [{ "uriTemplate": "made://{id}", "name": "made" }] })
        }
        "prompts/get" => json!({ "messages": [{
            "role": "user",
            "content": { "type": "text", "text": format!("{} {}", params["name"], params["arguments"]) },
        }] }),
        "resources/read" => {
            json!({ "contents": [{ "uri": params["uri"], "mimeType": "text/plain", "text": "its text" }] })
        }
        _ => {
            let error = json!({ "code": -32601, "message": "not here" });
            return Json(json!({ "jsonrpc": "2.0", "id": id, "error": error })).into_response();
        }
    };
    Json(json!({ "jsonrpc": "2.0", "id": id, "result": result })).into_response()
}

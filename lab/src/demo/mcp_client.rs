//! A client of the hub's `/mcp`, as small as a client can be.

use serde_json::{Value, json};

use super::cause::Cause;
use super::hub::Hub;

#[derive(Debug)]
pub(super) struct McpClient {
    client: reqwest::Client,
    url: String,
    session: Option<String>,
}

impl McpClient {
    /// Says hello, and gives the client with the hub's answer.
    pub(super) async fn connect(hub: &Hub) -> Result<(Self, Value), Cause> {
        let mut client = Self {
            client: hub.client().clone(),
            url: format!("{}/mcp", hub.base()),
            session: None,
        };
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "mcphub-demo", "version": env!("CARGO_PKG_VERSION") },
        });
        let answer = client
            .send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello }))
            .await?;
        let session = answer
            .headers()
            .get("mcp-session-id")
            .and_then(|value| value.to_str().ok());
        client.session = session.map(str::to_owned);
        let told = result_of(answer, 0).await?;
        client
            .send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
            .await?;
        Ok((client, told))
    }

    pub(super) async fn ask(&self, id: u64, method: &str, params: Value) -> Result<Value, Cause> {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        result_of(self.send(&message).await?, id).await
    }

    /// Calls a tool, and gives the text of its result.
    pub(super) async fn call(
        &self,
        id: u64,
        tool: &str,
        arguments: Value,
    ) -> Result<String, Cause> {
        let result = self
            .ask(
                id,
                "tools/call",
                json!({ "name": tool, "arguments": arguments }),
            )
            .await?;
        match result["content"][0]["text"].as_str() {
            Some(text) if result["isError"] != true => Ok(text.to_owned()),
            Some(_) | None => Err(Cause::CallFailed(result)),
        }
    }

    async fn send(&self, message: &Value) -> Result<reqwest::Response, Cause> {
        let mut request = self
            .client
            .post(&self.url)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .json(message);
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        let asked = format!(
            "POST /mcp {}",
            message["method"].as_str().unwrap_or_default()
        );
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(source) => return Err(Cause::NoAnswer { asked, source }),
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        Err(Cause::Refused {
            asked,
            status,
            answer: answer.text().await?,
        })
    }
}

async fn result_of(answer: reqwest::Response, id: u64) -> Result<Value, Cause> {
    let text = answer.text().await?;
    let message = response(&text, id)
        .ok_or_else(|| Cause::Missing(format!("no answer to request {id} in: {text}")))?;
    match message.get("result") {
        Some(result) => Ok(result.clone()),
        None => Err(Cause::CallFailed(message["error"].clone())),
    }
}

/// The response of this id, in a JSON body or among the events of a stream.
fn response(text: &str, id: u64) -> Option<Value> {
    let is_ours = |message: &Value| message["id"] == id;
    let whole = serde_json::from_str(text).ok().filter(is_ours);
    whole.or_else(|| {
        let events = text.lines().filter_map(|line| line.strip_prefix("data:"));
        events
            .filter_map(|event| serde_json::from_str(event).ok())
            .find(is_ours)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_found_in_a_body_and_in_a_stream() {
        let body = r#"{"jsonrpc":"2.0","id":3,"result":{}}"#;
        assert!(response(body, 3).is_some());
        assert!(response(body, 4).is_none());
        let stream = format!(
            "event: message\ndata: {{\"method\":\"x\"}}\n\nevent: message\ndata: {body}\n\n"
        );
        assert!(response(&stream, 3).is_some());
    }
}

//! The hub's MCP endpoints as a client finds them: the address, and whether one gets in.
//!
//! Asked as clients ask: `initialize`, and the session that it opened is ended.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use super::Hub;
use crate::failure::Failure;

/// What a client meets at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// 401: it wants a bearer key, or another one.
    Shut,
    /// The hub's words.
    Refused(String),
}

impl Hub {
    /// `{base}/mcp`, or the endpoint of a group or server.
    pub(crate) fn endpoint(&self, name: Option<&str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("mcp");
            path.extend(name.into_iter().flat_map(|name| name.split('/')));
        }
        url
    }

    /// # Errors
    /// When no hub answers.
    pub(crate) async fn knock(&self, endpoint: &Url, key: Option<&str>) -> Result<Door, Failure> {
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "mcphub-connect", "version": env!("CARGO_PKG_VERSION") },
        } });
        let asked = |method: Method| {
            let request = self.http.request(method, endpoint.clone());
            let request = request.header(header::ACCEPT, "application/json, text/event-stream");
            match key {
                Some(key) => request.bearer_auth(key),
                None => request,
            }
        };
        let answer = asked(Method::POST).json(&hello).send().await;
        let answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        if status.is_success() {
            if let Some(session) = answer.headers().get("mcp-session-id") {
                let end = asked(Method::DELETE).header("mcp-session-id", session.clone());
                // A session that is not ended here ends by itself.
                drop(end.send().await);
            }
            return Ok(Door::Open);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Ok(Door::Shut);
        }
        let text = answer.text().await.unwrap_or_default();
        let told = serde_json::from_str::<Value>(&text).unwrap_or_default();
        let words = told["message"]
            .as_str()
            .or(told["error"]["message"].as_str());
        Ok(Door::Refused(
            words.map_or_else(|| format!("{status}"), str::to_owned),
        ))
    }
}

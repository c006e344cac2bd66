//! An `rmcp` client that writes down what it hears, and answers a question with a link as it was told to.

use std::sync::Arc;

use rmcp::model::*;
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, NotificationContext, RequestContext, RunningService,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::stage::soon;

#[derive(Clone)]
pub(crate) struct Client {
    capabilities: ClientCapabilities,
    answer: &'static str,
    heard: mpsc::UnboundedSender<String>,
}

pub(crate) struct Connected {
    pub(crate) service: Arc<RunningService<RoleClient, Client>>,
    pub(crate) heard: mpsc::UnboundedReceiver<String>,
}

/// A client that can be asked nothing.
pub(crate) async fn connect(url: &str) -> Connected {
    connect_as(url, None, json!({}), "").await
}

/// `answer`: the action that answers each question.
pub(crate) async fn connect_as(
    url: &str,
    key: Option<&str>,
    capabilities: Value,
    answer: &'static str,
) -> Connected {
    connect_over(Wire::Handshake, url, key, (capabilities, answer)).await
}

/// How a client begins.
#[derive(Clone, Copy)]
pub(crate) enum Wire {
    /// With `initialize`, at 2025-11-25.
    Handshake,
    /// 2026-07-28.
    Stateless,
}

fn lifecycle(wire: Wire) -> ClientLifecycleMode {
    match wire {
        Wire::Handshake => ClientLifecycleMode::Initialize,
        Wire::Stateless => ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        },
    }
}

pub(crate) async fn connect_over(
    wire: Wire,
    url: &str,
    key: Option<&str>,
    (capabilities, answer): (Value, &'static str),
) -> Connected {
    let (hears, heard) = mpsc::unbounded_channel();
    let client = Client {
        capabilities: serde_json::from_value(capabilities).unwrap(),
        answer,
        heard: hears,
    };
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    if let Some(key) = key {
        config = config.auth_header(key);
    }
    let transport = StreamableHttpClientTransport::from_config(config);
    let service = soon(client.serve_with_lifecycle(transport, lifecycle(wire)))
        .await
        .unwrap();
    Connected {
        service: Arc::new(service),
        heard,
    }
}

impl Connected {
    /// Begins to call `echo`; the text of its result, with "ERROR " in front of an error's.
    pub(crate) fn calls(&self, text: &str) -> tokio::task::JoinHandle<String> {
        self.calls_tool("echo", &json!({ "text": text }))
    }

    pub(crate) fn calls_tool(
        &self,
        name: &str,
        arguments: &Value,
    ) -> tokio::task::JoinHandle<String> {
        let params = json!({ "name": name, "arguments": arguments });
        let params: CallToolRequestParams = serde_json::from_value(params).unwrap();
        let service = Arc::clone(&self.service);
        tokio::spawn(async move {
            let result = soon(service.call_tool(params)).await.unwrap();
            let result = serde_json::to_value(&result).unwrap();
            let text = result["content"][0]["text"].as_str().unwrap_or_default();
            let error = if result["isError"] == json!(true) {
                "ERROR "
            } else {
                ""
            };
            format!("{error}{text}")
        })
    }

    /// The next thing that it hears.
    pub(crate) async fn hears(&mut self) -> String {
        soon(self.heard.recv()).await.unwrap()
    }
}

impl Client {
    fn hear(&self, what: String) {
        drop(self.heard.send(what));
    }
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let implementation =
            serde_json::from_value(json!({ "name": "t", "version": "1" })).unwrap();
        ClientConfig::new(self.capabilities.clone(), implementation)
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let request = serde_json::to_value(&request).unwrap();
        self.hear(format!("asked {request}"));
        Ok(serde_json::from_value(json!({ "action": self.answer })).unwrap())
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.hear(format!("progress {}", progress.message.unwrap_or_default()));
    }

    async fn on_custom_notification(
        &self,
        notification: CustomNotification,
        _: NotificationContext<RoleClient>,
    ) {
        self.hear(notification.method);
    }
}

//! An `rmcp` client that answers what servers ask and writes down what it hears.

use std::sync::{Arc, Mutex};

use rmcp::model::*;
use rmcp::service::{NotificationContext, RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::harness::{soon, typed};

#[derive(Clone)]
pub(crate) struct Client {
    name: &'static str,
    capabilities: ClientCapabilities,
    heard: Arc<Mutex<Vec<String>>>,
    news: Arc<Notify>,
}

pub(crate) struct Connected {
    pub(crate) service: RunningService<RoleClient, Client>,
    heard: Arc<Mutex<Vec<String>>>,
    news: Arc<Notify>,
}

/// A client that can answer everything.
pub(crate) async fn connect(url: &str) -> Connected {
    connect_as(
        "client",
        url,
        json!({ "sampling": {}, "elicitation": {}, "roots": {} }),
    )
    .await
}

pub(crate) async fn connect_as(name: &'static str, url: &str, capabilities: Value) -> Connected {
    let (heard, news) = (Arc::default(), Arc::default());
    let client = Client {
        name,
        capabilities: typed(capabilities),
        heard: Arc::clone(&heard),
        news: Arc::clone(&news),
    };
    let transport = StreamableHttpClientTransport::from_uri(url);
    let service = soon(client.serve(transport)).await.expect("a session");
    Connected {
        service,
        heard,
        news,
    }
}

impl Connected {
    /// Calls a tool; the text of its result, with "ERROR " in front of an error's.
    pub(crate) async fn tool(&self, name: &'static str, arguments: Value) -> String {
        let params: CallToolRequestParams = typed(json!({ "name": name, "arguments": arguments }));
        let result = soon(self.service.call_tool(params))
            .await
            .expect("a result");
        let result = serde_json::to_value(&result).expect("JSON");
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        let error = if result["isError"] == json!(true) {
            "ERROR "
        } else {
            ""
        };
        format!("{error}{text}")
    }

    pub(crate) async fn tools(&self) -> Vec<String> {
        let tools = soon(self.service.list_all_tools()).await.expect("tools");
        tools
            .into_iter()
            .map(|tool| tool.name.into_owned())
            .collect()
    }

    pub(crate) async fn read(&self, uri: &str) -> Result<String, rmcp::ServiceError> {
        let params: ReadResourceRequestParams = typed(json!({ "uri": uri }));
        let result = soon(self.service.read_resource(params)).await?;
        let result = serde_json::to_value(&result).expect("JSON");
        Ok(result["contents"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("heard").clone()
    }

    /// Waits until the client heard this.
    pub(crate) async fn hears(&self, what: &str) {
        soon(async {
            loop {
                let news = self.news.notified();
                if self.heard().iter().any(|heard| heard == what) {
                    return;
                }
                news.await;
            }
        })
        .await;
    }
}

impl Client {
    fn hear(&self, what: impl Into<String>) {
        self.heard.lock().expect("heard").push(what.into());
        self.news.notify_one();
    }
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let implementation = typed(json!({ "name": self.name, "version": "1" }));
        ClientConfig::new(self.capabilities.clone(), implementation)
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        self.hear("asked to sample");
        Ok(typed(json!({
            "role": "assistant", "content": { "type": "text", "text": "Paris" }, "model": self.name,
        })))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let request = serde_json::to_value(&request).expect("JSON");
        self.hear(request["message"].as_str().unwrap_or_default());
        Ok(typed(
            json!({ "action": "accept", "content": { "name": self.name } }),
        ))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        Ok(typed(
            json!({ "roots": [{ "uri": format!("file:///{}", self.name) }] }),
        ))
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.hear(format!("progress {}", progress.progress));
    }

    async fn on_logging_message(
        &self,
        message: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.hear(format!("log {:?}", message.level));
    }

    async fn on_resource_updated(
        &self,
        updated: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.hear(format!("updated {}", updated.uri));
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.hear("tools changed");
    }
}

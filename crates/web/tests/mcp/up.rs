//! An MCP server on `rmcp` that offers a little of everything.

use std::sync::{Arc, Mutex};

use rmcp::model::*;
use rmcp::service::{Peer, RequestContext};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;
use tokio::sync::Notify;

use crate::harness::typed;

#[derive(Clone)]
pub(crate) struct Up {
    name: &'static str,
    shared: Arc<Shared>,
}

#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) tools: Mutex<Vec<&'static str>>,
    /// What it was told, in order.
    pub(crate) heard: Mutex<Vec<String>>,
    pub(crate) started: Notify,
    pub(crate) cancelled: Notify,
    pub(crate) peer: Mutex<Option<Peer<RoleServer>>>,
}

/// Starts a server; its address, and a hand on its inside.
pub(crate) async fn start(name: &'static str) -> (String, Arc<Shared>) {
    let shared = Arc::new(Shared::default());
    *shared.tools.lock().expect("tools") = vec![
        "echo", "sample", "elicit", "roots", "progress", "log", "wait", "touch",
    ];
    let up = Up {
        name,
        shared: Arc::clone(&shared),
    };
    let config = StreamableHttpServerConfig::default();
    let service: StreamableHttpService<Up, LocalSessionManager> =
        StreamableHttpService::new(move || Ok(up.clone()), Arc::default(), config);
    let router = axum::Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/mcp"), shared)
}

impl Shared {
    fn hear(&self, what: impl Into<String>) {
        self.heard.lock().expect("heard").push(what.into());
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("heard").clone()
    }

    pub(crate) fn peer(&self) -> Peer<RoleServer> {
        self.peer.lock().expect("peer").clone().expect("a session")
    }
}

impl ServerHandler for Up {
    fn get_info(&self) -> ServerConfig {
        let capabilities: ServerCapabilities = typed(json!({
            "tools": { "listChanged": true }, "prompts": {}, "completions": {}, "logging": {},
            "resources": { "subscribe": true },
        }));
        let implementation: Implementation = typed(json!({ "name": self.name, "version": "7" }));
        ServerConfig::new(capabilities)
            .with_server_info(implementation)
            .with_instructions("be kind")
    }

    async fn on_initialized(&self, context: rmcp::service::NotificationContext<RoleServer>) {
        *self.shared.peer.lock().expect("peer") = Some(context.peer);
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let names = self.shared.tools.lock().expect("tools").clone();
        let tool = |name| json!({ "name": name, "description": "theirs", "inputSchema": { "type": "object" } });
        let tools: Vec<_> = names.into_iter().map(tool).collect();
        Ok(typed(json!({ "tools": tools })))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = match &*request.name {
            "echo" => format!(
                "{}: {}",
                self.name,
                arguments["text"].as_str().unwrap_or_default()
            ),
            "sample" => self.sample(&context.peer).await,
            "elicit" => self.elicit(&context.peer).await,
            "roots" => match context.peer.list_roots().await {
                Ok(roots) => roots.roots.into_iter().map(|root| root.uri).collect(),
                Err(error) => format!("refused: {error}"),
            },
            "progress" => self.progress(&context).await,
            "log" => self.log(&context.peer).await,
            "wait" => {
                self.shared.started.notify_one();
                context.ct.cancelled().await;
                self.shared.cancelled.notify_one();
                "cancelled".to_owned()
            }
            "touch" => {
                let updated = ResourceUpdatedNotificationParam::new("test://text");
                context
                    .peer
                    .notify_resource_updated(updated)
                    .await
                    .expect("told");
                "touched".to_owned()
            }
            name => return Err(ErrorData::invalid_params(format!("no tool {name}"), None)),
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(typed(
            json!({ "prompts": [{ "name": "greet", "arguments": [{ "name": "who" }] }] }),
        ))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let text = format!("{} of {}", request.name, self.name);
        let result: GetPromptResult = typed(json!({
            "messages": [{ "role": "user", "content": { "type": "text", "text": text } }],
        }));
        Ok(result.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let asked = serde_json::to_value(&request.r#ref).expect("JSON");
        let asked = asked["name"]
            .as_str()
            .or(asked["uri"].as_str())
            .unwrap_or_default()
            .to_owned();
        Ok(typed(json!({ "completion": { "values": [asked] } })))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(typed(
            json!({ "resources": [{ "uri": "test://text", "name": "text" }] }),
        ))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = format!("{}://{{id}}/data", self.name);
        Ok(typed(
            json!({ "resourceTemplates": [{ "uriTemplate": template, "name": "data" }] }),
        ))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let text = format!("{} of {}", request.uri, self.name);
        let result: ReadResourceResult =
            typed(json!({ "contents": [{ "uri": request.uri, "text": text }] }));
        Ok(result.into())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.shared.hear(format!("subscribe {}", request.uri));
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.shared.hear(format!("unsubscribe {}", request.uri));
        Ok(())
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.shared.hear(format!("level {:?}", request.level));
        Ok(())
    }
}

impl Up {
    async fn sample(&self, peer: &Peer<RoleServer>) -> String {
        let params = typed(json!({
            "messages": [{ "role": "user", "content": { "type": "text", "text": "capital?" } }],
            "maxTokens": 5,
        }));
        match peer.create_message(params).await {
            Ok(answer) => format!("{} says so", answer.model),
            Err(error) => format!("refused: {error}"),
        }
    }

    async fn elicit(&self, peer: &Peer<RoleServer>) -> String {
        let params = typed(json!({
            "mode": "form",
            "message": format!("a name for {}?", self.name),
            "requestedSchema": { "type": "object", "properties": { "name": { "type": "string" } } },
        }));
        match peer.create_elicitation(params).await {
            Ok(answer) => serde_json::to_string(&answer).expect("JSON"),
            Err(error) => format!("refused: {error}"),
        }
    }

    async fn progress(&self, context: &RequestContext<RoleServer>) -> String {
        let token = context.meta.get_progress_token().expect("a token");
        for step in [1.0, 2.0, 3.0] {
            let progress = ProgressNotificationParam::new(token.clone(), step);
            context.peer.notify_progress(progress).await.expect("told");
        }
        "done".to_owned()
    }

    async fn log(&self, peer: &Peer<RoleServer>) -> String {
        for level in [LoggingLevel::Debug, LoggingLevel::Error] {
            let message = LoggingMessageNotificationParam::new(level, json!("a line"));
            peer.notify_logging_message(message).await.expect("told");
        }
        "logged".to_owned()
    }
}

//! An MCP server on `rmcp` that offers a little of everything, with a handshake or without.

mod asking;
mod telling;

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use rmcp::model::*;
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;
use tokio::sync::Notify;

use self::telling::Hearers;
use crate::harness::{soon, typed};

/// What it speaks, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Up to 2025-11-25.
    Handshake,
    /// 2026-07-28.
    Stateless,
}

impl Way {
    pub(crate) const BOTH: [Self; 2] = [Self::Handshake, Self::Stateless];
}

#[derive(Clone)]
pub(crate) struct Up {
    name: &'static str,
    way: Way,
    shared: Arc<Shared>,
}

#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) tools: Mutex<Vec<&'static str>>,
    /// What it was told, in order.
    pub(crate) heard: Mutex<Vec<String>>,
    pub(crate) started: Notify,
    pub(crate) cancelled: Notify,
    /// Lets the tool `steps` take one, which it says with `started`.
    pub(crate) go: Notify,
    hearers: Mutex<Hearers>,
    news: Notify,
}

/// Starts a server that shakes hands; its address, and a hand on its inside.
pub(crate) async fn start(name: &'static str) -> (String, Arc<Shared>) {
    start_as(name, Way::Handshake).await
}

pub(crate) async fn start_as(name: &'static str, way: Way) -> (String, Arc<Shared>) {
    let shared = Arc::new(Shared::default());
    *shared.tools.lock().expect("tools") = vec![
        "echo", "sample", "elicit", "roots", "progress", "log", "wait", "touch",
    ];
    let up = Up {
        name,
        way,
        shared: Arc::clone(&shared),
    };
    // Its signs of life go by the time of day, and never end where a test makes time pass.
    let config = StreamableHttpServerConfig::default().with_sse_keep_alive(None);
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
        self.news.notify_one();
    }

    /// Waits until it was told this.
    pub(crate) async fn hears(&self, what: &str) {
        self.hears_after(0, what).await;
    }

    /// Waits until it was told this after so many other things.
    pub(crate) async fn hears_after(&self, many: usize, what: &str) {
        soon(async {
            while !self.heard().iter().skip(many).any(|heard| heard == what) {
                self.news.notified().await;
            }
        })
        .await;
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("heard").clone()
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

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(match self.way {
            Way::Handshake => ProtocolVersion::known_up_to(&ProtocolVersion::V_2025_11_25),
            Way::Stateless => &[ProtocolVersion::V_2026_07_28],
        })
    }

    async fn on_initialized(&self, context: rmcp::service::NotificationContext<RoleServer>) {
        self.shared.hearers.lock().expect("hearers").peer = Some(context.peer);
    }

    fn accepted_subscription_filter(
        &self,
        asked: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(asked.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.serve_listener(&context).await;
        Ok(())
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
        let arguments = request.arguments.clone().unwrap_or_default();
        let text = match &*request.name {
            "echo" => format!(
                "{}: {}",
                self.name,
                arguments["text"].as_str().unwrap_or_default()
            ),
            "sample and roots" => self.ask_at_once(&context.peer).await,
            "sample" | "elicit" | "roots" => return Ok(self.ask(&request, &context.peer).await),
            "progress" => self.progress(&context).await,
            "steps" => self.steps(&arguments, &context).await,
            "log" => {
                self.log(&context).await;
                "logged".to_owned()
            }
            "wait" => {
                self.shared.started.notify_one();
                context.ct.cancelled().await;
                self.shared.cancelled.notify_one();
                "cancelled".to_owned()
            }
            "touch" => {
                self.touch(&context.peer).await;
                "touched".to_owned()
            }
            name => return Err(ErrorData::invalid_params(format!("no tool {name}"), None)),
        };
        Ok(asking::text(text))
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

impl Shared {
    /// Lets the tool `steps` take so many.
    pub(crate) async fn steps(&self, many: usize) {
        for _ in 0..many {
            self.go.notify_one();
            soon(self.started.notified()).await;
        }
    }
}

impl Up {
    /// Takes `many` steps, each as soon as it may; `at_once` as fast as it can.
    async fn steps(&self, arguments: &JsonObject, context: &RequestContext<RoleServer>) -> String {
        let token = context.meta.get_progress_token().expect("a token");
        for step in 1..=arguments["many"].as_u64().expect("a number") {
            if !arguments.contains_key("at_once") {
                tokio::select! {
                    () = self.shared.go.notified() => {}
                    () = context.ct.cancelled() => {
                        self.shared.cancelled.notify_one();
                        return "cancelled".to_owned();
                    }
                }
            }
            let step = f64::from(u32::try_from(step).expect("few"));
            let progress = ProgressNotificationParam::new(token.clone(), step);
            context.peer.notify_progress(progress).await.expect("told");
            if !arguments.contains_key("at_once") {
                self.shared.started.notify_one();
            }
        }
        "done".to_owned()
    }

    async fn progress(&self, context: &RequestContext<RoleServer>) -> String {
        let token = context.meta.get_progress_token().expect("a token");
        for step in [1.0, 2.0, 3.0] {
            let progress = ProgressNotificationParam::new(token.clone(), step);
            context.peer.notify_progress(progress).await.expect("told");
        }
        "done".to_owned()
    }
}

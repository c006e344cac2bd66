//! Streamable HTTP against a server on another implementation of the protocol.

use std::sync::{Arc, Mutex};

use mcp::message::Message;
use rmcp::{
    ErrorData, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
        ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities,
        ServerConfig, Tool,
    },
    service::{RequestContext, RoleServer},
    transport::streamable_http_server::{
        StreamableHttpService, session::local::LocalSessionManager,
    },
};

use crate::desk::{Desk, call, response, soon, whole};

#[derive(Clone)]
struct Steps;

impl ServerHandler for Steps {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = JsonObject::from_iter([("type".to_owned(), "object".into())]);
        Ok(ListToolsResult::with_all_items(vec![Tool::new(
            "steps", "steps", schema,
        )]))
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(token) = context.meta.get_progress_token() {
            for step in [1.0, 2.0] {
                let progress = ProgressNotificationParam::new(token.clone(), step);
                context.peer.notify_progress(progress).await.unwrap();
            }
        }
        Ok(CallToolResult::success(vec![ContentBlock::text("done")]).into())
    }
}

type Peer = StreamableHttpService<Steps, LocalSessionManager>;

/// A server that can be replaced by one that knows no session.
#[derive(Clone)]
struct Server {
    peer: Arc<Mutex<Peer>>,
}

impl Server {
    fn peer() -> Peer {
        StreamableHttpService::new(|| Ok(Steps), Arc::default(), Default::default())
    }

    async fn start() -> (Self, String) {
        let server = Self {
            peer: Arc::new(Mutex::new(Self::peer())),
        };
        let peer = server.peer.clone();
        let app = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let peer = peer.lock().unwrap().clone();
            async move { peer.handle(request).await }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (server, url)
    }

    fn restart(&self) {
        *self.peer.lock().unwrap() = Self::peer();
    }
}

#[tokio::test]
async fn it_is_listed_called_and_heard() {
    let (_server, url) = Server::start().await;
    let desk = Desk::at(&url).await;
    let up = desk.ready().await;
    assert_eq!(up.catalog().tools[0].name.as_ref(), "steps");
    let params = r#"{"name":"steps","arguments":{},"_meta":{"progressToken":"mine"}}"#;
    let request = Message::request("\"a\"", "tools/call", Some(params));
    let messages = soon("the answer", whole(up.call(request))).await.unwrap();
    let tokens: Vec<_> = messages
        .iter()
        .map(|m| m.progress_token().unwrap())
        .collect();
    assert_eq!(tokens, [Some("\"mine\""), Some("\"mine\""), None]);
    assert_eq!(messages[2].id(), Some("\"a\""));
    soon("the end", desk.hub.shutdown()).await;
}

// rule: mcp-transport-session-404
#[tokio::test]
async fn its_restart_is_not_noticed_by_the_next_call() {
    let (server, url) = Server::start().await;
    let desk = Desk::at(&url).await;
    let up = desk.ready().await;
    response(call(&up, "1", "steps")).await.unwrap();
    server.restart();
    let answer = response(call(&up, "2", "steps")).await.unwrap();
    assert!(answer.result().unwrap().contains("done"));
}

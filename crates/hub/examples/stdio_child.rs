//! An MCP server over stdio for tests, on another implementation of the protocol than the hub's. Its tools misbehave on demand.
//! `stay` as an argument: it ignores the end of its input.

use std::{future::pending, io::Write, sync::Arc};

use rmcp::{
    ErrorData, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
        ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::{RequestContext, RoleServer},
    transport::stdio,
};

struct Child;

/// Name of each tool.
const TOOLS: [&str; 7] = [
    "echo",
    "environment",
    "arguments",
    "noise",
    "big",
    "die",
    "hang",
];

impl ServerHandler for Child {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Arc::new(JsonObject::from_iter([(
            "type".to_owned(),
            "object".into(),
        )]));
        Ok(ListToolsResult::with_all_items(
            TOOLS
                .map(|name| Tool::new(name, name, schema.clone()))
                .into(),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = match request.name.as_ref() {
            "echo" => serde_json::to_string(&request.arguments).unwrap_or_default(),
            #[expect(
                clippy::disallowed_methods,
                reason = "this process is there to be asked about its environment"
            )]
            "environment" => std::env::vars()
                .map(|(name, value)| format!("{name}={value}\n"))
                .collect(),
            "arguments" => std::env::args()
                .skip(1)
                .map(|argument| format!("{argument}\n"))
                .collect(),
            "noise" => {
                // Both may be closed by whoever started us.
                let _ = writeln!(std::io::stdout(), "this is no message");
                let _ = writeln!(std::io::stderr(), "\u{1b}[31msomething happened");
                "done".into()
            }
            "big" => "x".repeat(300_000),
            "die" => {
                let _ = writeln!(std::io::stderr(), "out of cheese");
                std::process::exit(3)
            }
            _ => {
                context.ct.cancelled().await;
                let _ = writeln!(std::io::stderr(), "cancelled");
                pending().await
            }
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let stays = std::env::args().any(|argument| argument == "stay");
    let _ = writeln!(std::io::stderr(), "started as {}", std::process::id());
    let Ok(running) = Child.serve(stdio()).await else {
        return;
    };
    // However it ends, there is nothing more to serve.
    let _ = running.waiting().await;
    if stays {
        pending::<()>().await;
    }
}

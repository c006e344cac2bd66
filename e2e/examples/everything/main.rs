//! A server with everything that the revisions have, on `rmcp` over Streamable HTTP, with the conformance suite's fixed names: the
//! upstream, of another make than our data path, for the suite's server role.
//!
//! Prints `{"url"}` and ends with its standard input. `--handshake`: as a server of revision 2025-11-25 and older; `--stateless`: of
//! 2026-07-28 alone; else of all. Leaves out streams that a tool closes.

mod asking;
mod content;
mod server;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use server::{Everything, Speaks};

/// How long a client waits before it comes back to a stream that ended.
const RETRY: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let speaks = match std::env::args().nth(1).as_deref() {
        Some("--handshake") => Speaks::Handshake,
        Some("--stateless") => Speaks::Stateless,
        Some(_) | None => Speaks::All,
    };
    let everything = Everything::new(speaks);
    let service = StreamableHttpService::new(
        move || Ok(everything.clone()),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default().with_sse_retry(Some(RETRY)),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let ready = format!("{{\"url\":\"http://{}/mcp\"}}\n", listener.local_addr()?);
    let mut out = tokio::io::stdout();
    out.write_all(ready.as_bytes()).await?;
    out.flush().await?;
    let router = axum::Router::new().nest_service("/mcp", service);
    let parent_is_gone = async { tokio::io::stdin().read_to_end(&mut Vec::new()).await };
    tokio::select! {
        served = axum::serve(listener, router).into_future() => served?,
        gone = parent_is_gone => drop(gone?),
    }
    Ok(())
}

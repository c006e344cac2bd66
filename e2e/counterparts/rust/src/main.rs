//! A client on rmcp that signs in to the server at `url` (its argument, JSON) with what it finds there, calls `tool`, and for each line on
//! its standard input calls it again. Prints, one line of JSON each, the link for the person, and what each call answered. Its callback
//! is on a port of this machine.

use std::error::Error;

use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

type Failure = Box<dyn Error>;

/// What the browser brings, as an address; whatever else it asks for is not here.
async fn called_back(callback: &TcpListener, address: &str) -> Result<String, Failure> {
    loop {
        let (connection, _) = callback.accept().await?;
        let mut connection = BufReader::new(connection);
        let mut asked = String::new();
        connection.read_line(&mut asked).await?;
        let mut line = asked.clone();
        while !line.trim().is_empty() {
            line.clear();
            connection.read_line(&mut line).await?;
        }
        let query = asked
            .strip_prefix("GET /callback?")
            .and_then(|rest| rest.split(' ').next());
        let status = if query.is_some() {
            "200 OK"
        } else {
            "404 Not Found"
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        connection.write_all(answer.as_bytes()).await?;
        if let Some(query) = query {
            return Ok(format!("{address}?{query}"));
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let given: Value = serde_json::from_str(&std::env::args().nth(1).ok_or("one argument")?)?;
    let [url, tool] = ["url", "tool"].map(|key| given[key].as_str().map(str::to_owned));
    let (url, tool) = (url.ok_or("no url")?, tool.ok_or("no tool")?);

    let callback = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!(
        "http://127.0.0.1:{}/callback",
        callback.local_addr()?.port()
    );
    let mut state = OAuthState::new(&*url, None).await?;
    let request = AuthorizationRequest::new(&*address).with_client_name("A program in Rust");
    state.start_authorization(request).await?;
    println!(
        "{}",
        json!({ "link": state.get_authorization_url().await? })
    );
    let answer = called_back(&callback, &address).await?;
    state.handle_callback_url(&answer).await?;

    let manager = state.into_authorization_manager().ok_or("not signed in")?;
    let client = AuthClient::new(reqwest::Client::new(), manager);
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let service = ().serve(StreamableHttpClientTransport::with_client(client, config)).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let arguments = json!({ "message": "hello" });
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let call = CallToolRequestParams::new(tool.clone()).with_arguments(arguments);
        let result = serde_json::to_value(service.call_tool(call).await?)?;
        println!(
            "{}",
            json!({ "text": result["content"][0]["text"], "error": result["isError"] == true })
        );
        if lines.next_line().await?.is_none() {
            service.cancel().await?;
            return Ok(());
        }
    }
}

//! A whole hub in a house with an authority of its own and a proxy: one sign-in from the first refusal to the revocation.

use std::collections::BTreeSet;
use std::sync::Mutex;

use lab::{Browser, Consent, Decision, Endpoint, Switches, World};
use mcp::message::Message;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::trust::{authority, secured};
use super::*;
use crate::clock::Clock;
use crate::sign_in::Forget;
use crate::upstream::{State, Upstream};
use crate::vault::Vault;
use crate::{Hub, HubOptions};

type Asked = Arc<Mutex<BTreeSet<String>>>;

/// A proxy that opens a way with CONNECT and knows every name as one of this machine. Gives the names that it was asked for.
async fn tunnels() -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let names = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(tunnel(stream, Arc::clone(&names)));
        }
    });
    (address, asked)
}

async fn tunnel(stream: TcpStream, asked: Asked) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let mut line = String::from("not empty");
    while !line.trim().is_empty() {
        line.clear();
        stream.read_line(&mut line).await?;
    }
    let no_way = || std::io::Error::other(format!("{first:?} opens no way"));
    let target = first.split(' ').nth(1).ok_or_else(no_way)?;
    let (name, port) = target.rsplit_once(':').ok_or_else(no_way)?;
    asked.lock().unwrap().insert(name.to_owned());
    let port: u16 = port.parse().map_err(|_| no_way())?;
    let mut there = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"HTTP/1.1 200 Here\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut stream, &mut there).await?;
    Ok(())
}

struct Run {
    world: World,
    /// The login server's address as the world sees it, and as everybody else does.
    plain: String,
    secure: String,
    hub: Hub,
    asked: Asked,
    _folder: tempfile::TempDir,
}

/// Only those names resolve here that are to be reached past the proxy, so that any other way fails.
async fn run(no_proxy: &'static str, names: &[(&str, &[&str])]) -> Run {
    let world = World::start(Switches {
        consent: Consent::Allow,
        ..Switches::default()
    });
    let world = world.await.unwrap();
    let authority = authority();
    let plain = world.issuer();
    let login = secured(&authority, "as.test", socket(&plain)).await;
    let mcp = secured(&authority, "mcp.test", socket(&world.mcp_url())).await;
    let secure = format!("https://as.test:{login}");
    world.call_itself(&secure, &format!("https://mcp.test:{mcp}"));
    let (proxy, asked) = tunnels().await;

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("house.pem"), authority.pem()).unwrap();
    let settings_path = folder.path().join("mcp_settings.json");
    let url = world.mcp_url();
    let servers = json!({ "mcpServers": {
        "up": { "url": url, "caFile": "house.pem", "allowPrivateNetwork": true },
        "trusting nobody": { "url": url, "allowPrivateNetwork": true },
    }});
    std::fs::write(&settings_path, servers.to_string()).unwrap();
    let environment = move |name: &str| match name {
        "HTTPS_PROXY" => Some(format!("http://{proxy}")),
        "NO_PROXY" => Some(no_proxy.to_owned()),
        _ => None,
    };
    let options = HubOptions {
        settings_path,
        environment: Arc::new(environment),
        vault: Vault::default(),
        port: 3000,
        clock: Clock::system(),
    };
    let hub = Hub::resolving(options, Some(lookup(names))).await.unwrap();
    Run {
        world,
        plain,
        secure,
        hub,
        asked,
        _folder: folder,
    }
}

fn socket(url: &str) -> SocketAddr {
    let url = Url::parse(url).unwrap();
    url.socket_addrs(|| None).unwrap()[0]
}

impl Run {
    async fn becomes(&self, server: &str, wanted: impl Fn(&State) -> bool) -> Upstream {
        let upstream = self.hub.upstreams().get(server).unwrap();
        let mut states = upstream.watch();
        let found = states.wait_for(|state| wanted(state));
        // The limit is only for a test that fails.
        let found = timeout(Duration::from_secs(20), found).await;
        assert!(found.is_ok(), "{server} stayed {:?}", upstream.state());
        upstream
    }

    async fn signs_in_calls_and_signs_out(&self) {
        self.becomes("up", |state| matches!(state, State::NeedsSignIn { .. }))
            .await;
        let link = self.hub.sign_ins().begin("up").await.unwrap().url;
        assert!(link.starts_with(&self.secure), "{link}");
        // The person's browser is none of the hub's requests.
        let link = link.replacen(&self.secure, &self.plain, 1);
        let browser = Browser::new().unwrap();
        let back = browser.decide(&link, Decision::Allow).await.unwrap();
        let (_, query) = back.split_once('?').unwrap();
        self.hub.sign_ins().callback(query).await.unwrap();
        let up = self
            .becomes("up", |state| matches!(state, State::Ready))
            .await;
        let params = json!({ "name": "echo", "arguments": { "text": "x" } }).to_string();
        let mut call = up.call(Message::request("1", "tools/call", Some(&params)));
        let answer = call.next().await.unwrap().unwrap();
        assert!(answer.result().is_some(), "{}", answer.text());
        let done = self.hub.sign_ins().sign_out("up", Forget::Tokens).await;
        let done = done.unwrap();
        assert_eq!((done.attempted, done.failed), (2, 0), "{done:?}");
        for endpoint in [
            Endpoint::Mcp,
            Endpoint::ResourceMetadata,
            Endpoint::ServerMetadata,
            Endpoint::Register,
            Endpoint::Token,
            Endpoint::Revoke,
        ] {
            let seen = self.world.requests_at(endpoint);
            let answered =
                |seen: &&lab::Seen| seen.status.is_some_and(|code| (200..300).contains(&code));
            assert!(
                seen.iter().any(|seen| answered(&seen)),
                "{endpoint:?}: {seen:?}"
            );
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().cloned().collect()
    }
}

/// rule: at-56
#[tokio::test]
async fn all_kinds_of_calls_obey_the_same_authority_and_the_same_proxy() {
    let run = run("as.test", &[("as.test", &["127.0.0.1"])]).await;
    run.signs_in_calls_and_signs_out().await;
    assert_eq!(run.asked(), ["mcp.test"]);

    let stranger = run
        .becomes("trusting nobody", |state| state.trouble().is_some())
        .await;
    let why = stranger.state().trouble().unwrap().explain();
    assert!(why.contains("certificate"), "{why}");
    run.hub.shutdown().await;
}

/// rule: at-56
#[tokio::test]
async fn without_an_exception_all_kinds_of_calls_go_through_the_proxy() {
    let run = run("", &[]).await;
    run.signs_in_calls_and_signs_out().await;
    assert_eq!(run.asked(), ["as.test", "mcp.test"]);
    run.hub.shutdown().await;
}

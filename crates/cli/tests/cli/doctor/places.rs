//! Where the doctor is sent: the practice world as a fault wants it, TLS in front of it, and servers of a few words.

use std::net::SocketAddr;
use std::sync::Arc;

use super::faults::NO_NAME;
use lab::{Switches, World};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A practice world, and the names that stand for its addresses.
pub(crate) struct Stage {
    pub(crate) world: World,
    closed: String,
}

impl Stage {
    pub(crate) async fn set(switches: &str) -> Self {
        // Bound and let go: nobody listens there.
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let world = World::start(Switches::default()).await.unwrap();
        let stage = Self { world, closed };
        let patch: Value = serde_json::from_str(&stage.named(switches)).unwrap();
        stage
            .world
            .switches(|all| *all = all.merged(&patch).unwrap());
        stage
    }

    /// Where the MCP server listens.
    pub(crate) fn server(&self) -> SocketAddr {
        let url = url::Url::parse(&self.world.mcp_url()).unwrap();
        url.socket_addrs(|| None).unwrap()[0]
    }

    fn addresses(&self) -> [(&'static str, String); 3] {
        let origin = |url: String| {
            let url = url::Url::parse(&url).unwrap();
            url.origin().ascii_serialization()
        };
        [
            ("{mcp}", origin(self.world.mcp_url())),
            ("{login}", origin(self.world.issuer())),
            ("{closed}", self.closed.clone()),
        ]
    }

    /// With addresses in the place of their names.
    pub(crate) fn named(&self, text: &str) -> String {
        let addresses = self.addresses();
        let put = |text: String, (name, address): &(&str, String)| text.replace(name, address);
        addresses
            .iter()
            .fold(text.replace("{nowhere}", NO_NAME), put)
    }

    /// The other way round, as the page shows them.
    pub(crate) fn shown(&self, text: &str) -> String {
        let hosts = ["mcp.example", "login.example", "down.example"];
        let addresses = self.addresses();
        let mut text = text.replace(NO_NAME, "nowhere.example");
        for ((_, address), host) in addresses.iter().zip(hosts) {
            text = text.replace(address, &format!("https://{host}"));
            let (_, at) = address.split_once("://").unwrap();
            let (ip, port) = at.split_once(':').unwrap();
            text = text.replace(&format!("{ip}, port {port}"), &format!("{host}, port 443"));
        }
        // A client's id is another one each time.
        if let Some((before, rest)) = text.split_once("client \"client-") {
            let behind = rest.split_once('"').map_or("", |(_, behind)| behind);
            text = format!("{before}client \"client-1\"{behind}");
        }
        match text.split_once(" (os error ") {
            Some((before, behind)) => {
                let (_, behind) = behind.split_once(')').unwrap();
                format!("{before}{behind}")
            }
            None => text,
        }
    }
}

/// Ends TLS for `localhost` with a certificate that it made itself, and passes what is inside on. The port, and the certificate.
pub(crate) async fn self_signed(plain: SocketAddr) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut inside = acceptor.accept(stream).await?;
                let mut plain = TcpStream::connect(plain).await?;
                tokio::io::copy_bidirectional(&mut inside, &mut plain).await
            });
        }
    });
    (port, made.cert.pem())
}

/// What a method is answered with, and whether the connection stays open then.
type Answer = (&'static str, &'static str, bool);

/// A server that gives the same answer to every request of a method, and keeps the connection open when `stays`.
pub(crate) async fn answering(answers: &'static [Answer]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, answers));
        }
    });
    format!("http://{address}/mcp")
}

async fn answer(mut stream: TcpStream, answers: &[Answer]) -> std::io::Result<()> {
    let mut asked = [0; 16_384];
    let length = stream.read(&mut asked).await?;
    let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
    let fits = |(method, _, _): &&Answer| asked.starts_with(method);
    let Some((_, answer, stays)) = answers.iter().find(fits) else {
        return Ok(());
    };
    stream.write_all(answer.as_bytes()).await?;
    if *stays {
        // Until the other side has had enough.
        let _ended = stream.read(&mut [0; 1]).await?;
    }
    Ok(())
}

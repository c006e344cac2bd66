//! The handle of the practice world: start it, ask it, change it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::authorization_server::client::Client;
use crate::browser::Decision;
use crate::seen::{Counts, Seen, Side};
use crate::state::{Origins, Shared};
use crate::switches::Switches;
use crate::trouble::Endpoint;
use crate::{control, listen};

/// A running practice world; dropping it closes both origins.
#[derive(Debug)]
pub struct World {
    shared: Arc<Shared>,
}

/// Where `serve` listens, and how the world behaves at first.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    pub authorization_server: SocketAddr,
    pub mcp_server: SocketAddr,
    pub switches: Switches,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            authorization_server: (Ipv4Addr::LOCALHOST, 4100).into(),
            mcp_server: (Ipv4Addr::LOCALHOST, 4101).into(),
            switches: Switches::default(),
        }
    }
}

/// Requests at one endpoint wait, counted but unanswered, until this is dropped.
#[derive(Debug)]
#[must_use = "the requests go on when this is dropped"]
pub struct Hold {
    _gate: watch::Sender<()>,
}

impl World {
    /// Starts both origins on free loopback ports.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start(switches: Switches) -> io::Result<Self> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::start_at(ServeOptions {
            authorization_server: anywhere,
            mcp_server: anywhere,
            switches,
        })
        .await
    }

    /// Starts both origins at given addresses.
    ///
    /// # Errors
    /// When an address is taken or not ours.
    pub async fn start_at(options: ServeOptions) -> io::Result<Self> {
        let authorization_server = bind(options.authorization_server).await?;
        let mcp_server = bind(options.mcp_server).await?;
        let origins = Origins {
            authorization_server: format!("http://{}", authorization_server.local_addr()?),
            mcp_server: format!("http://{}", mcp_server.local_addr()?),
        };
        let shared = Arc::new(Shared::new(origins, options.switches));
        tokio::spawn(listen::serve(
            Arc::clone(&shared),
            Side::AuthorizationServer,
            authorization_server,
        ));
        tokio::spawn(listen::serve(
            Arc::clone(&shared),
            Side::McpServer,
            mcp_server,
        ));
        Ok(Self { shared })
    }

    /// The MCP endpoint, as `http://127.0.0.1:4101/mcp`.
    #[must_use]
    pub fn mcp_url(&self) -> String {
        self.shared.lock().mcp_url()
    }

    /// The true issuer, whatever the metadata says.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.shared.lock().issuer()
    }

    /// From now on both origins call themselves by these names (no slash at the end): somebody in front of them ends TLS.
    pub fn call_itself(&self, authorization_server: &str, mcp_server: &str) {
        self.shared.lock().origins = Origins {
            authorization_server: authorization_server.to_owned(),
            mcp_server: mcp_server.to_owned(),
        };
    }

    /// Full address of an endpoint of the authorization server, as `endpoint_url("token")`.
    #[must_use]
    pub fn endpoint_url(&self, name: &str) -> String {
        format!("{}/{name}", self.issuer())
    }

    /// Changes switches while the world runs, and gives what they are then.
    pub fn switches(&self, change: impl FnOnce(&mut Switches)) -> Switches {
        let mut state = self.shared.lock();
        change(&mut state.switches);
        state.switches.clone()
    }

    /// Registers a client by hand, as a person does in a console; a client with the same id is replaced.
    pub fn register(&self, client: Client) {
        self.shared.lock().clients.insert(client);
    }

    /// Every access token issued so far is expired from now on; refresh tokens live on.
    pub fn expire_access_tokens(&self) {
        self.shared.lock().grants.expire_access_tokens();
    }

    /// Every grant issued so far has ended: access and refresh tokens are dead.
    pub fn end_grants(&self) {
        self.shared.lock().grants.end_all();
    }

    /// The codes of devices that nobody has decided about.
    #[must_use]
    pub fn user_codes(&self) -> Vec<String> {
        self.shared.lock().devices.undecided()
    }

    /// A person types a device's code and decides; false when nothing waits under it.
    pub fn decide_device(&self, user_code: &str, decision: Decision) -> bool {
        self.shared.lock().devices.decide(user_code, decision)
    }

    /// The authorization server knows no client any more.
    pub fn forget_clients(&self) {
        self.shared.lock().clients.forget();
    }

    /// The MCP server knows no session any more; requests that name one get 404.
    pub fn forget_sessions(&self) {
        self.shared.lock().sessions.forget();
    }

    /// Sends `notifications/tools/list_changed` on every open stream.
    pub fn tools_changed(&self) {
        self.shared.lock().sessions.tools_changed();
    }

    /// Closes every live connection; new ones are accepted.
    pub fn cut_connections(&self) {
        self.shared.cut_connections();
    }

    /// Moves the world's own clock forward: tokens, codes and secrets age by this.
    pub fn advance(&self, by: Duration) {
        self.shared.lock().clock.advance(by);
    }

    /// From now on the world's own clock runs this many times as fast.
    pub fn hurry(&self, pace: u32) {
        self.shared.lock().clock.hurry(pace);
    }

    /// Holds back requests at an endpoint until the returned value is dropped.
    pub fn hold(&self, endpoint: Endpoint) -> Hold {
        let (gate, waiting) = watch::channel(());
        self.shared.lock().holds.insert(endpoint, waiting);
        Hold { _gate: gate }
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts.clone()
    }

    /// Waits until the counts are as wanted, and gives them.
    pub async fn until(&self, wanted: impl Fn(&Counts) -> bool) -> Counts {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let counts = self.counts();
            if wanted(&counts) {
                return counts;
            }
            if changed.changed().await.is_err() {
                return counts;
            }
        }
    }

    /// Every request since the world began (the last 10,000), in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.lock().seen()
    }

    /// The requests at one endpoint.
    #[must_use]
    pub fn requests_at(&self, endpoint: Endpoint) -> Vec<Seen> {
        self.requests()
            .into_iter()
            .filter(|seen| seen.endpoint == endpoint)
            .collect()
    }

    /// What `GET /lab` answers.
    #[must_use]
    pub fn report(&self) -> serde_json::Value {
        control::report(&self.shared.lock())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// Serves the practice world until `shutdown` is done; `started` is called once with the running world.
///
/// # Errors
/// When an address is taken or not ours.
pub async fn serve(
    options: ServeOptions,
    started: impl FnOnce(&World),
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let world = World::start_at(options).await?;
    started(&world);
    shutdown.await;
    Ok(())
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

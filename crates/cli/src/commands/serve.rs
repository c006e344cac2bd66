//! `mcphub serve`: the hub's start, its first lines, and its end.
//!
//! The order: the address is ours before anything is started, the settings are good before anything connects, and the hub
//! listens before its upstreams are up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use hub::clock::Clock;
use hub::{Hub, HubOptions};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use url::Url;
use web::{Web, WebOptions};

use crate::arguments::Serve;
use crate::credential_key;
use crate::environment::Environment;
use crate::failure::{Failure, chain};
use crate::operator::{self, Invitation};
use crate::output::Output;
use crate::shutdown;

const DEFAULT_PORT: u16 = 3000;
const SETTINGS: &str = "mcp_settings.json";

pub(crate) async fn run(serve: Serve, environment: Environment) -> Result<(), Failure> {
    let stop = shutdown::watch()
        .map_err(|error| Failure::usage(format!("signals cannot be heard: {error}")))?;
    let listener = listen(wanted_address(&serve, &environment)?).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::usage(chain(&error)))?;
    let hub = start_hub(&serve, &environment, address.port()).await?;
    let token = SecretString::from(hub::chance::token(32));
    let options = web_options(address, &token, &environment)?;
    let url = own_url(address, &options.prefix())?;
    let invitation = invite(&environment, &url, &token);
    let empty = hub.store().current().servers.is_empty();
    let web = Web::over(listener, hub.clone(), options)
        .await
        .map_err(|error| Failure::usage(chain(&error)))?;
    greet(&url, web.first_password(), empty);
    let served = web.serve(stop.cancelled_owned()).await;
    drop(invitation);
    hub.shutdown().await;
    served.map_err(|error| Failure::usage(chain(&error)))
}

/// `--listen`, else loopback at `PORT`.
fn wanted_address(serve: &Serve, environment: &Environment) -> Result<SocketAddr, Failure> {
    if let Some(address) = serve.listen {
        return Ok(address);
    }
    let port = match environment.text("PORT") {
        Some(text) => text.parse().map_err(|_no_number| {
            Failure::usage(format!("PORT is `{text}`, which is no port"))
                .cure("write a number from 1 to 65535")
        })?,
        None => DEFAULT_PORT,
    };
    Ok((Ipv4Addr::LOCALHOST, port).into())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::usage(format!("cannot listen on {address}: {error}")).cure("stop what listens there (perhaps another hub), or choose another address: --listen 127.0.0.1:3001")
    })
}

/// The file that was named, else the environment's, else the one in this folder.
pub(crate) fn settings_path(named: Option<PathBuf>, environment: &Environment) -> PathBuf {
    named
        .or_else(|| environment.text("MCPHUB_SETTING_PATH").map(PathBuf::from))
        .unwrap_or_else(|| SETTINGS.into())
}

async fn start_hub(serve: &Serve, environment: &Environment, port: u16) -> Result<Hub, Failure> {
    let settings_path = settings_path(serve.settings.clone(), environment);
    let lookup = environment.clone();
    let options = HubOptions {
        settings_path: settings_path.clone(),
        environment: Arc::new(move |name| lookup.raw(name)),
        vault: credential_key::vault(environment)?,
        port,
        clock: Clock::system(),
    };
    Hub::start(options).await.map_err(|error| {
        Failure::usage(chain(&error)).cure(format!(
            "correct {} and start again; nothing was changed in it",
            settings_path.display()
        ))
    })
}

fn web_options(
    address: SocketAddr,
    token: &SecretString,
    environment: &Environment,
) -> Result<WebOptions, Failure> {
    Ok(WebOptions {
        base_path: environment.text("BASE_PATH").unwrap_or_default().to_owned(),
        operator_token: Some(token.clone()),
        jwt_secret: environment.secret("JWT_SECRET")?,
        admin_password: environment.secret("ADMIN_PASSWORD")?,
        read_only: environment.flag("READONLY"),
        ..WebOptions::at(address)
    })
}

/// The address at which a person on this machine reaches us; a browser and the callback use the same.
fn own_url(address: SocketAddr, prefix: &str) -> Result<Url, Failure> {
    let host = match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let text = format!("http://{host}:{}{prefix}", address.port());
    Url::parse(&text).map_err(|error| {
        Failure::usage(format!(
            "BASE_PATH makes {text}, which is no address: {error}"
        ))
    })
}

/// Without the file the hub runs as well; commands then need a login.
fn invite(environment: &Environment, url: &Url, token: &SecretString) -> Option<Invitation> {
    let folder = operator::folder(environment)?;
    match Invitation::write(&folder, url, token) {
        Ok(invitation) => Some(invitation),
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "commands on this machine will need a login: the operator file cannot be written");
            None
        }
    }
}

fn greet(url: &Url, admin: Option<&SecretString>, empty: bool) {
    let output = Output { json: false };
    let url = url.as_str().trim_end_matches('/');
    output.line(format!(
        "mcphub {}   {url}   clients {url}/mcp",
        env!("CARGO_PKG_VERSION")
    ));
    if let Some(password) = admin {
        output.line(format!(
            "  admin password (shown once): {}",
            password.expose_secret()
        ));
    }
    if empty {
        output.line("  no servers yet:  mcphub add https://mcp.linear.app/mcp");
    }
}

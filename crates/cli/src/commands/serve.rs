//! `mcphub serve`: the hub's start, its first lines, and its end.
//!
//! The order: the address is ours before anything is started, the settings are good before anything connects, and the hub
//! listens before its upstreams are up.

pub(super) mod beside;
mod unopened;
mod waiting;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hub::clock::Clock;
use hub::{Hub, HubOptions};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use web::{Dashboard, FirstAdminError, LogBook, Loops, Web, WebOptions};

use self::beside::Beside;
use crate::arguments::Serve;
use crate::credential_key;
use crate::environment::Environment;
use crate::failure::{Failure, chain};
use crate::files;
use crate::operator::{self, Invitation};
use crate::output::Output;
use crate::shutdown;

const DEFAULT_PORT: u16 = 3000;

/// Ends in good order when it is asked to stop, and at once when somebody insists.
pub(crate) async fn run(
    serve: Serve,
    environment: Environment,
    log: LogBook,
) -> Result<(), Failure> {
    let signals = shutdown::watch()
        .map_err(|error| Failure::usage(format!("signals cannot be heard: {error}")))?;
    let served = run_until(serve, environment, log, signals.asked.clone());
    signals.unless_insisted(served).await
}

async fn run_until(
    serve: Serve,
    environment: Environment,
    log: LogBook,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let (listener, other) = sockets(&serve, &environment).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::usage(chain(&error)))?;
    let hub = start_hub(&serve, &environment, address.port()).await?;
    let token = SecretString::from(hub::chance::token(32));
    let options = WebOptions {
        log,
        ..web_options(address, &token, &environment)?
    };
    let url = own_url(address, &options.prefix())?;
    let settings = environment.settings_path(serve.settings.as_deref());
    let invitation = invite(&environment, &url, &token, &settings);
    let empty = hub.store().current().servers.is_empty();
    let opened = waiting::Opened::default();
    let beside = Beside {
        hub: hub.clone(),
        opened: opened.clone(),
        url: url.as_str().trim_end_matches('/').to_owned(),
        // Nobody on another machine can be the one who calls.
        may_open: !serve.no_browser && address.ip().is_loopback(),
        environment: environment.clone(),
    };
    let may_open = beside.may_open;
    let web =
        Web::over(listener, hub.clone(), options).map_err(|error| Failure::usage(chain(&error)))?;
    let web = match other {
        Some(other) => web.and_at(other),
        None => web,
    };
    let loops = std::thread::available_parallelism().map_or(1, usize::from);
    let loops = Loops::start(loops)
        .map_err(|error| Failure::usage(format!("the system gives no threads: {error}")))?;
    let administrator = web.administrator();
    let end = stop.clone();
    let greeting = async {
        let password = administrator.await.inspect_err(|_| end.cancel())?;
        greet(&url, password.as_ref(), empty);
        let waiting = waiting::tell(&hub, may_open, &environment, &opened);
        end.run_until_cancelled(waiting).await;
        Ok(())
    };
    let beside = tokio::spawn(beside.watch());
    let (greeted, ()) = tokio::join!(greeting, web.serve(&loops, stop.cancelled_owned()));
    beside.abort();
    drop(invitation);
    hub.shutdown().await;
    // Calls of the last clients may have begun something that the hub had to end.
    drop(loops);
    greeted.map_err(|error: FirstAdminError| Failure::usage(chain(&error)))
}

/// `--listen`, else loopback at `PORT`.
async fn sockets(
    serve: &Serve,
    environment: &Environment,
) -> Result<(TcpListener, Option<TcpListener>), Failure> {
    if let Some(address) = serve.listen {
        let bound = TcpListener::bind(address).await;
        return Ok((bound.map_err(|error| closed(address, &error))?, None));
    }
    let port = match environment.text("PORT") {
        Some(text) => text.parse().map_err(|_no_number| {
            Failure::usage(format!("PORT is `{text}`, which is no port"))
                .cure("write a number from 1 to 65535")
        })?,
        None => DEFAULT_PORT,
    };
    localhost(port).await
}

/// Both addresses that `localhost` may mean, for our own URLs say `localhost`. Not every machine has both.
pub(super) async fn localhost(port: u16) -> Result<(TcpListener, Option<TcpListener>), Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let first = match TcpListener::bind(address).await {
        Ok(first) => first,
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
            let address = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            let only = TcpListener::bind(address).await;
            return Ok((only.map_err(|error| closed(address, &error))?, None));
        }
        Err(error) => return Err(closed(address, &error)),
    };
    let port = first.local_addr().map_or(port, |bound| bound.port());
    let other = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    match TcpListener::bind(other).await {
        Ok(second) => Ok((first, Some(second))),
        Err(error) => {
            if error.kind() == ErrorKind::AddrInUse {
                tracing::warn!(address = %other, "something else listens there, and who asks for localhost may reach it instead of this hub");
            } else {
                tracing::debug!(address = %other, %error, "not listening there");
            }
            Ok((first, None))
        }
    }
}

fn closed(address: SocketAddr, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot listen on {address}: {error}")).cure("stop what listens there (perhaps another hub), or choose another address: --listen 127.0.0.1:3001")
}

async fn start_hub(serve: &Serve, environment: &Environment, port: u16) -> Result<Hub, Failure> {
    let settings_path = environment.settings_path(serve.settings.as_deref());
    let lookup = environment.clone();
    let options = HubOptions {
        settings_path: settings_path.clone(),
        environment: Arc::new(move |name| lookup.raw(name)),
        vault: credential_key::vault(environment)?,
        port,
        clock: Clock::system(),
    };
    Hub::start(options)
        .await
        .map_err(|error| unopened::told(&error, &settings_path))
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
        dashboard: (!environment.flag("DISABLE_WEB")).then(Dashboard::built),
        connections: files::for_clients(),
        drain: drain(environment)?,
        ..WebOptions::at(address)
    })
}

fn drain(environment: &Environment) -> Result<Duration, Failure> {
    let Some(text) = environment.text("MCPHUB_DRAIN_SECONDS") else {
        return Ok(web::DRAIN);
    };
    let seconds: u32 = text.parse().map_err(|_no_number| {
        Failure::usage(format!(
            "MCPHUB_DRAIN_SECONDS is `{text}`, which is no number"
        ))
        .cure("write how many whole seconds calls may take after the hub was asked to stop")
    })?;
    Ok(Duration::from_secs(seconds.into()))
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
fn invite(
    environment: &Environment,
    url: &Url,
    token: &SecretString,
    settings: &Path,
) -> Option<Invitation> {
    let folder = operator::folder(environment)?;
    match Invitation::write(&folder, url, token, settings) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_of_the_two_addresses_of_localhost_is_enough() {
        let Ok(taken) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            let (first, other) = localhost(0).await.unwrap();
            assert!(first.local_addr().unwrap().is_ipv4() && other.is_none());
            return;
        };
        let port = taken.local_addr().unwrap().port();
        let (first, other) = localhost(port).await.unwrap();
        assert_eq!(first.local_addr().unwrap().port(), port);
        assert!(other.is_none());
        drop(taken);
        let (first, other) = localhost(0).await.unwrap();
        let port = first.local_addr().unwrap().port();
        assert_eq!(other.unwrap().local_addr().unwrap().port(), port);
    }
}

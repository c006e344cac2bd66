//! The socket: bound first, so that a person is told the truth; then served until told to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt;
use hub::Hub;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::app::App;
use crate::doors::Doors;
use crate::options::WebOptions;
use crate::router;
use crate::session::first::{self, FirstAdminError};

/// How long answers under way may take after the end was asked for.
const DRAIN: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "cannot listen on {address}; is another hub running there? choose another with --listen or PORT"
    )]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    FirstAdmin(#[from] FirstAdminError),
}

/// Bound sockets and what answers on them.
pub struct Web {
    doors: Doors,
    address: SocketAddr,
    first_password: Option<SecretString>,
    app: App,
}

impl Web {
    /// Binds, and makes an administrator where the settings have none.
    pub async fn open(hub: Hub, options: WebOptions) -> Result<Self, OpenError> {
        let bind = |source| OpenError::Bind {
            address: options.listen,
            source,
        };
        let listener = TcpListener::bind(options.listen).await.map_err(bind)?;
        Self::over(listener, hub, options).await
    }

    /// The same on a socket that is bound already; `options.listen` becomes its address.
    pub async fn over(
        listener: TcpListener,
        hub: Hub,
        mut options: WebOptions,
    ) -> Result<Self, OpenError> {
        let address = listener.local_addr().map_err(|source| OpenError::Bind {
            address: options.listen,
            source,
        })?;
        options.listen = address;
        let app = App::new(hub, options);
        let first_password = first::administrator(app.hub(), app.sessions()).await?;
        Ok(Self {
            doors: Doors {
                first: listener,
                second: None,
            },
            address,
            first_password,
            app,
        })
    }

    /// Answers on this socket as well: the other address of the same name.
    #[must_use]
    pub fn and_at(mut self, listener: TcpListener) -> Self {
        self.doors.second = Some(listener);
        self
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The password of `admin` that was just made; this is the only time that it is known.
    #[must_use]
    pub fn first_password(&self) -> Option<&SecretString> {
        self.first_password.as_ref()
    }

    /// Answers until `shutdown`, then lets what is under way finish.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let app = self.app.clone();
        let mut draining = app.draining();
        let stop = async move {
            shutdown.await;
            app.drain();
        };
        // Small messages must not wait for each other.
        let listener = self.doors.tap_io(|socket| {
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        let service = router::build(self.app).into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service).with_graceful_shutdown(stop);
        let patience = async move {
            // An error means that the sender is gone, and with it everything that could be waited for.
            let _ = draining.wait_for(|draining| *draining).await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            ended = served => ended,
            () = patience => {
                tracing::info!("some connections were still open after {} s and were closed", DRAIN.as_secs());
                Ok(())
            }
        }
    }
}

/// `Web::open` and `Web::serve` in one, for whoever does not tell a person.
pub async fn serve(
    hub: Hub,
    options: WebOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), OpenError> {
    let address = options.listen;
    let web = Web::open(hub, options).await?;
    web.serve(shutdown)
        .await
        .map_err(|source| OpenError::Bind { address, source })
}

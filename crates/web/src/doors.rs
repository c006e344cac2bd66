//! The sockets as one: what comes in at either is served alike.

use std::io;
use std::net::SocketAddr;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};

/// One socket, and perhaps another for the other address that a name has.
pub(crate) struct Doors {
    pub(crate) first: TcpListener,
    pub(crate) second: Option<TcpListener>,
}

impl Listener for Doors {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        match &mut self.second {
            None => Listener::accept(&mut self.first).await,
            // Who is dropped while waiting has taken nobody in.
            Some(second) => tokio::select! {
                guest = Listener::accept(&mut self.first) => guest,
                guest = Listener::accept(second) => guest,
            },
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.first.local_addr()
    }
}

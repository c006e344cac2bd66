//! Accepts connections on one origin and hands requests to the desk.
//!
//! An accept loop of our own, because the practice world must be able to close a connection without an answer, to cut all
//! connections at once, and to leave nothing behind when it stops.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::desk;
use crate::seen::Side;
use crate::state::Shared;

/// The connection is closed without an answer, as ordered.
#[derive(Debug, thiserror::Error)]
#[error("the connection was dropped on purpose")]
pub(crate) struct Dropped;

/// Serves one origin until the world stops; dropping the future closes every connection.
pub(crate) async fn serve(shared: Arc<Shared>, side: Side, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => {
                // An accept that fails is the client's loss and its next attempt's luck.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(Arc::clone(&shared), side, stream, shared.cut()));
                } else {
                    tokio::task::yield_now().await;
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(shared: Arc<Shared>, side: Side, stream: TcpStream, cut: CancellationToken) {
    // Without this a stream written in two parts waits for the delayed acknowledgement.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move {
            let answer: Result<Response<Body>, Dropped> = desk::answer(shared, side, request).await;
            answer
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = cut.cancelled() => {}
        // How a connection ended is the client's to notice: a drop on purpose is an error here too.
        _ended = serving => {}
    }
}

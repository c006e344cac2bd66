//! The socket: bound first, so that a person is told the truth; then served until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::response::IntoResponse;
use axum::serve::Listener;
use http::Request;
use hub::Hub;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::crowd::{Crowd, Seat};
use crate::doors::Doors;
use crate::loops::Loops;
use crate::options::WebOptions;
use crate::patience::{Answer, Patience, Patient, Rest};
use crate::problem::{Problem, Whose};
use crate::router::Front;
use crate::session::first::{self, FirstAdminError};

/// For the last words to those whose answers took longer than the hub could wait.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "cannot listen on {address}; is another hub running there? choose another with --listen or PORT"
    )]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
}

/// Bound sockets and what answers on them.
pub struct Web {
    doors: Doors,
    address: SocketAddr,
    app: App,
}

impl Web {
    /// Binds.
    pub async fn open(hub: Hub, options: WebOptions) -> Result<Self, OpenError> {
        let bind = |source| OpenError::Bind {
            address: options.listen,
            source,
        };
        let listener = TcpListener::bind(options.listen).await.map_err(bind)?;
        Self::over(listener, hub, options)
    }

    /// The same on a socket that is bound already; `options.listen` becomes its address.
    pub fn over(
        listener: TcpListener,
        hub: Hub,
        mut options: WebOptions,
    ) -> Result<Self, OpenError> {
        let address = listener.local_addr().map_err(|source| OpenError::Bind {
            address: options.listen,
            source,
        })?;
        options.listen = address;
        Ok(Self {
            doors: Doors {
                first: listener,
                second: None,
            },
            address,
            app: App::new(hub, options),
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

    /// Makes an administrator where the settings have none; his password, which is known this once. Hashing takes a moment, and no
    /// client has to wait for it: until it is done nobody can log in.
    pub fn administrator(
        &self,
    ) -> impl Future<Output = Result<Option<SecretString>, FirstAdminError>> + Send + use<> {
        let app = self.app.clone();
        async move { first::administrator(app.hub(), app.sessions()).await }
    }

    /// Answers until `shutdown`, then lets what is under way finish.
    pub async fn serve(self, loops: &Loops, shutdown: impl Future<Output = ()>) {
        let Self { mut doors, app, .. } = self;
        let patience = app.options().patience;
        let front = Front::new(app.clone());
        let (ends, cut) = (CancellationToken::new(), CancellationToken::new());
        let open = TaskTracker::new();
        let mut shutdown = pin!(shutdown);
        let crowd = Crowd::new(app.options().connections);
        loop {
            // Whoever finds no place waits outside, where it costs no file, until somebody who asks nothing has left.
            let (guest, seat) = tokio::select! {
                guest = seated(&mut doors, &crowd) => guest,
                () = &mut shutdown => break,
            };
            let ends = (ends.clone(), cut.clone());
            let answered = answer((guest, seat), front.clone(), patience, ends);
            loops.spawn(open.track_future(answered));
        }
        app.drain();
        ends.cancel();
        open.close();
        let drain = app.options().drain;
        let gone = CancellationToken::new();
        let drained = tokio::select! {
            drained = timeout(drain, open.wait()) => drained.is_ok(),
            // Whoever asks meanwhile whether we take requests is answered.
            () = late(&mut doors, &crowd, |guest, seat| {
                let answered = answer_late((guest, seat), front.clone(), patience);
                let answered = gone.clone().run_until_cancelled_owned(answered);
                loops.spawn(async move {
                    // Cut off with the end of the hub.
                    answered.await;
                });
            }) => false,
        };
        drop(doors);
        if !drained {
            tracing::warn!(
                "some answers took longer than {} s and were given up",
                drain.as_secs_f32()
            );
            app.hub().sessions().give_up();
            cut.cancel();
            // What is not said by then is not heard any more.
            drop(timeout(LAST_WORDS, open.wait()).await);
        }
        gone.cancel();
    }
}

type Guest = (TcpStream, SocketAddr);

/// The next connection, when there is a place for it.
async fn seated(doors: &mut Doors, crowd: &Crowd) -> (Guest, Arc<Seat>) {
    let place = crowd.place().await;
    (doors.accept().await, crowd.seat(place))
}

/// Takes in those who come while the hub stops; never ends.
async fn late(doors: &mut Doors, crowd: &Crowd, mut take: impl FnMut(Guest, Arc<Seat>)) {
    loop {
        let (guest, seat) = seated(doors, crowd).await;
        take(guest, seat);
    }
}

/// Answers one request of somebody who comes while the hub stops.
async fn answer_late(
    ((socket, guest), seat): (Guest, Arc<Seat>),
    front: Front,
    patience: Patience,
) {
    let Ok(socket) = socket.into_std().and_then(TcpStream::from_std) else {
        return;
    };
    let socket = Patient::new(socket, Arc::clone(&seat.work), patience);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(guest));
        let (front, seat) = (front.clone(), Arc::clone(&seat));
        let (request, rest) = Rest::of(request, patience);
        async move {
            let mut answer = front.answer_late(request).await;
            rest.settle(&mut answer, (&seat.work, &seat.leave));
            Ok::<_, Infallible>(answer)
        }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    let connection = server
        .keep_alive(false)
        .serve_connection(TokioIo::new(socket), service);
    if let Err(error) = connection.await {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection broke off"
        );
    }
}

/// Answers what comes over one connection, until it is closed or the hub is about to stop. After the first token no more requests are
/// taken, after the second no answer is waited for.
async fn answer(
    ((socket, guest), seat): (Guest, Arc<Seat>),
    front: Front,
    patience: Patience,
    (ends, cut): (CancellationToken, CancellationToken),
) {
    // The reactor that is to watch it is the one of the loop on which this runs.
    let socket = socket.into_std().and_then(TcpStream::from_std);
    // Small messages must not wait for each other.
    let socket = socket.and_then(|socket| socket.set_nodelay(true).map(|()| socket));
    let socket = match socket {
        Ok(socket) => socket,
        Err(error) => {
            tracing::debug!(%error, "a connection was lost at once");
            return;
        }
    };
    let socket = Patient::new(socket, Arc::clone(&seat.work), patience);
    let asked = Arc::clone(&seat);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(guest));
        let (front, seat, under_way) = (front.clone(), Arc::clone(&asked), asked.work.begin());
        let (request, rest) = Rest::of(request, patience);
        async move {
            let answer = under_way.unless_given_up(front.answer(request)).await;
            let mut answer = answer.unwrap_or_else(|| stopping().into_response());
            rest.settle(&mut answer, (&seat.work, &seat.leave));
            Ok::<_, Infallible>(answer.map(|body| Answer::new(body, under_way)))
        }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    // One that is gone without a word holds many requests.
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.stall)
        .keep_alive_timeout(patience.stall);
    let mut connection = pin!(server.serve_connection(TokioIo::new(socket), service));
    // In this order: a request that is there already when the end comes is read, instead of being thrown away unread with its connection.
    let closed = tokio::select! {
        biased;
        closed = &mut connection => closed,
        () = seat.leave.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = ends.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // Nor is the rest of a body waited for that nobody wanted.
            seat.leave.cancel();
            tokio::select! {
                closed = &mut connection => closed,
                () = cut.cancelled() => {
                    // Seen where the connection asks for the answer, which it does now.
                    seat.work.give_up();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = closed {
        tracing::debug!(error, "a connection broke off");
    }
}

/// What is said to somebody whose answer the hub cannot wait for.
fn stopping() -> Problem {
    let message = "the hub stops, and the answer took longer than it could wait; whether the request was carried out is not known";
    Problem::new(Whose::Stopping, message).code("stopping")
}

//! One attempt to connect: open the transport, introduce the hub, read the lists. Dropping the attempt undoes it.
//!
//! MCP transports 2025-11-25, "Backwards Compatibility": an address is tried as Streamable HTTP first, whatever its `type` says of
//! the old SSE transport, and as the old transport when the server answers 400, 404 or 405. A 401 is never a reason to try another.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use mcp::merge::Listing;
use secrecy::ExposeSecret;
use settings::{Prefer, Transport};
use tokio::time::timeout;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use url::Url;

use super::{
    Hello, Listed, Outside, Shared, Trouble,
    echo::Sent,
    greeting,
    guarded::{self, Guarded},
    hearing, hello,
    http::{self, Http},
    link::{Carrier, Link},
    listing,
    outgoing::Refused,
    sse,
    stdio::{self, Life, Program},
    wanted::Limits,
    wire::{Wire, shown},
};
use crate::fetch::Way;

/// How long a server may take to begin the old transport that it had last. An attempt has time left for the new one.
const REMEMBERED_WITHIN: Duration = Duration::from_secs(5);

/// A connection that is ready, and what was heard over it.
pub(super) struct Connected {
    pub(super) link: Link,
    pub(super) hello: Hello,
    pub(super) listed: Listed,
    /// Its end is the end of the connection's tasks.
    pub(super) open: DropGuard,
}

/// Where to connect to, and on whose behalf.
pub(super) struct Attempt {
    pub(super) shared: Arc<Shared>,
    pub(super) outside: Outside,
    pub(super) transport: Transport,
    pub(super) limits: Limits,
    pub(super) way: Way,
    pub(super) generation: u64,
    pub(super) tracker: TaskTracker,
}

impl Attempt {
    pub(super) async fn run(self) -> Result<Connected, Refused> {
        let closed = CancellationToken::new();
        let open = closed.clone().drop_guard();
        let (link, hello) = match &self.transport {
            Transport::Stdio { command, args, env } => {
                let program = Program {
                    command,
                    args,
                    env,
                    environment: &*self.outside.environment,
                };
                self.over_stdio(&program, &closed).await?
            }
            Transport::Http {
                url,
                headers,
                prefer,
            } => {
                let written = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.expose_secret()));
                let url = Url::parse(url).map_err(|error| {
                    Refused::Failed(Trouble::Settings(format!(
                        "{url:?} is not an address: {error}"
                    )))
                })?;
                let outlet = self.outside.fetch.outlet(&url, &self.way).await;
                let outlet = outlet
                    .map_err(|error| Refused::Failed(Trouble::Settings(error.to_string())))?;
                let guarded = Arc::new(Guarded {
                    account: self.shared.account.clone(),
                    wire: Wire::new(outlet),
                    sign_ins: self.outside.sign_ins.clone(),
                    headers: guarded::headers(written).map_err(Refused::Failed)?,
                    nonce: std::sync::Mutex::default(),
                    sent: Sent::default(),
                });
                self.over_http(guarded, Arc::new(url), *prefer, &closed)
                    .await?
            }
        };
        let listed = listing::read(
            &self.shared,
            &link,
            &hello.offers,
            &Listing::ALL,
            &Listed::default(),
        )
        .await?;
        if link.stateless().is_some() {
            let hearing = hearing::hear(link.clone(), self.shared.clone(), hello.offers);
            self.tracker
                .spawn(closed.clone().run_until_cancelled_owned(hearing));
        }
        Ok(Connected {
            link,
            hello,
            listed,
            open,
        })
    }

    // rule: mcp-era-stdio-exit -- a process that ends over a question it does not know is started again, and met with a handshake.
    async fn over_stdio(
        &self,
        program: &Program<'_>,
        closed: &CancellationToken,
    ) -> Result<(Link, Hello), Refused> {
        let (shared, limit) = (&self.shared, self.limits.message);
        let start = || stdio::start(program, shared, limit, self.life(closed));
        let was_asked = !shared.shakes_hands.load(Ordering::Relaxed);
        let link = start().map_err(Refused::Failed)?;
        match greeting::greet(shared, link).await {
            Err(Refused::Unsent(gone) | Refused::Failed(gone)) if was_asked && is_end(&gone) => {
                shared
                    .log
                    .note("the process ended when it was asked what it speaks");
                shared.shakes_hands.store(true, Ordering::Relaxed);
                let link = start().map_err(Refused::Failed)?;
                greeting::greet(shared, link).await
            }
            greeted => greeted,
        }
    }

    async fn over_http(
        &self,
        guarded: Arc<Guarded>,
        url: Arc<Url>,
        prefer: Prefer,
        closed: &CancellationToken,
    ) -> Result<(Link, Hello), Refused> {
        // rule: mcp-transport-remembered -- a client may keep in mind which transport a server has, and need not try the new one each time.
        let was_old = self.shared.carrier.load().as_deref() == Some(&Carrier::Sse);
        if was_old && prefer != Prefer::StreamableHttp {
            let old = self.old_sse(guarded.clone(), &url, closed);
            match timeout(REMEMBERED_WITHIN, old).await {
                Ok(Ok(link)) => return self.met_over_old_sse(link).await,
                // It may have got the new transport meanwhile, where a GET may be answered with a stream that says nothing.
                Ok(Err(Refused::Failed(_))) | Err(_) => {}
                Ok(Err(refused)) => return Err(refused),
            }
        }
        let http = Arc::new(Http::new(
            guarded.clone(),
            url.clone(),
            self.limits.message,
            self.tracker.clone(),
        ));
        let link = Link::http(self.generation, http.clone());
        let post = match greeting::greet(&self.shared, link).await {
            Ok((link, hello)) => {
                if link.stateless().is_none() {
                    let listening = http::listen(http, link.clone(), self.shared.clone());
                    self.tracker
                        .spawn(closed.clone().run_until_cancelled_owned(listening));
                }
                return Ok((link, hello));
            }
            // rule: mcp-transport-backwards -- 400, 404 or 405 to the POST of initialize: try the old transport.
            Err(Refused::Failed(
                post @ Trouble::Status {
                    status: 400 | 404 | 405,
                    ..
                },
            )) if prefer != Prefer::StreamableHttp => post,
            Err(refused) => return Err(refused),
        };
        match self.old_sse(guarded, &url, closed).await {
            Ok(link) => self.met_over_old_sse(link).await,
            // The old transport is there, and what it says counts.
            Err(Refused::Failed(
                trouble @ (Trouble::EndpointElsewhere { .. } | Trouble::NoEndpoint { .. }),
            )) => Err(Refused::Failed(trouble)),
            Err(Refused::Failed(get)) => {
                let (post, get) = (Box::new(post), Box::new(get));
                Err(Refused::Failed(Trouble::NeitherTransport {
                    url: shown(&url),
                    post,
                    get,
                }))
            }
            Err(refused) => Err(refused),
        }
    }

    async fn old_sse(
        &self,
        guarded: Arc<Guarded>,
        url: &Arc<Url>,
        closed: &CancellationToken,
    ) -> Result<Link, Refused> {
        let (shared, limit) = (&self.shared, self.limits.message);
        sse::open(guarded, url, limit, shared, self.life(closed)).await
    }

    async fn met_over_old_sse(&self, link: Link) -> Result<(Link, Hello), Refused> {
        self.shared.log.note("connected over the old SSE transport");
        let hello = hello::introduce(&self.shared, &link).await?;
        self.shared.shakes_hands.store(true, Ordering::Relaxed);
        Ok((link, hello))
    }

    fn life(&self, closed: &CancellationToken) -> Life {
        Life {
            generation: self.generation,
            closed: closed.clone(),
            tracker: self.tracker.clone(),
        }
    }
}

fn is_end(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Exited { .. } | Trouble::OutputClosed)
}

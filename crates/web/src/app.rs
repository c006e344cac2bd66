//! What every route can reach: the hub, the logins, and what the settings of this moment mean for the gate.

use std::sync::{Arc, PoisonError};

use arc_swap::ArcSwap;
use http::HeaderName;
use hub::Hub;
use hub::access::Rules;
use settings::Settings;
use tokio::sync::{Mutex, Semaphore, watch};

use crate::connect::Walks;
use crate::guard::Hosts;
use crate::options::WebOptions;
use crate::session::Sessions;

/// As MCPHub: `1mb`.
const BODY_LIMIT: usize = 1024 * 1024;
/// Each asks a stranger a few dozen questions.
const MOST_EXAMINATIONS: usize = 4;
const LARGEST_BODY_LIMIT: u64 = 512 * 1024 * 1024;

/// A cheap clone of one and the same.
#[derive(Clone)]
pub(crate) struct App {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    options: WebOptions,
    sessions: Sessions,
    walks: Walks,
    moment: ArcSwap<Moment>,
    /// Whoever makes the next moment; others wait for it, and do not make it as well.
    making: std::sync::Mutex<()>,
    /// One change by the API at a time: it reads, decides and writes.
    changing: Mutex<()>,
    examinations: Arc<Semaphore>,
    draining: watch::Sender<bool>,
}

/// What one state of the settings means here; compiled once.
pub(crate) struct Moment {
    pub(crate) settings: Arc<Settings>,
    pub(crate) rules: Rules,
    pub(crate) hosts: Hosts,
    pub(crate) body_limit: usize,
    /// Where a bearer key of `/mcp` stands.
    pub(crate) key_header: HeaderName,
}

impl App {
    pub(crate) fn new(hub: Hub, options: WebOptions) -> Self {
        hub.sessions().listens(is_loopback(&options));
        let moment = Moment::of(hub.store().current(), &options);
        let sessions = Sessions::new(&options);
        let (draining, _) = watch::channel(false);
        let inner = Inner {
            hub,
            options,
            sessions,
            walks: Walks::default(),
            moment: ArcSwap::from_pointee(moment),
            making: std::sync::Mutex::default(),
            changing: Mutex::default(),
            examinations: Arc::new(Semaphore::new(MOST_EXAMINATIONS)),
            draining,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn options(&self) -> &WebOptions {
        &self.inner.options
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    pub(crate) fn walks(&self) -> &Walks {
        &self.inner.walks
    }

    pub(crate) fn changing(&self) -> &Mutex<()> {
        &self.inner.changing
    }

    /// Places for those who look at a server from outside.
    pub(crate) fn examinations(&self) -> Arc<Semaphore> {
        Arc::clone(&self.inner.examinations)
    }

    /// What the settings mean now.
    pub(crate) fn now(&self) -> Arc<Moment> {
        if let Some(moment) = self.made(&self.inner.hub.store().current()) {
            return moment;
        }
        let making = self.inner.making.lock();
        let _making = making.unwrap_or_else(PoisonError::into_inner);
        let current = self.inner.hub.store().current();
        if let Some(moment) = self.made(&current) {
            return moment;
        }
        let fresh = Arc::new(Moment::of(current, &self.inner.options));
        self.inner.moment.store(Arc::clone(&fresh));
        fresh
    }

    /// What was made of these settings, if that was the last.
    fn made(&self, current: &Arc<Settings>) -> Option<Arc<Moment>> {
        let moment = self.inner.moment.load();
        Arc::ptr_eq(&moment.settings, current).then(|| Arc::clone(&moment))
    }

    /// Turns true when the hub is about to stop: streams without an end should end.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.inner.draining.subscribe()
    }

    pub(crate) fn drain(&self) {
        self.inner.draining.send_replace(true);
    }
}

impl Moment {
    fn of(settings: Arc<Settings>, options: &WebOptions) -> Self {
        let routing = &settings.routing;
        let limit = routing
            .json_body_limit
            .map(|bytes| bytes.clamp(1024, LARGEST_BODY_LIMIT));
        Self {
            rules: Rules::of(&settings, is_loopback(options)),
            hosts: Hosts::new(settings.base_url(), &options.allowed_hosts),
            body_limit: limit
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(BODY_LIMIT),
            key_header: routing
                .bearer_auth_header_name
                .parse()
                .unwrap_or(http::header::AUTHORIZATION),
            settings,
        }
    }
}

/// Only this machine can reach us.
fn is_loopback(options: &WebOptions) -> bool {
    options.listen.ip().to_canonical().is_loopback()
}

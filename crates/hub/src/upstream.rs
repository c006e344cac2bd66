//! Upstreams: the MCP servers that the hub connects out to, each with its own life, session and lists.
//!
//! MCP revisions 2024-11-05 to 2025-11-25, the client's side: lifecycle, Streamable HTTP, stdio, the old HTTP+SSE transport.
//! One upstream's trouble never delays another. The stateless revision is not here yet.

mod call;
mod lifecycle;
mod trouble;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use mcp::{
    capability::Offers,
    merge::{Entry, Listing},
    message::Message,
    revision::Revision,
};
use tokio::sync::{broadcast, watch};

pub use self::{
    call::{Call, CallError},
    lifecycle::State,
    trouble::Trouble,
};

/// One upstream. A clone is the same one; it stays usable, as `NotConnected`, after the server was removed.
#[derive(Clone)]
pub struct Upstream {
    shared: Arc<Shared>,
}

/// What the server said in its answer to `initialize`.
#[derive(Debug, Clone)]
pub struct Hello {
    /// The result as the server wrote it.
    pub result: Box<str>,
    pub revision: Revision,
    pub offers: Offers,
}

/// All that an upstream lists, every page read, in its own order and words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    pub tools: Vec<Entry>,
    pub prompts: Vec<Entry>,
    pub resources: Vec<Entry>,
    pub templates: Vec<Entry>,
}

impl Listed {
    pub fn of(&self, listing: Listing) -> &[Entry] {
        match listing {
            Listing::Tools => &self.tools,
            Listing::Prompts => &self.prompts,
            Listing::Resources => &self.resources,
            Listing::Templates => &self.templates,
        }
    }
}

/// What an upstream tells outside of calls.
#[derive(Debug, Clone)]
pub enum Event {
    /// A notification of the server that belongs to no call: logging, resource updates. Never a `list_changed`.
    Notification(Arc<Message>),
    /// This list was read again and differs; `catalog()` has the new one.
    ListChanged(Listing),
    /// A new connection is ready; it knows nothing of log levels and subscriptions asked for on the old one.
    Connected,
}

struct Shared {
    name: Arc<str>,
    state: watch::Sender<State>,
    hello: ArcSwapOption<Hello>,
    catalog: ArcSwap<Listed>,
    events: broadcast::Sender<Event>,
}

impl Upstream {
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    pub fn state(&self) -> State {
        self.shared.state.borrow().clone()
    }

    pub fn watch(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// The last answer to `initialize`; kept while the connection is away.
    pub fn hello(&self) -> Option<Arc<Hello>> {
        self.shared.hello.load_full()
    }

    /// What the server listed last; kept while the connection, or a sign-in, is missing.
    pub fn catalog(&self) -> Arc<Listed> {
        self.shared.catalog.load_full()
    }

    /// What happens outside of calls. A slow receiver loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Sends a request. Nothing happens before the first `Call::next`; dropping the call cancels the work upstream.
    pub fn call(&self, request: Message) -> Call {
        Call::new(self.name(), request)
    }

    /// Sends a notification to the server.
    #[expect(clippy::unused_async, reason = "the transports come next")]
    pub async fn notify(&self, notification: Message) -> Result<(), CallError> {
        drop(notification);
        Err(CallError::NotConnected {
            server: self.shared.name.clone(),
            state: Box::new(self.state()),
        })
    }

    /// Hands a client's response to a request of the server (one that came out of a `Call`, with the id that it had there).
    #[expect(clippy::unused_async, reason = "the transports come next")]
    pub async fn answer(&self, response: Message) -> Result<(), CallError> {
        drop(response);
        Err(CallError::NotConnected {
            server: self.shared.name.clone(),
            state: Box::new(self.state()),
        })
    }
}

/// All upstreams of a hub, kept in step with the settings. A clone is the same one.
#[derive(Clone)]
pub struct Upstreams {
    running: Arc<ArcSwap<Vec<Upstream>>>,
    events: broadcast::Sender<(Arc<str>, Event)>,
}

impl Default for Upstreams {
    fn default() -> Self {
        let (events, _) = broadcast::channel(1_024);
        Self {
            running: Arc::default(),
            events,
        }
    }
}

impl Upstreams {
    /// What happens outside of calls at any of them, also at those that come later, with the server's name. A slow receiver
    /// loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<(Arc<str>, Event)> {
        self.events.subscribe()
    }

    pub fn get(&self, name: &str) -> Option<Upstream> {
        self.running
            .load()
            .iter()
            .find(|upstream| upstream.name() == name)
            .cloned()
    }

    /// All of them, in the order of the settings; also those that are switched off.
    pub fn all(&self) -> Vec<Upstream> {
        self.running.load().as_ref().clone()
    }

    /// Connects afresh, as a person asked. False: there is no server of that name.
    pub fn reload(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

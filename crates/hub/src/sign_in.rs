//! Signing in to upstreams: drives the rules of `oauth`, keeps grants renewed, hands out tokens.

mod view;

use std::sync::Arc;

use tokio::sync::broadcast;

pub use view::{
    Bearer, CallbackError, Completed, Event, Forget, Link, Needed, Refusal, SignInError, SignedOut,
    State, Verdict, View,
};

/// All sign-ins of a hub, keyed by server name. A clone is the same one.
#[derive(Clone)]
pub struct SignIns {
    shared: Arc<Shared>,
}

struct Shared {
    events: broadcast::Sender<Event>,
}

impl SignIns {
    // Takes store, fetch, journal and clock as soon as they exist.
    #[expect(
        clippy::new_without_default,
        reason = "gets its parameters with the store"
    )]
    #[must_use]
    pub fn new() -> Self {
        let (events, _) = broadcast::channel(256);
        Self {
            shared: Arc::new(Shared { events }),
        }
    }

    /// The token to send to this server; renewed first when it is due. `None`: send none.
    #[expect(clippy::unused_async, reason = "renewal comes with the store")]
    pub async fn token(&self, _server: &str) -> Result<Option<Bearer>, Needed> {
        Ok(None)
    }

    /// What to do about a 401 or 403.
    #[expect(clippy::unused_async, reason = "renewal comes with the store")]
    pub async fn refused(&self, server: &str, refusal: Refusal) -> Verdict {
        Verdict::Failed(format!("{server} answered {}", refusal.status))
    }

    /// The link where a person signs in; within its life always the same one.
    #[expect(clippy::unused_async, reason = "discovery comes with the store")]
    pub async fn begin(&self, server: &str) -> Result<Link, SignInError> {
        Err(SignInError::UnknownServer(server.to_owned()))
    }

    /// The query of `/oauth/callback`, without the question mark, as received.
    #[expect(clippy::unused_async, reason = "the exchange comes with the store")]
    pub async fn callback(&self, _query: &str) -> Result<Completed, CallbackError> {
        Err(CallbackError::UnknownState)
    }

    /// What a person pasted: the whole address, its query, or the bare code.
    #[expect(clippy::unused_async, reason = "the exchange comes with the store")]
    pub async fn complete(&self, _server: &str, _pasted: &str) -> Result<Completed, CallbackError> {
        Err(CallbackError::UnknownState)
    }

    /// Revokes what can be revoked, then forgets.
    #[expect(clippy::unused_async, reason = "revocation comes with the store")]
    pub async fn sign_out(&self, server: &str, _forget: Forget) -> Result<SignedOut, SignInError> {
        Err(SignInError::UnknownServer(server.to_owned()))
    }

    /// The state of one server's sign-in; cheap, never waits.
    #[must_use]
    pub fn view(&self, _server: &str) -> View {
        View {
            state: State::Unneeded,
            reason: String::new(),
            action: None,
            authorization_url: None,
            link_expires_at: None,
            connected: false,
            client_configured: false,
            expires_at: None,
            issuer: None,
            scopes: Vec::new(),
            redirect_uri: String::new(),
        }
    }

    /// Tells when a server was signed in, signed out, or came to need a person.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }
}

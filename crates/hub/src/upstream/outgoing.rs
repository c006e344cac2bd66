//! A message on its way to an upstream, and why it did not get through. What every transport has in common.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use mcp::message::Message;

use super::Trouble;
use crate::sign_in::Needed;

/// Why a message did not get through.
#[derive(Debug, Clone)]
pub(super) enum Refused {
    /// Not executed: a person has to sign in.
    NeedsSignIn(Needed),
    /// Not executed: a person has to agree to more scopes, for this request alone.
    NeedsScopes(Needed),
    /// Not executed: the server forgot the session.
    SessionGone,
    /// Not executed: the server was not reached.
    Unsent(Trouble),
    /// Perhaps executed.
    Failed(Trouble),
}

impl Refused {
    pub(super) fn into_trouble(self) -> Trouble {
        match self {
            Self::NeedsSignIn(needed) | Self::NeedsScopes(needed) => Trouble::SignIn {
                cause: (&needed).into(),
                why: needed.to_string(),
            },
            Self::SessionGone => Trouble::SessionGone,
            Self::Unsent(trouble) | Self::Failed(trouble) => trouble,
        }
    }
}

/// A message as it goes on the wire. Cheap to clone, so that it can be sent again.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) text: Bytes,
    pub(super) is_initialize: bool,
    /// What HTTP repeats of it in headers; only without a handshake.
    pub(super) headers: Option<HeaderMap>,
    /// What is passed on of the headers of the client's request.
    pub(super) passed_on: Option<Arc<HeaderMap>>,
}

impl Outgoing {
    pub(super) fn new(message: Message) -> Self {
        let is_initialize = message.method() == Some(mcp::method::INITIALIZE);
        Self {
            text: message.into_text().into(),
            is_initialize,
            headers: None,
            passed_on: None,
        }
    }

    /// A request of the stateless revision.
    pub(super) fn with_headers(message: Message, headers: HeaderMap) -> Self {
        Self {
            headers: Some(headers),
            ..Self::new(message)
        }
    }
}

//! What is known before a search: the challenge, where sign-ins went before, and metadata that is still fresh.

use std::collections::VecDeque;

use serde_json::{Map, Value};
use url::Url;

use crate::address::{self, Endpoint};
use crate::challenge::Challenge;

/// What whoever starts a search may already know. Nothing of it loosens a check.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Of the 401 or 403 that started it.
    pub challenge: Option<Challenge>,
    /// Where registrations and grants of this MCP server were used before.
    pub used: Vec<Used>,
    /// Metadata that was read a short while ago; whoever keeps it also says when it is old.
    pub documents: Vec<Document>,
}

/// An authorization server that a registration or a grant came from, and where its tokens were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub issuer: String,
    pub token_endpoint: String,
}

/// An authorization server's metadata as it was read, for the next search.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Who was asked.
    pub issuer: String,
    /// Where it stood.
    pub place: String,
    pub members: Map<String, Value>,
}

impl From<Option<Challenge>> for Known {
    fn from(challenge: Option<Challenge>) -> Self {
        Self {
            challenge,
            ..Self::default()
        }
    }
}

impl Known {
    /// A fresh document of this issuer, if it stood at one of its places.
    // rule: mcp-auth-discovery-cache
    pub(super) fn document(
        &self,
        issuer: &str,
        places: &VecDeque<Endpoint>,
    ) -> Option<(Endpoint, Map<String, Value>)> {
        let document = self.documents.iter().find(|one| one.issuer == issuer)?;
        let place = places
            .iter()
            .find(|place| place.as_str() == document.place)?;
        Some((place.clone(), document.members.clone()))
    }

    /// The origin where this issuer's tokens were asked for before.
    pub(super) fn token_origin(&self, issuer: &str) -> Option<String> {
        let used = self.used.iter().find(|used| used.issuer == issuer)?;
        let url = Url::parse(&used.token_endpoint).ok()?;
        Some(address::origin(&url))
    }
}

//! The revisions of the protocol that the hub knows, and what differs between them on the wire.
//!
//! MCP lifecycle, "Version Negotiation". The stateless revision is named here; its bridge is elsewhere.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

impl Revision {
    pub const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// The newest one that is agreed on by `initialize`.
    pub const LATEST_HANDSHAKE: Self = Self::V2025_11_25;

    /// What a request over HTTP speaks when no header and no session says otherwise.
    pub const ASSUMED: Self = Self::V2025_03_26;

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|revision| revision.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// What a server answers to the version that a client asked for in `initialize`.
    // rule: mcp-lifecycle-negotiation -- the requested version if the server knows it, else the latest that it knows.
    pub fn negotiate(requested: &str) -> Self {
        match Self::parse(requested) {
            Some(revision) if revision.has_handshake() => revision,
            Some(_) | None => Self::LATEST_HANDSHAKE,
        }
    }

    /// Whether `initialize` and sessions exist.
    pub fn has_handshake(self) -> bool {
        self <= Self::LATEST_HANDSHAKE
    }

    /// Whether a body may be a JSON-RPC batch.
    pub fn has_batches(self) -> bool {
        self <= Self::V2025_03_26
    }

    /// Whether the client sends `MCP-Protocol-Version` after the handshake.
    pub fn has_version_header(self) -> bool {
        self >= Self::V2025_06_18
    }

    /// Whether a stream begins with an event that has an id and no data.
    pub fn has_priming_events(self) -> bool {
        self == Self::V2025_11_25
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: mcp-lifecycle-negotiation
    #[test]
    fn a_known_handshake_revision_is_agreed_to_and_anything_else_gets_the_latest() {
        for (asked, answered) in [
            ("2024-11-05", Revision::V2024_11_05),
            ("2025-03-26", Revision::V2025_03_26),
            ("2025-11-25", Revision::V2025_11_25),
            ("2026-07-28", Revision::V2025_11_25),
            ("1999-01-01", Revision::V2025_11_25),
            ("", Revision::V2025_11_25),
        ] {
            assert_eq!(Revision::negotiate(asked), answered, "{asked}");
        }
    }

    #[test]
    fn revisions_are_ordered_by_date_and_survive_a_round_trip() {
        assert!(Revision::ALL.is_sorted());
        for revision in Revision::ALL {
            assert_eq!(Revision::parse(&revision.to_string()), Some(revision));
        }
    }

    #[test]
    fn only_old_revisions_have_batches_and_only_newer_ones_the_header() {
        let batches: Vec<_> = Revision::ALL
            .into_iter()
            .filter(|r| r.has_batches())
            .collect();
        assert_eq!(batches, [Revision::V2024_11_05, Revision::V2025_03_26]);
        assert!(
            Revision::ALL
                .into_iter()
                .all(|r| r.has_batches() != r.has_version_header())
        );
    }
}

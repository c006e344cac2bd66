//! What whoever shows an upstream has to look at again. It says where to look and not what is there, so that nothing is wrong when two
//! come in one moment, or one is lost.

use std::sync::Arc;

use mcp::merge::Listing;

/// Something of an upstream is no longer as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub server: Arc<str>,
    /// Whose connection it is; none where all share it.
    pub user: Option<String>,
    pub piece: Piece,
}

/// What is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Where it stands.
    State,
    /// What it offers.
    List(Listing),
}

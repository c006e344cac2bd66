//! Why a stage of the walk failed.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::browser::BrowserError;

#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error("the terminal or a file failed: {0}")]
    Local(#[from] std::io::Error),
    #[error("cannot start {}: {source}", binary.display())]
    NotStarted {
        binary: PathBuf,
        source: std::io::Error,
    },
    #[error("no answer from the hub for {asked}: {source}")]
    NoAnswer {
        asked: String,
        source: reqwest::Error,
    },
    #[error("the hub answered {asked} with {status}: {answer}")]
    Refused {
        asked: String,
        status: u16,
        answer: String,
    },
    #[error("the hub stopped by itself, {0}")]
    HubGone(std::process::ExitStatus),
    #[error("not within {} s: {awaited}; it is {instead}", limit.as_secs())]
    TooLate {
        awaited: String,
        instead: String,
        limit: Duration,
    },
    #[error("the tool call failed: {0}")]
    CallFailed(Value),
    #[error("{0}")]
    Browser(#[from] BrowserError),
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    #[error("the person pressed Deny; run it again and press Allow")]
    Denied,
    #[error("{0}")]
    Missing(String),
    #[error("interrupted")]
    Interrupted,
}

impl Cause {
    /// Something that should have been there, or should have been so.
    pub(super) fn unless(right: bool, sentence: impl Into<String>) -> Result<(), Self> {
        if right {
            Ok(())
        } else {
            Err(Self::Missing(sentence.into()))
        }
    }

    /// What the person wanted; the hub's log explains nothing then.
    pub(super) fn is_of_the_person(&self) -> bool {
        matches!(self, Self::Denied | Self::Interrupted)
    }
}

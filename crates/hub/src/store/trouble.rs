//! What can be wrong with the settings file, in words for the person who owns it.

use std::path::PathBuf;

use settings::ParseError;

use super::disk::{ReadError, WriteError};

/// The hub does not start on this file. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: {error}; correct it there and start again (the file was not changed)", path.display())]
    Unparsable { path: PathBuf, error: ParseError },
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    #[error("the folder {} does not exist; make it, or name another settings file", .0.display())]
    NoFolder(PathBuf),
    #[error("changes of the settings file cannot be noticed")]
    Unwatched(#[source] notify::Error),
    #[error("opening the settings file broke off")]
    Stopped(#[source] tokio::task::JoinError),
}

/// A change was not made. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The change makes no sense, or the file on disk does not parse.
    #[error(transparent)]
    Change(#[from] settings::EditError),
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Place(#[from] Box<OpenError>),
    #[error(
        "the settings file was emptied or taken away while the hub runs; put it back, or start the hub again"
    )]
    Gone,
    #[error("the settings file kept changing while it was to be written")]
    NeverStill,
    #[error("writing the settings file broke off")]
    Stopped(#[source] tokio::task::JoinError),
}

/// What keeps the file from being read or written while the hub runs. The last good settings are in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("the settings file has an error, and the settings from before it are in force: {0}")]
    Unparsable(ParseError),
    #[error("the settings file cannot be read, and the settings from before are in force: {0}")]
    Unreadable(String),
    #[error(
        "the settings file was emptied or taken away, and the settings from before are in force; put it back"
    )]
    Gone,
    #[error("the settings file cannot be written, so sign-ins will not survive a restart: {0}")]
    NotWritable(String),
}

//! The codes of the settings file.
//!
//! A number is never used again, and a word never changes; texts may. What is not here: which error has which code
//! (`of_oauth`; `causes` beside the errors of the hub).

use super::{Cause, Family, Row};

pub(super) const ROWS: &[Row] = &[
    Row {
        cause: Cause::SettingsUnreadable,
        id: (Family::Conf, 1),
        word: "settings-unreadable",
        title: "The settings file cannot be read.",
        why: "It does not parse, was taken away, or may not be read. The settings from before stay in force.",
        clause: None,
        cure: "correct it where the message says",
    },
    Row {
        cause: Cause::ServerSettings,
        id: (Family::Conf, 2),
        word: "server-settings",
        title: "The server's settings make no sense.",
        why: "A value of its entry is missing or wrong, or a secret in it does not open.",
        clause: None,
        cure: "edit the entry as the message says",
    },
    Row {
        cause: Cause::SettingsNotWritten,
        id: (Family::Conf, 3),
        word: "settings-not-written",
        title: "The settings file cannot be written.",
        why: "What is to be kept (a sign-in, a change) would be lost with the next start.",
        clause: None,
        cure: "make the settings file and its folder writable for the hub",
    },
];

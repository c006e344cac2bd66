//! A start that ended before it began: what is in the way of the settings, and what helps against just that.

use std::io::ErrorKind;
use std::path::Path;

use hub::StartError;
use hub::cause::Cause;
use hub::explained::quoted;
use hub::store::{OpenError, ReadError};

use crate::environment::SETTINGS;
use crate::failure::{Failure, chain};

pub(super) fn told(error: &StartError, path: &Path) -> Failure {
    let failure = Failure::usage(chain(error)).cure(cure(error, path));
    match error {
        StartError::Store(_) => failure.cause(Cause::SettingsUnreadable),
        StartError::Proxy(_) => failure,
    }
}

/// Only a text that does not parse is corrected in the file.
fn cure(error: &StartError, path: &Path) -> String {
    let shown = path.display();
    let named = quoted(&path.to_string_lossy());
    let error = match error {
        StartError::Store(error) => error,
        StartError::Proxy(_) => {
            return "correct that variable of the environment, or take it away, and start again"
                .to_owned();
        }
    };
    match error {
        OpenError::Unreadable(ReadError::Io { source, .. }) => {
            if source.kind() == ErrorKind::PermissionDenied {
                return format!(
                    "give the user who runs the hub the right to read {shown} and to enter its folder, and start again; who may shows: ls -ld {named}"
                );
            }
            format!(
                "see to it that {shown} can be read, or name another file with --settings, and start again"
            )
        }
        OpenError::Unreadable(ReadError::NotAFile(_)) => {
            let inside = path.join(SETTINGS);
            let inside = quoted(&inside.to_string_lossy());
            format!("name a file, like --settings {inside}; one that is not there yet is made")
        }
        OpenError::NoFolder(folder) => format!(
            "make the folder and start again: mkdir -p {}",
            quoted(&folder.to_string_lossy())
        ),
        OpenError::Unwatched(_) => format!(
            "see to it that the system lets this user watch the folder of {shown} (on Linux fs.inotify.max_user_watches and max_user_instances), and start again"
        ),
        OpenError::Stopped(_) => "start again".to_owned(),
        OpenError::Unparsable { .. }
        | OpenError::Unreadable(ReadError::TooLarge(_) | ReadError::NotUtf8 { .. }) => {
            format!("correct {shown} and start again; nothing was changed in it")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_not_be_read_is_not_to_be_corrected_but_to_be_let_in_to() {
        let path = Path::new("/etc/my hub/mcp_settings.json");
        let denied = ReadError::Io {
            path: path.to_owned(),
            source: ErrorKind::PermissionDenied.into(),
        };
        let failure = told(&StartError::Store(denied.into()), path).to_string();
        assert!(
            failure.contains("the right to read /etc/my hub"),
            "{failure}"
        );
        assert!(failure.contains("ls -ld '/etc/my hub/"), "{failure}");
        assert!(!failure.contains("do: correct"), "{failure}");
    }
}

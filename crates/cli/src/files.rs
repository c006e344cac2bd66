//! How many files and sockets the process may hold.
//!
//! Systems often begin with 1,024, and let a process ask for more. A child inherits what was asked for, and some close each file that
//! they might have inherited one by one: so it is not asked for as many as can be had.

/// Enough for 10,000 clients and as many calls.
#[cfg(unix)]
const ENOUGH: u64 = 65_536;
/// Without a word of the system.
#[cfg(not(unix))]
const FEW: usize = 10_000;

/// Asks for enough. How many clients may be connected at once: half of what there is, so that the hub can always reach its servers.
#[cfg(unix)]
pub(crate) fn for_clients() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    const FILES: Resource = Resource::RLIMIT_NOFILE;
    let Ok((soft, hard)) = getrlimit(FILES) else {
        return 512;
    };
    let wanted = hard.min(ENOUGH);
    let got = if soft >= wanted {
        soft
    } else {
        match setrlimit(FILES, wanted, hard) {
            Ok(()) => wanted,
            Err(error) => {
                tracing::debug!(soft, wanted, %error, "the system gives no more files");
                soft
            }
        }
    };
    usize::try_from(got.min(ENOUGH) / 2).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
pub(crate) fn for_clients() -> usize {
    FEW
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_file_for_each_client_and_one_more() {
        use nix::sys::resource::{Resource, getrlimit};

        let clients = for_clients();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!(soft >= hard.min(ENOUGH));
        assert!(clients > 0 && 2 * clients as u64 <= soft);
    }
}

//! The three leaves decide and never act: no async, socket, file, environment, process, thread, clock or randomness in their code.
//!
//! Clippy bans some calls; this bans the names, also in a `use`. Addresses as values (`std::net::IpAddr`) are no sockets.

use super::Complaint;
use crate::paths;
use crate::source::Tree;

pub(crate) const LEAVES: [&str; 3] = ["settings", "oauth", "mcp"];

const FORBIDDEN: [&str; 11] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::time::Instant",
    "std::future",
    "tokio",
];
const VALUES: [&str; 5] = [
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::SocketAddr",
    "std::net::AddrParseError",
];
const WORDS: [&str; 4] = ["async", "await", "SystemTime::now", "Instant::now"];

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let in_leaf = |path: &str| {
        LEAVES
            .iter()
            .any(|leaf| path.starts_with(&format!("crates/{leaf}/src/")))
    };
    for file in tree.rust().filter(|file| in_leaf(&file.path)) {
        for (line, path) in paths::named(file) {
            if is_forbidden(&path) {
                complaints.push(Complaint::at(
                    file,
                    line,
                    format!("a leaf names `{path}`"),
                    "take the value as a parameter (time, chance, text); what does I/O lives in `hub`",
                ));
            }
        }
    }
    complaints
}

fn is_forbidden(path: &str) -> bool {
    let below = |root: &str| {
        path == root
            || path
                .strip_prefix(root)
                .is_some_and(|rest| rest.starts_with("::"))
    };
    if VALUES.into_iter().any(below) {
        return false;
    }
    FORBIDDEN.into_iter().any(below)
        || WORDS
            .iter()
            .any(|word| path == *word || path.ends_with(&format!("::{word}")))
}

#[cfg(test)]
mod tests {
    use super::is_forbidden;

    #[test]
    fn acting_is_forbidden_and_values_are_not() {
        for path in [
            "std::fs",
            "std::fs::read",
            "tokio::spawn",
            "std::net::TcpStream",
            "std::net::*",
            "std::time::SystemTime::now",
            "SystemTime::now",
            "async",
        ] {
            assert!(is_forbidden(path), "{path}");
        }
        for path in [
            "std::net::IpAddr",
            "std::net::Ipv4Addr::LOCALHOST",
            "std::time::SystemTime",
            "tokio_like",
            "std::io::Write",
        ] {
            assert!(!is_forbidden(path), "{path}");
        }
    }
}

//! Where a client may be answered: which addresses it may register, and which one it may name later.
//!
//! RFC 8252 sections 7 and 8 (native apps: https, loopback with any port, a scheme of their own), RFC 9700 4.1.3 (compared as texts), RFC 6749 3.1.2 (absolute, without a fragment).

use url::{Host, Url};

const LONGEST: usize = 2_000;

/// Apps that let themselves be called by a scheme without a dot. Everybody else's has the app's own domain name in it, turned round (RFC 8252 7.1): of a word alone nobody can tell whether it opens an app or runs something of the system.
const APPS: [&str; 24] = [
    "antigravity",
    "boltai",
    "chatwise",
    "cherrystudio",
    "claude",
    "code-oss",
    "cursor",
    "fleet",
    "goose",
    "idea",
    "jetbrains",
    "kiro",
    "lmstudio",
    "msty",
    "positron",
    "raycast",
    "trae",
    "vscode",
    "vscode-insiders",
    "vscodium",
    "warp",
    "windsurf",
    "windsurf-next",
    "zed",
];
/// Programs of the system have some with a dot in them.
const SYSTEMS: [&str; 5] = ["ms-", "search-", "chrome-", "moz-", "x-apple"];

/// Why an address is none that a client may be answered at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("it is no absolute address")]
    NotAbsolute,
    #[error("it holds a user name, a fragment, a blank or a character that hides where it leads")]
    Disguised,
    #[error(
        "plain http leads to this machine only: http://127.0.0.1, http://[::1] or http://localhost"
    )]
    PlainHttp,
    #[error("its scheme is neither https nor one of an app's own, such as com.example.app://")]
    Scheme,
    #[error("it is longer than {LONGEST} characters")]
    TooLong,
}

/// Whether a client may be answered there.
// rule: rfc8252-8.4 -- an address leads to https, to this machine, or to an app by a scheme of its own.
pub(crate) fn check(raw: &str) -> Result<Url, Unfit> {
    if raw.len() > LONGEST {
        return Err(Unfit::TooLong);
    }
    let hidden = |letter: char| letter.is_control() || letter.is_whitespace() || !letter.is_ascii();
    // A `$` could be read as a placeholder in the settings file.
    if raw.contains(['\\', '$']) || raw.chars().any(hidden) {
        return Err(Unfit::Disguised);
    }
    let url = Url::parse(raw).map_err(|_| Unfit::NotAbsolute)?;
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(Unfit::Disguised);
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" | "https" => Err(Unfit::PlainHttp),
        scheme if is_of_an_app(scheme, &url) => Ok(url),
        _ => Err(Unfit::Scheme),
    }
}

/// Whether the address that a client names is one that it registered. On this machine the port is the system's choice.
// rule: rfc9700-4.1.3 -- addresses are compared letter by letter, but for the port on loopback.
pub(crate) fn is_registered(asked: &str, registered: &[String]) -> bool {
    if registered.iter().any(|known| known == asked) {
        return check(asked).is_ok();
    }
    // rule: rfc8252-7.3 -- any port is taken on loopback.
    let Some(asked) = without_port(asked) else {
        return false;
    };
    let mut known = registered.iter().filter_map(|known| without_port(known));
    known.any(|known| known == asked)
}

/// Whether only a program on the person's own machine can be there.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn without_port(raw: &str) -> Option<Url> {
    let mut url = check(raw).ok()?;
    let local = url.scheme() == "http";
    (local && url.set_port(None).is_ok()).then_some(url)
}

// rule: rfc8252-7.1 -- an app's own scheme is a domain name of its makers, turned round.
fn is_of_an_app(scheme: &str, url: &Url) -> bool {
    let systems = SYSTEMS.iter().any(|begin| scheme.starts_with(begin));
    let known = APPS.contains(&scheme) && url.host_str().is_some_and(|host| !host.is_empty());
    !systems && (scheme.contains('.') || known)
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: rfc8252-8.4
    #[test]
    fn an_address_that_runs_or_reads_something_is_never_taken() {
        for raw in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            " javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "ms-msdt:/id",
            "ms-officecmd://x/y",
            "search-ms://x/y",
            "view-source:https://a.example",
            "blob:https://a.example/1",
            "about:blank",
            "intent://x#Intent;end",
            "wss://a.example/cb",
            "app:callback",
            "app://callback",
            "intent://x/#Intent;scheme=a",
            "itms-services://x/?action=download-manifest",
            "steam://run/1",
            "zoommtg://x/join",
            "ms-appinstaller://x/?source=https://evil.example",
            "ms-settings.x:/y",
            "x-apple.systempreferences:x",
            "ldap://x/y",
            "vscode:callback",
            "cursor:///callback",
        ] {
            assert!(check(raw).is_err(), "{raw}");
        }
    }

    // rule: rfc8252-8.4, rfc8252-7.1
    #[test]
    fn an_address_elsewhere_is_https_and_plain_http_is_for_this_machine() {
        for raw in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/callback",
            "http://localhost:6274/oauth/callback",
            "http://[::1]:9/",
            "cursor://anysphere.cursor-retrieval/oauth/callback",
            "com.example.app:/oauth",
            "vscode://vscode.github-authentication/did-authenticate",
            "vscode-insiders://vscode.github-authentication/did-authenticate",
            "windsurf://codeium.windsurf/oauth",
            "com.raycast:/oauth?package_name=MCP",
            "raycast://oauth?package_name=MCP",
            "warp://mcp/oauth2callback",
        ] {
            assert!(check(raw).is_ok(), "{raw}: {:?}", check(raw));
        }
        for (raw, why) in [
            ("http://example.com/cb", Unfit::PlainHttp),
            ("http://localhost.example.com/cb", Unfit::PlainHttp),
            ("http://127.0.0.1.example.com/cb", Unfit::PlainHttp),
            ("http://localhost@example.com/cb", Unfit::Disguised),
            ("https://a.example/cb#x", Unfit::Disguised),
            ("https://a.example\\@b.example/", Unfit::Disguised),
            ("https://a.example/${HOME}", Unfit::Disguised),
            ("https://a\u{202e}.example/", Unfit::Disguised),
            ("/callback", Unfit::NotAbsolute),
            ("//example.com/cb", Unfit::NotAbsolute),
            ("", Unfit::NotAbsolute),
        ] {
            assert_eq!(check(raw).err(), Some(why), "{raw}");
        }
        let long = format!("https://a.example/{}", "x".repeat(LONGEST));
        assert_eq!(check(&long), Err(Unfit::TooLong));
    }

    // rule: rfc9700-4.1.3, rfc8252-7.3
    #[test]
    fn only_the_port_of_an_address_on_this_machine_may_differ() {
        let registered = [
            "https://a.example/cb".to_owned(),
            "http://127.0.0.1:1000/cb".to_owned(),
            "http://localhost/cb?x=1".to_owned(),
        ];
        for asked in [
            "https://a.example/cb",
            "http://127.0.0.1:1000/cb",
            "http://127.0.0.1:50123/cb",
            "http://127.0.0.1/cb",
            "http://localhost:4/cb?x=1",
        ] {
            assert!(is_registered(asked, &registered), "{asked}");
        }
        for asked in [
            "https://a.example/cb/",
            "https://a.example:444/cb",
            "https://a.example/cb?x",
            "https://a.example/cb/../evil",
            "https://A.example/cb",
            "https://a.example.evil/cb",
            "http://127.0.0.1:1000/other",
            "http://127.0.0.1:1000/cb?x",
            "http://127.0.0.2:1000/cb",
            "http://localhost/cb",
            "http://[::1]:1000/cb",
            "javascript:alert(1)",
        ] {
            assert!(!is_registered(asked, &registered), "{asked}");
        }
        let odd = ["javascript:alert(1)".to_owned()];
        assert!(
            !is_registered("javascript:alert(1)", &odd),
            "one that stands in the file is not taken either"
        );
    }
}

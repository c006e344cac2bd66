//! When a browser may be opened: upon a person's action, on a machine with a display, for http(s) addresses, without a shell.

use std::io::IsTerminal;

use url::Url;

use crate::environment::Environment;

/// Why no browser was opened; the link is shown instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// `--no-browser`, or nobody sits at a terminal.
    Unwanted,
    /// No display, a session over ssh, a machine that tests (`CI`), or `MCPHUB_NO_BROWSER`.
    NoDisplay,
    /// Not http or https.
    Scheme(String),
    /// The machine could not open it.
    Failed(String),
}

/// Opens the address, when a person at this machine can see it.
// rule: safe-u02
pub(crate) fn open(address: &str, wanted: bool, environment: &Environment) -> Result<(), Closed> {
    let person = wanted && std::io::stdout().is_terminal();
    let address = allowed(address, person, environment)?;
    // Starts the system's opener as a process with the address as one argument; no shell reads it.
    webbrowser::open(address.as_str()).map_err(|error| Closed::Failed(error.to_string()))
}

fn allowed(address: &str, person: bool, environment: &Environment) -> Result<Url, Closed> {
    let url = Url::parse(address).map_err(|error| Closed::Scheme(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Closed::Scheme(url.scheme().to_owned()));
    }
    if !person {
        return Err(Closed::Unwanted);
    }
    if is_at_hand(person, environment) {
        Ok(url)
    } else {
        Err(Closed::NoDisplay)
    }
}

/// Whether this person would see a browser that opens on this machine.
pub(crate) fn is_at_hand(person: bool, environment: &Environment) -> bool {
    let display = !cfg!(all(unix, not(target_os = "macos")))
        || environment.text("DISPLAY").is_some()
        || environment.text("WAYLAND_DISPLAY").is_some();
    let unwanted = environment.flag("MCPHUB_NO_BROWSER")
        || environment.text("CI").is_some_and(|ci| ci != "false");
    person && display && !unwanted && environment.text("SSH_CONNECTION").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Environment {
        Environment::of(&[("DISPLAY", ":0")])
    }

    #[test]
    fn only_web_addresses_are_opened() {
        for address in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ms-settings:x",
            "no address",
        ] {
            assert!(
                matches!(allowed(address, true, &desk()), Err(Closed::Scheme(_))),
                "{address}"
            );
        }
        assert_eq!(
            allowed(
                "https://login.example.com/authorize?a=b&c='d",
                true,
                &desk()
            )
            .unwrap()
            .scheme(),
            "https"
        );
    }

    #[test]
    fn no_browser_without_a_person() {
        assert_eq!(
            allowed("https://login.example.com/", false, &desk()),
            Err(Closed::Unwanted)
        );
    }

    #[test]
    fn no_browser_over_ssh() {
        let far = Environment::of(&[
            ("DISPLAY", ":10"),
            ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22"),
        ]);
        assert_eq!(
            allowed("https://login.example.com/", true, &far),
            Err(Closed::NoDisplay)
        );
    }

    #[test]
    fn no_browser_in_ci_or_where_it_was_switched_off() {
        for (variable, value, opens) in [
            ("CI", "true", false),
            ("CI", "false", true),
            ("MCPHUB_NO_BROWSER", "1", false),
            ("MCPHUB_NO_BROWSER", "0", true),
        ] {
            let environment = Environment::of(&[("DISPLAY", ":0"), (variable, value)]);
            assert_eq!(is_at_hand(true, &environment), opens, "{variable}={value}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_browser_without_a_display() {
        assert_eq!(
            allowed("https://login.example.com/", true, &Environment::default()),
            Err(Closed::NoDisplay)
        );
    }
}

//! The operator file: how a command on the hub's own machine, by the same user, is let in without a login (docs/adr/0005).
//!
//! A running hub writes `hubs/{port}.json` with mode 0600 into the data folder and removes it when it stops.

use std::io::Write;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::environment::Environment;

/// Where running hubs leave their files.
pub(crate) fn folder(environment: &Environment) -> Option<PathBuf> {
    data_folder(environment).map(|folder| folder.join("hubs"))
}

/// `MCPHUB_DATA_DIR`, else the user's data folder; none for a user without a home.
pub(crate) fn data_folder(environment: &Environment) -> Option<PathBuf> {
    let given = environment.text("MCPHUB_DATA_DIR").map(PathBuf::from);
    let own = || directories::BaseDirs::new().map(|folders| folders.data_dir().join("mcphub"));
    given.or_else(own)
}

#[derive(Serialize, Deserialize)]
struct Written {
    url: String,
    token: String,
    pid: u32,
    #[serde(default)]
    settings: Option<PathBuf>,
}

/// What a running hub left for us.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) url: Url,
    pub(crate) token: SecretString,
    /// Its settings file, where a hub of our version wrote it down.
    pub(crate) settings: Option<PathBuf>,
}

/// The hub that wrote a file for the port of this loopback address.
pub(crate) fn find(folder: &Path, hub: &Url) -> Option<Operator> {
    let port = hub.port_or_known_default().filter(|_| is_loopback(hub))?;
    read(&path(folder, port))
}

/// All hubs that wrote a file, running or not.
pub(crate) fn all(folder: &Path) -> Vec<Operator> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    }; // no hub ever ran here
    entries
        .filter_map(|entry| read(&entry.ok()?.path()))
        .collect()
}

fn read(path: &Path) -> Option<Operator> {
    let written: Written = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    let url = Url::parse(&written.url).ok().filter(is_loopback)?;
    Some(Operator {
        url,
        token: written.token.into(),
        settings: written.settings,
    })
}

fn path(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!("{port}.json"))
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The file of the hub in this process; dropped, it is removed.
#[derive(Debug)]
pub(crate) struct Invitation {
    path: PathBuf,
    text: String,
}

impl Invitation {
    pub(crate) fn write(
        folder: &Path,
        url: &Url,
        token: &SecretString,
        settings: &Path,
    ) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let written = Written {
            url: url.to_string(),
            token: token.expose_secret().to_owned(),
            pid: std::process::id(),
            settings: Some(std::path::absolute(settings)?),
        };
        let text = serde_json::to_string(&written)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?; // created with mode 0600
        file.write_all(text.as_bytes())?;
        let path = path(folder, port);
        file.persist(&path)?;
        Ok(Self { path, text })
    }
}

impl Drop for Invitation {
    fn drop(&mut self) {
        // Another hub may have taken the port meanwhile; its file stays.
        let ours = std::fs::read_to_string(&self.path).is_ok_and(|text| text == self.text);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the operator file could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_command_finds_the_hub_of_its_port_until_it_stops() {
        let folder = tempfile::tempdir().unwrap();
        let invitation = Invitation::write(
            folder.path(),
            &url("http://localhost:3000/hub"),
            &"secret".into(),
            Path::new("mcp_settings.json"),
        )
        .unwrap();
        let found = find(folder.path(), &url("http://127.0.0.1:3000")).unwrap();
        assert_eq!(found.token.expose_secret(), "secret");
        assert_eq!(found.url.path(), "/hub");
        let settings = found.settings.unwrap();
        assert!(settings.is_absolute() && settings.ends_with("mcp_settings.json"));
        assert!(find(folder.path(), &url("http://localhost:3001")).is_none());
        drop(invitation);
        assert!(find(folder.path(), &url("http://127.0.0.1:3000")).is_none());
    }

    #[test]
    fn the_token_is_never_meant_for_another_machine() {
        let folder = tempfile::tempdir().unwrap();
        let _invitation = Invitation::write(
            folder.path(),
            &url("http://localhost:3000"),
            &"secret".into(),
            Path::new("mcp_settings.json"),
        )
        .unwrap();
        for elsewhere in [
            "http://hub.example.com:3000",
            "http://192.168.0.7:3000",
            "http://localhost.example.com:3000",
        ] {
            assert!(
                find(folder.path(), &url(elsewhere)).is_none(),
                "{elsewhere}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_token() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let invitation = Invitation::write(
            folder.path(),
            &url("http://localhost:3000"),
            &"secret".into(),
            Path::new("mcp_settings.json"),
        )
        .unwrap();
        let mode = std::fs::metadata(&invitation.path)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_hub_that_took_the_port_keeps_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = Invitation::write(
            folder.path(),
            &url("http://localhost:3000"),
            &"first".into(),
            Path::new("mcp_settings.json"),
        )
        .unwrap();
        let _second = Invitation::write(
            folder.path(),
            &url("http://localhost:3000"),
            &"second".into(),
            Path::new("mcp_settings.json"),
        )
        .unwrap();
        drop(first);
        assert_eq!(
            find(folder.path(), &url("http://localhost:3000"))
                .unwrap()
                .token
                .expose_secret(),
            "second"
        );
    }
}

//! Habits of known providers, as data: what has to be asked differently where a standard alone does not suffice.
//!
//! A profile is found by the host of the issuer, else by the host of the MCP server. The settings stand above it, and
//! it stands above what discovery finds; `oauth.profile: false` switches it off for a server. Only https hosts are
//! known, so nothing on loopback ever has a profile. Nested and form-encoded token answers need no profile: they are
//! read wherever they come from.

mod table;

use url::Url;

use crate::policy::{Policy, ResourceRule};
use crate::step::Note;

pub use table::ALL;

/// One provider's habits. What is empty is as the standards say.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: &'static str,
    /// Hosts: whole, or with one `*` for any characters.
    pub hosts: &'static [&'static str],
    /// A part of the issuer's path that gives it away where the host cannot.
    pub path: Option<&'static str>,
    /// `resource` is not sent: the provider refuses it or takes it for something else.
    pub without_resource: bool,
    pub authorization_params: &'static [(&'static str, &'static str)],
    pub offline: Offline,
    /// Its metadata lists only a few of the scopes that it knows.
    pub lists_few_scopes: bool,
    pub repeat_scope_on_refresh: bool,
    /// It knows S256 and does not say so.
    pub pkce_unannounced: bool,
    /// The only name of this machine that it takes in a callback.
    pub redirect_host: Option<&'static str>,
    /// It takes callbacks to this machine only.
    pub loopback_only: bool,
    pub scope_separator: char,
    /// Where a client is registered by hand.
    pub console_url: Option<&'static str>,
    /// What a person should know.
    pub note: Option<&'static str>,
}

/// Whether `offline_access` is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Offline {
    /// When the authorization server lists it.
    #[default]
    Listed,
    Never,
    /// Also when it is not listed, and without asking for consent again.
    Always,
}

impl Profile {
    /// The profile of an issuer, else of the MCP server.
    #[must_use]
    pub fn of(issuer: Option<&str>, mcp_url: &str) -> Option<&'static Self> {
        let known = |address: &str| ALL.iter().find(|profile| profile.knows(address));
        issuer.and_then(known).or_else(|| known(mcp_url))
    }

    fn knows(&self, address: &str) -> bool {
        let Ok(url) = Url::parse(address) else {
            return false;
        };
        let host = match url.host() {
            Some(url::Host::Domain(host)) if url.scheme() == "https" => host,
            Some(url::Host::Domain(_) | url::Host::Ipv4(_) | url::Host::Ipv6(_)) | None => {
                return false;
            }
        };
        let local = host == "localhost" || host.ends_with(".localhost");
        let by_path = self.path.is_some_and(|path| url.path().contains(path));
        !local && (by_path || self.hosts.iter().any(|pattern| fits(pattern, host)))
    }

    /// What it changes under this policy, line by line; what the settings decided is not in it.
    #[must_use]
    pub fn lines(&self, policy: &Policy) -> Vec<Note> {
        let mut lines = Vec::new();
        let mut line =
            |text: String| lines.push(Note::new("profile", format!("{}: {text}", self.name)));
        if self.without_resource && policy.resource == ResourceRule::Discovered {
            line("no resource is sent".to_owned());
        }
        for (key, value) in added(self, policy) {
            line(format!("{key}={value} is sent along"));
        }
        match self.offline {
            Offline::Listed => {}
            Offline::Never => line("offline_access is not asked for".to_owned()),
            Offline::Always => line("offline_access is asked for".to_owned()),
        }
        if self.lists_few_scopes {
            line("scopes are asked for also when its metadata does not list them".to_owned());
        }
        if self.repeat_scope_on_refresh {
            line("the scope is repeated at every renewal".to_owned());
        }
        if self.pkce_unannounced && !policy.assume_pkce {
            line("S256 is sent although its metadata does not offer it".to_owned());
        }
        if let Some(host) = self.redirect_host {
            line(format!("a callback to this machine is named {host}"));
        }
        if self.loopback_only {
            line("only callbacks to this machine are taken".to_owned());
        }
        if self.scope_separator != ' ' {
            line(format!("scopes are joined by {:?}", self.scope_separator));
        }
        if let Some(note) = self.note {
            line(note.to_owned());
        }
        lines
    }

    /// The callback that this provider takes in place of one that nobody chose; `port` is where the hub listens.
    #[must_use]
    pub fn callback(&self, usual: &str, port: u16) -> Option<String> {
        let url = Url::parse(usual).ok()?;
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let host = self.redirect_host.unwrap_or("localhost");
        let wanted = local && self.redirect_host.is_some() || !local && self.loopback_only;
        wanted.then(|| format!("http://{host}:{port}/oauth/callback"))
    }
}

impl Policy {
    /// The profile that counts for this server at this issuer.
    #[must_use]
    pub fn profile(&self, issuer: Option<&str>) -> Option<&'static Profile> {
        (self.profiles)
            .then(|| Profile::of(issuer, &self.mcp_url))
            .flatten()
    }

    /// The same policy with the provider's habits put where the settings say nothing.
    // Settings beat the profile, and the profile beats discovery.
    // rule: profile, at-13, at-27
    #[must_use]
    pub fn settled(&self, issuer: Option<&str>) -> Self {
        let mut policy = self.clone();
        let Some(profile) = self.profile(issuer) else {
            return policy;
        };
        if profile.without_resource && self.resource == ResourceRule::Discovered {
            policy.resource = ResourceRule::Omitted;
        }
        policy.authorization_params.extend(added(profile, self));
        policy.assume_pkce |= profile.pkce_unannounced;
        policy.repeat_scope_on_refresh |= profile.repeat_scope_on_refresh;
        policy.offline = profile.offline;
        policy.lists_few_scopes = profile.lists_few_scopes;
        policy.scope_separator = profile.scope_separator;
        policy
    }
}

/// The parameters that the settings do not decide themselves.
fn added(profile: &Profile, policy: &Policy) -> Vec<(String, String)> {
    let decided = |key: &str| {
        (policy.authorization_params.iter()).any(|(given, _)| given == key)
            || key == "audience" && policy.audience.is_some()
    };
    (profile.authorization_params.iter())
        .filter(|(key, _)| !decided(key))
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn fits(pattern: &str, host: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == host,
        Some((before, after)) => {
            host.len() > before.len() + after.len()
                && host.starts_with(before)
                && host.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests;

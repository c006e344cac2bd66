//! Which calls somebody wants to see. As in MCPHub, a name matches where it holds what is wanted, whatever the case.

use std::time::SystemTime;

use super::{By, Entry, Outcome};

/// What is not said lets every call through.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub server: Option<String>,
    pub tool: Option<String>,
    pub group: Option<String>,
    pub user: Option<String>,
    pub key_id: Option<String>,
    pub key_name: Option<String>,
    /// Names must be the same, not only hold what is wanted.
    pub exact: bool,
    /// Words, each of which is somewhere in the entry.
    pub text: Option<String>,
    pub success: Option<bool>,
    pub since: Option<SystemTime>,
    pub until: Option<SystemTime>,
    /// No call with a higher number: pages of a list stay as they are while more is called.
    pub up_to: Option<u64>,
}

impl Wanted {
    #[must_use]
    pub fn lets_through(&self, entry: &Entry) -> bool {
        let By { who, group, .. } = &entry.by;
        let key = who.key.as_deref();
        let success = matches!(entry.outcome, Outcome::Answered);
        self.is_named(self.server.as_deref(), Some(&entry.server))
            && self.is_named(self.tool.as_deref(), Some(&entry.tool))
            && self.is_named(self.group.as_deref(), group.as_deref())
            && self.is_named(self.user.as_deref(), who.user.as_deref())
            && self.is_named(self.key_name.as_deref(), key.map(|key| &*key.name))
            && (self.key_id.as_deref()).is_none_or(|id| key.is_some_and(|key| *key.id == *id))
            && self.success.is_none_or(|wanted| wanted == success)
            && self.since.is_none_or(|since| entry.ended >= since)
            && self.until.is_none_or(|until| entry.ended <= until)
            && self.up_to.is_none_or(|last| entry.id <= last)
            && self.says(entry)
    }

    fn is_named(&self, wanted: Option<&str>, name: Option<&str>) -> bool {
        match (wanted, name) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(name)) if self.exact => wanted == name,
            (Some(wanted), Some(name)) => name.to_lowercase().contains(&wanted.to_lowercase()),
        }
    }

    fn says(&self, entry: &Entry) -> bool {
        let Some(text) = &self.text else {
            return true;
        };
        let By { who, client, group } = &entry.by;
        let key = who.key.as_deref();
        let said = [
            Some(&*entry.server),
            Some(&*entry.tool),
            group.as_deref(),
            client.as_deref(),
            who.user.as_deref(),
            key.map(|key| &*key.name),
            entry.outcome.why(),
        ];
        let said: Vec<_> = said.into_iter().flatten().map(str::to_lowercase).collect();
        let text = text.to_lowercase();
        text.split_whitespace()
            .all(|word| said.iter().any(|said| said.contains(word)))
    }
}

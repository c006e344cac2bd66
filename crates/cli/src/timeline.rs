//! The journal of a sign-in as lines: what happened, on which evidence, by which rule.

use crate::rest::shape::Entry;

/// Follows a growing journal: each entry is told once.
#[derive(Debug)]
pub(crate) struct Follower<E = Entry> {
    seen: Vec<E>,
}

impl<E> Default for Follower<E> {
    fn default() -> Self {
        Self { seen: Vec::new() }
    }
}

impl<E: PartialEq> Follower<E> {
    /// Begins after what is there already.
    pub(crate) fn after(entries: Vec<E>) -> Self {
        Self { seen: entries }
    }

    /// The entries that came since; the journal loses its oldest ones meanwhile.
    pub(crate) fn news(&mut self, entries: Vec<E>) -> &[E] {
        let most = self.seen.len().min(entries.len());
        let continues = |shared: &usize| self.seen.ends_with(&entries[..*shared]);
        let shared = (0..=most).rev().find(continues).unwrap_or(0);
        self.seen = entries;
        &self.seen[shared..]
    }
}

/// `  discovery      resource metadata found   (GET host/path 200, 12 ms)   RFC 9728 3.3`
pub(crate) fn line(entry: &Entry) -> String {
    let why = entry.why.as_deref().filter(|why| !why.is_empty());
    let told = match (why, &entry.request) {
        // An exchange begins with what it was for: the answer need not have given that.
        (Some(why), Some(_)) => format!("{why}: {}", entry.decision),
        (Some(why), None) => format!("{}: {why}", entry.decision),
        (None, _) => entry.decision.clone(),
    };
    let mut line = format!("  {:<14} {told}", stage(&entry.stage));
    let evidence = evidence(entry);
    if !evidence.is_empty() {
        line = format!("{line}   ({evidence})");
    }
    let rule = entry.rule.as_deref().map(rule_in_words);
    for behind in rule.into_iter().chain(entry.error_code.clone()) {
        line.push_str("   ");
        line.push_str(&behind);
    }
    line
}

fn stage(stage: &str) -> &str {
    match stage {
        "registration" => "client",
        "authorization_url" => "link",
        "token_exchange" => "token",
        "refresh" => "renewal",
        "step_up" => "more scopes",
        "revoke" => "sign-out",
        other => other,
    }
}

fn evidence(entry: &Entry) -> String {
    let request = entry
        .request
        .as_ref()
        .map(|it| format!("{} {}{}", it.method, it.host, it.path));
    let status = entry.status.map(|status| status.to_string());
    let asked = [request, status]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let took = entry.duration_ms.map(|took| format!("{took} ms"));
    [Some(asked).filter(|asked| !asked.is_empty()), took]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// `rfc9728-3.3` is `RFC 9728 3.3`; other rules keep their name.
fn rule_in_words(rule: &str) -> String {
    let split = rule
        .strip_prefix("rfc")
        .and_then(|rest| rest.split_once('-'));
    split.map_or_else(
        || rule.to_owned(),
        |(number, section)| format!("RFC {number} {section}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(time: &str, decision: &str) -> Entry {
        let told = serde_json::json!({ "time": time, "server": "s", "stage": "discovery", "decision": decision });
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn each_entry_is_told_once_even_when_times_are_equal() {
        let mut entries = vec![entry("1", "a"), entry("2", "b")];
        let mut follower = Follower::after(entries[..1].to_vec());
        let mut decisions = |entries: &[Entry]| {
            follower
                .news(entries.to_vec())
                .iter()
                .map(|entry| entry.decision.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(decisions(&entries), ["b"]);
        entries.push(entry("2", "c"));
        entries.push(entry("3", "d"));
        assert_eq!(decisions(&entries), ["c", "d"]);
        entries.remove(0); // the journal is bounded
        entries.push(entry("4", "e"));
        assert_eq!(decisions(&entries), ["e"]);
        assert!(decisions(&entries).is_empty());
    }

    #[test]
    fn a_line_shows_decision_evidence_and_rule() {
        let mut entry = entry("1", "resource metadata found");
        entry.request = Some(
            serde_json::from_value(
                serde_json::json!({ "method": "GET", "host": "a.example", "path": "/x" }),
            )
            .unwrap(),
        );
        entry.why = Some("looking for the metadata".into());
        entry.status = Some(200);
        entry.duration_ms = Some(12);
        entry.rule = Some("rfc9728-3.3".into());
        assert_eq!(
            line(&entry),
            "  discovery      looking for the metadata: resource metadata found   (GET a.example/x 200, 12 ms)   RFC 9728 3.3"
        );
    }
}

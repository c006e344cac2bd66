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

/// The same for somebody who waits for the sign-in: its steps by name. `None`: another line says it, or it is of no interest. What did not go well is told whole.
pub(crate) fn step(entry: &Entry) -> Option<String> {
    let told = |step: &str, text: &str, rule: &str| {
        let line = format!("  {step:<14} {text}   {rule}");
        Some(line.trim_end().to_owned())
    };
    let decision = entry.decision.as_str();
    if entry.rule.as_deref() == Some("mcp-auth-discovery-cache") {
        return None;
    }
    if let Some(request) = &entry.request {
        let well = entry.status.is_some_and(|it| (200..300).contains(&it));
        if !well {
            return Some(line(entry));
        }
        let resource = request
            .path
            .starts_with("/.well-known/oauth-protected-resource");
        let found = "protected resource metadata found";
        return told("sign-in", found, "RFC 9728").filter(|_| resource);
    }
    match (entry.stage.as_str(), entry.why.as_deref()) {
        ("discovery", None) => match decision.strip_prefix("the authorization server is ") {
            Some(server) => told("login server", server, "RFC 8414"),
            None => Some(line(entry)),
        },
        ("registration", None) if decision.starts_with("registered as ") => {
            told("client", decision, "RFC 7591")
        }
        // What to do about it is said at more length.
        ("registration", Some(why)) if why.contains("; register a client there") => {
            let said = why.split("; register").next().unwrap_or_default();
            told("client", said, "")
        }
        ("registration", Some(why)) if why.contains(" refused to register a client: ") => {
            let said = why.rsplit_once("; ").map_or(why, |(said, _)| said);
            told("client", said, "")
        }
        ("authorization_url", Some(why)) => match why.split_once("; callback ") {
            Some((scopes, _)) => told("scopes", scopes.trim_start_matches("scope "), ""),
            None => Some(line(entry)),
        },
        ("callback", None) if decision.starts_with("accepted") => None,
        ("connect", None) if decision.starts_with("signed in") => None,
        _ => Some(line(entry)),
    }
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
    fn who_waits_is_told_the_steps_by_name_and_trouble_whole() {
        let entry = |stage: &str, status: Option<u16>, decision: &str, why: Option<&str>| {
            let request = status.map(|_| serde_json::json!({ "method": "GET", "host": "a.test", "path": "/.well-known/oauth-protected-resource/mcp" }));
            let told = serde_json::json!({ "time": "1", "stage": stage, "status": status, "request": request, "decision": decision, "why": why });
            step(&serde_json::from_value(told).unwrap())
        };
        let found = entry("discovery", Some(200), "answered 200", Some("looking"));
        let found_line = "  sign-in        protected resource metadata found   RFC 9728".to_owned();
        assert_eq!(found, Some(found_line));
        let link = entry(
            "authorization_url",
            None,
            "a link waits for a person",
            Some("scope a b; callback http://x"),
        );
        assert_eq!(link.as_deref(), Some("  scopes         a b"));
        let accepted = "accepted: state and issuer are right";
        assert_eq!(entry("callback", None, accepted, None), None);
        let no =
            "http://x/register refused to register a client: 403 no; not me; set oauth.clientId";
        let refused = entry("registration", None, "stopped", Some(no));
        let line =
            "  client         http://x/register refused to register a client: 403 no; not me";
        assert_eq!(refused.as_deref(), Some(line));
        let broken = entry("discovery", Some(500), "answered 500", None).unwrap();
        assert!(broken.contains("GET a.test/"), "{broken}");
        let stopped = entry("discovery", None, "stopped", Some("no metadata")).unwrap();
        assert!(stopped.contains("no metadata"), "{stopped}");
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

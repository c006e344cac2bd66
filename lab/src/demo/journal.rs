//! The hub's journal as its API gives it, and how a line of it is told.

use serde::Deserialize;

/// A line of the hub's journal.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    time: String,
    pub(super) stage: String,
    request: Option<Asked>,
    status: Option<u16>,
    duration_ms: Option<u64>,
    decision: String,
    why: Option<String>,
    pub(super) rule: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Asked {
    method: String,
    host: String,
    path: String,
}

impl Entry {
    /// `14:02:11` of the time.
    pub(super) fn clock(&self) -> &str {
        self.time.get(11..19).unwrap_or(&self.time)
    }

    pub(super) fn sentence(&self) -> String {
        let why = self.why.as_deref().filter(|why| !why.is_empty());
        match (why, &self.request) {
            // An exchange begins with what it was for: the answer need not have given that.
            (Some(why), Some(_)) => format!("{why}: {}", self.decision),
            (Some(why), None) => format!("{}: {why}", self.decision),
            (None, _) => self.decision.clone(),
        }
    }

    /// `GET 127.0.0.1:4101/mcp → 401, 3 ms`
    pub(super) fn evidence(&self) -> Option<String> {
        let asked = self.request.as_ref()?;
        let mut text = format!("{} {}{}", asked.method, asked.host, asked.path);
        if let Some(status) = self.status {
            text = format!("{text} → {status}");
        }
        if let Some(took) = self.duration_ms {
            text = format!("{text}, {took} ms");
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_journal_entry_is_told_with_its_evidence() {
        let entry: Entry = serde_json::from_value(json!({
            "time": "2026-11-23T14:02:11.5Z", "server": "practice", "stage": "discovery",
            "request": { "method": "GET", "host": "as.test", "path": "/x" }, "status": 200, "durationMs": 3,
            "decision": "answered 200", "why": "looking",
        }))
        .unwrap();
        assert_eq!(entry.clock(), "14:02:11");
        assert_eq!(entry.sentence(), "looking: answered 200");
        assert_eq!(
            entry.evidence().as_deref(),
            Some("GET as.test/x → 200, 3 ms")
        );
    }
}

//! What an error stands on: the last exchange of the account, out of the journal. Method, host and path; never a query.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::journal::{Entry, Journal};
use crate::sign_in::Account;

impl Journal {
    /// `400 from POST mcp.example/register, 14:02:11`; `None`: nobody was asked.
    #[must_use]
    pub(super) fn evidence(&self, account: &Account) -> Option<String> {
        let entries = self.entries_of(&account.server, account.user.as_deref());
        entries.iter().rev().find_map(exchange)
    }
}

fn exchange(entry: &Entry) -> Option<String> {
    let asked = entry.request.as_ref()?;
    let (method, host, path) = (&asked.method, &asked.host, &asked.path);
    let time = clock_time(entry.time);
    Some(match entry.status {
        Some(status) => format!("{status} from {method} {host}{path}, {time}"),
        None => format!("{method} {host}{path}: {}, {time}", entry.decision),
    })
}

/// As the clock on the wall of the hub's machine says it.
fn clock_time(time: SystemTime) -> String {
    match Timestamp::try_from(time) {
        Ok(time) => time
            .to_zoned_datetime(TimeZone::system())
            .strftime("%H:%M:%S")
            .to_string(),
        Err(_) => "at an unknown time".to_owned(),
    }
}

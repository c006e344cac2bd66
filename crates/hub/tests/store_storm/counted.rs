//! Writes that are counted: each goes to the slot of its number, so that none is hidden by the next ones.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use settings::Change;

/// How many of the last writes stand in the file.
pub(crate) const SLOTS: u64 = 8;

/// The number of the last write that was said to be done.
#[derive(Default)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    pub(crate) fn last(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn to(&self, number: u64) {
        self.0.fetch_max(number, Ordering::SeqCst);
    }
}

/// What write `number` of somebody changes. It is of another size each time.
pub(crate) fn changes(name: &str, number: u64) -> Vec<Change> {
    let slot = (number % SLOTS).to_string();
    let padding = "x".repeat(usize::try_from(number * 397 % 3_000).unwrap_or(0));
    vec![
        Change::set(["storm", name, &slot], number),
        Change::set(["storm", name, "padding"], padding),
    ]
}

pub(crate) fn whole(text: &str) -> Value {
    let file = settings::File::parse(text).unwrap_or_else(|torn| panic!("{torn}\n{text}"));
    let document = Value::Object(file.document().clone());
    assert_eq!(
        document["mcpServers"]["a"]["url"], "https://a.example.com",
        "{text}"
    );
    document
}

/// The first of the last writes up to `last` that is not there, nor a later one in its slot.
pub(crate) fn missing(document: &Value, name: &str, last: u64) -> Option<String> {
    let mut numbers = last.saturating_sub(SLOTS - 1).max(1)..=last;
    numbers.find_map(|number| {
        let slot = (number % SLOTS).to_string();
        let found = document["storm"][name][&slot].as_u64().unwrap_or(0);
        (found < number).then(|| {
            let storm = &document["storm"];
            format!("write {number} of {name} (its slot has {found}, and {last} was said to be written): {storm}")
        })
    })
}

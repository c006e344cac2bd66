//! What the servers saw in that hour, and whether it may be.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lab::{Endpoint, Fault, Seen, World};

use super::hub_process::Tally;
use super::name;

/// A token of a minute that is renewed within half of it was good.
const TOO_EARLY: Duration = Duration::from_secs(27);

/// What one server saw.
struct Found {
    renewals: u64,
    redundant: u64,
    faults: u64,
}

pub(crate) fn judge(worlds: &[World], tally: &Tally, kills: u64) {
    let wrong = tally.wrong.lock().unwrap();
    assert!(
        wrong.is_empty(),
        "{} times: {:?}",
        wrong.len(),
        wrong.first()
    );
    let mut owners: HashSet<String> = HashSet::new();
    let (mut renewals, mut redundant, mut faults) = (0, 0, 0);
    for (number, world) in worlds.iter().enumerate() {
        let (server, counts) = (name(number), world.counts());
        let sign_ins = (counts.codes_issued, counts.tokens_issued, counts.registered);
        assert_eq!(sign_ins, (1, 1, 1), "{server} was signed in to again");
        assert_eq!(counts.families_revoked, 0, "{server} took a grant back");
        let shown: HashSet<String> = world.requests().iter().flat_map(secrets).collect();
        for secret in shown {
            assert!(
                owners.insert(secret),
                "{server} was shown what is another's"
            );
        }
        let found = found(&world.requests_at(Endpoint::Token));
        assert!(
            found.redundant <= found.faults + kills,
            "{server}: {} redundant renewals for {} faults and {kills} kills",
            found.redundant,
            found.faults
        );
        renewals += found.renewals;
        redundant += found.redundant;
        faults += found.faults;
    }
    let answered = tally.answered.load(Ordering::Relaxed);
    let refused = tally.refused.load(Ordering::Relaxed);
    crate::say(&format!(
        "{} servers: {answered} calls answered, {refused} refused in trouble, 0 answered wrongly; {renewals} renewals, {faults} \
         faults, {kills} kills, {redundant} redundant renewals; grants lost: 0",
        worlds.len()
    ));
    assert!(
        redundant <= faults + kills,
        "{redundant} redundant renewals"
    );
    assert!(
        answered > 0 && faults > 0 && kills > 0,
        "it was no hour of trouble"
    );
}

/// Every token that came with a request.
fn secrets(seen: &Seen) -> Vec<String> {
    let bearer = seen.bearer().map(str::to_owned);
    bearer
        .into_iter()
        .chain(seen.form("refresh_token"))
        .collect()
}

fn found(requests: &[Seen]) -> Found {
    let mut found = Found {
        renewals: 0,
        redundant: 0,
        faults: 0,
    };
    let mut spent = HashSet::new();
    let mut last: Option<Duration> = None;
    for seen in requests {
        let fault = seen.fault.as_ref().filter(|fault| **fault != Fault::Pass);
        found.faults += u64::from(fault.is_some());
        let done = match fault {
            None | Some(Fault::Slow { .. }) => seen.status == Some(200),
            Some(Fault::Lose) => true,
            Some(_) => false,
        };
        let Some(token) = seen.form("refresh_token").filter(|_| done) else {
            continue;
        };
        found.renewals += 1;
        let early = last.is_some_and(|last| seen.at < last + TOO_EARLY);
        let again = !spent.insert(token);
        found.redundant += u64::from(early || again);
        last = Some(seen.at);
    }
    found
}

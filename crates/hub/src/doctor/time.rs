//! The `Date` of the answers against our own clock: tokens and signed words end by it.
//!
//! RFC 9110 section 6.6.1. An answer may be on its way for a while, so only minutes count.

use std::time::{Duration, SystemTime};

use http::header::DATE;
use url::Url;

use super::line::{Line, Part};
use super::walk::{Heard, Walk};
use crate::cause::Cause;

/// What clocks may differ by.
const TOLERANCE: Duration = Duration::from_secs(300);

pub(super) fn examine(walk: &mut Walk<'_>) {
    let origin = |heard: &Heard| Some(Url::parse(&heard.address).ok()?.origin());
    let ours = Some(walk.url.origin());
    let differences = |own: bool| {
        let answers = walk.heard().filter(|heard| (origin(heard) == ours) == own);
        answers.filter_map(difference).next_back()
    };
    let line = judged(differences(true), differences(false));
    walk.say(line.clause("RFC 9110 6.6.1"));
}

/// By the last answer of the server itself, and the last one of anybody else.
fn judged(server: Option<Difference>, others: Option<Difference>) -> Line {
    let off = |one: Option<Difference>| one.filter(|one| one.by > TOLERANCE);
    match (off(server), off(others)) {
        (None, None) => match server.or(others) {
            Some(_) => Line::ok(Part::Clock, "clock", "within five minutes of the servers'"),
            None => Line::note(Part::Clock, "clock-unknown", "no answer carried a date"),
        },
        // Two strangers who agree are right.
        (Some(one), Some(other)) if one.ahead == other.ahead => {
            off_by("this machine's clock is", one.turned())
        }
        (Some(one), Some(_)) => off_by("the server's clock is", one),
        (Some(one), None) => match others {
            Some(_) => off_by("the server's clock is", one),
            None => off_by("the server's clock, or this machine's, is", one),
        },
        (None, Some(one)) => off_by("the login server's clock is", one),
    }
}

#[derive(Clone, Copy)]
struct Difference {
    by: Duration,
    /// Theirs is ahead of ours.
    ahead: bool,
}

impl Difference {
    fn turned(self) -> Self {
        Self {
            ahead: !self.ahead,
            ..self
        }
    }
}

fn off_by(whose: &str, one: Difference) -> Line {
    let minutes = (one.by.as_secs() + 30) / 60;
    let amount = match minutes {
        0..120 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes / 60),
    };
    let way = if one.ahead { "ahead" } else { "behind" };
    Line::wrong(
        Part::Clock,
        Cause::ClockOff,
        format!("{whose} {amount} {way}"),
        "set this machine's clock (NTP); if it is right, tell the server's owner: tokens end too early or too late",
    )
}

fn difference(heard: &Heard) -> Option<Difference> {
    let date = heard.answer.as_ref().ok()?.headers().get(DATE)?;
    let date = jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok()?;
    let since = u64::try_from(date.timestamp().as_second()).ok()?;
    let theirs = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since))?;
    Some(match theirs.duration_since(heard.at) {
        Ok(by) => Difference { by, ahead: true },
        Err(behind) => Difference {
            by: behind.duration(),
            ahead: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_two_others_disagree_with_is_ours() {
        let is = |minutes: u64, ahead| {
            let by = Duration::from_secs(minutes * 60);
            Some(Difference { by, ahead })
        };
        for (server, others, said) in [
            (
                is(90, true),
                is(90, true),
                "this machine's clock is 90 minutes behind",
            ),
            (
                is(90, true),
                is(0, true),
                "the server's clock is 90 minutes ahead",
            ),
            (
                is(90, true),
                is(90, false),
                "the server's clock is 90 minutes ahead",
            ),
            (
                is(300, false),
                None,
                "the server's clock, or this machine's, is 5 hours behind",
            ),
            (
                is(1, false),
                is(200, false),
                "the login server's clock is 3 hours behind",
            ),
            (
                is(5, false),
                is(4, true),
                "within five minutes of the servers'",
            ),
            (None, None, "no answer carried a date"),
        ] {
            assert_eq!(judged(server, others).text, said);
        }
    }
}

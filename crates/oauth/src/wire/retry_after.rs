//! How long a server wants to be left alone.
//!
//! RFC 9110 section 10.2.3. A date is measured against the answer's own `Date` (section 6.6.1), so no clock is needed; of the
//! three forms of a date (section 5.6.7) only the one that servers must send is read.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};

use crate::step::Response;

/// Nobody is left alone for longer than this.
const LONGEST: u64 = 3_600;

// `Retry-After` is a number of seconds or a date.
// rule: rfc9110-10.2.3
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let headers = response.headers();
    let value = text(headers, &RETRY_AFTER)?;
    let seconds = match value.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let until = unix(value)?;
            until.saturating_sub(unix(text(headers, &DATE)?)?)
        }
    };
    Some(Duration::from_secs(seconds.min(LONGEST)))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since 1970.
fn unix(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let words: Vec<&str> = date.split_once(", ")?.1.split(' ').collect();
    let &[day, month, year, time, "GMT"] = words.as_slice() else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let mut clock = time.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1970..10_000).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = (1970..year).map(|year| 365 + leap(year)).sum::<u64>();
    let lengths = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = days + lengths.iter().take(month).sum::<u64>() + day - 1;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn leap(year: u64) -> u64 {
    u64::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(retry: &str, date: Option<&str>) -> Option<u64> {
        let mut response = http::Response::builder().header(RETRY_AFTER, retry);
        if let Some(date) = date {
            response = response.header(DATE, date);
        }
        retry_after(&response.body(Vec::new()).unwrap()).map(|after| after.as_secs())
    }

    // rule: rfc9110-10.2.3
    #[test]
    fn seconds_are_taken_as_they_are_and_a_date_is_measured_against_the_answers_own() {
        assert_eq!(after(" 2 ", None), Some(2));
        assert_eq!(after("0", None), Some(0));
        assert_eq!(after("86400", None), Some(3_600));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (until, seconds) in [
            ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("Mon, 07 Nov 1994 08:49:37 GMT", 3_600),
        ] {
            assert_eq!(after(until, Some(date)), Some(seconds), "{until}");
        }
        assert_eq!(after("Sun, 06 Nov 1994 08:50:07 GMT", None), None);
    }

    #[test]
    fn a_date_is_what_the_calendar_says() {
        assert_eq!(unix("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(unix("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(unix("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(unix("Fri, 01 Mar 2024 00:00:00 GMT"), Some(1_709_251_200));
        assert_eq!(unix("Mon, 01 Mar 2100 00:00:00 GMT"), Some(4_107_542_400));
        let leap_second = "Sat, 31 Dec 2016 23:59:60 GMT";
        assert_eq!(unix(leap_second), Some(1_483_228_800));
    }

    #[test]
    fn nonsense_is_no_word_at_all() {
        for text in [
            "",
            "-1",
            "1.5",
            "soon",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999999999 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
        ] {
            let date = "Sun, 06 Nov 1994 08:49:37 GMT";
            assert_eq!(after(text, Some(date)), None, "{text}");
        }
    }
}

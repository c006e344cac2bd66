//! Which trace a request belongs to, as its headers say it: read so far that an invalid one is not passed on.
//!
//! W3C Trace Context, sections 3.2 (`traceparent`) and 3.3 (`tracestate`). Leaves out making a new one, and `_meta.traceparent` of a
//! message, which is content and passes as it is.

use http::{HeaderMap, HeaderName, HeaderValue};

pub const PARENT: HeaderName = HeaderName::from_static("traceparent");
pub const STATE: HeaderName = HeaderName::from_static("tracestate");

/// Entries of a `tracestate`.
const MOST_ENTRIES: usize = 32;
/// Longer than anybody has to pass on (512 characters), and no way to make requests large.
const LONGEST_STATE: usize = 4 * 1024;
/// Of version 00, which says how the beginning of later ones looks, too.
const LENGTH: usize = 55;

/// The trace that a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub parent: HeaderValue,
    pub state: Option<HeaderValue>,
}

impl Trace {
    /// `None`: the request belongs to none, or does not say so in the words of the recommendation.
    // rule: w3c-trace-3.2 -- a traceparent that is invalid, or said twice, is ignored, and the tracestate with it.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let parent = headers.get(PARENT)?;
        let once = headers.get_all(PARENT).iter().nth(1).is_none();
        (once && is_parent(parent.as_bytes())).then(|| Self {
            parent: parent.clone(),
            state: state(headers),
        })
    }
}

/// `00-{32 digits}-{16 digits}-{2 digits}`; a later version may have more behind another dash.
// rule: w3c-trace-3.2.2 -- version ff and ids of zeros are invalid, and digits are in lower case.
fn is_parent(text: &[u8]) -> bool {
    let Some((known, more)) = text.split_at_checked(LENGTH) else {
        return false;
    };
    let version = &known[..2];
    let dashes = [2, 35, 52].iter().all(|place| known[*place] == b'-');
    let (trace, parent, flags) = (&known[3..35], &known[36..52], &known[53..]);
    let is_number = |text: &[u8]| {
        text.iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |text: &[u8]| is_number(text) && text.iter().any(|byte| *byte != b'0');
    let end = match version {
        b"00" => more.is_empty(),
        b"ff" => false,
        _ => more.first().is_none_or(|byte| *byte == b'-'),
    };
    dashes && end && is_number(version) && is_id(trace) && is_id(parent) && is_number(flags)
}

/// Several lines mean the same as one.
// rule: w3c-trace-3.3 -- a tracestate that cannot be read is dropped whole, and the traceparent stays.
fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut whole = Vec::new();
    for line in headers.get_all(STATE) {
        if !whole.is_empty() {
            whole.push(b',');
        }
        whole.extend_from_slice(line.as_bytes());
    }
    let text = std::str::from_utf8(&whole).ok()?;
    let entries = || text.split(',').map(|entry| entry.trim_matches([' ', '\t']));
    let named = || entries().filter(|entry| !entry.is_empty());
    let fits = whole.len() <= LONGEST_STATE && (1..=MOST_ENTRIES).contains(&named().count());
    if !fits || !named().all(is_entry) {
        return None;
    }
    HeaderValue::from_bytes(&whole).ok()
}

/// `key=value`
fn is_entry(entry: &str) -> bool {
    let Some((key, value)) = entry.split_once('=') else {
        return false;
    };
    let of_key =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let of_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
    let begins = key
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric());
    begins
        && key.len() <= 256
        && key.bytes().all(of_key)
        && (1..=256).contains(&value.len())
        && value.bytes().all(of_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn said(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    // rule: w3c-trace-3.2.2
    #[test]
    fn a_parent_is_read_as_the_recommendation_writes_it() {
        for good in [
            GOOD,
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-is-to-come",
        ] {
            assert!(is_parent(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        ] {
            assert!(!is_parent(bad.as_bytes()), "{bad}");
        }
    }

    // rule: w3c-trace-3.2
    #[test]
    fn without_one_valid_parent_there_is_no_trace() {
        assert_eq!(Trace::of(&said(&[("tracestate", "a=1")])), None);
        let twice = said(&[("traceparent", GOOD), ("traceparent", GOOD)]);
        assert_eq!(Trace::of(&twice), None);
        let bad = said(&[("traceparent", "00-1-1-1"), ("tracestate", "a=1")]);
        assert_eq!(Trace::of(&bad), None);
    }

    // rule: w3c-trace-3.3
    #[test]
    fn a_state_goes_along_when_it_can_be_read() {
        let state = |lines: &[&'static str]| {
            let mut headers = said(&[("traceparent", GOOD)]);
            for line in lines {
                headers.append(STATE, HeaderValue::from_static(line));
            }
            let trace = Trace::of(&headers).unwrap();
            assert_eq!(trace.parent, GOOD);
            trace.state.map(|state| state.to_str().unwrap().to_owned())
        };
        assert_eq!(state(&["a=1", "t61rcWkgMzE@b=x y , "]).as_deref(), None);
        assert_eq!(
            state(&["a=1", "fw529a3039@dt=x y , "]).as_deref(),
            Some("a=1,fw529a3039@dt=x y , ")
        );
        for bad in ["", "a", "a=", "=1", "a=b=c", "A=1", "-a=1"] {
            assert_eq!(state(&[bad]), None, "{bad}");
        }
        assert_eq!(state(&["a=1"; MOST_ENTRIES + 1]), None);
    }
}

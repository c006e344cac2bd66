//! Headers of a client's request that its server is to see too: those that `passthroughHeaders` names, which trace it belongs to, and
//! no others.
//!
//! W3C Trace Context, section 3 (whoever takes no part in a trace passes it on as it is). RFC 9110 5.3 (several lines of one name) and 7.6.1 (what belongs to one connection).

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use mcp::trace::{PARENT, STATE};
use settings::{Server, Transport, may_be_passed_on};

use crate::trace;

/// The names that count; a process has no headers.
pub(super) fn names(server: &Server) -> Box<[HeaderName]> {
    if !matches!(server.transport, Ok(Transport::Http { .. })) {
        return Box::default();
    }
    let written = server.passthrough_headers.iter().map(|name| name.trim());
    let may = written.filter(|name| may_be_passed_on(name));
    may.filter_map(|name| HeaderName::try_from(name).ok())
        .collect()
}

/// What of a request's headers is passed on. Of its trace, that is `trace` where there is one, else what the client says.
// rule: safe-t07
pub(super) fn pick(
    names: &[HeaderName],
    headers: &HeaderMap,
    trace: Option<&Arc<HeaderMap>>,
) -> Option<Arc<HeaderMap>> {
    let mut picked = if names.is_empty() {
        match trace {
            Some(trace) => return Some(Arc::clone(trace)),
            None => return trace::passed_on(headers).map(Arc::new),
        }
    } else {
        named(names, headers)
    };
    // An invalid one is not passed on, whoever wants it.
    picked.remove(PARENT);
    picked.remove(STATE);
    match trace {
        Some(trace) => picked.extend((**trace).clone()),
        None => picked.extend(trace::passed_on(headers).unwrap_or_default()),
    }
    (!picked.is_empty()).then(|| Arc::new(picked))
}

// rule: rfc9110-7.6.1 -- what the Connection header names is for the next hop alone, which is the hub.
fn named(names: &[HeaderName], headers: &HeaderMap) -> HeaderMap {
    let of_connection = headers.get_all(header::CONNECTION);
    let of_connection: Vec<_> = of_connection
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let ends_here = |name: &HeaderName| {
        let mut named = of_connection.iter();
        named.any(|named| named.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let mut picked = HeaderMap::new();
    for name in names.iter().filter(|name| !ends_here(name)) {
        if let Some(mut value) = one_line(name, headers) {
            value.set_sensitive(true);
            picked.insert(name.clone(), value);
        }
    }
    picked
}

// rule: rfc9110-5.3 -- several lines of one name mean the same as one, in their order; cookies are told apart by semicolons.
fn one_line(name: &HeaderName, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    let mut whole = first.as_bytes().to_vec();
    let between = if *name == header::COOKIE { "; " } else { ", " };
    for line in lines {
        whole.extend_from_slice(between.as_bytes());
        whole.extend_from_slice(line.as_bytes());
    }
    HeaderValue::from_bytes(&whole).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(entry: &str) -> Box<[HeaderName]> {
        let text = format!("{{\"mcpServers\":{{\"one\":{entry}}}}}");
        let file = settings::File::parse(&text).unwrap();
        names(settings::resolve(&file, &|_| None).server("one").unwrap())
    }

    fn sent(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    // rule: rfc9110-7.6.1
    #[test]
    fn only_named_headers_go_on_and_none_of_the_connection() {
        let names = names_of(
            r#"{"url":"http://127.0.0.1:1/mcp","passthroughHeaders":["X-Key","Host","Mcp-Session-Id","x-hop","not a name"]}"#,
        );
        let headers = sent(&[
            ("x-key", "1"),
            ("x-other", "2"),
            ("authorization", "Bearer of-the-hub"),
            ("mcp-session-id", "3"),
            ("host", "hub"),
            ("x-hop", "4"),
            ("connection", "close, X-Hop"),
        ]);
        let picked = pick(&names, &headers, None).unwrap();
        assert_eq!(*picked, sent(&[("x-key", "1")]));
        assert_eq!(pick(&names, &sent(&[("x-other", "2")]), None), None);
        assert!(names_of(r#"{"command":"a","passthroughHeaders":["X-Key"]}"#).is_empty());
    }

    // rule: rfc9110-5.3
    #[test]
    fn several_lines_become_one() {
        let names = [header::COOKIE, HeaderName::from_static("x-key")];
        let headers = sent(&[
            ("cookie", "a=1"),
            ("cookie", "b=2"),
            ("x-key", "1"),
            ("x-key", "2"),
        ]);
        let picked = pick(&names, &headers, None).unwrap();
        assert_eq!(*picked, sent(&[("cookie", "a=1; b=2"), ("x-key", "1, 2")]));
    }

    #[test]
    fn a_trace_is_passed_on_to_every_server_and_ours_before_the_clients() {
        const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = sent(&[
            ("traceparent", PARENT),
            ("tracestate", "a=1"),
            ("x-key", "1"),
        ]);
        let theirs = [("traceparent", PARENT), ("tracestate", "a=1")];
        assert_eq!(*pick(&[], &headers, None).unwrap(), sent(&theirs));
        let names = [
            HeaderName::from_static("x-key"),
            HeaderName::from_static("traceparent"),
        ];
        let both = pick(&names, &headers, None).unwrap();
        assert_eq!(
            (both.len(), &both["traceparent"]),
            (3, &headers["traceparent"])
        );
        let ours = Arc::new(sent(&[("traceparent", "ours")]));
        assert_eq!(pick(&[], &headers, Some(&ours)).unwrap(), ours);
        let both = pick(&names, &headers, Some(&ours)).unwrap();
        assert_eq!(*both, sent(&[("x-key", "1"), ("traceparent", "ours")]));
        let wrong = sent(&[("traceparent", "00-1-1-1"), ("tracestate", "a=1")]);
        assert_eq!(pick(&names, &wrong, None), None);
    }
}

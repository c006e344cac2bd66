//! Ids of events: the position in the stream, the stream, and what a client can be told that asks for one that is not here.
//!
//! `{position}.{kind}{number}.{origin}[.{request}]`: `origin` tells processes apart, so that a hub that was restarted never takes another
//! stream for the one that is meant; `request` is the id of the request in base64url, so that even then it can be answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest id of a request that goes into the ids of its events.
const LONGEST_REQUEST: usize = 64;
const LONGEST: usize = 256;
/// Stands for the position behind the last event.
const END: &str = "end";

/// Which stream of a session.
#[derive(Debug, Clone)]
pub(in crate::session) struct Name {
    pub(in crate::session) kind: Kind,
    pub(in crate::session) number: u32,
    request: Option<Box<str>>,
    /// What the ids of its events end with.
    tail: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum Kind {
    /// What is said outside of requests.
    Session,
    Request,
}

/// What the id of an event says.
#[derive(Debug)]
pub(in crate::session) struct Place {
    pub(in crate::session) name: Name,
    pub(in crate::session) origin: Box<str>,
    /// `None`: behind the last event.
    pub(in crate::session) position: Option<u64>,
}

impl Name {
    /// `request`: the id of the request, as JSON text.
    pub(in crate::session) fn new(
        kind: Kind,
        number: u32,
        origin: &str,
        request: Option<&str>,
    ) -> Self {
        let request = request.filter(|request| request.len() <= LONGEST_REQUEST);
        let letter = match kind {
            Kind::Session => 's',
            Kind::Request => 'r',
        };
        let tail = match request {
            Some(request) => format!(
                "{letter}{number}.{origin}.{}",
                URL_SAFE_NO_PAD.encode(request)
            ),
            None => format!("{letter}{number}.{origin}"),
        };
        Self {
            kind,
            number,
            request: request.map(Into::into),
            tail: tail.into(),
        }
    }

    /// The id of the request, as JSON text, where it is short enough.
    pub(in crate::session) fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    pub(in crate::session) fn event(&self, position: u64) -> String {
        format!("{position}.{}", self.tail)
    }

    /// The id of an event behind which nothing ever comes.
    pub(in crate::session) fn last_event(&self) -> String {
        format!("{END}.{}", self.tail)
    }
}

impl Place {
    /// `None`: no event of a hub has such an id.
    pub(in crate::session) fn parse(id: &str) -> Option<Self> {
        let mut parts = (id.len() <= LONGEST).then(|| id.split('.'))?;
        let (position, stream, origin) = (parts.next()?, parts.next()?, parts.next()?);
        let request = parts.next().map(|request| {
            let request = URL_SAFE_NO_PAD.decode(request).ok()?;
            String::from_utf8(request).ok()
        });
        let request = match request {
            Some(request) => Some(request.filter(|request| is_id(request))?),
            None => None,
        };
        let kind = match stream.get(..1)? {
            "s" => Kind::Session,
            "r" => Kind::Request,
            _ => return None,
        };
        let position = match position {
            END => None,
            position => Some(position.parse().ok()?),
        };
        let number = stream.get(1..)?.parse().ok()?;
        parts.next().is_none().then(|| Self {
            name: Name::new(kind, number, origin, request.as_deref()),
            origin: origin.into(),
            position,
        })
    }
}

/// Whether a text is the id of a request: a string or a number. It may come back in a message.
fn is_id(text: &str) -> bool {
    use serde_json::Value;
    let value = serde_json::from_str(text);
    matches!(value, Ok(Value::String(_) | Value::Number(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(request: Option<&str>) -> Name {
        Name::new(Kind::Request, 12, "a-_Z", request)
    }

    // rule: mcp-transport-event-id
    #[test]
    fn an_id_says_position_stream_and_request() {
        for request in [None, Some("7"), Some("\"a.b \u{e9}\"")] {
            let id = name(request).event(5);
            assert!(id.bytes().all(|b| b.is_ascii_graphic()), "{id}");
            let place = Place::parse(&id).unwrap();
            assert_eq!((place.position, &*place.origin), (Some(5), "a-_Z"));
            assert_eq!((place.name.kind, place.name.number), (Kind::Request, 12));
            assert_eq!(place.name.request(), request);
            assert_eq!(place.name.event(5), id);
            let last = Place::parse(&place.name.last_event()).unwrap();
            assert_eq!((last.position, last.name.request()), (None, request));
        }
        let long = name(Some(&format!("\"{}\"", "x".repeat(LONGEST_REQUEST))));
        assert_eq!(Place::parse(&long.event(1)).unwrap().name.request(), None);
    }

    #[test]
    fn what_no_hub_wrote_is_no_id() {
        let good = name(Some("7")).event(1);
        assert!(Place::parse(&good).is_some());
        // `e30` is `{}`, `Nyw4` is `7,8`.
        for bad in [
            "",
            "1",
            "1.r1",
            "x.r1.o",
            "-1.r1.o",
            "1.x1.o",
            "1.r.o",
            "1.r1.o.e30",
            "1.r1.o.Nyw4",
            "1.r1.o.!",
            "1.r1.o.Nw.x",
            "1.\u{e9}1.o",
        ] {
            assert!(Place::parse(bad).is_none(), "{bad}");
        }
    }
}

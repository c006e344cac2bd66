//! What the JSON-RPC frame must make of any bytes: the reference's verdict, and what must hold for whatever is read. Run over made-up
//! inputs by the tests, over found ones by the fuzz target.

use mcphub_mcp::message::{code, parse_body};
use mcphub_mcp::{Body, Malformed, Message};

use super::json;

/// The parts of an envelope as they stand in the text.
#[derive(Debug, PartialEq, Eq, Default)]
struct Parts {
    id: Option<String>,
    method: Option<String>,
    params: Option<String>,
    result: Option<String>,
    error: Option<String>,
}

/// The longest thing that is said about a text, however long that is.
const LONGEST_COMPLAINT: usize = 300;

/// Holds the frame to the reference for these bytes. Hands back how many messages were read.
pub(crate) fn check(bytes: &[u8]) -> usize {
    let body = parse_body(bytes.to_vec());
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert_eq!(body, Err(Malformed::NotUtf8));
        return 0;
    };
    let members = match body {
        Err(complaint) => {
            let expected = if json::is_json(text) && is_decoded(text) {
                code::INVALID_REQUEST
            } else {
                code::PARSE_ERROR
            };
            check_complaint(&complaint);
            assert_eq!(complaint.code(), expected, "{complaint}: {text:?}");
            assert!(json::elements(text).is_none_or(|members| members.is_empty()));
            assert_eq!(parts(text), None, "{complaint}: {text:?}");
            return 0;
        }
        Ok(Body::Single(message)) => {
            assert_eq!(message.text(), text);
            vec![(text, Ok(message))]
        }
        Ok(Body::Batch(members)) => {
            let texts = json::elements(text).expect("a batch is an array");
            assert_eq!(texts.len(), members.len());
            texts.into_iter().zip(members).collect()
        }
    };
    let mut read = 0;
    for (text, member) in members {
        match member {
            Ok(message) => {
                read += 1;
                check_message(text, message);
            }
            Err(complaint) => {
                check_complaint(&complaint);
                assert_eq!(parts(text), None, "{complaint}: {text:?}");
            }
        }
    }
    read
}

fn check_complaint(complaint: &Malformed) {
    assert!(
        complaint.to_string().len() <= LONGEST_COMPLAINT,
        "{complaint}"
    );
}

fn check_message(text: &str, message: Message) {
    assert_eq!(message.text(), text);
    let before = found(&message);
    assert_eq!(Some(&before), parts(text).as_ref(), "{text:?}");
    check_other_id(text, &message, before);
    check_tracked(message);
}

/// Another id is another id, and not one byte else.
fn check_other_id(text: &str, message: &Message, before: Parts) {
    const OTHER: &str = "\"another, and a longer one\"";
    let other = message.clone().with_id(OTHER);
    let Some(id) = before.id.clone() else {
        return assert_eq!(other.text(), text);
    };
    assert_eq!(other.text().len(), text.len() - id.len() + OTHER.len());
    let expected = Parts {
        id: Some(OTHER.to_owned()),
        ..before
    };
    assert_eq!(parts(other.text()), Some(expected));
    assert_eq!(other.with_id(&id).into_text(), text);
}

/// Another progress token there and back again leaves the text as it was.
fn check_tracked(message: Message) {
    let Ok(token) = message
        .progress_token()
        .map(|token| token.map(str::to_owned))
    else {
        assert!(message.with_progress_token("1").is_err());
        return;
    };
    let other = message
        .clone()
        .with_progress_token("\"theirs\"")
        .expect("read before");
    match token {
        None => assert_eq!(other, message),
        Some(token) => {
            assert_eq!(other.progress_token(), Ok(Some("\"theirs\"")));
            assert_eq!(other.with_progress_token(&token), Ok(message));
        }
    }
}

fn found(message: &Message) -> Parts {
    let owned = |part: Option<&str>| part.map(str::to_owned);
    Parts {
        id: owned(message.id()),
        method: owned(message.method()),
        params: owned(message.params()),
        result: owned(message.result()),
        error: owned(message.error()),
    }
}

/// Whether the keys of a text that is an object can be decoded.
fn is_decoded(text: &str) -> bool {
    !text.trim_start().starts_with('{') || json::entries(text).is_some()
}

/// JSON-RPC 2.0, read off the page: sections 4 and 5, no key of the envelope twice, params an object or null. `None`: not a message.
fn parts(text: &str) -> Option<Parts> {
    let entries = json::entries(text)?;
    let one = |key: &str| {
        let mut values = entries.iter().filter(|(name, _)| name == key);
        let value = values.next().map(|(_, value)| *value);
        values.next().is_none().then_some(value)
    };
    let [version, id, method] = [one("jsonrpc")?, one("id")?, one("method")?];
    let [params, result, error] = [one("params")?, one("result")?, one("error")?];
    if json::decoded(version?)? != "2.0" {
        return None;
    }
    let owned = |part: Option<&str>| part.map(str::to_owned);
    let id_is = |beginnings: &[u8]| id.is_some_and(|id| beginnings.contains(&id.as_bytes()[0]));
    let proper_id = id_is(b"\"-0123456789");
    let empty = Parts {
        id: owned(id),
        ..Parts::default()
    };
    match (method, result, error) {
        (Some(method), None, None) if proper_id || id.is_none() => {
            let fits = params.is_none_or(|params| params == "null" || params.starts_with('{'));
            let method = Some(json::decoded(method)?);
            let params = owned(params);
            fits.then_some(Parts {
                method,
                params,
                ..empty
            })
        }
        (None, Some(_), None) if proper_id => Some(Parts {
            result: owned(result),
            ..empty
        }),
        (None, None, Some(_)) if proper_id || id.is_none_or(|id| id == "null") => Some(Parts {
            error: owned(error),
            ..empty
        }),
        _ => None,
    }
}

//! The server's side: whether the headers of a request repeat what its body says.
//!
//! MCP 2026-07-28, transports, Streamable HTTP, "Server Validation" and "Value Encoding".

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue};

use super::{Mirror, SENTINEL, plain};
use crate::{header, raw};

/// How headers and body disagree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("the header {header} is missing; the body says {body:?}")]
    Missing { header: String, body: String },
    #[error("the header {header} says {said:?}, and the body {body:?}")]
    Differs {
        header: String,
        said: String,
        body: String,
    },
    #[error("the header {header} says {said:?}, and the body says nothing there")]
    Alone { header: String, said: String },
    #[error("the header {header} cannot be read")]
    Unreadable { header: String },
}

/// Compares the headers that every request has: revision, method, and what it is about.
// rule: mcp-header-validation -- a required header that is missing, or a value that is not the body's, refuses the request.
pub fn standard_agree(
    headers: &HeaderMap,
    revision: &str,
    method: &str,
    params: &str,
) -> Result<(), Mismatch> {
    equal(headers, header::PROTOCOL_VERSION, revision, false)?;
    equal(headers, header::METHOD, method, false)?;
    let Some(key) = super::about(method) else {
        return Ok(());
    };
    // What cannot be read is refused where it is used.
    match raw::string_at(params, &[key]).ok().flatten() {
        Some(name) => equal(headers, header::NAME, &name, true),
        None => Ok(()),
    }
}

impl Mirror {
    /// Compares the header of a marked parameter with the arguments of a call.
    // rule: mcp-mirror-validation -- the header is there if and only if the body has a value, and says the same.
    pub fn agrees(&self, headers: &HeaderMap, arguments: &str) -> Result<(), Mismatch> {
        let path: Vec<&str> = self.path.iter().map(AsRef::as_ref).collect();
        let body = raw::at(arguments, &path).ok().flatten().and_then(plain);
        let header = || self.header.as_str().to_owned();
        let said = match headers.get(&self.header) {
            Some(value) => {
                decoded(value).ok_or_else(|| Mismatch::Unreadable { header: header() })?
            }
            None => {
                return match body {
                    Some(body) => Err(Mismatch::Missing {
                        header: header(),
                        body,
                    }),
                    None => Ok(()),
                };
            }
        };
        match body {
            Some(body) if same(&said, &body) => Ok(()),
            Some(body) => Err(Mismatch::Differs {
                header: header(),
                said: said.into_owned(),
                body,
            }),
            None => Err(Mismatch::Alone {
                header: header(),
                said: said.into_owned(),
            }),
        }
    }
}

fn equal(
    headers: &HeaderMap,
    header: &'static str,
    body: &str,
    encoded: bool,
) -> Result<(), Mismatch> {
    let owned = || header.to_owned();
    let Some(value) = headers.get(header) else {
        return Err(Mismatch::Missing {
            header: owned(),
            body: body.to_owned(),
        });
    };
    let said = if encoded {
        decoded(value)
    } else {
        value.to_str().ok().map(|text| text.trim().into())
    };
    let said = said.ok_or_else(|| Mismatch::Unreadable { header: owned() })?;
    if said == body {
        return Ok(());
    }
    Err(Mismatch::Differs {
        header: owned(),
        said: said.into_owned(),
        body: body.to_owned(),
    })
}

/// The text that a header value stands for; `None` when it says that it is Base64 and is not.
fn decoded(value: &HeaderValue) -> Option<Cow<'_, str>> {
    let text = value.to_str().ok()?.trim();
    let inner = text
        .strip_prefix(SENTINEL.0)
        .and_then(|rest| rest.strip_suffix(SENTINEL.1));
    match inner {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?)
            .ok()
            .map(Cow::Owned),
        None => Some(Cow::Borrowed(text)),
    }
}

/// Numbers are compared as such: 42.0 is 42.
fn same(said: &str, body: &str) -> bool {
    let number = |text: &str| {
        let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        text.parse::<f64>().ok().filter(|_| begins)
    };
    said == body || matches!((number(said), number(body)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn call(pairs: &[(&'static str, &str)]) -> Result<(), Mismatch> {
        let mut all = vec![("mcp-protocol-version", "2026-07-28")];
        all.extend(pairs);
        standard_agree(
            &headers(&all),
            "2026-07-28",
            "tools/call",
            r#"{"name":"größe"}"#,
        )
    }

    // rule: mcp-header-validation
    #[test]
    fn a_missing_or_different_header_refuses_the_request() {
        let name = ("mcp-name", "=?base64?Z3LDtsOfZQ==?=");
        assert_eq!(call(&[("mcp-method", "tools/call"), name]), Ok(()));
        assert!(matches!(call(&[name]), Err(Mismatch::Missing { .. })));
        assert!(matches!(
            call(&[("mcp-method", "TOOLS/CALL"), name]),
            Err(Mismatch::Differs { .. })
        ));
        assert!(matches!(
            call(&[("mcp-method", "tools/call")]),
            Err(Mismatch::Missing { .. })
        ));
        let broken = ("mcp-name", "=?base64?Z3LDtsOfZQ?=");
        assert!(matches!(
            call(&[("mcp-method", "tools/call"), broken]),
            Err(Mismatch::Unreadable { .. })
        ));
    }

    // rule: mcp-mirror-validation
    #[test]
    fn a_marked_parameter_and_its_header_say_the_same_or_are_both_absent() {
        let tool = r#"{"name":"t","inputSchema":{"type":"object","properties":{
            "region":{"type":"string","x-mcp-header":"Region"},"size":{"type":"integer","x-mcp-header":"Size"}}}}"#;
        let marks = Mirror::of_tool(tool).unwrap();
        let agree = |pairs: &[(&'static str, &str)], arguments: &str| {
            let headers = headers(pairs);
            marks
                .iter()
                .all(|mark| mark.agrees(&headers, arguments).is_ok())
        };
        assert!(agree(&[], "{}") && agree(&[], r#"{"region":null}"#));
        assert!(agree(&[("mcp-param-region", "eu")], r#"{"region":"eu"}"#));
        assert!(agree(&[("mcp-param-size", "42.0")], r#"{"size":42}"#));
        assert!(!agree(&[], r#"{"region":"eu"}"#));
        assert!(!agree(&[("mcp-param-region", "us")], r#"{"region":"eu"}"#));
        assert!(!agree(&[("mcp-param-region", "eu")], "{}"));
        assert!(!agree(
            &[("mcp-param-region", "=?base64?ZX!?=")],
            r#"{"region":"eu"}"#
        ));
    }
}

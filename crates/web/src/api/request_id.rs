//! `X-Request-Id`: the word by which a request to the API is found again in the log, and one to an MCP endpoint that has one.
//!
//! The caller's own word is kept where it is short and plain, else one is made. It is in the answer, beside everything that is logged
//! meanwhile, and beside the line of who asked for what (`audit`).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::{Instrument, Span};

use crate::audit::{self, Who};

const NAME: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

pub(super) async fn carry(mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).map(str::to_owned);
    let id = id.unwrap_or_else(|| hub::chance::token(12));
    let span = tracing::info_span!("api", request_id = %id);
    let value = HeaderValue::from_str(&id).ok();
    if let Some(value) = &value {
        request.headers_mut().insert(NAME, value.clone());
    }
    let (who, method) = (Who::default(), request.method().clone());
    request.extensions_mut().insert(who.clone());
    let path = request.uri().path().to_owned();
    let answered = async {
        let answer = next.run(request).await;
        audit::write(&who, (&method, &path), &answer);
        answer
    };
    let mut answer = answered.instrument(span).await;
    if let Some(value) = value {
        answer.headers_mut().insert(NAME, value);
    }
    answer
}

/// Answers a request to an MCP endpoint under the word that its client gave it, if it gave one.
pub(crate) async fn keep(
    given: Option<(HeaderValue, Span)>,
    answer: impl Future<Output = Response> + Unpin,
) -> Response {
    let Some((value, span)) = given else {
        return answer.await;
    };
    let mut answer = answer.instrument(span).await;
    answer.headers_mut().insert(NAME, value);
    answer
}

/// What `keep` needs of a request.
pub(crate) fn kept(headers: &HeaderMap) -> Option<(HeaderValue, Span)> {
    let id = given(headers)?;
    let value = HeaderValue::from_str(id).ok()?;
    Some((value, tracing::info_span!("mcp", request_id = %id)))
}

/// What stands in a log is not to be a line of its own making.
fn given(headers: &HeaderMap) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let id = headers.get(NAME)?.to_str().ok()?;
    (!id.is_empty() && id.len() <= LONGEST && id.bytes().all(plain)).then_some(id)
}

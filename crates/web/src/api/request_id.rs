//! `X-Request-Id`: the word by which a request to the API is found again in the log.
//!
//! The caller's own word is kept where it is short and plain, else one is made. It is in the answer, beside everything that is logged
//! meanwhile, and beside one line for each request that may change something.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method};
use tracing::Instrument;

const NAME: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

pub(super) async fn carry(mut request: Request, next: Next) -> Response {
    let id = given(&request).unwrap_or_else(|| hub::chance::token(12));
    let span = tracing::info_span!("api", request_id = %id);
    let value = HeaderValue::from_str(&id).ok();
    if let Some(value) = &value {
        request.headers_mut().insert(NAME, value.clone());
    }
    let changing = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let what = changing.then(|| (request.method().clone(), request.uri().path().to_owned()));
    let answered = async {
        let answer = next.run(request).await;
        if let Some((method, path)) = what {
            let status = answer.status().as_u16();
            tracing::info!(%method, path, status, "the API was asked");
        }
        answer
    };
    let mut answer = answered.instrument(span).await;
    if let Some(value) = value {
        answer.headers_mut().insert(NAME, value);
    }
    answer
}

/// What stands in a log is not to be a line of its own making.
fn given(request: &Request) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let id = request.headers().get(NAME)?.to_str().ok()?;
    let fine = !id.is_empty() && id.len() <= LONGEST && id.bytes().all(plain);
    fine.then(|| id.to_owned())
}

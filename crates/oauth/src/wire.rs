//! Requests as they go out: the same headers everywhere, forms encoded once.

pub(crate) mod retry_after;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

use crate::address::Endpoint;
use crate::step::Request;

/// Shorter ones would tear words apart, and hide nothing that could not be guessed.
const SHORTEST_SECRET: usize = 6;
const MASK: &str = "[masked]";

pub(crate) fn get(address: &Endpoint) -> Request {
    request(Method::GET, address, Vec::new())
}

/// A form, with an `Authorization` header when there is one.
pub(crate) fn post_form(
    address: &Endpoint,
    form: &[(&str, &str)],
    authorization: Option<HeaderValue>,
) -> Request {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    post(
        address,
        body.into_bytes(),
        "application/x-www-form-urlencoded",
        authorization,
    )
}

pub(crate) fn post_json(
    address: &Endpoint,
    body: Vec<u8>,
    authorization: Option<HeaderValue>,
) -> Request {
    json(Method::POST, address, body, authorization)
}

pub(crate) fn json(
    method: Method,
    address: &Endpoint,
    body: Vec<u8>,
    authorization: Option<HeaderValue>,
) -> Request {
    let mut request = post(address, body, "application/json", authorization);
    *request.method_mut() = method;
    request
}

/// A request without a body.
pub(crate) fn bare(
    method: Method,
    address: &Endpoint,
    authorization: Option<HeaderValue>,
) -> Request {
    let mut request = request(method, address, Vec::new());
    if let Some(authorization) = authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization);
    }
    request
}

/// A credential as a header: marked as not to be shown. `None` when it holds what no header may hold.
pub(crate) fn credential(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Form encoding of one value, as RFC 6749 section 2.3.1 wants it before Basic.
pub(crate) fn form_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A stranger's text without what it repeats of our secrets, as they are or as they were sent.
// rule: safe-x04
pub(crate) fn masked(text: &str, secrets: &[&SecretString]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.len() >= SHORTEST_SECRET {
            text = text.replace(secret, MASK);
            text = text.replace(&form_encode(secret), MASK);
        }
    }
    text
}

fn post(
    address: &Endpoint,
    body: Vec<u8>,
    kind: &'static str,
    authorization: Option<HeaderValue>,
) -> Request {
    let mut request = request(Method::POST, address, body);
    request
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(authorization) = authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization);
    }
    request
}

fn request(method: Method, address: &Endpoint, body: Vec<u8>) -> Request {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = address.uri();
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    request
}

//! Streams without an end, read by hand.

use std::time::Duration;

use axum::body::Body;
use futures::FutureExt;
use http::{HeaderName, Method, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{Stage, request};

/// A stream that has begun.
pub(crate) async fn stream(
    stage: &Stage,
    path: &str,
    headers: impl IntoIterator<Item = (&str, &str)>,
) -> Body {
    let mut asked = request(Method::GET, path);
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    let accept = "text/event-stream".parse().unwrap();
    asked.headers_mut().insert(header::ACCEPT, accept);
    let answer = stage.router.clone().oneshot(asked).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.into_body()
}

/// What is under way in it happens at once; then it waits.
pub(crate) fn goes_on(body: &mut Body) -> bool {
    loop {
        match body.frame().now_or_never() {
            None => return true,
            Some(None) => return false,
            Some(Some(frame)) => drop(frame.unwrap()),
        }
    }
}

pub(crate) async fn ends(body: Body) -> bool {
    let whole = tokio::time::timeout(Duration::from_secs(20), body.collect());
    whole.await.is_ok()
}

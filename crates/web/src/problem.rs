//! The one error envelope, `{success: false, message, code?}`, and the one place that maps whose fault it is to a status.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The request makes no sense.
    Request,
    /// The settings make no sense.
    Settings,
    /// Nobody showed who they are.
    Stranger,
    /// Known, but not allowed.
    Forbidden,
    /// Nothing of that name.
    Missing,
    /// Something of that name is there already.
    Taken,
    /// The body is larger than allowed.
    TooLarge,
    /// Too many attempts; wait this long.
    Hurry(Duration),
    /// A person has to sign in to the upstream first.
    Person,
    /// An upstream or its authorization server answered badly.
    Upstream,
    /// An upstream did not answer in time.
    UpstreamSilent,
    /// Nobody's: the hub is about to stop.
    Stopping,
    /// Ours.
    Us,
}

impl Whose {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Request | Self::Settings => StatusCode::BAD_REQUEST,
            Self::Stranger => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Taken | Self::Person => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Hurry(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Upstream => StatusCode::BAD_GATEWAY,
            Self::UpstreamSilent => StatusCode::GATEWAY_TIMEOUT,
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Us => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer that says what is wrong and what helps.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) whose: Whose,
    pub(crate) message: String,
    /// Stable, for scripts.
    pub(crate) code: Option<&'static str>,
    /// More fields of the answer.
    pub(crate) more: Vec<(&'static str, serde_json::Value)>,
}

impl Problem {
    pub(crate) fn new(whose: Whose, message: impl Into<String>) -> Self {
        Self {
            whose,
            message: message.into(),
            code: None,
            more: Vec::new(),
        }
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(Whose::Request, message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(Whose::Missing, message)
    }

    /// Ours: the cause goes to the log, the asker gets a sentence without inner details.
    pub(crate) fn us(while_doing: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "{while_doing} failed");
        Self::new(Whose::Us, format!("{while_doing} failed: {error}"))
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// What is not there is left out.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.more.push((key, value));
        }
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({ "success": false, "message": self.message });
        if let Some(code) = self.code {
            body["code"] = code.into();
        }
        for (key, value) in self.more {
            body[key] = value;
        }
        let mut response = (self.whose.status(), Json(body)).into_response();
        if let Whose::Hurry(wait) = self.whose {
            response.headers_mut().insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_secs().max(1)),
            );
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_must_wait_is_told_how_long() {
        let response =
            Problem::new(Whose::Hurry(Duration::from_millis(200)), "too fast").into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}

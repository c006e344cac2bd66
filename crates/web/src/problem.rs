//! The one error envelope, `{success: false, message, code?}`, and the one place that maps whose fault it is to a status.
//!
//! MCPHub's members come first: its clients read them. Beside them are those of RFC 9457 (`type`, `title`, `status`, `detail`), and
//! the number of the error (`errorCode`), whose page `type` names. An answer is called `application/problem+json` for whoever asks
//! for that; only then may a member `status` of ours give way to the standard's.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hub::cause::Cause;
use serde_json::{Value, json};

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
    /// The route is there, and does not know the method.
    Method,
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
    /// Nobody's: the hub is about to stop, or whoever should say who comes cannot be asked.
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
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Taken | Self::Person => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Hurry(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Upstream => StatusCode::BAD_GATEWAY,
            Self::UpstreamSilent => StatusCode::GATEWAY_TIMEOUT,
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Us => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code of an error of which no more is known.
    fn cause(self) -> Cause {
        match self {
            Self::Request => Cause::BadRequest,
            Self::Settings => Cause::ServerSettings,
            Self::Stranger => Cause::NotLoggedIn,
            Self::Forbidden => Cause::NotAnAdministrator,
            Self::Missing | Self::Method => Cause::NoSuchRoute,
            Self::Taken => Cause::NameTaken,
            Self::TooLarge => Cause::BodyTooLarge,
            Self::Hurry(_) => Cause::TooManyAttempts,
            Self::Person => Cause::SignInNeeded,
            Self::Upstream => Cause::CallRefused,
            Self::UpstreamSilent => Cause::CallTimeout,
            Self::Stopping => Cause::Stopping,
            Self::Us => Cause::Internal,
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
    /// Stable, for people.
    pub(crate) cause: Cause,
    /// More fields of the answer.
    pub(crate) more: Vec<(&'static str, serde_json::Value)>,
}

impl Problem {
    pub(crate) fn new(whose: Whose, message: impl Into<String>) -> Self {
        Self {
            whose,
            message: message.into(),
            code: None,
            cause: whose.cause(),
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

    pub(crate) fn cause(mut self, cause: Cause) -> Self {
        self.cause = cause;
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

/// The members of an answer, for whoever wants it in the other shape.
#[derive(Clone)]
struct Members(Value);

pub(crate) const PROBLEM: &str = "application/problem+json";

/// Whether somebody asks for the standard's shape by name.
// rule: rfc9457-3 -- a problem is called application/problem+json.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter();
    accepts
        .filter_map(|accept| accept.to_str().ok())
        .any(|accept| accept.contains(PROBLEM))
}

/// The same answer in the standard's shape, where it is a problem.
pub(crate) fn in_standard_shape(mut response: Response) -> Response {
    let Some(Members(mut body)) = response.extensions_mut().remove::<Members>() else {
        return response;
    };
    body["status"] = response.status().as_u16().into();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    Response::from_parts(parts, body.to_string().into())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.whose.status();
        let mut body = json!({
            "success": false,
            "message": self.message,
            "errorCode": self.cause,
            "type": self.cause.page(),
            "title": self.cause.title(),
            "detail": self.message,
        });
        if let Some(code) = self.code {
            body["code"] = code.into();
        }
        for (key, value) in self.more {
            body[key] = value;
        }
        let mut response = (status, Json(&body)).into_response();
        response.extensions_mut().insert(Members(body));
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

    // rule: rfc9457-3
    #[tokio::test]
    async fn whoever_asks_for_the_standards_shape_gets_it_and_everybody_else_what_he_knows() {
        let problem = || {
            Problem::new(Whose::Person, "linear: never signed in")
                .code("sign_in_needed")
                .with("status", "oauth_required")
        };
        let read = async |response: Response| -> (String, Value) {
            let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
            let kind = kind.to_owned();
            let body = axum::body::to_bytes(response.into_body(), 10_000).await;
            (kind, serde_json::from_slice(&body.unwrap()).unwrap())
        };
        let (kind, usual) = read(problem().into_response()).await;
        assert_eq!(kind, "application/json");
        assert_eq!(usual["status"], "oauth_required");
        let (kind, standard) = read(in_standard_shape(problem().into_response())).await;
        assert_eq!(kind, PROBLEM);
        assert_eq!(standard["status"], 409);
        for told in [usual, standard] {
            assert_eq!(told["success"], false);
            assert_eq!(told["code"], "sign_in_needed");
            assert_eq!(told["errorCode"], "MCPHUB-AUTH-001");
            assert_eq!(told["type"], "/errors/MCPHUB-AUTH-001");
            assert_eq!(told["title"], "Nobody is signed in at the server.");
            assert_eq!(told["detail"], "linear: never signed in");
        }
        let plain = in_standard_shape("fine".into_response());
        assert!(
            !plain.headers()[header::CONTENT_TYPE]
                .as_bytes()
                .starts_with(b"application/problem")
        );
    }

    #[tokio::test]
    async fn what_is_our_own_fault_has_its_code() {
        let error = std::io::Error::other("torn");
        let response = Problem::us("the login", &error).into_response();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await;
        let told: Value = serde_json::from_slice(&body.unwrap()).unwrap();
        assert_eq!(told["errorCode"], Cause::Internal.id());
    }

    #[test]
    fn whoever_must_wait_is_told_how_long() {
        let response =
            Problem::new(Whose::Hurry(Duration::from_millis(200)), "too fast").into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}

//! The envelope of answers, `{success, message?, data}`; that of errors is made by `problem` and only described here.

use std::collections::HashMap;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::shape::Anything;

/// What a route answers with.
#[derive(Serialize, ToSchema)]
pub(super) struct Answer<T> {
    /// Always true: what failed is a `Problem`.
    success: bool,
    /// What was done, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    data: T,
}

impl<T> Answer<T> {
    pub(super) fn of(data: T) -> Json<Self> {
        Json(Self {
            success: true,
            message: None,
            data,
        })
    }

    pub(super) fn told(message: impl Into<String>, data: T) -> Json<Self> {
        Json(Self {
            success: true,
            message: Some(message.into()),
            data,
        })
    }
}

/// Something was done, and there is nothing to show of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    success: bool,
    message: String,
}

impl Done {
    pub(super) fn told(message: impl Into<String>) -> Json<Self> {
        Json(Self {
            success: true,
            message: message.into(),
        })
    }
}

/// What is wrong, and what helps.
#[derive(ToSchema)]
#[schema(as = Problem, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `problem::Problem` answers")]
pub(crate) struct Failure {
    /// Always false.
    success: bool,
    message: String,
    /// Stable, for scripts.
    code: Option<String>,
    /// The number of the error, `MCPHUB-AUTH-014`.
    error_code: String,
    /// RFC 9457: the page of the error, relative to the hub.
    r#type: String,
    /// RFC 9457: the error in general.
    title: String,
    /// RFC 9457: this case of it.
    detail: String,
    /// The state of the sign-in that is in the way; as `application/problem+json` the status of the answer.
    #[schema(value_type = Option<Anything>)]
    status: Option<String>,
    reason: Option<String>,
    /// One suggested action, in words.
    action: Option<String>,
    /// Where a person signs in.
    authorization_url: Option<String>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

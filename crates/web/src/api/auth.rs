//! `/api/auth`: login, and who am I.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Body;
use crate::access::{Visitor, peer};
use crate::app::App;
use crate::audit;
use crate::problem::{Problem, Whose};
use crate::session::{LoginError, first};

#[derive(Deserialize, ToSchema)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// Who somebody is, and what he may do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
pub(super) struct Known {
    username: String,
    is_admin: bool,
    /// `*`: everything.
    permissions: &'static [&'static str],
}

#[derive(Serialize, ToSchema)]
#[schema(as = LoggedIn)]
pub(super) struct Login {
    success: bool,
    message: &'static str,
    /// For the `x-auth-token` header.
    token: String,
    user: Known,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CurrentUser)]
pub(super) struct Me {
    success: bool,
    user: Known,
}

/// Logs in with name and password.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "logIn",
    tag = "people",
    security(()),
    request_body = Credentials,
    responses((status = 200, description = "A token for the `x-auth-token` header", body = Login))
)]
pub(super) async fn login(
    State(app): State<App>,
    request: Request,
) -> Result<Json<Login>, Problem> {
    use axum::extract::FromRequest;

    let from = peer(request.extensions());
    let extensions = request.extensions().clone();
    let Body(sent) = Body::<Credentials>::from_request(request, &app).await?;
    let (settings, now) = (app.hub().store().current(), app.hub().clock().now());
    let asked = (sent.username.as_str(), sent.password.as_str());
    let mut login = app
        .sessions()
        .log_in(&settings, asked, from, now)
        .await
        .map_err(|error| refused(&error))?;
    // Only now it is known that this is a name, and no password in the wrong field.
    audit::note(&extensions, "user", &login.person.username);
    if let Some(fresh) = first::renewed(&app, &login, &sent.password).await
        && let Some(renewed) = app.sessions().sign_again(&login.person, &fresh, now)
    {
        login.token = renewed;
    }
    Ok(Json(Login {
        success: true,
        message: "logged in",
        token: login.token,
        user: known(Some(&login.person.username), login.person.is_admin),
    }))
}

/// Who is asking.
#[utoipa::path(
    get,
    path = "/auth/user",
    operation_id = "currentUser",
    tag = "people",
    responses((status = 200, description = "The visitor", body = Me))
)]
pub(super) async fn user(visitor: Visitor) -> Json<Me> {
    Json(Me {
        success: true,
        user: known(visitor.username.as_deref(), visitor.is_admin),
    })
}

fn known(username: Option<&str>, is_admin: bool) -> Known {
    Known {
        username: username.unwrap_or("admin").to_owned(),
        is_admin,
        permissions: if is_admin { &["*"] } else { &[] },
    }
}

pub(super) fn refused(error: &LoginError) -> Problem {
    let whose = match error {
        LoginError::Wrong | LoginError::Public => Whose::Stranger,
        LoginError::TooMany(wait) => Whose::Hurry(*wait),
        LoginError::Unfinished(_) => return Problem::us("the login", error),
    };
    Problem::new(whose, error.to_string())
}

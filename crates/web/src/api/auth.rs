//! `/api/auth`: login, and who am I.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Body;
use crate::access::{Visitor, peer};
use crate::app::App;
use crate::problem::{Problem, Whose};
use crate::session::{LoginError, first};

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// POST `/auth/login {username, password}`.
pub(super) async fn login(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    use axum::extract::FromRequest;

    let from = peer(request.extensions());
    let Body(sent) = Body::<Credentials>::from_request(request, &app).await?;
    let (settings, now) = (app.hub().store().current(), app.hub().clock().now());
    let asked = (sent.username.as_str(), sent.password.as_str());
    let login = app
        .sessions()
        .log_in(&settings, asked, from, now)
        .await
        .map_err(|error| refused(&error))?;
    let mut token = login.token;
    if let Some(outdated) = login.outdated
        && let Ok(fresh) = app.sessions().hash(&sent.password).await
        && first::rehash(app.hub(), &login.person.username, &outdated, &fresh).await
        && let Some(renewed) = app.sessions().sign_again(&login.person, &fresh, now)
    {
        token = renewed;
    }
    let user = user_object(Some(&login.person.username), login.person.is_admin);
    Ok(
        Json(json!({ "success": true, "message": "logged in", "token": token, "user": user }))
            .into_response(),
    )
}

/// GET `/auth/user`.
pub(super) async fn user(visitor: Visitor) -> Json<Value> {
    Json(
        json!({ "success": true, "user": user_object(visitor.username.as_deref(), visitor.is_admin) }),
    )
}

fn user_object(username: Option<&str>, is_admin: bool) -> Value {
    let permissions: &[&str] = if is_admin { &["*"] } else { &[] };
    json!({ "username": username.unwrap_or("admin"), "isAdmin": is_admin, "permissions": permissions })
}

fn refused(error: &LoginError) -> Problem {
    let whose = match error {
        LoginError::Wrong | LoginError::Public => Whose::Stranger,
        LoginError::TooMany(wait) => Whose::Hurry(*wait),
        LoginError::Unfinished(_) => return Problem::us("the login", error),
    };
    Problem::new(whose, error.to_string())
}

//! `/api/users`: who may log in. `/api/auth/change-password`: one's own password.
//!
//! A password is only ever taken, never shown. What a user who is deleted held at servers is forgotten by `hub::sign_in`; his keys and tokens go with him here, and his place among those with whom something is shared.
//! What he owned stays, and is for nobody of his name who is not told to take it over.
//! Leaves out users who sign in elsewhere.

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use hub::access::names::{self, Mention};
use hub::cause::Cause;
use hub::sign_in::is_list_whole;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use settings::{Change, File};
use utoipa::ToSchema;

use super::answer::{Answer, Done};
use super::auth::refused;
use super::{Body, Named, lists};
use crate::access::{Admin, Visitor, peer};
use crate::app::App;
use crate::problem::{Problem, Whose};
use crate::session::password;

const USERS: &str = "users";

/// Somebody who may log in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(super) struct Shown {
    username: String,
    is_admin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserCounts)]
pub(super) struct Counts {
    total_users: usize,
    admin_users: usize,
    regular_users: usize,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewUser)]
pub(super) struct Wished {
    username: String,
    password: String,
    is_admin: Option<bool>,
    /// Whether he is the one of whom the settings speak already: as the owner of a server, a group or a key, or as somebody with whom something is shared. Not said: then he is not made.
    take_over: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserChange)]
pub(super) struct Changed {
    is_admin: Option<bool>,
    new_password: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PasswordChange)]
pub(super) struct OwnPassword {
    current_password: String,
    new_password: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PasswordChanged)]
pub(super) struct Renewed {
    success: bool,
    message: &'static str,
    /// In place of the one that was sent: logins with the old password end.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// All users.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "listUsers",
    tag = "people",
    responses((status = 200, description = "The users", body = Answer<Vec<Shown>>))
)]
pub(super) async fn list(State(app): State<App>, _: Admin) -> Json<Answer<Vec<Shown>>> {
    let file = app.hub().store().file();
    let named = lists::entries(&file, USERS).iter().filter_map(shown);
    Answer::of(named.collect())
}

/// How many there are.
#[utoipa::path(
    get,
    path = "/users-stats",
    operation_id = "countUsers",
    tag = "people",
    responses((status = 200, description = "The counts", body = Answer<Counts>))
)]
pub(super) async fn counts(State(app): State<App>, _: Admin) -> Json<Answer<Counts>> {
    let file = app.hub().store().file();
    let users: Vec<Shown> = lists::entries(&file, USERS)
        .iter()
        .filter_map(shown)
        .collect();
    let admins = users.iter().filter(|user| user.is_admin).count();
    Answer::of(Counts {
        total_users: users.len(),
        admin_users: admins,
        regular_users: users.len() - admins,
    })
}

/// One user.
#[utoipa::path(
    get,
    path = "/users/{username}",
    operation_id = "readUser",
    tag = "people",
    params(("username" = String, Path)),
    responses((status = 200, description = "The user", body = Answer<Shown>))
)]
pub(super) async fn read(
    State(app): State<App>,
    _: Admin,
    Named(name): Named,
) -> Result<Json<Answer<Shown>>, Problem> {
    let file = app.hub().store().file();
    let user = find(&file, &name)?.1;
    shown(user).map(Answer::of).ok_or_else(|| no_user(&name))
}

/// Makes a user.
#[utoipa::path(
    post,
    path = "/users",
    operation_id = "createUser",
    tag = "people",
    request_body = Wished,
    responses((status = 201, description = "The user", body = Answer<Shown>))
)]
pub(super) async fn create(
    State(app): State<App>,
    _: Admin,
    Body(wished): Body<Wished>,
) -> Result<(StatusCode, Json<Answer<Shown>>), Problem> {
    let username = lists::named("user", &wished.username)?;
    names::fit(&username).map_err(|unfit| Problem::request(format!("the user name {unfit}")))?;
    let is_admin = wished.is_admin.unwrap_or(false);
    let hash = hashed(&app, &wished.password).await?;
    lists::change(&app, |file| {
        if find(file, &username).is_ok() {
            let message = format!("a user named {username:?} is there already");
            return Err(Problem::new(Whose::Taken, message));
        }
        is_free(&app, &username, wished.take_over.unwrap_or(false))?;
        let user = json!({ "username": username, "password": hash, "isAdmin": is_admin });
        Ok((vec![lists::one_more(file, USERS, user)], ()))
    })
    .await?;
    let user = Shown {
        username,
        is_admin,
        email: None,
    };
    Ok((
        StatusCode::CREATED,
        Answer::told("The user was created.", user),
    ))
}

/// Changes what is sent: whether he is an administrator, his password.
#[utoipa::path(
    put,
    path = "/users/{username}",
    operation_id = "changeUser",
    tag = "people",
    params(("username" = String, Path)),
    request_body = Changed,
    responses((status = 200, description = "The user", body = Answer<Shown>))
)]
pub(super) async fn change(
    State(app): State<App>,
    _: Admin,
    Named(name): Named,
    Body(sent): Body<Changed>,
) -> Result<Json<Answer<Shown>>, Problem> {
    if sent.is_admin.is_none() && sent.new_password.is_none() {
        return Err(Problem::request(
            "nothing to change: send {isAdmin}, {newPassword}, or both",
        ));
    }
    let hash = match &sent.new_password {
        Some(password) => Some(hashed(&app, password).await?),
        None => None,
    };
    let user = lists::change(&app, |file| {
        let (place, user) = find(file, &name)?;
        let mut new = user.clone();
        if let Some(is_admin) = sent.is_admin {
            another_admin(&app, file, &name, is_admin)?;
            new["isAdmin"] = is_admin.into();
        }
        if let Some(hash) = &hash {
            new["password"] = hash.as_str().into();
        }
        let changes = super::change::between(&[USERS, &place.to_string()], user, &new);
        Ok((changes, new))
    })
    .await?;
    let user = shown(&user).ok_or_else(|| no_user(&name))?;
    Ok(Answer::told("The user was changed.", user))
}

/// Deletes a user, with his keys and what he holds at servers.
#[utoipa::path(
    delete,
    path = "/users/{username}",
    operation_id = "deleteUser",
    tag = "people",
    params(("username" = String, Path)),
    responses((status = 200, description = "He is gone", body = Done))
)]
pub(super) async fn remove(
    State(app): State<App>,
    Admin(visitor): Admin,
    Named(name): Named,
) -> Result<Json<Done>, Problem> {
    if visitor.username.as_deref() == Some(name.as_str()) {
        return Err(Problem::request(
            "nobody deletes himself; another administrator can",
        ));
    }
    lists::change(&app, |file| {
        let (place, _) = find(file, &name)?;
        another_admin(&app, file, &name, false)?;
        let keys = lists::entries(file, "bearerKeys").iter().enumerate();
        let his = keys.filter(|(_, key)| key["kind"] == "user" && key["owner"] == name.as_str());
        // From behind, so that places stay what they are.
        let his: Vec<usize> = his.map(|(at, _)| at).collect();
        let keys = his.into_iter().rev();
        let mut changes: Vec<Change> = keys
            .map(|at| Change::remove(["bearerKeys", &at.to_string()]))
            .collect();
        changes.extend(no_longer_shared_with(file, &name));
        let tokens = lists::entries(file, "oauthTokens").iter().enumerate();
        let his = tokens.filter(|(_, token)| token["username"] == name.as_str());
        let his: Vec<usize> = his.map(|(at, _)| at).collect();
        let tokens = his.into_iter().rev();
        changes.extend(tokens.map(|at| Change::remove(["oauthTokens", &at.to_string()])));
        changes.push(Change::remove([USERS, &place.to_string()]));
        Ok((changes, ()))
    })
    .await?;
    app.hub().sign_ins().forget_user(&name);
    Ok(Done::told("The user was deleted."))
}

/// Changes one's own password. Logins with the old one end.
#[utoipa::path(
    post,
    path = "/auth/change-password",
    operation_id = "changePassword",
    tag = "people",
    request_body = OwnPassword,
    responses((status = 200, description = "It is changed", body = Renewed))
)]
pub(super) async fn own_password(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
) -> Result<Json<Renewed>, Problem> {
    use axum::extract::FromRequest;

    let Some(username) = visitor.username else {
        return Err(Problem::new(
            Whose::Forbidden,
            "only who logged in with a name and a password has one to change",
        )
        .code("no_user")
        .cause(Cause::NotLoggedIn));
    };
    let from = peer(request.extensions());
    let Body(sent) = Body::<OwnPassword>::from_request(request, &app).await?;
    let (settings, now) = (app.hub().store().current(), app.hub().clock().now());
    let shown = (username.as_str(), sent.current_password.as_str());
    let login = app.sessions().log_in(&settings, shown, from, now).await;
    let login = login.map_err(|error| refused(&error))?;
    let hash = hashed(&app, &sent.new_password).await?;
    lists::change(&app, |file| {
        let (place, _) = find(file, &username).map_err(|_| {
            Problem::new(
                Whose::Settings,
                "this password is the one of ADMIN_PASSWORD; change it there",
            )
            .cause(Cause::BadRequest)
        })?;
        let path = [USERS, &place.to_string(), "password"];
        Ok((vec![Change::set(path, hash.as_str())], ()))
    })
    .await?;
    Ok(Json(Renewed {
        success: true,
        message: "The password was changed.",
        token: app.sessions().sign_again(&login.person, &hash, now),
    }))
}

async fn hashed(app: &App, password: &str) -> Result<String, Problem> {
    if password::is_short(password) || password::is_public(password) {
        return Err(Problem::request(format!(
            "a password has at least {} letters, and is none that stands in public documents",
            password::SHORTEST
        )));
    }
    let hash = app.sessions().hash(password).await;
    hash.map_err(|error| refused(&error))
}

fn find<'f>(file: &'f File, name: &str) -> Result<(usize, &'f Value), Problem> {
    lists::find(file, USERS, |user| user["username"] == name).ok_or_else(|| no_user(name))
}

fn no_user(name: &str) -> Problem {
    Problem::missing(format!(
        "there is no user named {name:?}; GET /api/users lists them"
    ))
    .code("no_such_user")
    .cause(Cause::NoSuchUser)
}

/// Nobody comes into what somebody of his name left, or passes for another, unless whoever makes him says that he is the one.
// rule: mcphub-user-name, mcphub-name-inherits-nothing -- what somebody of a name left falls to nobody unasked.
fn is_free(app: &App, name: &str, take_over: bool) -> Result<(), Problem> {
    let taken = |message: String, code| Problem::new(Whose::Taken, message).code(code);
    let settings = app.hub().store().current();
    if let Some(other) = names::user_like(&settings, name) {
        let message = format!(
            "a user named {other:?} is there already, and {name:?} looks the same to people"
        );
        return Err(taken(message, "name_taken"));
    }
    let (kind, held, place) = match names::mention(&settings, name) {
        None => return Ok(()),
        // Nothing is given back while it is not known who is there.
        Some(Mention::SignIn(_)) if !is_list_whole(&settings) => {
            let message = "the list of users in the settings file has a mistake, which has to be corrected first; `mcphub settings check` names it";
            return Err(taken(message.to_owned(), "name_taken"));
        }
        Some(Mention::SignIn(server)) => {
            let message = format!(
                "what the former user of that name held at {server:?} is being given back; try again in a minute"
            );
            return Err(taken(message, "name_taken"));
        }
        Some(_) if take_over => return Ok(()),
        Some(Mention::Key(key)) => {
            let place = format!("the key {key:?} belongs to");
            ("key", Some(key), place)
        }
        Some(Mention::Token) => ("token", None, "a token was given to".to_owned()),
        Some(Mention::Server(server)) => {
            let place = format!("the server {server:?} belongs to, or is shared with,");
            ("server", Some(server), place)
        }
        Some(Mention::Group(group)) => {
            let place = format!("the group {group:?} belongs to, or is shared with,");
            ("group", Some(group), place)
        }
    };
    let message = format!(
        "{place} somebody of that name, which the new user would take over; send \"takeOver\": true if he is the one, else choose another name or change that first"
    );
    // Pages say it in words of their own, and have something else to point at.
    let refused = taken(message, "name_left").with("leftBy", kind);
    Err(refused.with("leftAt", held))
}

/// Takes a name out of the lists of those with whom servers and groups are shared.
fn no_longer_shared_with(file: &File, name: &str) -> Vec<Change> {
    const SHARED: &str = "sharedWithUsers";
    let without = |path: &[&str], entry: &Value| {
        let listed = entry.get(SHARED)?.as_array()?;
        let left: Vec<Value> = listed
            .iter()
            .filter(|user| *user != name)
            .cloned()
            .collect();
        let path = path.iter().copied().chain([SHARED]);
        (left.len() < listed.len()).then(|| Change::set(path.collect::<Vec<_>>(), left))
    };
    let servers = file.document().get("mcpServers").and_then(Value::as_object);
    let servers = servers.into_iter().flatten();
    let servers = servers.filter_map(|(server, entry)| without(&["mcpServers", server], entry));
    let groups = lists::entries(file, "groups").iter().enumerate();
    let groups = groups.filter_map(|(at, group)| without(&["groups", &at.to_string()], group));
    servers.chain(groups).collect()
}

/// Somebody must be left who can change things: an account without a password that opens it can not.
fn another_admin(app: &App, file: &File, name: &str, stays: bool) -> Result<(), Problem> {
    let is_admin = |user: &Value| user["isAdmin"] == true;
    let mut users = lists::entries(file, USERS).iter();
    let was = users
        .clone()
        .any(|user| user["username"] == name && is_admin(user));
    // A placeholder in the file may stand for a hash.
    let settings = app.hub().store().current();
    let meant = |user: &Value| {
        let known = settings.users.iter();
        let known = known.filter(|known| user["username"] == known.username.as_str());
        known.filter_map(|known| known.password.clone()).next()
    };
    let can_log_in = |user: &Value| {
        meant(user).is_some_and(|stored| {
            let stored = stored.expose_secret();
            password::can_open(stored) && !app.sessions().is_known_public(stored)
        })
    };
    let others = users.any(|user| user["username"] != name && is_admin(user) && can_log_in(user));
    if stays || !was || others {
        return Ok(());
    }
    Err(
        Problem::new(Whose::Taken, format!("{name} is the last administrator"))
            .code("last_administrator")
            .cause(Cause::LastAdministrator),
    )
}

fn shown(user: &Value) -> Option<Shown> {
    let user: &Map<String, Value> = user.as_object()?;
    Some(Shown {
        username: user.get("username")?.as_str()?.to_owned(),
        is_admin: user.get("isAdmin").is_some_and(|is| is == true),
        email: user.get("email").and_then(Value::as_str).map(str::to_owned),
    })
}

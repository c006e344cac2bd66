//! A server as the API shows it: MCPHub's fields, and ours (`reason`, `action`, `problems`). No secret in it.

use std::time::SystemTime;

use hub::sign_in::{self, Account, Needed};
use hub::upstream::{Carrier, Listed, State, Upstream};
use mcp::merge::{Entry, Listing};
use serde_json::{Map, Value, json};
use settings::{Grants, Server, Settings, Toggles};

use super::redaction::redact;
use crate::access::Visitor;
use crate::app::App;

/// The object of one server.
pub(super) fn server(app: &App, server: &Server, visitor: &Visitor) -> Value {
    let hub = app.hub();
    let settings = hub.store().current();
    // Where each user has a sign-in, a visitor sees his own and nobody else's.
    let per_user = server.oauth.tokens == Grants::PerUser;
    let user = visitor.username.as_deref().filter(|_| per_user);
    let upstream = hub.upstreams().serving(&server.name, user, None).ok();
    let sign_in = hub.sign_ins().view(Account::of(&server.name, user));
    let whole = sees_whole(visitor, server);
    let own = whole || user.is_some();
    let mut view = Map::new();
    view.insert("name".into(), server.name.as_str().into());
    if let Some(owner) = &server.sharing.owner {
        view.insert("owner".into(), owner.as_str().into());
    }
    let status = Status::of(server, upstream.as_ref(), &sign_in);
    view.insert("status".into(), status.word.into());
    view.insert("error".into(), status.error.into());
    view.insert("reason".into(), status.reason.into());
    view.insert("action".into(), status.action.into());
    let (carrier, hello) = (
        upstream.as_ref().and_then(Upstream::carrier),
        upstream.as_ref().and_then(Upstream::hello),
    );
    view.insert("transport".into(), carrier.map(Carrier::name).into());
    let revision = hello.map(|hello| hello.revision.as_str());
    view.insert("protocolVersion".into(), revision.into());
    items(&mut view, &settings, server, upstream.as_ref());
    if let Some(created) = &server.created_at {
        view.insert("createTime".into(), created.as_str().into());
    }
    view.insert("enabled".into(), server.enabled.into());
    if whole {
        let file = hub.store().file();
        view.insert(
            "config".into(),
            file.raw_server(&server.name)
                .map_or(Value::Null, |raw| without_people(redact(raw))),
        );
        view.insert("problems".into(), problems(&settings, &server.name).into());
    }
    view.insert("oauth".into(), oauth(&sign_in, own, server.enabled));
    Value::Object(view)
}

/// What users hold there is theirs, also its bare existence.
fn without_people(mut config: Value) -> Value {
    let oauth = config.get_mut("oauth").and_then(Value::as_object_mut);
    oauth.map(|oauth| oauth.shift_remove("users"));
    config
}

/// May this visitor see the server at all?
pub(super) fn sees(visitor: &Visitor, server: &Server) -> bool {
    visitor.is_admin
        || visitor
            .username
            .as_deref()
            .is_some_and(|user| hub::access::sees(user, &server.sharing))
}

fn sees_whole(visitor: &Visitor, server: &Server) -> bool {
    visitor.is_admin || (visitor.username.is_some() && visitor.username == server.sharing.owner)
}

/// The state in one word, why, and what to do.
struct Status {
    word: &'static str,
    error: Option<String>,
    reason: Option<String>,
    action: Option<String>,
}

impl Status {
    fn of(server: &Server, upstream: Option<&Upstream>, sign_in: &sign_in::View) -> Self {
        let plain = |word| Self {
            word,
            error: None,
            reason: None,
            action: None,
        };
        if let (true, Err(problem)) = (server.enabled, &server.transport) {
            return Self {
                word: "disconnected",
                error: Some(problem.to_string()),
                reason: Some(problem.message.clone()),
                action: problem.cure.clone(),
            };
        }
        match upstream.map(Upstream::state) {
            None if server.enabled && server.oauth.tokens == Grants::PerUser => Self {
                reason: Some("each user signs in for himself".to_owned()),
                action: Some("log in as a user to see your own sign-in".to_owned()),
                ..plain("oauth_required")
            },
            None if server.enabled => plain("connecting"),
            None | Some(State::Disabled) => plain("disabled"),
            Some(State::Asleep) => Self {
                reason: Some("it is started on demand, and nobody uses it now".to_owned()),
                ..plain("disconnected")
            },
            Some(State::Connecting { attempt }) if attempt > 1 => Self {
                reason: Some(format!("attempt {attempt}; the one before failed")),
                ..plain("connecting")
            },
            Some(State::Connecting { .. }) => plain("connecting"),
            Some(State::Ready) if sign_in.state == sign_in::State::RefreshFailing => Self {
                word: sign_in.state.word(),
                error: None,
                reason: Some(sign_in.reason.clone()),
                action: sign_in.action.clone(),
            },
            // It works for what the token allows; what it does not allow waits for a person.
            Some(State::Ready) if !sign_in.state.usable() => Self {
                reason: Some(sign_in.reason.clone()),
                action: sign_in.action.clone(),
                ..plain("connected")
            },
            Some(State::Ready) => plain("connected"),
            Some(State::NeedsSignIn { why }) => Self::needed(&why, sign_in),
            Some(State::BackingOff { error, .. } | State::Broken { error }) => Self {
                word: "disconnected",
                error: Some(error.explain()),
                reason: Some(error.reason()),
                action: Some(error.cure()),
            },
        }
    }

    /// The sign-in may have gone on since the upstream stopped at it.
    fn needed(why: &Needed, sign_in: &sign_in::View) -> Self {
        let fresh = !sign_in.state.usable();
        let (state, reason) = if fresh {
            (sign_in.state, &sign_in.reason)
        } else {
            (why.state, &why.reason)
        };
        let action = if fresh {
            sign_in.action.clone()
        } else {
            Some(why.action.clone())
        };
        Self {
            word: state.word(),
            error: None,
            reason: Some(reason.clone()),
            action,
        }
    }
}

fn items(
    view: &mut Map<String, Value>,
    settings: &Settings,
    server: &Server,
    upstream: Option<&Upstream>,
) {
    let listed = upstream.map(Upstream::catalog).unwrap_or_default();
    let separator = settings.name_separator.as_str();
    let shown = |listing: Listing, listed: &Listed, toggles: &Toggles| -> Value {
        listed
            .of(listing)
            .iter()
            .filter_map(|entry| item(listing, entry, toggles, &server.name, separator))
            .collect()
    };
    view.insert(
        "tools".into(),
        shown(Listing::Tools, &listed, &server.tools),
    );
    view.insert(
        "prompts".into(),
        shown(Listing::Prompts, &listed, &server.prompts),
    );
    view.insert(
        "resources".into(),
        shown(Listing::Resources, &listed, &server.resources),
    );
}

/// As the server wrote it, under the name that clients of `/mcp` see, with its switch.
fn item(
    listing: Listing,
    entry: &Entry,
    toggles: &Toggles,
    server: &str,
    separator: &str,
) -> Option<Value> {
    let mut item: Value = serde_json::from_str(&entry.raw).ok()?;
    let toggle = toggles.of(&entry.name, server, separator);
    if matches!(listing, Listing::Tools | Listing::Prompts) {
        item["name"] = mcp::name::shown(server, separator, &entry.name).into();
    }
    item["enabled"] = toggle.is_none_or(|toggle| toggle.enabled).into();
    if let Some(description) = toggle.and_then(|toggle| toggle.description.as_deref()) {
        item["description"] = description.into();
    }
    Some(item)
}

/// What is wrong with this server in the settings file, in words.
fn problems(settings: &Settings, name: &str) -> Vec<String> {
    let about = |path: &[String]| matches!(path, [servers, server, ..] if servers == "mcpServers" && server == name);
    settings
        .problems
        .iter()
        .filter(|problem| about(&problem.path))
        .map(ToString::to_string)
        .collect()
}

fn oauth(sign_in: &sign_in::View, whole: bool, enabled: bool) -> Value {
    let mut oauth =
        json!({ "connected": sign_in.connected, "clientIdConfigured": sign_in.client_configured });
    if !whole {
        return oauth;
    }
    let url = sign_in
        .authorization_url
        .as_deref()
        .filter(|_| enabled && (!sign_in.connected || !sign_in.state.usable()));
    oauth["authorizationUrl"] = url.into();
    oauth["linkExpiresAt"] = sign_in
        .link_expires_at
        .filter(|_| url.is_some())
        .map(rfc3339)
        .into();
    let typed = |text: &Option<String>| text.clone().filter(|_| url.is_some());
    oauth["userCode"] = typed(&sign_in.user_code).into();
    oauth["verificationUri"] = typed(&sign_in.verification_uri).into();
    oauth["expiresAt"] = sign_in.expires_at.map(rfc3339).into();
    oauth["issuer"] = sign_in.issuer.as_deref().into();
    oauth["offeredBy"] = sign_in.offered_by.as_deref().into();
    oauth["scopes"] = sign_in.scopes.clone().into();
    if !sign_in.profile.is_empty() {
        oauth["profile"] = sign_in.profile.clone().into();
    }
    oauth["consoleUrl"] = sign_in.console_url.as_deref().into();
    oauth["redirectUri"] = sign_in.redirect_uri.as_str().into();
    oauth["pasteBack"] = sign_in.paste_back.into();
    if let Value::Object(fields) = &mut oauth {
        fields.retain(|_, value| !value.is_null());
    }
    oauth
}

/// RFC 3339, in UTC, to the second.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

//! A server as the API shows it: MCPHub's fields, and ours (`reason`, `action`, `problems`). No secret in it.

mod identity;

use std::time::SystemTime;

use hub::sign_in::{self, Account, Needed};
use hub::upstream::{Carrier, State, Upstream};
use mcp::merge::{Entry, Listing};
use serde::Serialize;
use serde_json::Value;
use settings::{Grants, Server, Settings, Toggles};
use utoipa::ToSchema;

use self::identity::Identity;
use super::redaction::redact;
use super::shape::{Explained as Described, Keys, Prompt, Resource, Status as Word, Tool};
use crate::access::Visitor;
use crate::app::App;

/// A server, as far as the visitor may see it.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Server)]
pub(super) struct Shown {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[schema(value_type = Word)]
    status: &'static str,
    /// What failed, in words.
    #[schema(required)]
    error: Option<String>,
    /// Why it stands there, in words.
    #[schema(required)]
    reason: Option<String>,
    /// One suggested action, in words.
    #[schema(required)]
    action: Option<String>,
    /// What is wrong in five lines with its code, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Described>)]
    explained: Option<Value>,
    #[schema(required)]
    transport: Option<&'static str>,
    /// Of MCP, as agreed with the server.
    #[schema(required)]
    protocol_version: Option<&'static str>,
    #[schema(value_type = Vec<Tool>)]
    tools: Vec<Value>,
    #[schema(value_type = Vec<Prompt>)]
    prompts: Vec<Value>,
    #[schema(value_type = Vec<Resource>)]
    resources: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<String>,
    enabled: bool,
    /// As written in the settings file, without secrets; for its owner and administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Keys>)]
    config: Option<Value>,
    /// What is wrong with it in the settings file; for its owner and administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<String>>,
    /// Calls of clients that wait for its sign-in.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(value_type = Option<usize>)]
    waiting_calls: usize,
    /// In whose name calls reach it.
    identity: Identity,
    oauth: OAuth,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference to the field"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

pub(super) fn server(app: &App, server: &Server, visitor: &Visitor) -> Shown {
    let hub = app.hub();
    let settings = hub.store().current();
    // Where each user has a sign-in, a visitor sees his own and nobody else's.
    let per_user = server.oauth.tokens == Grants::PerUser;
    let user = visitor.username.as_deref().filter(|_| per_user);
    let upstream = hub.upstreams().serving(&server.name, user, None).ok();
    let account = Account::of(&server.name, user);
    let sign_in = hub.sign_ins().view(&account);
    let whole = sees_whole(visitor, server);
    let own = whole || user.is_some();
    let status = Status::of(server, upstream.as_ref(), &sign_in);
    let explained = upstream.as_ref().and_then(|it| hub.explained(it));
    let (carrier, hello) = (
        upstream.as_ref().and_then(Upstream::carrier),
        upstream.as_ref().and_then(Upstream::hello),
    );
    let items = |listing, toggles| items(&settings, server, upstream.as_ref(), (listing, toggles));
    let file = hub.store().file();
    let config = file.raw_server(&server.name).filter(|_| whole);
    Shown {
        name: server.name.clone(),
        owner: server.sharing.owner.clone(),
        status: status.word,
        error: status.error,
        reason: status.reason,
        action: status.action,
        explained: explained.as_ref().map(super::oauth::told),
        transport: carrier.map(Carrier::name),
        protocol_version: hello.map(|hello| hello.revision.as_str()),
        tools: items(Listing::Tools, &server.tools),
        prompts: items(Listing::Prompts, &server.prompts),
        resources: items(Listing::Resources, &server.resources),
        create_time: server.created_at.clone(),
        enabled: server.enabled,
        config: config.map(|raw| without_people(redact(raw))),
        problems: whole.then(|| problems(&settings, &server.name)),
        waiting_calls: hub.sessions().waiting_for(&account),
        identity: Identity::of(hub, server, visitor),
        oauth: OAuth::of(&sign_in, own, server.enabled),
    }
}

/// Where a server stands, in one word. Of a connection that is the visitor's own none is made for this.
pub(super) fn word(app: &App, server: &Server, visitor: &Visitor) -> &'static str {
    let per_user = server.oauth.tokens == Grants::PerUser;
    let user = visitor.username.as_deref().filter(|_| per_user);
    let upstream = app.hub().upstreams().there(&server.name, user);
    let sign_in = app.hub().sign_ins().view(Account::of(&server.name, user));
    Status::of(server, upstream.as_ref(), &sign_in).word
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
    settings: &Settings,
    server: &Server,
    upstream: Option<&Upstream>,
    (listing, toggles): (Listing, &Toggles),
) -> Vec<Value> {
    let listed = upstream.map(Upstream::catalog).unwrap_or_default();
    let separator = settings.name_separator.as_str();
    let entries = listed.of(listing).iter();
    entries
        .filter_map(|entry| item(listing, entry, toggles, &server.name, separator))
        .collect()
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

/// The sign-in of a server. Who is neither its owner nor an administrator nor has a sign-in of his own sees the first two.
#[derive(Clone, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServerSignIn)]
struct OAuth {
    /// An access token is stored.
    connected: bool,
    /// A client id is in the settings, given or registered.
    client_id_configured: bool,
    /// Where a person signs in, while there is reason to.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_url: Option<String>,
    /// Until when that link lives: RFC 3339, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    link_expires_at: Option<String>,
    /// The code that a person types at `verificationUri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri: Option<String>,
    /// When the access token ends, as far as known: RFC 3339, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// Who would sign somebody in, where no sign-in is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    offered_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    /// What is done differently because the provider is known, line by line.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Vec<String>>,
    /// Where a client is registered by hand, at a provider that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    console_url: Option<String>,
    /// The callback address to register there.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    /// The browser cannot bring the answer to the hub: it is to be pasted.
    #[serde(skip_serializing_if = "Option::is_none")]
    paste_back: Option<bool>,
}

impl OAuth {
    fn of(sign_in: &sign_in::View, whole: bool, enabled: bool) -> Self {
        let short = Self {
            connected: sign_in.connected,
            client_id_configured: sign_in.client_configured,
            ..Self::default()
        };
        if !whole {
            return short;
        }
        let wanted = enabled && (!sign_in.connected || !sign_in.state.usable());
        let url = sign_in.authorization_url.clone().filter(|_| wanted);
        let linked = url.is_some();
        Self {
            authorization_url: url,
            link_expires_at: sign_in.link_expires_at.filter(|_| linked).map(rfc3339),
            user_code: sign_in.user_code.clone().filter(|_| linked),
            verification_uri: sign_in.verification_uri.clone().filter(|_| linked),
            expires_at: sign_in.expires_at.map(rfc3339),
            issuer: sign_in.issuer.clone(),
            offered_by: sign_in.offered_by.clone(),
            scopes: Some(sign_in.scopes.clone()),
            profile: Some(sign_in.profile.clone()).filter(|lines| !lines.is_empty()),
            console_url: sign_in.console_url.clone(),
            redirect_uri: Some(sign_in.redirect_uri.clone()),
            paste_back: Some(sign_in.paste_back),
            ..short
        }
    }
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

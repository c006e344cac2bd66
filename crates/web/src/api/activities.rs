//! `/api/activities`: the tool calls that ended lately, in MCPHub's shapes. For administrators.
//!
//! They are kept in memory, without arguments and results: MCPHub's `input` and `output` are never there. Names of tools and clients, and
//! the words of errors, are texts of strangers.

mod wanted;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use hub::activity::{Activity, By, Entry, Names, Outcome, Sums, Wanted};
use serde::Serialize;
use utoipa::ToSchema;

use super::Named;
use super::answer::Answer;
use super::page::{self, Pagination};
use crate::access::Admin;
use crate::app::App;
use crate::problem::Problem;

use wanted::{Asked, Narrowed, Old, Page};

/// MCPHub's word for what came of a call.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ActivityStatus)]
enum Status {
    Success,
    Error,
}

/// The same, more exactly.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ActivityOutcome)]
enum Came {
    /// The server answered with a result.
    Answered,
    /// The server answered with an error.
    Refused,
    /// The server did not answer.
    Failed,
    /// The client gave the call up, or went away.
    Cancelled,
}

/// One finished tool call.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Activity)]
pub(super) struct Shown {
    /// A number that counts up, in the order in which calls ended.
    id: String,
    /// When it ended: RFC 3339, in UTC.
    #[schema(format = DateTime)]
    timestamp: String,
    server: String,
    /// As the server itself calls it.
    tool: String,
    /// Milliseconds; the wait for a sign-in is counted in.
    duration: u64,
    status: Status,
    outcome: Came,
    /// The group through which it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    /// The bearer key's name when it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_name: Option<String>,
    /// With the operator's own token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    operator: bool,
    /// As the program calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    /// The first words of an error, without what looks like a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

/// A page of calls, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Activities)]
pub(super) struct Listed {
    success: bool,
    data: Vec<Shown>,
    pagination: Pagination,
}

/// Whether there is such a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ActivityAvailable)]
pub(super) struct Available {
    /// Always true here.
    available: bool,
}

/// What the calls come to. Times are milliseconds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActivityStats)]
pub(super) struct Stats {
    total_calls: usize,
    success_count: usize,
    error_count: usize,
    avg_duration: u64,
    median_duration: u64,
    /// What 95 of 100 calls did not exceed.
    p95_duration: u64,
}

/// The names that are in the calls, to choose among; at most 1,000 of each kind.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActivityFilters)]
pub(super) struct Filters {
    servers: Vec<String>,
    tools: Vec<String>,
    groups: Vec<String>,
    usernames: Vec<String>,
    key_names: Vec<String>,
}

/// What was forgotten.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActivityCleanup)]
pub(super) struct CleanedUp {
    deleted_count: usize,
    /// Calls that ended before: RFC 3339, in UTC.
    #[schema(format = DateTime)]
    cutoff_date: String,
}

/// Whether calls are written down. They always are; MCPHub does so with a database alone.
#[utoipa::path(
    get,
    path = "/activities/available",
    operation_id = "areActivitiesAvailable",
    tag = "activity",
    responses((status = 200, description = "They are", body = Answer<Available>))
)]
pub(super) async fn available(_: Admin) -> Json<Answer<Available>> {
    Answer::of(Available { available: true })
}

/// The tool calls that ended lately, the newest first: the last 10,000, since the hub started.
#[utoipa::path(
    get,
    path = "/activities",
    operation_id = "listActivities",
    tag = "activity",
    params(Page, Narrowed),
    responses((status = 200, description = "A page of calls", body = Listed))
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Admin,
    uri: Uri,
) -> Result<Json<Listed>, Problem> {
    let asked = Asked::read(&uri)?;
    let (page, limit) = asked.page()?;
    let entries = matching(app.hub().activity(), &asked.wanted()?);
    let (shown, pagination) = page::cut(&entries, page, limit);
    Ok(Json(Listed {
        success: true,
        data: shown.iter().map(|entry| shown_of(entry)).collect(),
        pagination,
    }))
}

/// What the calls come to: how many, how many of them failed, and how long they took.
#[utoipa::path(
    get,
    path = "/activities/stats",
    operation_id = "sumActivities",
    tag = "activity",
    params(Narrowed),
    responses((status = 200, description = "The sums", body = Answer<Stats>))
)]
pub(super) async fn stats(
    State(app): State<App>,
    _: Admin,
    uri: Uri,
) -> Result<Json<Answer<Stats>>, Problem> {
    let wanted = Asked::read(&uri)?.wanted()?;
    let sums = Sums::of(&matching(app.hub().activity(), &wanted));
    Ok(Answer::of(Stats {
        total_calls: sums.calls,
        success_count: sums.succeeded,
        error_count: sums.calls - sums.succeeded,
        avg_duration: milliseconds(sums.average),
        median_duration: milliseconds(sums.median),
        p95_duration: milliseconds(sums.p95),
    }))
}

/// The names that are in the calls: what a list of them can be narrowed to.
#[utoipa::path(
    get,
    path = "/activities/filters",
    operation_id = "listActivityFilters",
    tag = "activity",
    responses((status = 200, description = "The names", body = Answer<Filters>))
)]
pub(super) async fn filters(State(app): State<App>, _: Admin) -> Json<Answer<Filters>> {
    let names = Names::of(&app.hub().activity().entries());
    Answer::of(Filters {
        servers: names.servers,
        tools: names.tools,
        groups: names.groups,
        usernames: names.users,
        key_names: names.keys,
    })
}

/// One call.
#[utoipa::path(
    get,
    path = "/activities/{id}",
    operation_id = "readActivity",
    tag = "activity",
    params(("id" = String, Path, description = "The call's number")),
    responses((status = 200, description = "The call", body = Answer<Shown>))
)]
pub(super) async fn read(
    State(app): State<App>,
    _: Admin,
    Named(id): Named,
) -> Result<Json<Answer<Shown>>, Problem> {
    let number = id.parse().ok();
    let entry = number.and_then(|id| app.hub().activity().entry(id));
    let entry = entry.ok_or_else(|| {
        let message = format!(
            "there is no call with the number {id:?}; the last ones are kept, and none over a restart"
        );
        Problem::missing(message).code("no_such_activity")
    })?;
    Ok(Answer::of(shown_of(&entry)))
}

/// Forgets the calls that are older than so many days; with 0, all of them.
#[utoipa::path(
    delete,
    path = "/activities/cleanup",
    operation_id = "forgetActivities",
    tag = "activity",
    params(Old),
    responses((status = 200, description = "They are forgotten", body = Answer<CleanedUp>))
)]
pub(super) async fn clean_up(
    State(app): State<App>,
    _: Admin,
    uri: Uri,
) -> Result<Json<Answer<CleanedUp>>, Problem> {
    let age = Asked::read(&uri)?.age()?;
    let now = app.hub().clock().now();
    let before = now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
    let forgotten = match age.is_zero() {
        true => app.hub().activity().forget_all(),
        false => app.hub().activity().forget_before(before),
    };
    Ok(Answer::of(CleanedUp {
        deleted_count: forgotten,
        cutoff_date: time(before),
    }))
}

fn matching(activity: &Activity, wanted: &Wanted) -> Vec<Arc<Entry>> {
    let mut entries = activity.entries();
    entries.retain(|entry| wanted.lets_through(entry));
    entries
}

fn shown_of(entry: &Entry) -> Shown {
    let By { who, client, group } = &entry.by;
    let key = who.key.as_deref();
    let (status, outcome) = match &entry.outcome {
        Outcome::Answered => (Status::Success, Came::Answered),
        Outcome::Refused(_) => (Status::Error, Came::Refused),
        Outcome::Failed(_) => (Status::Error, Came::Failed),
        Outcome::Cancelled => (Status::Error, Came::Cancelled),
    };
    let text = |text: &Arc<str>| text.to_string();
    Shown {
        id: entry.id.to_string(),
        timestamp: time(entry.ended),
        server: entry.server.to_string(),
        tool: entry.tool.to_string(),
        duration: milliseconds(entry.took),
        status,
        outcome,
        group: group.as_ref().map(text),
        username: who.user.as_ref().map(text),
        key_id: key.map(|key| key.id.to_string()),
        key_name: key.map(|key| key.name.to_string()),
        operator: who.operator,
        client: client.as_ref().map(text),
        error_message: entry.outcome.why().map(str::to_owned),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// To the millisecond, as MCPHub has it.
fn time(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let since = i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX);
    let stamp = jiff::Timestamp::from_millisecond(since).unwrap_or(jiff::Timestamp::MAX);
    stamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

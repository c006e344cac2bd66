//! What is passed on as it is written, in the settings file or by a server: its known keys, for the description of the API. Further keys are
//! allowed everywhere, as in the file.

#![expect(
    dead_code,
    reason = "these describe values that are passed on, and are never made"
)]

use std::borrow::Cow;
use std::collections::HashMap;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType};
use utoipa::{PartialSchema, ToSchema};

/// Any JSON value.
pub(crate) struct Anything;

impl PartialSchema for Anything {
    fn schema() -> RefOr<Schema> {
        let anything = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        anything.description(Some("Any JSON value.")).into()
    }
}

impl ToSchema for Anything {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Json")
    }
}

/// Any JSON object.
pub(super) struct Keys;

impl PartialSchema for Keys {
    fn schema() -> RefOr<Schema> {
        let free = AdditionalProperties::FreeForm(true);
        let object = ObjectBuilder::new().additional_properties(Some(free));
        object.description(Some("Any JSON object.")).into()
    }
}

impl ToSchema for Keys {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("JsonObject")
    }
}

/// Where a server stands.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ServerStatus)]
pub(super) enum Status {
    Connected,
    Connecting,
    Disconnected,
    Disabled,
    OauthRequired,
    NeedsClient,
    ClientRejected,
    RegistrationRefused,
    RefreshFailing,
    RejectedByResource,
}

/// What is wrong, in five lines and with its code; `do` is `cure` in our own words.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Explained {
    /// The server, where it is about one.
    subject: Option<String>,
    headline: String,
    /// Like `MCPHUB-AUTH-014`; `/errors/{code}` is its page.
    code: String,
    /// Like `issuer-mismatch`.
    word: String,
    what_happened: String,
    evidence: Option<String>,
    why: String,
    #[schema(rename = "do")]
    cure: String,
    /// The command line that does it.
    command: Option<String>,
    /// What goes on in the meantime.
    meanwhile: Option<String>,
}

/// A tool as its server describes it, under the name that clients see.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Tool {
    name: String,
    title: Option<String>,
    description: Option<String>,
    /// A JSON Schema.
    input_schema: Option<Keys>,
    /// A JSON Schema.
    output_schema: Option<Keys>,
    annotations: Option<Keys>,
    enabled: bool,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// A prompt as its server describes it, under the name that clients see.
#[derive(ToSchema)]
pub(super) struct Prompt {
    name: String,
    title: Option<String>,
    description: Option<String>,
    arguments: Option<Vec<Argument>>,
    enabled: bool,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// What a prompt takes.
#[derive(ToSchema)]
#[schema(as = PromptArgument)]
pub(super) struct Argument {
    name: String,
    title: Option<String>,
    description: Option<String>,
    required: Option<bool>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// A resource as its server describes it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Resource {
    uri: String,
    name: Option<String>,
    title: Option<String>,
    description: Option<String>,
    mime_type: Option<String>,
    enabled: bool,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// One exchange or one decision of a sign-in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct JournalEntry {
    /// RFC 3339, in UTC, to the millisecond.
    #[schema(format = DateTime)]
    time: String,
    server: String,
    /// Whose sign-in at the server; absent where all share it.
    user: Option<String>,
    /// Which sign-in this belongs to, where one is under way.
    sign_in: Option<String>,
    stage: Stage,
    request: Option<Asked>,
    /// The status of the answer.
    status: Option<u16>,
    duration_ms: Option<u64>,
    /// What was decided, in words.
    decision: String,
    why: Option<String>,
    /// The rule's id, as in `docs/rules.md`.
    rule: Option<String>,
    /// The code of what is wrong, where that was decided.
    error_code: Option<String>,
}

/// A part of the journey.
#[derive(ToSchema)]
#[schema(as = JournalStage)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    Discovery,
    Registration,
    AuthorizationUrl,
    Callback,
    TokenExchange,
    Refresh,
    Heal,
    StepUp,
    Revoke,
    Connect,
}

/// A request, without its query and body.
#[derive(ToSchema)]
#[schema(as = JournalRequest)]
pub(super) struct Asked {
    method: String,
    host: String,
    path: String,
}

/// A named subset of servers, as it is written.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Group {
    id: Option<String>,
    name: String,
    description: Option<String>,
    servers: Vec<Member>,
    owner: Option<String>,
    visibility: Option<Visibility>,
    shared_with_users: Option<Vec<String>>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// For whom it is beside its owner and administrators: nobody, the users in `sharedWithUsers`, or every user.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Visibility {
    Private,
    Group,
    Public,
}

/// A server's name, or that name with what of the server is chosen.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = GroupMember)]
pub(super) enum Member {
    Name(String),
    Chosen(Chosen),
}

/// What of a server is in a group.
#[derive(ToSchema)]
#[schema(as = GroupServer, rename_all = "camelCase")]
pub(super) struct Chosen {
    name: String,
    /// Instead of the server's name, in the names of its tools.
    alias: Option<String>,
    tools: Option<Choice>,
    prompts: Option<Choice>,
    resources: Option<Choice>,
    pinned_tools: Option<Vec<String>>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// Names, or `"all"`.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = GroupChoice)]
pub(super) enum Choice {
    Names(Vec<String>),
    Word(All),
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = EveryOne)]
pub(super) enum All {
    All,
}

/// A key for clients of `/mcp`, with just so much of its token that a person knows it again.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Key {
    id: Option<String>,
    name: Option<String>,
    /// Whole only in the answer that tells of its creation.
    token: String,
    enabled: Option<bool>,
    kind: KeyKind,
    /// Of a key of kind `user`: whose it is.
    owner: Option<String>,
    access_type: Option<KeyAccess>,
    allowed_groups: Option<Vec<String>>,
    allowed_servers: Option<Vec<String>>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyKind {
    System,
    User,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyAccess {
    All,
    Groups,
    Servers,
    Custom,
}

/// The tool's result as the server gave it, with what was asked.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct ToolResult {
    content: Option<Vec<Keys>>,
    structured_content: Option<Anything>,
    is_error: Option<bool>,
    tool_name: String,
    arguments: Anything,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// The messages of a prompt as its server gave them.
#[derive(ToSchema)]
pub(super) struct PromptResult {
    description: Option<String>,
    messages: Option<Vec<PromptMessage>>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

#[derive(ToSchema)]
pub(super) struct PromptMessage {
    role: String,
    content: Keys,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// What a resource holds, as its server gave it.
#[derive(ToSchema)]
pub(super) struct ResourceResult {
    contents: Option<Vec<ResourceContents>>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

/// `text`, or `blob` in base64.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct ResourceContents {
    uri: String,
    mime_type: Option<String>,
    text: Option<String>,
    blob: Option<String>,
    #[serde(flatten)]
    more: HashMap<String, Anything>,
}

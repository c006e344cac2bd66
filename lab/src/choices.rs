//! What a switch can be set to, where it has more positions than on and off.

use serde::{Deserialize, Serialize};

/// Who decides at the authorization endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Consent {
    /// A page with Allow and Deny.
    Page,
    /// Allowed at once, without a page.
    Allow,
    /// Denied at once, without a page.
    Deny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenAnswers {
    Json,
    /// `application/x-www-form-urlencoded`, as some older servers.
    Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenShape {
    Opaque,
    /// Three parts with a readable `exp`; the signature is noise.
    Jwt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rotation {
    /// The refresh token stays; the answer to a refresh brings none.
    Off,
    /// Each refresh token works once; a second use ends the whole family.
    Strict,
    /// The previous refresh token works until its successor is used; after that a second use ends the family.
    Lenient,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefreshTokens {
    /// When the client registered the grant type `refresh_token`.
    AsRegistered,
    /// Only when the scope `offline_access` was granted, which the metadata then lists.
    OfflineAccess,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Indicators {
    /// `resource` must come with every request and name the MCP server, else `invalid_target`.
    Required,
    /// Checked when it comes; a token asked for without it is good for no MCP server.
    Checked,
    /// Not looked at; each token is for the MCP server.
    Ignored,
    /// Any `resource` is `invalid_target`; each token is for the MCP server.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registration {
    Open,
    /// Needs this initial access token as Bearer.
    Protected(String),
    /// Announced, but answers 403 in plain text.
    Refused,
    /// Neither announced nor there.
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Redirects {
    /// https, or http on loopback.
    Any,
    /// Only http on loopback, else `invalid_redirect_uri`.
    LoopbackOnly,
    /// Only https, else `invalid_redirect_uri`.
    HttpsOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Placement {
    TwoOrigins,
    /// The MCP origin is the issuer too, as servers of the revision 2025-03-26.
    SameOrigin,
}

/// The one address at which the authorization server metadata is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ServerMetadata {
    /// `/.well-known/oauth-authorization-server{path}` (RFC 8414).
    PathInserted,
    /// `/.well-known/openid-configuration{path}`.
    OidcInserted,
    /// `{path}/.well-known/openid-configuration`: the third address for an issuer with a path.
    OidcAppended,
    /// `{path}/.well-known/oauth-authorization-server`: no address of the specification.
    PathAppended,
    /// `/.well-known/oauth-authorization-server`, whatever the path.
    RootOnly,
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    NotFound,
    /// 200 with a web page, as single-page applications do.
    Html,
    Unauthorized,
    Forbidden,
    ServerError,
    /// 302 to another origin.
    Redirect,
}

/// What the metadata says in `code_challenge_methods_supported`. The endpoints always verify S256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pkce {
    S256,
    /// Only `plain`.
    Plain,
    /// Not said.
    NotOffered,
}

/// The `iss` parameter of the redirect and the promise of it in the metadata (RFC 9207).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Iss {
    /// Promised and sent.
    Promised,
    /// Sent, not promised.
    Unpromised,
    /// Promised, never sent.
    Missing,
    /// Promised and sent, but missing from a denial.
    MissingOnDenial,
    /// Neither promised nor sent.
    Absent,
    /// Promised, another one sent.
    Wrong,
    /// Not promised, another one sent.
    WrongUnpromised,
}

/// Where the protected resource metadata is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResourceMetadata {
    /// `/.well-known/oauth-protected-resource/mcp`.
    Path,
    /// `/.well-known/oauth-protected-resource`.
    Root,
    /// At an address that only the challenge names.
    Elsewhere,
    Absent,
}

/// The `WWW-Authenticate` of a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Challenge {
    /// With `resource_metadata`.
    Full,
    /// A Bearer challenge without `resource_metadata`.
    WithoutMetadata,
    /// The older style: `authorization_server` names the issuer.
    AuthorizationServer,
    /// `Basic`: a password is asked for.
    Password,
    /// Words that are no challenge.
    Garbled,
    /// No header at all.
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum McpAnswers {
    Json,
    Sse,
}

//! The settings file: as written, what it means, the smallest edit that changes it.
//!
//! `File` is the document as a person wrote it; `resolve` turns it into `Settings`, which is what the hub works with;
//! `apply` makes the smallest new text for a change. Nothing here reads a file, the environment or a clock.

mod check;
mod edit;
mod expand;
mod file;
mod forward_auth;
mod group;
mod issuer;
mod items;
mod oauth;
mod problem;
mod reader;
mod resolve;
mod schema;
mod sealed;
mod secret;
mod server;
mod system;
mod user;

pub use check::check;
pub use edit::{Change, EditError, apply, apply_with};
pub use file::{File, ParseError, Place};
pub use forward_auth::{ForwardAuth, OutsideIssuer, SignatureAlgorithm};
pub use group::{Group, Member, Pick, Sharing, Visibility};
pub use issuer::{OAuthClient, OAuthServer, OAuthToken, OpenRegistration};
pub use items::{Argument, Prompt, Resource};
pub use oauth::{
    DynamicRegistration, GrantType, Grants, IdentityProvider, OAuth, Pkce, ResourceChoice,
};
pub use problem::{Problem, Severity, nearest};
pub use resolve::{Settings, resolve, resolve_with};
pub use schema::SCHEMA;
pub use sealed::{
    Binding, Converted, Keyless, PREFIX as SEALED, Shut, Supposed, Vault, opened, seal_all,
    unseal_all,
};
pub use secret::{Hidden, Secret};
pub use server::{
    CredentialSlot, CredentialTarget, Options, Prefer, Proxy, Server, Servers, Toggle, Toggles,
    Transport, may_be_passed_on,
};
pub use system::{Install, Routing};
pub use user::{ADMIN, Access, BearerKey, KeyKind, User, is_of_environment};

//! What both documents say, member by member.
//!
//! RFC 9728 section 2, RFC 8414 section 2, RFC 9207 section 3, and the MCP authorization specification.

use oauth::policy::GrantType;
use oauth::{AuthMethod, Discovered};
use serde_json::{Map, Value};

use super::discovery::Document;
use super::line::{Line, Part};
use super::walk::Walk;
use crate::cause::Cause;

const RESOURCE: Part = Part::Resource;
const SERVER: Part = Part::LoginServer;

pub(super) fn resource(walk: &mut Walk<'_>, document: Option<&Document>, well: bool) {
    let Some(document) = document else {
        if well {
            let text = "no metadata of its own; the server's own origin is asked, as in revision 2025-03-26";
            let line = Line::note(RESOURCE, "no-resource-metadata", text);
            walk.say(line.clause("MCP authorization, Authorization Server Location"));
        }
        return;
    };
    if !well {
        return;
    }
    let text = |key| {
        let value = document.members.get(key);
        value.and_then(Value::as_str).unwrap_or_default()
    };
    let servers = texts(&document.members, "authorization_servers").unwrap_or_default();
    let said = format!("{}; login server {}", text("resource"), servers.join(", "));
    walk.say(
        Line::ok(RESOURCE, "resource", said)
            .exchange(document.both.clone())
            .clause("RFC 9728 3.3"),
    );
    if servers.len() > 1 {
        let said = "several login servers are named; the first that can be used is taken, or the one in oauth.issuer";
        walk.say(Line::note(RESOURCE, "several-servers", said).clause("RFC 9728 2"));
    }
}

pub(super) fn server(walk: &mut Walk<'_>, document: &Document, found: Option<&Discovered>) {
    let members = &document.members;
    if let Some(found) = found {
        let said = format!("{}, its own word", found.server.identity());
        walk.say(
            Line::ok(SERVER, "login-server", said)
                .exchange(document.both.clone())
                .clause("RFC 8414 3.3"),
        );
    }
    let methods = texts(members, "code_challenge_methods_supported").unwrap_or_default();
    if methods.iter().any(|method| method == "S256") {
        let line = Line::ok(SERVER, "pkce", "PKCE with S256");
        walk.say(line.clause("MCP authorization, Authorization Code Protection"));
    }
    let sends_a_person = walk.policy().grant_type == GrantType::AuthorizationCode;
    for line in [
        response_types(members).filter(|_| sends_a_person),
        grant_types(members).filter(|_| sends_a_person),
        auth_methods(walk, members),
        iss(members),
    ]
    .into_iter()
    .flatten()
    {
        walk.say(line.shown_by(Some(&document.both)));
    }
}

fn response_types(members: &Map<String, Value>) -> Option<Line> {
    let Some(types) = texts(members, "response_types_supported") else {
        let text = "does not say which response types it knows; code is taken for granted";
        return Some(Line::note(SERVER, "response-types-unsaid", text).clause("RFC 8414 2"));
    };
    let code = types.iter().any(|one| one == "code");
    (!code).then(|| {
        Line::wrong(
            SERVER,
            Cause::NoCodeResponse,
            format!("knows the response types {}, not code", types.join(", ")),
            "its owner has to allow the authorization code flow; there is no other that is safe",
        )
    })
}

fn grant_types(members: &Map<String, Value>) -> Option<Line> {
    let types = texts(members, "grant_types_supported")?;
    let knows = |wanted: &str| types.iter().any(|one| one == wanted);
    if !knows("authorization_code") {
        let line = Line::wrong(
            SERVER,
            Cause::NoCodeGrant,
            format!(
                "knows the grants {}, not authorization_code",
                types.join(", ")
            ),
            "its owner has to allow authorization_code; or choose one of them in oauth.grantType",
        );
        return Some(line);
    }
    (!knows("refresh_token")).then(|| {
        let text = "promises no refresh tokens: a person signs in again when the token ends";
        Line::note(SERVER, "no-refresh", text).clause("RFC 8414 2")
    })
}

fn auth_methods(walk: &Walk<'_>, members: &Map<String, Value>) -> Option<Line> {
    let methods = texts(members, "token_endpoint_auth_methods_supported")?;
    let has_key = walk.policy().key.is_some();
    let ours = |name: &String| match AuthMethod::named(name) {
        Some(AuthMethod::PrivateKeyJwt) => has_key,
        Some(AuthMethod::Basic | AuthMethod::Post | AuthMethod::None) => true,
        None => false,
    };
    if methods.iter().any(ours) {
        let text = format!("clients prove themselves by {}", methods.join(", "));
        return Some(Line::ok(SERVER, "auth-methods", text).clause("RFC 8414 2"));
    }
    let line = Line::wrong(
        SERVER,
        Cause::AuthMethodsUnknown,
        format!("takes clients only with {}", methods.join(", ")),
        "for private_key_jwt set oauth.privateKeyFile and oauth.clientId; the others are not known here",
    );
    Some(line)
}

fn iss(members: &Map<String, Value>) -> Option<Line> {
    let promised = members
        .get("authorization_response_iss_parameter_supported")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let line = match promised {
        true => Line::ok(SERVER, "iss", "its answer names itself (iss)"),
        false => Line::note(
            SERVER,
            "iss-unpromised",
            "does not promise that its answer names itself (iss); a mix-up with another login server is told by the callback alone",
        ),
    };
    Some(line.clause("RFC 9207 3"))
}

pub(super) fn texts(members: &Map<String, Value>, key: &str) -> Option<Vec<String>> {
    let list = members.get(key)?.as_array()?;
    let texts = list.iter().filter_map(Value::as_str);
    Some(texts.map(str::to_owned).collect())
}

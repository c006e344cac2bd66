//! What a token opens that was given for a resource (RFC 8707): that endpoint of the hub, and what belongs to it.

pub(crate) const API: &str = "/api";

/// Whether a resource takes in the REST API.
#[must_use]
pub fn covers_api(resource: &str) -> bool {
    covers(resource, API)
}

pub(crate) fn covers(resource: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let inside = path.strip_prefix(resource);
    inside.is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && is_whole(resource)))
        || messages_of(resource).is_some_and(|messages| messages == path)
}

/// Whether all below it belongs to it. Behind the name of a server or group there is nothing but names that hold a `/`, and they are others.
fn is_whole(resource: &str) -> bool {
    let parts: Vec<&str> = resource.split('/').skip(1).collect();
    match parts[..] {
        [] | ["mcp" | "sse" | "messages"] | [_, "mcp" | "sse" | "messages"] => true,
        [first, ..] => first == "api",
    }
}

/// Whoever opens the stream of the old transport sends his messages beside it.
fn messages_of(stream: &str) -> Option<String> {
    let mut parts = stream.split('/').skip(1);
    match (parts.next()?, parts.next()) {
        ("sse", _) => Some("/messages".to_owned()),
        ("mcp" | "api", _) => None,
        (user, Some("sse")) => Some(format!("/{user}/messages")),
        _ => None,
    }
}

//! The addresses of MCP endpoints, as MCPHub has them: `/mcp`, `/sse` and `/messages`, for everybody and behind a user's name.

/// Where a path leads. Names are as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'p> {
    pub(crate) door: Door,
    /// `/{user}/mcp`: whose address it is.
    pub(crate) user: Option<&'p str>,
    /// A group or a server; empty for everything.
    pub(crate) name: &'p str,
}

/// What is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Streamable HTTP.
    Mcp,
    /// The stream of the old HTTP+SSE transport.
    Sse,
    /// Where its clients send their messages.
    Messages,
}

/// What has a meaning of its own in front of `/mcp` or `/sse`, whoever is called so.
const NO_USERS: [&str; 8] = [
    "api",
    "oauth",
    "connect",
    "health",
    "healthz",
    "readyz",
    "discovery",
    ".well-known",
];

impl<'p> Address<'p> {
    /// `None`: the path leads elsewhere.
    pub(crate) fn of(path: &'p str, prefix: &str) -> Option<Self> {
        let path = path.strip_prefix(prefix)?;
        if let Some((door, name)) = door(path) {
            let user = None;
            return Some(Self { door, user, name });
        }
        let path = path.strip_prefix('/')?;
        let (user, rest) = path.split_at(path.find('/')?);
        if user.is_empty() || NO_USERS.contains(&user) {
            return None;
        }
        let (door, name) = door(rest)?;
        let user = Some(user);
        Some(Self { door, user, name })
    }
}

fn door(path: &str) -> Option<(Door, &str)> {
    let doors = [
        ("/mcp", Door::Mcp),
        ("/sse", Door::Sse),
        ("/messages", Door::Messages),
    ];
    let (rest, door) = doors
        .into_iter()
        .find_map(|(word, door)| Some((path.strip_prefix(word)?, door)))?;
    if rest.is_empty() {
        return Some((door, rest));
    }
    let name = rest.strip_prefix('/')?;
    (door != Door::Messages || name.is_empty()).then_some((door, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_the_door_the_user_and_what_is_behind() {
        for (path, door, user, name) in [
            ("/mcp", Door::Mcp, None, ""),
            ("/mcp/", Door::Mcp, None, ""),
            ("/mcp/dev", Door::Mcp, None, "dev"),
            ("/mcp/io.github/server", Door::Mcp, None, "io.github/server"),
            ("/mcp/mcp", Door::Mcp, None, "mcp"),
            ("/sse/mcp/x", Door::Sse, None, "mcp/x"),
            ("/sse", Door::Sse, None, ""),
            ("/messages", Door::Messages, None, ""),
            ("/messages/", Door::Messages, None, ""),
            ("/alice/mcp", Door::Mcp, Some("alice"), ""),
            ("/alice/mcp/sse/x", Door::Mcp, Some("alice"), "sse/x"),
            ("/a%2Fb/sse/dev", Door::Sse, Some("a%2Fb"), "dev"),
            ("/alice/messages", Door::Messages, Some("alice"), ""),
        ] {
            assert_eq!(
                Address::of(path, ""),
                Some(Address { door, user, name }),
                "{path}"
            );
            let placed = format!("/hub{path}");
            assert_eq!(
                Address::of(&placed, "/hub"),
                Some(Address { door, user, name }),
                "{placed}"
            );
        }
    }

    #[test]
    fn what_has_a_meaning_of_its_own_keeps_it() {
        for path in [
            "/",
            "/api/mcp",
            "/api/mcp/x",
            "/api/sse",
            "/oauth/mcp",
            "/health/mcp",
            "/.well-known/mcp",
            "/connect/mcp",
            "/mcps",
            "/ssehub",
            "/alice",
            "/alice/",
            "/alice/mcps",
            "/alice/bob/mcp",
            "//mcp",
            "/messages/x",
            "/alice/messages/x",
        ] {
            assert_eq!(Address::of(path, ""), None, "{path}");
        }
        assert_eq!(Address::of("/mcp", "/hub"), None);
    }
}

//! What can go wrong with each route, written once: whose fault it is decides the status everywhere (`problem`), so a route only has
//! to be asked which faults it can find. An answer with a status that is not named here is an error (`tests/stage/contract.rs`).

use std::time::Duration;

use serde_json::{Value, json};

use crate::problem::{PROBLEM, Whose};

/// A way to fail, as a response that routes refer to.
struct Way {
    name: &'static str,
    whose: Whose,
    words: &'static str,
    /// Which routes can end so.
    of: fn(&Route<'_>) -> bool,
}

struct Route<'a> {
    method: &'a str,
    path: &'a str,
}

const WAYS: [Way; 11] = [
    Way {
        name: "BadRequest",
        whose: Whose::Request,
        words: "The request, or the settings that would come of it, make no sense",
        of: |_| true,
    },
    Way {
        name: "NotLoggedIn",
        whose: Whose::Stranger,
        words: "Nobody showed who they are, or the login is no longer good",
        of: |_| true,
    },
    Way {
        name: "Forbidden",
        whose: Whose::Forbidden,
        words: "Not for this person, on a read-only hub, or under a foreign `Host` or `Origin`",
        of: |_| true,
    },
    Way {
        name: "NotFound",
        whose: Whose::Missing,
        words: "There is nothing of that name for whoever asks",
        of: names_something,
    },
    Way {
        name: "Conflict",
        whose: Whose::Taken,
        words: "The name is taken, the settings changed meanwhile, or a person has to sign in to the server first",
        of: finds_things_otherwise,
    },
    Way {
        name: "TooLarge",
        whose: Whose::TooLarge,
        words: "The body is larger than the settings allow",
        of: |_| true,
    },
    Way {
        name: "TooManyAttempts",
        whose: Whose::Hurry(Duration::ZERO),
        words: "Too many attempts; `Retry-After` says when the next one is heard",
        of: counts_attempts,
    },
    Way {
        name: "Internal",
        whose: Whose::Us,
        words: "The hub's own fault: the settings file cannot be written, above all; its log says more",
        of: |_| true,
    },
    Way {
        name: "UpstreamFailed",
        whose: Whose::Upstream,
        words: "The server, or its login server, is not there or answered badly",
        of: asks_a_server,
    },
    Way {
        name: "Stopping",
        whose: Whose::Stopping,
        words: "The hub is about to stop, or cannot ask the outside issuer of a token for its keys; ask again in a minute",
        of: |_| true,
    },
    Way {
        name: "UpstreamSilent",
        whose: Whose::UpstreamSilent,
        words: "The server did not answer in time",
        of: asks_a_server,
    },
];

fn names_something(route: &Route<'_>) -> bool {
    let in_the_request = [
        "/api/doctor",
        "/api/mcp-settings/export",
        "/api/resources/read",
    ];
    route.path.contains('{') || in_the_request.contains(&route.path)
}

fn finds_things_otherwise(route: &Route<'_>) -> bool {
    let alone = ["/api/auth/login", "/api/doctor", "/api/logs"];
    route.method != "get" && !alone.contains(&route.path)
}

fn counts_attempts(route: &Route<'_>) -> bool {
    let counts = [
        "/api/auth/login",
        "/api/auth/change-password",
        "/api/doctor",
    ];
    counts.contains(&route.path)
}

fn asks_a_server(route: &Route<'_>) -> bool {
    let asks = ["/api/tools/call/", "/api/mcp/{", "/api/resources/read"];
    let signs_in = ["/oauth/authorize", "/oauth/complete"];
    asks.iter().any(|start| route.path.starts_with(start))
        || signs_in.iter().any(|end| route.path.ends_with(end))
}

/// Adds to every route of a description how it can fail. `shape`: the name of the schema of what is said then.
pub(super) fn describe(document: &mut Value, shape: &str) {
    for way in &WAYS {
        document["components"]["responses"][way.name] = response(way, shape);
    }
    let paths = document["paths"].as_object_mut();
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let Some(responses) = operation.get_mut("responses") else {
                continue;
            };
            let route = Route { method, path };
            for way in WAYS.iter().filter(|way| (way.of)(&route)) {
                let name = way.name;
                responses[way.whose.status().as_str()] =
                    json!({ "$ref": format!("#/components/responses/{name}") });
            }
        }
    }
}

fn response(way: &Way, shape: &str) -> Value {
    let said = json!({ "schema": { "$ref": format!("#/components/schemas/{shape}") } });
    let mut response = json!({
        "description": way.words,
        "content": { "application/json": said, (PROBLEM): said },
    });
    if let Whose::Hurry(_) = way.whose {
        response["headers"]["Retry-After"] = json!({
            "description": "Seconds to wait",
            "schema": { "type": "integer", "minimum": 1 },
        });
    }
    response
}

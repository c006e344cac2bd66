//! The faults that people meet at real servers, as switches of the practice world, and what the doctor has to say of each.
//!
//! In switches and settings `{mcp}` and `{login}` stand for the two origins, `{closed}` for an address where nobody listens,
//! `{nowhere}` for a host that does not exist.

/// One planted fault.
pub(crate) struct Fault {
    /// In the words of the page.
    pub(crate) is: &'static str,
    /// The code of the one line that is wrong.
    pub(crate) code: &'static str,
    /// A part of what helps.
    pub(crate) cure: &'static str,
    pub(crate) exit: i32,
    pub(crate) place: Place,
}

pub(crate) enum Place {
    /// The practice world with these switches.
    World(&'static str),
    /// The same, and the doctor really registers.
    Registering(&'static str),
    /// The same as a server of a settings file, whose entry has these members besides its address.
    Entry(&'static str, &'static str),
    /// The same, and somebody signs in.
    SigningIn(&'static str),
    /// Some other address.
    At(&'static str),
    /// The practice world behind a certificate that nobody signed.
    Untrusted,
}

use Place::{At, Entry, Registering, SigningIn, Untrusted, World};

const fn fault(is: &'static str, code: &'static str, cure: &'static str, place: Place) -> Fault {
    Fault {
        is,
        code,
        cure,
        exit: 2,
        place,
    }
}

const fn ends(fault: Fault, exit: i32) -> Fault {
    Fault { exit, ..fault }
}

/// A label of 64 letters, one more than a name may have: no resolver asks anybody about it.
pub(crate) const NO_NAME: &str =
    "mcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpmcpm.invalid";

pub(crate) const ALL: &[Fault] = &[
    ends(
        fault(
            "The host does not exist",
            "name-unknown",
            "DNS",
            At("http://{nowhere}/mcp"),
        ),
        4,
    ),
    ends(
        fault(
            "Nobody listens at the port",
            "connection-refused",
            "start the server",
            At("{closed}/mcp"),
        ),
        4,
    ),
    ends(
        fault(
            "The address is one that no server has",
            "address-inner",
            "correct the address",
            At("http://255.255.255.255/mcp"),
        ),
        4,
    ),
    ends(
        fault(
            "The certificate is self-signed",
            "certificate-unknown",
            "caFile",
            Untrusted,
        ),
        4,
    ),
    fault(
        "The `caFile` of the settings is not there",
        "ca-file",
        "correct caFile",
        Entry("{}", r#"{"caFile": "/nowhere/house.pem"}"#),
    ),
    fault(
        "The server hangs",
        "server-silent",
        "own log",
        World(r#"{"trouble": {"mcp": [{"fault": "hang"}]}}"#),
    ),
    fault(
        "The server drops the connection",
        "connection-broken",
        "proxy",
        World(r#"{"trouble": {"mcp": [{"fault": "drop"}]}}"#),
    ),
    fault(
        "A web page is at the address",
        "html",
        "/mcp",
        World(r#"{"trouble": {"mcp": [{"fault": "html"}]}}"#),
    ),
    fault(
        "Some other API is at the address",
        "not-mcp",
        "/mcp",
        World(r#"{"trouble": {"mcp": [{"fault": "oauth", "error": "none", "status": 200}]}}"#),
    ),
    fault(
        "Nothing is at the address (404)",
        "not-found",
        "/sse",
        World(
            r#"{"trouble": {"mcp": [{"fault": "status", "status": 404}], "mcpStream": [{"fault": "status", "status": 404}]}}"#,
        ),
    ),
    fault(
        "The address redirects to another one",
        "redirect",
        "set url to https://new.example/mcp",
        World(
            r#"{"trouble": {"mcp": [{"fault": "redirect", "to": "https://new.example/mcp?key=1"}]}}"#,
        ),
    ),
    fault(
        "403 instead of 401",
        "forbidden",
        "let in at all",
        World(r#"{"trouble": {"mcp": [{"fault": "status", "status": 403}]}}"#),
    ),
    fault(
        "The server wants another kind of message (415)",
        "refused",
        "MCP endpoint",
        World(r#"{"trouble": {"mcp": [{"fault": "status", "status": 415}]}}"#),
    ),
    fault(
        "The server is busy (429)",
        "busy",
        "wait",
        World(r#"{"trouble": {"mcp": [{"fault": "status", "status": 429}]}}"#),
    ),
    fault(
        "The server is broken (503)",
        "server-trouble",
        "try later",
        World(r#"{"trouble": {"mcp": [{"fault": "status", "status": 503}]}}"#),
    ),
    fault(
        "The settings hold a token that ended",
        "header-refused",
        "headers.Authorization",
        Entry(
            "{}",
            r#"{"headers": {"Authorization": "Bearer of-last-year"}}"#,
        ),
    ),
    fault(
        "Every token is refused, also a new one",
        "token-refused",
        "mcphub auth login",
        Entry(
            r#"{"refuseTokens": true}"#,
            r#"{"oauth": {"accessToken": "of-this-morning"}}"#,
        ),
    ),
    fault(
        "The token is good and not enough (403)",
        "token-too-little",
        "oauth.scopes",
        Entry(
            r#"{"trouble": {"mcp": [{"fault": "pass", "times": 1}, {"fault": "status", "status": 403}]}}"#,
            r#"{"oauth": {"accessToken": "of-this-morning"}}"#,
        ),
    ),
    fault(
        "401 without `WWW-Authenticate`",
        "challenge-absent",
        "well-known",
        World(r#"{"challenge": "absent"}"#),
    ),
    fault(
        "`WWW-Authenticate` cannot be read",
        "challenge-unreadable",
        "well-known",
        World(r#"{"challenge": "garbled"}"#),
    ),
    fault(
        "A password is asked for",
        "challenge-password",
        "headers.Authorization",
        World(r#"{"challenge": "password"}"#),
    ),
    fault(
        "`resource_metadata` points to a 404",
        "pointer-dead",
        "well-known",
        World(r#"{"publishedPointer": "{mcp}/nothing"}"#),
    ),
    fault(
        "`resource_metadata` points to a web page",
        "pointer-no-document",
        "well-known",
        World(r#"{"publishedPointer": "{mcp}/nothing", "missing": "html"}"#),
    ),
    fault(
        "`resource_metadata` points to plain http",
        "pointer-refused",
        "well-known",
        World(r#"{"publishedPointer": "http://other.example/metadata"}"#),
    ),
    fault(
        "The resource metadata hangs",
        "resource-metadata-silent",
        "--within",
        World(r#"{"trouble": {"resourceMetadata": [{"fault": "hang"}]}}"#),
    ),
    fault(
        "The resource metadata is broken (500)",
        "resource-metadata-trouble",
        "try later",
        World(r#"{"trouble": {"resourceMetadata": [{"fault": "status", "status": 500}]}}"#),
    ),
    fault(
        "The metadata is of another resource",
        "resource-mismatch",
        "oauth.resource",
        World(r#"{"resourceMembers": {"resource": "https://other.example/mcp"}}"#),
    ),
    fault(
        "The metadata names no resource",
        "resource-missing",
        "oauth.resource",
        World(r#"{"resourceMembers": {"resource": null}}"#),
    ),
    fault(
        "`authorization_servers` is empty",
        "no-authorization-server",
        "oauth.tokenEndpoint",
        World(r#"{"publishedServers": []}"#),
    ),
    fault(
        "`authorization_servers` names a program",
        "authorization-server-unusable",
        "owner",
        World(r#"{"publishedServers": ["javascript:alert(1)"]}"#),
    ),
    fault(
        "The login server is on plain http",
        "authorization-server-plain-http",
        "owner",
        World(r#"{"publishedServers": ["http://other.example"]}"#),
    ),
    fault(
        "The login server is at an inner address",
        "login-server-inner",
        "allowPrivateNetwork",
        World(r#"{"publishedServers": ["https://10.0.0.5"]}"#),
    ),
    fault(
        "The login server is down",
        "login-server-unreachable",
        "whether it is up",
        World(r#"{"publishedServers": ["{closed}"]}"#),
    ),
    fault(
        "The login server hangs",
        "login-server-silent",
        "--within",
        World(r#"{"trouble": {"serverMetadata": [{"fault": "hang"}]}}"#),
    ),
    fault(
        "The login server is broken (500)",
        "login-server-trouble",
        "try later",
        World(r#"{"trouble": {"serverMetadata": [{"fault": "status", "status": 500}]}}"#),
    ),
    fault(
        "Nothing is published at all",
        "no-metadata",
        "oauth.authorizationEndpoint",
        World(r#"{"resourceMetadata": "absent", "serverMetadata": "absent"}"#),
    ),
    fault(
        "The login server publishes nothing",
        "no-server-metadata",
        "oauth.authorizationEndpoint",
        World(r#"{"serverMetadata": "absent"}"#),
    ),
    fault(
        "Its metadata is a web page",
        "server-metadata-not-json",
        "oauth.authorizationEndpoint",
        World(r#"{"serverMetadata": "absent", "missing": "html"}"#),
    ),
    fault(
        "Its metadata is endless",
        "server-metadata-too-large",
        "oauth.authorizationEndpoint",
        World(r#"{"trouble": {"serverMetadata": [{"fault": "large"}]}}"#),
    ),
    fault(
        "Its metadata lacks the token endpoint",
        "server-metadata-incomplete",
        "oauth.tokenEndpoint",
        World(r#"{"serverMembers": {"token_endpoint": null}}"#),
    ),
    fault(
        "Its metadata names another issuer",
        "issuer-mismatch",
        "oauth.issuer",
        World(r#"{"publishedIssuer": "{mcp}"}"#),
    ),
    fault(
        "Its metadata names no issuer",
        "issuer-missing",
        "oauth.issuer",
        World(r#"{"serverMembers": {"issuer": null}}"#),
    ),
    fault(
        "PKCE is not mentioned",
        "pkce-unsaid",
        "oauth.pkce",
        World(r#"{"pkce": "notOffered"}"#),
    ),
    fault(
        "PKCE is `plain` only",
        "pkce-without-s256",
        "oauth.pkce",
        World(r#"{"pkce": "plain"}"#),
    ),
    fault(
        "The token endpoint is on plain http",
        "endpoint-plain-http",
        "allowInsecureTokenEndpoint",
        World(r#"{"serverMembers": {"token_endpoint": "http://other.example/token"}}"#),
    ),
    fault(
        "The authorization endpoint is a program",
        "endpoint-scheme",
        "owner",
        World(r#"{"serverMembers": {"authorization_endpoint": "javascript:alert(1)"}}"#),
    ),
    fault(
        "The token endpoint is at an inner address",
        "endpoint-inner",
        "allowPrivateNetwork",
        World(r#"{"serverMembers": {"token_endpoint": "https://10.0.0.1/token"}}"#),
    ),
    fault(
        "The token endpoint's host does not exist",
        "endpoint-unknown",
        "DNS",
        World(r#"{"serverMembers": {"token_endpoint": "https://{nowhere}/token"}}"#),
    ),
    fault(
        "No authorization code flow",
        "no-code-response",
        "authorization code flow",
        World(r#"{"serverMembers": {"response_types_supported": ["token"]}}"#),
    ),
    fault(
        "No authorization code grant",
        "no-code-grant",
        "oauth.grantType",
        World(r#"{"serverMembers": {"grant_types_supported": ["client_credentials"]}}"#),
    ),
    fault(
        "Clients must prove themselves by TLS",
        "auth-methods-unknown",
        "oauth.privateKeyFile",
        World(
            r#"{"serverMembers": {"token_endpoint_auth_methods_supported": ["tls_client_auth"]}}"#,
        ),
    ),
    ends(
        fault(
            "Nobody is registered automatically",
            "no-registration",
            "oauth.clientId",
            World(r#"{"registration": "absent"}"#),
        ),
        3,
    ),
    ends(
        fault(
            "The settings forbid to register",
            "registration-off",
            "oauth.clientId",
            Entry(
                "{}",
                r#"{"oauth": {"dynamicRegistration": {"enabled": false}}}"#,
            ),
        ),
        3,
    ),
    fault(
        "Registration needs a token",
        "registration-protected",
        "initialAccessToken",
        Registering(r#"{"registration": {"protected": "initial"}}"#),
    ),
    fault(
        "Registration takes only https callbacks",
        "registration-redirect-refused",
        "oauth.redirectUri",
        Registering(r#"{"registrationRedirects": "httpsOnly"}"#),
    ),
    fault(
        "Registration dislikes something else",
        "registration-refused",
        "dynamicRegistration.metadata",
        Registering(
            r#"{"trouble": {"register": [{"fault": "oauth", "error": "invalid_software_statement"}]}}"#,
        ),
    ),
    fault(
        "Registration is broken (500)",
        "registration-unavailable",
        "try later",
        Registering(r#"{"trouble": {"register": [{"fault": "status", "status": 500}]}}"#),
    ),
    fault(
        "Registration answers with a web page",
        "registration-unusable",
        "oauth.clientId",
        Registering(r#"{"trouble": {"register": [{"fault": "html"}]}}"#),
    ),
    fault(
        "A clock is off by two hours",
        "clock-off",
        "NTP",
        World(r#"{"dateAhead": 7200}"#),
    ),
    fault(
        "`--login`: nobody consents",
        "declined",
        "allow it",
        SigningIn(r#"{"consent": "deny"}"#),
    ),
    fault(
        "`--login`: the answer names another login server",
        "answer-elsewhere",
        "owner",
        SigningIn(r#"{"iss": "wrong"}"#),
    ),
    fault(
        "`--login`: the answer names none, which was promised",
        "answer-elsewhere",
        "owner",
        SigningIn(r#"{"iss": "missing"}"#),
    ),
    fault(
        "`--login`: the code is not taken",
        "token-not-given",
        "start the sign-in again",
        SigningIn(r#"{"trouble": {"token": [{"fault": "oauth", "error": "invalid_grant"}]}}"#),
    ),
    fault(
        "`--login`: the server takes only tokens that are made for another",
        "token-refused",
        "oauth.resource",
        SigningIn(r#"{"refuseTokens": true, "tokenShape": "jwt"}"#),
    ),
];

/// Worlds in which nothing is wrong: the switches, and a code that has to be among the lines.
pub(crate) const WELL: &[(&str, &str)] = &[
    ("{}", "would-register"),
    (r#"{"tokenRequired": false}"#, "open"),
    (r#"{"tokenRequired": false, "mcpAnswers": "sse"}"#, "open"),
    (r#"{"publicInitialize": true}"#, "sign-in-needed"),
    (r#"{"challenge": "withoutMetadata"}"#, "pointer-absent"),
    (
        r#"{"challenge": "authorizationServer", "resourceMetadata": "absent"}"#,
        "no-resource-metadata",
    ),
    (
        r#"{"resourceMetadata": "absent", "placement": "sameOrigin"}"#,
        "no-resource-metadata",
    ),
    (r#"{"resourceMetadata": "elsewhere"}"#, "resource"),
    (
        r#"{"issuerPath": "/tenant1", "serverMetadata": "oidcAppended"}"#,
        "login-server",
    ),
    (r#"{"iss": "absent"}"#, "iss-unpromised"),
    (
        r#"{"serverMembers": {"grant_types_supported": ["authorization_code"]}}"#,
        "no-refresh",
    ),
    (
        r#"{"serverMembers": {"response_types_supported": null}}"#,
        "response-types-unsaid",
    ),
    (r#"{"dateAhead": 120}"#, "clock"),
];

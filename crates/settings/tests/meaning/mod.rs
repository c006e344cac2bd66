//! Settings as JSON, secrets and all, so that a case can say what is meant.

use mcphub_settings::{
    Access, BearerKey, ForwardAuth, Group, Hidden, KeyKind, OAuth, Pick, ResourceChoice, Secret,
    Server, Settings, Transport,
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

pub(crate) fn of(settings: &Settings) -> Value {
    let servers: Map<String, Value> = settings
        .servers
        .iter()
        .map(|it| (it.name.clone(), server(it)))
        .collect();
    json!({
        "servers": servers,
        "groups": settings.groups.iter().map(group).collect::<Vec<_>>(),
        "users": settings.users.iter().map(|user| json!({
            "username": user.username, "password": secret(user.password.as_ref()), "isAdmin": user.is_admin,
        })).collect::<Vec<_>>(),
        "bearerKeys": settings.bearer_keys.iter().map(key).collect::<Vec<_>>(),
        "prompts": settings.prompts.iter().map(|prompt| json!({
            "name": prompt.name, "template": prompt.template, "enabled": prompt.enabled,
            "arguments": prompt.arguments.iter().map(|argument| &argument.name).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "resources": settings.resources.iter().map(|resource| json!({
            "uri": resource.uri, "mimeType": resource.mime_type, "content": resource.content,
        })).collect::<Vec<_>>(),
        "routing": {
            "enableGlobalRoute": settings.routing.enable_global_route,
            "enableBearerAuth": settings.routing.enable_bearer_auth,
            "bearerAuthHeaderName": settings.routing.bearer_auth_header_name,
            "jsonBodyLimit": settings.routing.json_body_limit,
            "skipAuth": settings.routing.skip_auth,
        },
        "baseUrl": settings.base_url(),
        "nameSeparator": settings.name_separator,
        "forwardAuth": forward_auth(&settings.forward_auth),
    })
}

fn forward_auth(forward_auth: &ForwardAuth) -> Value {
    match forward_auth {
        ForwardAuth::Off => "off".into(),
        ForwardAuth::Unusable => "unusable".into(),
        ForwardAuth::On(outside) => json!({
            "issuer": outside.issuer, "keys": outside.keys.as_str(), "audiences": outside.audiences,
            "algorithms": outside.algorithms.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "usernameClaim": outside.username_claim, "emailClaim": outside.email_claim, "autoCreate": outside.auto_create,
        }),
    }
}

/// Of `whole`, what `asked` speaks of.
pub(crate) fn part_of(whole: &Value, asked: &Value) -> Value {
    match (whole, asked) {
        (Value::Object(whole), Value::Object(asked)) => asked
            .iter()
            .map(|(key, asked)| {
                (
                    key.clone(),
                    part_of(whole.get(key).unwrap_or(&Value::Null), asked),
                )
            })
            .collect(),
        (_, _) => whole.clone(),
    }
}

fn server(server: &Server) -> Value {
    let transport = match &server.transport {
        Ok(Transport::Http {
            url,
            headers,
            prefer,
        }) => {
            json!({ "url": url, "headers": pairs(headers), "prefer": format!("{prefer:?}") })
        }
        Ok(Transport::Stdio { command, args, env }) => {
            json!({ "command": command, "args": args, "env": pairs(env) })
        }
        Err(problem) => json!(problem.message),
    };
    json!({
        "enabled": server.enabled,
        "transport": transport,
        "owner": server.sharing.owner,
        "oauth": oauth(&server.oauth),
        "tools": server.tools.0.iter().map(|it| json!([it.item, it.enabled, it.description])).collect::<Vec<_>>(),
        "timeout": server.options.timeout.map(|timeout| timeout.as_millis()),
        "keepAlive": server.keep_alive.map(|interval| interval.as_millis()),
        "perSession": server.per_session,
        "allowPrivateNetwork": server.allow_private_network,
    })
}

fn oauth(oauth: &OAuth) -> Value {
    json!({
        "clientId": oauth.client_id,
        "clientSecret": secret(oauth.client_secret.as_ref()),
        "scopes": oauth.scopes,
        "resource": oauth.resource.as_ref().map(|resource| match resource {
            ResourceChoice::Named(resource) => json!(resource),
            ResourceChoice::Omit => json!(false),
        }),
        "redirectUri": oauth.redirect_uri,
        "authorizationEndpoint": oauth.authorization_endpoint,
        "tokenEndpoint": oauth.token_endpoint,
        "deviceAuthorizationEndpoint": oauth.device_authorization_endpoint,
        "grantType": format!("{:?}", oauth.grant_type),
        "dynamicRegistration": oauth.dynamic_registration.as_ref().map(|registration| json!({
            "enabled": registration.enabled,
            "issuer": registration.issuer,
            "initialAccessToken": secret(registration.initial_access_token.as_ref()),
            "metadata": registration.metadata,
        })),
        "authorizationParams": oauth.authorization_params,
        "pkce": format!("{:?}", oauth.pkce),
        "waitForSignIn": oauth.wait_for_sign_in.map(|wait| wait.as_secs()),
        "accessToken": secret(oauth.access_token.as_ref()),
        "refreshToken": secret(oauth.refresh_token.as_ref()),
        "expiresAt": oauth.expires_at,
        "grantedScopes": oauth.granted_scopes,
        "registration": oauth.registration.as_ref().map(Hidden::expose),
        "pendingAuthorization": oauth.pending_authorization.as_ref().map(Hidden::expose),
    })
}

fn group(group: &Group) -> Value {
    let members = group.servers.iter().map(|member| {
        json!({ "name": member.name, "alias": member.alias, "tools": pick(&member.tools), "resources": pick(&member.resources) })
    });
    json!({ "id": group.id, "name": group.name, "servers": members.collect::<Vec<_>>() })
}

fn key(key: &BearerKey) -> Value {
    let access = match &key.access {
        Access::All => json!("all"),
        Access::Groups(groups) => json!({ "groups": groups }),
        Access::Servers(servers) => json!({ "servers": servers }),
        Access::Custom { groups, servers } => json!({ "groups": groups, "servers": servers }),
        Access::Nothing => json!("nothing"),
    };
    let owner = match &key.kind {
        KeyKind::System => None,
        KeyKind::User { owner } => Some(owner),
    };
    json!({ "token": key.token.expose_secret(), "enabled": key.enabled, "owner": owner, "access": access })
}

fn pick(pick: &Pick) -> Value {
    match pick {
        Pick::All => json!("all"),
        Pick::Only(items) => json!(items),
    }
}

fn pairs(pairs: &[(String, Secret)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.expose_secret())))
        .collect()
}

fn secret(secret: Option<&Secret>) -> Option<&str> {
    secret.map(|secret| secret.expose_secret())
}

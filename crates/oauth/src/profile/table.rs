//! The table. Each line is what the provider's own documentation says, or what its servers were seen to do.

use super::{Offline, Profile};

/// As the standards say.
const USUAL: Profile = Profile {
    name: "",
    hosts: &[],
    path: None,
    without_resource: false,
    authorization_params: &[],
    offline: Offline::Listed,
    lists_few_scopes: false,
    repeat_scope_on_refresh: false,
    pkce_unannounced: false,
    redirect_host: None,
    loopback_only: false,
    scope_separator: ' ',
    console_url: None,
    note: None,
};

/// All that is known; of two that fit, the first counts.
pub const ALL: &[Profile] = &[
    Profile {
        name: "Google",
        hosts: &["accounts.google.com", "*.googleapis.com"],
        authorization_params: &[("access_type", "offline"), ("prompt", "consent")],
        offline: Offline::Never,
        lists_few_scopes: true,
        console_url: Some("https://console.cloud.google.com/apis/credentials"),
        note: Some("there is no registration; make a client in the console"),
        ..USUAL
    },
    Profile {
        name: "Microsoft Entra",
        hosts: &[
            "login.microsoftonline.com",
            "login.microsoftonline.us",
            "login.partner.microsoftonline.cn",
            "sts.windows.net",
            "*.ciamlogin.com",
        ],
        without_resource: true,
        offline: Offline::Always,
        lists_few_scopes: true,
        repeat_scope_on_refresh: true,
        pkce_unannounced: true,
        console_url: Some("https://entra.microsoft.com/"),
        note: Some("there is no registration; make an app registration in the console"),
        ..USUAL
    },
    Profile {
        name: "GitHub",
        hosts: &["github.com", "api.githubcopilot.com"],
        lists_few_scopes: true,
        console_url: Some("https://github.com/settings/developers"),
        note: Some("there is no registration; make an OAuth app in the console"),
        ..USUAL
    },
    Profile {
        name: "Slack",
        hosts: &["slack.com", "*.slack.com"],
        scope_separator: ',',
        console_url: Some("https://api.slack.com/apps"),
        note: Some("a person's token comes nested in authed_user, and is taken from there"),
        ..USUAL
    },
    Profile {
        name: "Linear",
        hosts: &["linear.app", "*.linear.app"],
        console_url: Some("https://linear.app/settings/api"),
        ..USUAL
    },
    Profile {
        name: "Notion",
        hosts: &["mcp.notion.com", "api.notion.com"],
        console_url: Some("https://www.notion.so/my-integrations"),
        ..USUAL
    },
    Profile {
        name: "Vercel",
        hosts: &["vercel.com", "*.vercel.com"],
        redirect_host: Some("localhost"),
        loopback_only: true,
        ..USUAL
    },
    Profile {
        name: "Atlassian",
        hosts: &["auth.atlassian.com"],
        authorization_params: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
        offline: Offline::Always,
        lists_few_scopes: true,
        console_url: Some("https://developer.atlassian.com/console/myapps/"),
        ..USUAL
    },
    Profile {
        name: "Atlassian",
        hosts: &["mcp.atlassian.com", "cf.mcp.atlassian.com"],
        note: Some("an administrator may have to allow the callback's domain first"),
        ..USUAL
    },
    Profile {
        name: "Salesforce",
        hosts: &["*.salesforce.com"],
        redirect_host: Some("localhost"),
        note: Some("a new client may take ten minutes to work"),
        ..USUAL
    },
    Profile {
        name: "Snowflake",
        hosts: &["*.snowflakecomputing.com"],
        redirect_host: Some("127.0.0.1"),
        note: Some(
            "there is no registration; a security integration is made there by an administrator",
        ),
        ..USUAL
    },
    Profile {
        name: "Asana",
        hosts: &["app.asana.com", "mcp.asana.com"],
        pkce_unannounced: true,
        console_url: Some("https://app.asana.com/0/my-apps"),
        ..USUAL
    },
    Profile {
        name: "Amazon Cognito",
        hosts: &["cognito-idp.*.amazonaws.com", "*.amazoncognito.com"],
        pkce_unannounced: true,
        console_url: Some("https://console.aws.amazon.com/cognito/"),
        note: Some("there is no registration; make an app client in the console"),
        ..USUAL
    },
    Profile {
        name: "AWS sign-in",
        hosts: &[
            "signin.aws.amazon.com",
            "*.signin.aws.amazon.com",
            "*.signin.aws",
        ],
        pkce_unannounced: true,
        ..USUAL
    },
    Profile {
        name: "Auth0",
        hosts: &["*.auth0.com"],
        console_url: Some("https://manage.auth0.com/"),
        note: Some(
            "a token for an API needs its identifier in oauth.audience where the tenant takes no resource",
        ),
        ..USUAL
    },
    Profile {
        name: "Okta",
        hosts: &["*.okta.com", "*.oktapreview.com", "*.okta-emea.com"],
        note: Some("some of its servers publish their metadata below the issuer's path only"),
        ..USUAL
    },
    Profile {
        name: "Keycloak",
        path: Some("/realms/"),
        note: Some(
            "the realm's policies may refuse a registration or its scopes; its administrator can allow them",
        ),
        ..USUAL
    },
];

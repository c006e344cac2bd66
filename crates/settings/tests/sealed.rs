//! Sealed secrets: which values, bound to what, and what changes do to them. The vault here is a toy; the hub has the real one.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use mcphub_settings::{
    Binding, Change, EditError, File, SEALED, Settings, Shut, Vault, apply_with, resolve_with,
    seal_all, unseal_all,
};
use serde_json::{Value, json};

/// Writes the key, the binding and the secret one after the other.
struct Toy(Option<&'static str>);

impl Vault for Toy {
    fn has_key(&self) -> bool {
        self.0.is_some()
    }

    fn seal(&self, binding: &Binding, plain: &str) -> Option<String> {
        let word = json!([self.0?, binding.as_str(), plain]);
        Some(format!("{SEALED}{word}"))
    }

    fn open(&self, binding: &Binding, sealed: &str) -> Result<String, Shut> {
        let key = self.0.ok_or(Shut::NoKey)?;
        let word = sealed.strip_prefix(SEALED).unwrap();
        let parts: (String, String, String) =
            serde_json::from_str(word).map_err(|_| Shut::Foreign)?;
        match parts {
            (other, ..) if other != key => Err(Shut::OtherKey),
            (_, bound, _) if bound != binding.as_str() => Err(Shut::Foreign),
            (.., plain) => Ok(plain),
        }
    }
}

const KEY: Toy = Toy(Some("key"));
const OTHER: Toy = Toy(Some("other"));
const NONE: Toy = Toy(None);

const TEXT: &str = r#"{
  // mine
  "mcpServers": {
    "one": {
      "url": "https://one.test/mcp",
      "headers": { "Authorization": "Bearer h1", "X-Api-Key": "${API_KEY}", "Accept": "text/plain" },
      "oauth": {
        "clientId": "c1",
        "clientSecret": "s1",
        "scopes": ["a"],
        "accessToken": "at1",
        "refreshToken": "rt1",
        "grant": { "issuer": "https://as.test", "tokenEndpoint": "https://as.test/token", "mark": "m" },
        "dynamicRegistration": { "initialAccessToken": "iat1" },
        "users": { "ann": { "accessToken": "at2", "grant": { "issuer": "https://as2.test" } } },
        "pendingAuthorization": { "authorizationUrl": "https://as.test/a?state=S", "state": "S", "codeVerifier": "V", "issuer": "https://as.test" }
      }
    },
    "two": { "command": "run", "env": { "GITHUB_TOKEN": "g1", "PORT": "1", "KEY_ID": "k" }, "oauth": {} }
  },
  "bearerKeys": [ { "token": "hub" } ]
}
"#;

const SECRETS: [&str; 10] = [
    "Bearer h1",
    "\"s1\"",
    "\"at1\"",
    "\"rt1\"",
    "iat1",
    "at2",
    "state=S",
    "\"S\"",
    "\"V\"",
    "g1",
];

fn sealed() -> String {
    seal_all(TEXT, &KEY).unwrap().text
}

fn meaning(text: &str, vault: &dyn Vault) -> Settings {
    let file = File::parse(text).unwrap();
    resolve_with(
        &file,
        &|name| (name == "API_KEY").then(|| "k".to_owned()),
        vault,
    )
}

fn at(text: &str, path: &[&str]) -> Value {
    File::parse(text).unwrap().at(path).cloned().unwrap()
}

/// The file without its sealed values' insides.
fn shown(text: &str) -> String {
    let file = File::parse(text).unwrap();
    Value::Object(file.document().clone()).to_string()
}

fn is_sealed(text: &str, path: &[&str]) -> bool {
    at(text, path).as_str().unwrap().starts_with(SEALED)
}

fn oauth<'a>(server: &'a str, key: &'a str) -> [&'a str; 4] {
    ["mcpServers", server, "oauth", key]
}

#[test]
fn sealing_takes_every_secret_of_a_server_and_nothing_else() {
    let converted = seal_all(TEXT, &KEY).unwrap();
    assert_eq!(converted.changed, SECRETS.len());
    assert!(converted.text.contains("// mine"));
    for path in [
        &["mcpServers", "one", "headers", "Authorization"][..],
        &oauth("one", "accessToken"),
        &oauth("one", "clientSecret"),
        &["mcpServers", "one", "oauth", "users", "ann", "accessToken"],
        &[
            "mcpServers",
            "one",
            "oauth",
            "pendingAuthorization",
            "authorizationUrl",
        ],
        &["mcpServers", "two", "env", "GITHUB_TOKEN"],
    ] {
        assert!(is_sealed(&converted.text, path), "{path:?}");
    }
    for (path, plain) in [
        (
            &["mcpServers", "one", "headers", "X-Api-Key"][..],
            "${API_KEY}",
        ),
        (&["mcpServers", "one", "headers", "Accept"], "text/plain"),
        (&oauth("one", "clientId"), "c1"),
        (&["mcpServers", "one", "oauth", "grant", "mark"], "m"),
        (&["mcpServers", "two", "env", "PORT"], "1"),
    ] {
        assert_eq!(at(&converted.text, path), plain, "{path:?}");
    }
    let again = seal_all(&converted.text, &KEY).unwrap();
    assert_eq!((again.changed, again.text), (0, converted.text));
}

#[test]
fn unsealing_gives_the_same_text_back() {
    let back = unseal_all(&sealed(), &KEY).unwrap();
    assert_eq!((back.changed, back.text.as_str()), (SECRETS.len(), TEXT));
}

#[test]
fn unsealing_with_another_key_changes_nothing_and_names_the_value() {
    let error = unseal_all(&sealed(), &OTHER).unwrap_err();
    assert!(
        matches!(
            &error,
            EditError::Shut {
                why: Shut::OtherKey,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("mcpServers.one"), "{error}");
}

#[test]
fn a_sealed_file_means_the_same_as_the_open_one() {
    // The rest differs in the places of problems.
    assert_eq!(
        meaning(&sealed(), &KEY).servers,
        meaning(TEXT, &KEY).servers
    );
}

#[test]
fn a_server_whose_secrets_do_not_open_says_so_and_the_others_work() {
    let two = unseal_all(&sealed(), &KEY)
        .unwrap()
        .text
        .replace("\"g1\"", "\"${G}\"");
    let text = seal_all(&two, &KEY).unwrap().text;
    for (vault, words) in [(&NONE, "no key"), (&OTHER, "another key")] {
        let settings = meaning(&text, vault);
        let one = settings.server("one").unwrap();
        let problem = one.transport.as_ref().unwrap_err();
        assert!(problem.message.contains(words), "{problem}");
        assert!(problem.to_string().contains("sign in again"), "{problem}");
        // What is shut is never taken for the secret itself.
        assert!(one.oauth.access_token.is_none() && one.oauth.client_secret.is_none());
        assert!(settings.server("two").unwrap().transport.is_ok());
    }
}

#[test]
fn a_sealed_value_opens_only_where_it_belongs() {
    let text = sealed();
    let token = at(&text, &oauth("one", "accessToken"));
    let moved: [(Vec<&str>, Value); 5] = [
        (oauth("two", "accessToken").into(), token.clone()),
        (oauth("one", "refreshToken").into(), token.clone()),
        (
            oauth("one", "grant").into(),
            json!({ "issuer": "https://evil.test", "tokenEndpoint": "https://as.test/token" }),
        ),
        (
            oauth("one", "grant").into(),
            json!({ "issuer": "https://as.test", "tokenEndpoint": "https://evil.test/token" }),
        ),
        (
            vec!["mcpServers", "one", "oauth", "users", "ann", "accessToken"],
            token,
        ),
    ];
    for (path, value) in moved {
        // As somebody with an editor and without the key does it.
        let edited = mcphub_settings::apply(&text, &[Change::set(path.clone(), value)]).unwrap();
        let settings = meaning(&edited, &KEY);
        let server = settings.server(path[1]).unwrap();
        let problem = server.transport.as_ref().unwrap_err();
        assert!(
            problem.message.contains("belongs to another place"),
            "{path:?}: {problem}"
        );
    }
}

#[test]
fn what_the_hub_writes_is_sealed_and_what_it_does_not_touch_stays() {
    let changes = [
        Change::record(oauth("one", "accessToken"), "at9"),
        Change::record(oauth("one", "refreshToken"), "rt9"),
        Change::record(
            oauth("one", "grant"),
            json!({ "issuer": "https://new.test", "tokenEndpoint": "https://new.test/token" }),
        ),
    ];
    for (before, text) in [("open", TEXT.to_owned()), ("sealed", sealed())] {
        let after = apply_with(&text, &changes, &KEY).unwrap();
        assert!(!shown(&after).contains("\"at9\""), "{before}");
        assert!(is_sealed(&after, &oauth("one", "accessToken")), "{before}");
        assert_eq!(
            at(&after, &oauth("one", "clientSecret")),
            at(&text, &oauth("one", "clientSecret"))
        );
        let settings = meaning(&after, &KEY);
        let oauth = &settings.server("one").unwrap().oauth;
        assert_eq!(
            oauth.access_token,
            Some("at9".to_owned().into()),
            "{before}"
        );
        assert!(
            settings.server("one").unwrap().transport.is_ok(),
            "{before}"
        );
    }
}

#[test]
fn a_change_that_changes_nothing_leaves_the_text_as_it_is() {
    let text = sealed();
    let same = [Change::record(oauth("one", "accessToken"), "at1")];
    assert_eq!(apply_with(&text, &same, &KEY).unwrap(), text);
}

#[test]
fn a_server_with_another_name_keeps_its_secrets() {
    let renamed = [Change::rename(["mcpServers", "one"], "uno")];
    let after = apply_with(&sealed(), &renamed, &KEY).unwrap();
    let settings = meaning(&after, &KEY);
    let uno = settings.server("uno").unwrap();
    assert!(uno.transport.is_ok(), "{:?}", uno.transport);
    assert_eq!(uno.oauth.refresh_token, Some("rt1".to_owned().into()));
    // Without the key they would be lost for good.
    let error = apply_with(&sealed(), &renamed, &NONE).unwrap_err();
    assert!(
        matches!(
            error,
            EditError::Shut {
                why: Shut::NoKey,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn what_does_not_open_is_never_written_over_by_what_came_from_outside() {
    let written = [Change::record(oauth("one", "accessToken"), "at9")];
    for (vault, wanted) in [(&NONE, Shut::NoKey), (&OTHER, Shut::OtherKey)] {
        let error = apply_with(&sealed(), &written, vault).unwrap_err();
        assert!(
            matches!(error, EditError::Shut { why, .. } if why == wanted),
            "{error}"
        );
    }
    let whole = [Change::record(
        ["mcpServers", "one", "oauth"],
        json!({ "accessToken": "at9" }),
    )];
    assert!(apply_with(&sealed(), &whole, &NONE).is_err());
    // A person may take them out, and another server is nobody's loss.
    let taken_out = [Change::remove(["mcpServers", "one", "oauth"])];
    assert!(apply_with(&sealed(), &taken_out, &NONE).is_ok());
    let elsewhere = [Change::record(oauth("two", "accessToken"), "at9")];
    assert!(apply_with(&sealed(), &elsewhere, &NONE).is_ok());
}

#[test]
fn an_edit_seals_nothing_anew_that_somebody_copied_in_the_file() {
    let token = at(&sealed(), &oauth("one", "accessToken"));
    let copied = mcphub_settings::apply(
        &sealed(),
        &[Change::set(oauth("two", "accessToken"), token)],
    )
    .unwrap();
    let edited = [Change::set(["mcpServers", "two", "description"], "mine")];
    let after = apply_with(&copied, &edited, &KEY).unwrap();
    let settings = meaning(&after, &KEY);
    assert!(settings.server("two").unwrap().transport.is_err());
    assert!(settings.server("two").unwrap().oauth.access_token.is_none());
}

#[test]
fn without_a_key_and_without_sealed_values_nothing_is_different() {
    let written = [Change::record(oauth("one", "accessToken"), "at9")];
    assert_eq!(
        apply_with(TEXT, &written, &NONE).unwrap(),
        mcphub_settings::apply(TEXT, &written).unwrap()
    );
}

#[test]
fn the_code_that_a_device_asks_with_is_sealed_and_what_a_person_types_is_not() {
    let text = r#"{"mcpServers":{"tv":{"url":"https://tv.test","oauth":{"pendingAuthorization":
        {"deviceCode":"DC","userCode":"WDJB-MJHT","verificationUri":"https://as.test/device","issuer":"https://as.test"}}}}}"#;
    let sealed = seal_all(text, &KEY).unwrap();
    assert_eq!(sealed.changed, 1);
    let pending = ["mcpServers", "tv", "oauth", "pendingAuthorization"];
    let inside = |key: &'static str| [&pending[..], &[key]].concat();
    assert!(is_sealed(&sealed.text, &inside("deviceCode")));
    assert_eq!(at(&sealed.text, &inside("userCode")), "WDJB-MJHT");
}

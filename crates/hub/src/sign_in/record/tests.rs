//! Tests: what is written is read back, and what is not whole counts as absent.

use oauth::authorization::{Healed, state_hash};
use oauth::client::Registered;
use serde_json::{Value, json};
use settings::{Change, File};

use super::*;

fn at(secs: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
}

fn kept_grant() -> Kept {
    Kept {
        proof_key: Some("the key".into()),
        grant: Grant {
            bound: true,
            access: "AT".into(),
            refresh: Some("RT".into()),
            issued_at: Some(at(1_000)),
            expires_at: Some(at(4_600)),
            scopes: vec!["a".to_owned()],
            requested: vec!["a".to_owned(), "b".to_owned()],
            resource: Some("https://mcp.test".to_owned()),
            issuer: "https://as.test/".to_owned(),
            token_endpoint: "https://as.test/token?x=1".to_owned(),
        },
        origin: Some(Origin {
            client_id: "c".to_owned(),
            method: AuthMethod::Post,
            revocation_endpoint: Some("https://as.test/revoke".to_owned()),
            server: Some("https://mcp.test".to_owned()),
            former: None,
        }),
    }
}

fn client() -> Client {
    let answer = json!({ "client_name": "MCPHub" });
    Client {
        id: "c".to_owned(),
        secret: Some("s".into()),
        key: None,
        method: AuthMethod::Basic,
        issuer: "https://as.test".to_owned(),
        redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
        kind: Kind::Registered(Registered {
            at: Some(at(5)),
            token_endpoint: "https://as.test/token".to_owned(),
            instead_of: Some("https://hub.test/oauth/callback".to_owned()),
            instead_of_document: None,
            secret_expires_at: Some(at(9)),
            management_uri: Some("https://as.test/register/c".to_owned()),
            management_token: Some("m".into()),
            answer: answer.as_object().unwrap().clone(),
        }),
    }
}

fn waiting() -> Waiting {
    Waiting {
        pending: Pending {
            state_hash: state_hash("S"),
            verifier: "V".into(),
            issuer: Some("https://as.test".to_owned()),
            iss_promised: true,
            resource: None,
            scopes: vec!["a".to_owned()],
            redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
            client_id: "c".to_owned(),
            token_endpoint: "https://as.test/token".to_owned(),
            revocation_endpoint: None,
            created_at: at(7),
            dpop: true,
            healed: Healed {
                resource: true,
                scope: false,
            },
        },
        link: "https://as.test/authorize?state=S".to_owned(),
        id: "id".to_owned(),
        server: Some("https://mcp.test".to_owned()),
    }
}

const START: &str = r#"{
  // mine
  "mcpServers": { "a/b": { "url": "https://mcp.test", "oauth": { "scopes": ["a"] } } }
}"#;

fn held(text: &str) -> Held {
    let settings = settings::resolve(&File::parse(text).unwrap(), &|_| None);
    read(
        &settings.server("a/b").unwrap().oauth,
        &"a/b".into(),
        "https://mcp.test/mcp",
    )
}

fn written(changes: &[Change]) -> String {
    settings::apply(START, changes).unwrap()
}

#[test]
fn a_grant_is_read_back_whole() {
    let text = written(&save_grant(&"a/b".into(), &kept_grant()));
    assert!(text.contains("// mine"));
    let held = held(&text);
    let (kept, wanted) = (held.kept.unwrap(), kept_grant());
    assert_eq!(kept.mark(), wanted.mark());
    assert_eq!(kept.grant.refresh.unwrap().expose_secret(), "RT");
    assert_eq!(
        (kept.grant.issued_at, kept.grant.expires_at),
        (Some(at(1_000)), Some(at(4_600)))
    );
    assert_eq!(
        (kept.grant.scopes, kept.grant.requested),
        (wanted.grant.scopes, wanted.grant.requested)
    );
    assert_eq!(
        (kept.grant.resource, kept.grant.issuer),
        (wanted.grant.resource, wanted.grant.issuer)
    );
    assert_eq!(kept.grant.token_endpoint, wanted.grant.token_endpoint);
    let (origin, wanted) = (kept.origin.unwrap(), wanted.origin.unwrap());
    assert_eq!(
        (origin.client_id, origin.method),
        (wanted.client_id, wanted.method)
    );
    assert_eq!(origin.revocation_endpoint, wanted.revocation_endpoint);
    assert_eq!(held.before.unwrap().issuer, "https://as.test/");
}

#[test]
fn a_client_is_read_back_whole_and_only_with_its_registration() {
    let text = written(&save_client(&"a/b".into(), &client()));
    let read = held(&text).client.unwrap();
    assert_eq!((read.id.as_str(), read.method), ("c", AuthMethod::Basic));
    assert_eq!(
        (read.issuer, read.redirect_uri),
        (client().issuer, client().redirect_uri)
    );
    let (Kind::Registered(read), Kind::Registered(wanted)) = (read.kind, client().kind) else {
        panic!()
    };
    assert_eq!(
        (read.at, read.secret_expires_at),
        (wanted.at, wanted.secret_expires_at)
    );
    assert_eq!(
        (read.instead_of, read.management_uri),
        (wanted.instead_of, wanted.management_uri)
    );
    assert_eq!(read.management_token.unwrap().expose_secret(), "m");
    assert_eq!(read.answer, wanted.answer);
    let path = ["mcpServers", "a/b", "oauth", "clientId"];
    let mine = settings::apply(&text, &[Change::set(path, "mine")]).unwrap();
    assert!(
        held(&mine).client.is_none(),
        "an id written over it is a person's"
    );
    let gone = settings::apply(
        &text,
        &[Change::remove([
            "mcpServers",
            "a/b",
            "oauth",
            "registration",
        ])],
    );
    assert!(
        held(&gone.unwrap()).client.is_none(),
        "a client without a registration is a person's"
    );
}

#[test]
fn what_waits_is_read_back_whole() {
    let text = written(&save_waiting(&"a/b".into(), &waiting()));
    let (read, wanted) = (held(&text).waiting.unwrap(), waiting());
    assert_eq!((read.link, read.id), (wanted.link, wanted.id));
    let (read, wanted) = (read.pending, wanted.pending);
    assert_eq!(
        (read.state_hash, read.issuer),
        (wanted.state_hash, wanted.issuer)
    );
    assert_eq!(read.verifier.expose_secret(), "V");
    assert!(read.iss_promised);
    assert_eq!(
        (read.resource, read.scopes),
        (wanted.resource, wanted.scopes)
    );
    assert_eq!(
        (read.redirect_uri, read.client_id),
        (wanted.redirect_uri, wanted.client_id)
    );
    assert_eq!(
        (read.token_endpoint, read.created_at),
        (wanted.token_endpoint, wanted.created_at)
    );
    assert_eq!(
        (read.healed, read.revocation_endpoint),
        (wanted.healed, None)
    );
}

#[test]
fn what_is_forgotten_leaves_what_a_person_wrote() {
    let changes = [
        save_grant(&"a/b".into(), &kept_grant()),
        save_client(&"a/b".into(), &client()),
        save_waiting(&"a/b".into(), &waiting()),
    ]
    .concat();
    let text = written(&changes);
    let forgotten = settings::apply(
        &text,
        &[forget_all(&"a/b".into()), forget_client(&"a/b".into())].concat(),
    )
    .unwrap();
    let oauth = File::parse(&forgotten)
        .unwrap()
        .at(&["mcpServers", "a/b", "oauth"])
        .cloned()
        .unwrap();
    assert_eq!(oauth, json!({ "scopes": ["a"] }));
    let tokens_only = held(&settings::apply(&text, &forget_grant(&"a/b".into())).unwrap());
    assert!(tokens_only.kept.is_none());
    assert_eq!(tokens_only.before.unwrap().requested, ["a", "b"]);
}

#[test]
fn a_token_put_in_place_of_another_has_no_known_end() {
    let text = written(&save_grant(&"a/b".into(), &kept_grant())).replace(r#""AT""#, r#""pasted""#);
    let kept = held(&text).kept.unwrap();
    assert_eq!((kept.grant.issued_at, kept.grant.expires_at), (None, None));
    assert_eq!(kept.grant.token_endpoint, "https://as.test/token?x=1");
}

// rule: safe-p07
#[test]
fn what_came_from_outside_is_never_a_placeholder() {
    let mut evil = kept_grant();
    evil.grant.access = "${JWT_SECRET}".into();
    assert!(settings::apply(START, &save_grant(&"a/b".into(), &evil)).is_err());
}

#[test]
fn records_that_are_not_whole_count_as_absent() {
    for oauth in [
        json!({ "accessToken": "", "refreshToken": "r" }),
        json!({ "clientId": "", "registration": {} }),
        json!({ "clientId": "c", "registration": { "issuer": 7 } }),
        json!({ "pendingAuthorization": { "authorizationUrl": "https://as.test/a", "state": "s", "codeVerifier": "v", "createdAt": 1 } }),
        json!({ "grant": [], "registration": "x", "pendingAuthorization": 7 }),
    ] {
        let document: Value =
            json!({ "mcpServers": { "a/b": { "url": "https://mcp.test", "oauth": oauth } } });
        let held = held(&document.to_string());
        let nothing = held.kept.is_none() && held.client.is_none() && held.waiting.is_none();
        assert!(nothing && held.before.is_none(), "{document}");
    }
}

//! What each outcome of a callback says.

use super::words::signed_in;
use super::*;
use hub::sign_in::{Account, CallbackError};

use crate::page::Page;

fn denied(description: Option<&str>) -> CallbackError {
    CallbackError::Denied {
        server: "linear".into(),
        error: "access_denied".into(),
        description: description.map(str::to_owned),
    }
}

/// As a hub explains it that has asked nobody yet.
fn failed(error: &CallbackError) -> Page {
    words::failed(error, &hub::explained::of_callback(error, None))
}

fn cases() -> Vec<(&'static str, Page, u16)> {
    let of = |cause| Box::new(Explained::of(cause, Some("linear")));
    let trouble = Reached::Failed(of(Cause::ConnectionFailed));
    let wanting = Reached::Wanting(of(Cause::TokenTooLittle));
    let invalid_scope = CallbackError::Denied {
        server: "io.github.someone/a-rather-long-server-name".into(),
        error: "invalid_scope".into(),
        description: Some(
            "The scope \"admin:everything\" is not known to this client; ask for less.".into(),
        ),
    };
    let exchange = CallbackError::Exchange {
        account: Account::shared("linear"),
        cause: Cause::TokenNotGiven,
        reason: "400 invalid_grant from mcp.linear.app/token: the code has expired".into(),
    };
    let client = CallbackError::Client {
        account: Account::shared("github"),
        reason: "the token endpoint refused the client ...abcd: invalid_client".into(),
    };
    let store = CallbackError::Store {
        server: "linear".into(),
        reason: "mcp_settings.json: permission denied".into(),
    };
    vec![
        (
            "connected",
            signed_in("linear", &Reached::Connected { tools: 23 }),
            200,
        ),
        ("connecting", signed_in("linear", &Reached::Connecting), 200),
        ("off", signed_in("linear", &Reached::Off), 200),
        ("wanting", signed_in("linear", &wanting), 200),
        ("not-connected", signed_in("linear", &trouble), 500),
        (
            "malformed",
            failed(&CallbackError::Malformed("the answer has no state".into())),
            400,
        ),
        ("unknown-state", failed(&CallbackError::UnknownState), 400),
        ("already-used", failed(&CallbackError::AlreadyUsed), 400),
        (
            "wrong-issuer",
            failed(&CallbackError::WrongIssuer(
                "expected https://a, the answer names https://evil.test".into(),
            )),
            400,
        ),
        (
            "declined",
            failed(&denied(Some("The person said no."))),
            400,
        ),
        ("invalid-scope", failed(&invalid_scope), 400),
        ("client", failed(&client), 500),
        ("exchange", failed(&exchange), 500),
        ("store", failed(&store), 500),
    ]
}

#[test]
fn every_case_has_its_status_and_says_what_to_do() {
    for (case, page, status) in cases() {
        assert_eq!(page.status.as_u16(), status, "{case}");
        assert!(!page.lead.is_empty() && !page.hint.is_empty(), "{case}");
        let html = page.html();
        if status != 200 {
            assert!(html.contains("<dt>Do</dt>"), "{case} names no cure");
            assert!(html.contains("../errors/MCPHUB-"), "{case} names no code");
        }
        assert_eq!(
            page.closes,
            case == "connected",
            "{case}: only a whole success closes its tab"
        );
    }
}

// rule: safe-c05
#[test]
fn nothing_of_a_strangers_answer_is_shown() {
    let page = failed(&CallbackError::WrongIssuer("https://evil.test".into()));
    assert!(!page.html().contains("evil.test"));
}

// rule: safe-c10
#[test]
fn the_words_of_a_login_server_are_text() {
    let html = failed(&denied(Some(
        "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    )))
    .html();
    assert!(
        !html.contains("<script") && !html.contains("<img"),
        "{html}"
    );
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"));
}

#[test]
fn a_command_on_a_page_can_be_copied_into_a_shell() {
    let of = |server: &str| {
        failed(&CallbackError::Exchange {
            account: Account::shared(server),
            cause: Cause::TokenNotGiven,
            reason: String::new(),
        })
        .html()
    };
    assert!(of("a/b").contains("mcphub auth login a/b"));
    assert!(of("x; rm -rf ~").contains("mcphub auth login &#39;x; rm -rf ~&#39;"));
    assert!(of("it's").contains(r"&#39;it&#39;\&#39;&#39;s&#39;"));
    assert!(of("--all").contains("login -- --all"));
}

/// Writes each page into the folder named by the build, to be looked at: `cargo test -p mcphub-web pages_to_look_at`.
#[test]
fn pages_to_look_at_are_written_beside_the_build() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pages");
    std::fs::create_dir_all(&folder).unwrap();
    for (case, page, _) in cases() {
        let path = folder.join(format!("{case}.html"));
        std::fs::write(&path, page.html()).unwrap();
        assert!(
            std::fs::read_to_string(path)
                .unwrap()
                .starts_with("<!doctype html>")
        );
    }
}

//! Tests: which scopes are asked for.

use super::*;

fn list(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

// rule: at-18
#[test]
fn the_challenge_is_asked_for_and_nothing_else() {
    let chosen = choose(&Said {
        lists_few: false,
        offline: Offline::Listed,
        settings: None,
        challenge: Some(&list("files:read")),
        resource: Some(&list("files:read files:write")),
        server: Some(&list("openid admin")),
    });
    assert_eq!(chosen.scopes, ["files:read"]);
}

// rule: at-19
#[test]
fn what_only_the_authorization_server_lists_is_never_asked_for() {
    let server = list("openid profile offline_access a b c");
    let chosen = choose(&Said {
        server: Some(&server),
        ..Said::default()
    });
    assert_eq!(chosen, Chosen::default());
}

// rule: at-20
#[test]
fn an_empty_list_of_the_resource_means_no_scope() {
    let chosen = choose(&Said {
        resource: Some(&[]),
        server: Some(&list("openid")),
        ..Said::default()
    });
    assert!(chosen.scopes.is_empty());
}

// rule: mcp-auth-scope-selection
#[test]
fn settings_stand_above_the_challenge_even_when_empty() {
    let (challenge, settings) = (list("c"), list("a b"));
    let said = Said {
        settings: Some(&settings),
        challenge: Some(&challenge),
        ..Said::default()
    };
    assert_eq!(choose(&said).scopes, ["a", "b"]);
    assert!(
        choose(&Said {
            settings: Some(&[]),
            ..said
        })
        .scopes
        .is_empty()
    );
}

// rule: mcp-auth-scope-intersection
#[test]
fn scopes_unknown_to_the_authorization_server_are_left_out_and_noted() {
    let resource = list("a b");
    let chosen = choose(&Said {
        resource: Some(&resource),
        server: Some(&list("b c")),
        ..Said::default()
    });
    assert_eq!(chosen.scopes, ["b"]);
    assert!(chosen.notes[0].text.ends_with(": a"), "{:?}", chosen.notes);
    let chosen = choose(&Said {
        resource: Some(&resource),
        server: Some(&list("c")),
        ..Said::default()
    });
    assert_eq!(
        chosen.scopes,
        ["a", "b"],
        "a list without any of them says nothing"
    );
}

// rule: mcp-auth-offline-access
#[test]
fn offline_access_joins_other_scopes_where_it_is_listed() {
    let resource = list("a");
    let with = |server: &str| {
        choose(&Said {
            resource: Some(&resource),
            server: Some(&list(server)),
            ..Said::default()
        })
    };
    assert_eq!(with("a offline_access").scopes, ["a", "offline_access"]);
    assert!(with("a offline_access").offline);
    assert_eq!(with("a").scopes, ["a"]);
}

// rule: mcp-auth-scope-length
#[test]
fn scopes_that_do_not_fit_into_an_address_are_not_asked_for() {
    let resource: Vec<String> = (0..10_000).map(|n| format!("scope-{n}")).collect();
    let chosen = choose(&Said {
        resource: Some(&resource),
        ..Said::default()
    });
    assert!(chosen.scopes.is_empty());
    assert_eq!(chosen.notes.len(), 1);
}

// rule: mcp-auth-scope-length
#[test]
fn six_thousand_characters_of_scopes_are_the_most() {
    for (length, asked) in [(6_000, true), (6_001, false)] {
        let settled = format!("a {}", "b".repeat(length - 2));
        let chosen = choose(&Said {
            challenge: Some(&list(&settled)),
            ..Said::default()
        });
        assert_eq!(!chosen.scopes.is_empty(), asked, "{length}");
    }
}

#[test]
fn text_is_split_at_spaces_and_commas_once_each() {
    assert_eq!(
        split("repo,read:org  repo a\"b c\\d é ~"),
        ["repo", "read:org", "~"]
    );
}

fn challenge(scope: &str) -> Challenge {
    Challenge {
        scopes: Some(split(scope)),
        ..Challenge::default()
    }
}

// rule: at-50
#[test]
fn a_step_up_asks_for_the_union_and_ends() {
    let now = SystemTime::UNIX_EPOCH;
    let history = &mut StepUps::default();
    let first = step_up(&list("init"), &challenge("read"), history, "t1", now).unwrap();
    assert_eq!(first, ["init", "read"]);
    let second = step_up(&first, &challenge("write"), history, "t2", now).unwrap();
    assert_eq!(second, ["init", "read", "write"]);
    for _ in 0..50 {
        step_up(&second, &challenge("write"), history, "t3", now).unwrap();
    }
    let third = step_up(&second, &challenge("write"), history, "t4", now).unwrap_err();
    let scopes = "write".to_owned();
    assert_eq!(third, StepUpError::SameAgain { scopes });
}

// rule: mcp-auth-step-up
#[test]
fn new_scopes_for_ever_end_as_well_and_are_forgiven_after_an_hour() {
    let now = SystemTime::UNIX_EPOCH;
    let mut history = StepUps::default();
    for n in 0..ROUNDS_IN_ALL {
        let (scope, token) = (format!("s{n}"), format!("t{n}"));
        step_up(&[], &challenge(&scope), &mut history, &token, now).unwrap();
    }
    let again = |history: &mut _, now| step_up(&[], &challenge("more"), history, "t", now);
    assert_eq!(again(&mut history, now), Err(StepUpError::TooMany));
    assert!(again(&mut history, now + WINDOW).is_ok());
}

// rule: mcp-auth-step-up
#[test]
fn what_another_process_remembers_is_taken_over_once() {
    let refused = |scope: &str, token: &str| Refused {
        at: SystemTime::UNIX_EPOCH,
        scopes: list(scope),
        token: token.to_owned(),
    };
    let mut ours = StepUps {
        refused: vec![refused("read", "t1")],
    };
    let others = [
        ("read", "t1"),
        ("write", "t1"),
        ("read", "t2"),
        ("read", "t2"),
    ];
    ours.join(StepUps {
        refused: others.map(|(scope, token)| refused(scope, token)).into(),
    });
    let all = [("read", "t1"), ("write", "t1"), ("read", "t2")];
    assert_eq!(
        ours.refused,
        all.map(|(scope, token)| refused(scope, token))
    );
}

// rule: safe-t05
#[test]
fn scopes_of_ten_megabytes_are_not_asked_for() {
    let scopes = split(&"s".repeat(10 << 20));
    let many: Vec<String> = (0..1_000_000).map(|n| format!("scope:{n}")).collect();
    for said in [scopes, many] {
        let chosen = choose(&Said {
            challenge: Some(&said),
            ..Said::default()
        });
        assert!(chosen.scopes.is_empty());
        assert_eq!(chosen.notes[0].rule, "mcp-auth-scope-length");
    }
}

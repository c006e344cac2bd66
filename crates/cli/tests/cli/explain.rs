//! `mcphub explain`, and the five lines that a command ends with when something is wrong.

use hub::cause::Cause;

use crate::harness::Desk;

#[test]
fn a_code_is_explained_without_a_hub_by_number_and_by_word() {
    let desk = Desk::new();
    for written in ["MCPHUB-AUTH-065", "auth-65", "Issuer-Mismatch"] {
        let (exit, out, err) = desk.run(&["explain", written]);
        assert_eq!(exit, 0, "{written}: {err}");
        for words in [
            "MCPHUB-AUTH-065\n",
            "What happened   The login server's metadata names another issuer.",
            "RFC 8414 3.3",
            "Do              If that is meant, set oauth.issuer",
            "issuer-mismatch",
        ] {
            assert!(out.contains(words), "{words:?} is not in {out}");
        }
    }
    let told = desk.json(&["explain", "issuer-mismatch"]);
    assert_eq!(told["code"], "MCPHUB-AUTH-065");
    assert_eq!(told["clause"], "RFC 8414 3.3");
}

#[test]
fn all_codes_are_listed_one_on_a_line() {
    let desk = Desk::new();
    let (exit, out, err) = desk.run(&["explain"]);
    assert_eq!(exit, 0, "{err}");
    assert_eq!(out.lines().count(), Cause::ALL.len(), "{out}");
    let told = desk.json(&["explain"]);
    assert_eq!(told.as_array().unwrap().len(), Cause::ALL.len());
}

#[test]
fn a_slip_in_a_code_ends_with_1_and_the_one_that_was_meant() {
    let (exit, _, err) = Desk::new().run(&["explain", "issuer-missmatch"]);
    assert_eq!(exit, 1);
    assert!(err.contains("did you mean MCPHUB-AUTH-065"), "{err}");
}

#[test]
fn a_sign_in_that_fails_ends_with_the_five_lines_and_in_json_with_their_parts() {
    let mut desk = Desk::new();
    let settings = r#"{"mcpServers": {"down": {"url": "http://127.0.0.1:9/mcp"}}}"#;
    let _hub = desk.start_hub(settings);
    // Its first attempt to connect is over soon; each look is a process and takes its time.
    let down = || desk.json(&["servers", "get", "down"])["status"].clone();
    assert!((0..300).any(|_| down() == "disconnected"));
    let (exit, out, err) = desk.run(&["auth", "login", "down", "--no-browser"]);
    assert_eq!(exit, 2, "{out}{err}");
    let code = Cause::ConnectionRefused.id();
    for words in [
        "down: not connected ",
        code.as_str(),
        "\nWhat happened   Nobody listens at the server's address.",
        "\nEvidence        http://127.0.0.1:9 could not be reached: Connection refused",
        "\nWhy             The machine is there",
        "\nDo              Check the address",
        "mcphub doctor down",
    ] {
        assert!(err.contains(words), "{words:?} is not in {err}");
    }
    let (_, log, _) = desk.run(&["auth", "log", "down"]);
    let met = Cause::ResourceMetadataUnreachable.id();
    assert!(
        log.contains(&met),
        "the journal has what the sign-in met: {log}"
    );
    let (_, out, _) = desk.run(&["auth", "login", "down", "--no-browser", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["errorCode"], code);
    assert_eq!(told["explained"]["code"], code);
}

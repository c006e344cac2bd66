//! Tests: challenges as real servers write them.

use proptest::prelude::*;

use super::*;

fn parse(lines: &[&str]) -> Challenge {
    Challenge::parse(lines.iter().copied()).unwrap()
}

// rule: at-44
#[test]
fn two_lines_in_odd_spelling_are_read() {
    let challenge = parse(&[
        r#"Basic realm="x, y""#,
        r#"bearer Resource_Metadata = 'https://mcp.test/prm' , scope="a b""#,
    ]);
    assert_eq!(challenge.resource_metadata, ["https://mcp.test/prm"]);
    assert_eq!(challenge.scopes.unwrap(), ["a", "b"]);
}

// rule: rfc9110-11.6.1
#[test]
fn several_challenges_in_one_line_are_told_apart() {
    let line = r#"Negotiate, Basic realm="a, Bearer x=\"y\"", Bearer realm="m", error="invalid_token", DPoP algs="ES256""#;
    let challenge = parse(&[line]);
    assert_eq!(challenge.error.as_deref(), Some("invalid_token"));
    assert!(challenge.resource_metadata.is_empty());
}

// rule: rfc9449-7.1
#[test]
fn a_challenge_for_proofs_is_heard_alone_and_beside_bearer() {
    assert!(parse(&[r#"DPoP algs="ES256""#]).dpop);
    let both = parse(&[r#"Bearer scope="a", DPoP algs="ES256""#]);
    assert!(both.dpop && both.scopes.is_some());
    assert!(!parse(&[r#"Bearer scope="a""#]).dpop);
}

// rule: rfc9728-5.1
#[test]
fn the_bearer_challenge_with_an_address_is_preferred() {
    let challenge = parse(&[
        r#"Bearer realm="first""#,
        r#"Bearer resource_metadata="https://mcp.test/prm""#,
    ]);
    assert_eq!(challenge.resource_metadata, ["https://mcp.test/prm"]);
}

#[test]
fn missing_commas_and_quotes_are_forgiven() {
    for line in [
        r#"Bearer error="invalid_token" resource_metadata="https://mcp.test/prm?a=b" scope="a b""#,
        "Bearer error=invalid_token, resource_metadata=https://mcp.test/prm?a=b, scope=a b",
        "Bearer scope=a b error=invalid_token resource_metadata=https://mcp.test/prm?a=b",
        r#"  bearer  ,error=invalid_token,,scope="a b" ,resource_metadata='https://mcp.test/prm?a=b'"#,
        r#"BEARER resource_metadata="https://mcp.test/prm?a=b", scope="a b", error="invalid_token"#,
    ] {
        let challenge = parse(&[line]);
        assert_eq!(
            challenge.resource_metadata,
            ["https://mcp.test/prm?a=b"],
            "{line}"
        );
        assert_eq!(challenge.scopes.as_deref().unwrap(), ["a", "b"], "{line}");
        assert_eq!(challenge.error.as_deref(), Some("invalid_token"), "{line}");
    }
}

#[test]
fn an_address_given_twice_is_kept_twice() {
    let challenge =
        parse(&[r#"Bearer resource_metadata="https://a/1", resource_metadata="https://a/2""#]);
    assert_eq!(challenge.resource_metadata, ["https://a/1", "https://a/2"]);
}

#[test]
fn a_scope_inside_an_address_is_no_scope() {
    let challenge = parse(&[r#"Bearer resource_metadata="https://a/1?x=1, scope=evil""#]);
    assert_eq!(challenge.scopes, None);
}

#[test]
fn the_older_style_names_the_server_itself() {
    for name in ["authorization_server", "as_uri"] {
        let challenge = parse(&[&format!(r#"Bearer realm="x", {name}="https://as.test""#)]);
        assert_eq!(challenge.authorization_servers, ["https://as.test"]);
    }
    let challenge =
        parse(&[r#"Bearer resource="https://mcp.test/.well-known/oauth-protected-resource/mcp""#]);
    assert_eq!(
        challenge.resource_metadata,
        ["https://mcp.test/.well-known/oauth-protected-resource/mcp"]
    );
    assert!(
        parse(&[r#"Bearer resource="https://mcp.test""#])
            .resource_metadata
            .is_empty()
    );
}

#[test]
fn other_schemes_alone_are_not_for_us() {
    assert_eq!(
        Challenge::parse(["Basic realm=\"x\"", "Negotiate abc=="]),
        None
    );
    assert_eq!(Challenge::parse([]), None);
}

// rule: safe-d08
#[test]
fn hostile_lines_do_no_harm() {
    let long = format!("Bearer {}", "x=\"".repeat(20_000));
    let many = (0..200).map(|n| format!("S{n} a=b, ")).collect::<String>() + "Bearer error=e";
    assert!(Challenge::parse([long.as_str()]).is_some());
    assert_eq!(parse(&[&many]).error.as_deref(), Some("e"));
    assert!(Challenge::parse(["Bearer \u{ff}\u{200e}=\"\u{80}\\"]).is_some());
}

proptest! {
    // rule: rfc9110-11.6.1
    #[test]
    fn no_line_makes_the_parser_panic(lines in prop::collection::vec(".*", 0..4)) {
        let _ = Challenge::parse(lines.iter().map(String::as_str));
    }

    #[test]
    fn no_line_of_our_own_alphabet_makes_the_parser_panic(line in "(Bearer|Basic|scope|,|=|\"|'|\\\\| |a|é){0,40}") {
        let _ = Challenge::parse([line.as_str()]);
    }

    #[test]
    fn what_is_well_formed_is_read_back(scope in "[a-z:.]{1,8}( [a-z:.]{1,8}){0,3}", url in "https://[a-z]{1,8}\\.test/[a-z/]{0,12}") {
        let line = format!("Bearer realm=\"r\", resource_metadata=\"{url}\", scope=\"{scope}\"");
        let challenge = Challenge::parse([line.as_str()]).unwrap();
        prop_assert_eq!(challenge.resource_metadata, vec![url]);
        prop_assert_eq!(challenge.scopes.unwrap().join(" "), scope::split(&scope).join(" "));
    }
}

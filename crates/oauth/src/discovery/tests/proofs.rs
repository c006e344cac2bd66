//! Tests: where tokens are to be bound to a key.

use super::*;

// rule: rfc9449-5.1, rfc9728-2
#[test]
fn tokens_are_bound_where_the_resource_asks_and_the_server_can() {
    let required = prm().replace('}', r#","dpop_bound_access_tokens_required":true}"#);
    let other = metadata().replace('}', r#","dpop_signing_alg_values_supported":["RS256"]}"#);
    let challenge = Some(r#"DPoP error="x""#);
    for (settings, line, prm, metadata, wanted) in [
        (None, None, prm(), metadata(), false),
        (None, challenge, prm(), metadata(), true),
        (None, None, required.clone(), metadata(), true),
        (None, None, required.clone(), other, false),
        (Some(false), challenge, required, metadata(), false),
        (Some(true), None, prm(), metadata(), true),
    ] {
        let mut play = Play::new().json(PRM, &prm).json(AS, &metadata);
        let given = Policy {
            dpop: settings,
            ..policy()
        };
        let found = discover(&mut play, given, line).unwrap();
        assert_eq!(found.dpop, wanted, "{settings:?} {line:?} {prm} {metadata}");
    }
}

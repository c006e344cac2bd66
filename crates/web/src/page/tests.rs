//! Pages show text as text, under a policy that allows nothing else.

use super::*;

fn page() -> Page {
    Page {
        status: StatusCode::OK,
        tone: Tone::Good,
        server: Some("<b>linear</b>".into()),
        headline: "Signed in".into(),
        lead: "</script><script>alert(1)</script>".into(),
        rows: vec![
            ("Why", Row::Text("<img src=x onerror=alert(1)>".into())),
            ("Do", Row::Command("\"".into(), "'".into())),
        ],
        hint: "You can close this tab.",
        closes: true,
        act: Act::None,
    }
}

// rule: safe-x01
// rule: safe-c10
#[test]
fn everything_from_elsewhere_is_text() {
    let html = page().html();
    for markup in ["<b>linear", "<img", "</script><script>", "<script>alert"] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert_eq!(html.matches("<script").count(), 1, "only our own");
}

// rule: safe-x01
#[test]
fn hidden_and_direction_characters_are_dropped_and_long_texts_cut() {
    assert_eq!(text("a\u{202e}b\u{0}\u{1b}[31mc\nd\u{200b}"), "ab[31mc d");
    let long = text(&"x".repeat(10_000));
    assert_eq!(long.chars().count(), LONGEST + 1);
}

// rule: safe-c10
#[test]
fn the_policy_names_our_own_style_and_script_and_nothing_else() {
    let response = page().into_response();
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(
        policy.contains(&format!("style-src {}", hash(STYLE)))
            && policy.contains(&format!("script-src {}", hash(CLOSE)))
    );
    assert!(!policy.contains("unsafe"));
    let still = Page {
        closes: false,
        ..page()
    }
    .into_response();
    assert!(
        still.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .contains("script-src 'none'")
    );
    assert_eq!(still.headers()[header::REFERRER_POLICY], "no-referrer");
}

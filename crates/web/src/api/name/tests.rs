//! Names that are taken and names that are refused.

use super::*;

#[test]
fn usual_names_are_taken() {
    for name in [
        "linear",
        "a/b",
        "io.github.someone/server",
        "My Server",
        "con",
        "naïve-名前",
        "100%",
        "a.b",
    ] {
        assert_eq!(fault(name), None, "{name}");
    }
}

// rule: safe-w11
#[test]
fn path_tricks_and_names_that_deceive_the_eye_are_refused() {
    let long = "x".repeat(300);
    for name in [
        "",
        " ",
        "../../etc",
        "a/../b",
        "%2e%2e",
        "%2E%2e/x",
        "a..b",
        "a\\b",
        "a\0b",
        "a%00b",
        "a\nb",
        "\u{202e}evil",
        "a\u{200b}b",
        "/a",
        "a/",
        "a//b",
        "./a",
        " a",
        "a ",
        "$smart",
        &long,
    ] {
        assert!(fault(name).is_some(), "{name:?}");
    }
}

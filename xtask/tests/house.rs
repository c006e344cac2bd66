//! The checks of the house against the house itself.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::path::Path;

use xtask::source::Tree;
use xtask::{rules, safety, tidy};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn the_house_is_tidy() {
    let complaints = tidy::check(root()).unwrap();
    let said: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "\n{}\n", said.join("\n"));
}

#[test]
fn the_page_of_rules_is_fresh() {
    let tree = Tree::read(root()).unwrap();
    assert!(
        !rules::is_stale(&tree, root()),
        "{} is stale; do: cargo run -p xtask -- rules",
        rules::PAGE
    );
}

#[test]
fn the_page_of_safety_is_fresh() {
    let report = safety::report(root()).unwrap();
    assert!(
        !safety::is_stale(&report, root()),
        "{} is stale; do: cargo run -p xtask -- rules",
        safety::PAGE
    );
}

//! Who may use whom: the table of `ARCHITECTURE.md` against `cargo metadata`.
//!
//! Three questions: which of our crates a crate may use, from which closed list a leaf takes the crates of others, and which crates of others have one
//! home. A leaf's dependencies for tests are free; those on our own crates are in the table.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

use super::Complaint;

/// A crate, the crates of ours that its code may use, and those that its tests may use besides.
const OURS: [(&str, &[&str], &[&str]); 9] = [
    ("mcphub-settings", &[], &[]),
    ("mcphub-oauth", &[], &[]),
    ("mcphub-mcp", &[], &[]),
    (
        "mcphub-hub",
        &["mcphub-settings", "mcphub-oauth", "mcphub-mcp"],
        &["mcphub-lab"],
    ),
    (
        "mcphub-web",
        &[
            "mcphub-hub",
            "mcphub-settings",
            "mcphub-oauth",
            "mcphub-mcp",
        ],
        &["mcphub-lab"],
    ),
    (
        "mcphub",
        &[
            "mcphub-web",
            "mcphub-hub",
            "mcphub-settings",
            "mcphub-oauth",
            "mcphub-mcp",
            "mcphub-lab",
        ],
        &[],
    ),
    ("mcphub-lab", &[], &[]),
    ("xtask", &[], &[]),
    ("mcphub-e2e", &[], &["mcphub-lab"]),
];

/// A leaf and all the crates of others that its code may use.
const LEAVES: [(&str, &[&str]); 3] = [
    (
        "mcphub-settings",
        &[
            "jsonc-parser",
            "secrecy",
            "serde",
            "serde_json",
            "thiserror",
            "url",
        ],
    ),
    (
        "mcphub-oauth",
        &[
            "base64",
            "http",
            "secrecy",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "url",
        ],
    ),
    (
        "mcphub-mcp",
        &[
            "base64",
            "http",
            "memchr",
            "serde",
            "serde_json",
            "thiserror",
        ],
    ),
];

/// A crate of others, and the only crates of ours whose code may use it.
const HOMES: [(&str, &[&str]); 5] = [
    ("anyhow", &["mcphub", "xtask"]),
    ("axum", &["mcphub-web", "mcphub-lab"]),
    ("clap", &["mcphub"]),
    ("reqwest", &["mcphub-hub", "mcphub", "mcphub-lab"]),
    ("tracing-subscriber", &["mcphub"]),
];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Complaint>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .context("cargo metadata failed")?;
    let ours: BTreeSet<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    Ok(metadata
        .packages
        .iter()
        .flat_map(|package| check_package(root, package, &ours))
        .collect())
}

fn check_package(root: &Path, package: &Package, ours: &BTreeSet<&str>) -> Vec<Complaint> {
    let name = package.name.as_str();
    let manifest = package
        .manifest_path
        .as_str()
        .trim_start_matches(&*root.to_string_lossy())
        .trim_start_matches('/');
    let Some((_, code, tests)) = OURS.iter().find(|(it, ..)| *it == name) else {
        return vec![Complaint::whole(
            manifest,
            format!("crate `{name}` is not in the table of dependencies"),
            "a crate is a rule that the compiler keeps: add it to xtask/src/tidy/dependencies.rs and to ARCHITECTURE.md with its promise, or make it a module",
        )];
    };
    let wrong = |dependency: &Dependency| {
        let (used, for_tests) = (
            dependency.name.as_str(),
            dependency.kind == DependencyKind::Development,
        );
        if ours.contains(used) {
            let allowed =
                used == name || code.contains(&used) || (for_tests && tests.contains(&used));
            (!allowed).then(|| between_ours(name, used, code))
        } else if for_tests {
            None
        } else {
            of_others(name, used)
        }
    };
    let complaint = |(wrong, cure): (String, String)| Complaint::whole(manifest, wrong, cure);
    package
        .dependencies
        .iter()
        .filter_map(wrong)
        .map(complaint)
        .collect()
}

fn between_ours(name: &str, used: &str, code: &[&str]) -> (String, String) {
    let may = if code.is_empty() {
        "none of our crates".to_owned()
    } else {
        code.join(", ")
    };
    (format!("`{name}` uses `{used}`, and it may use {may}"), "hand the value down from the crate that may use both, or move the code to the crate that it belongs to".to_owned())
}

fn of_others(name: &str, used: &str) -> Option<(String, String)> {
    if let Some((_, allowed)) = LEAVES.iter().find(|(leaf, _)| *leaf == name)
        && !allowed.contains(&used)
    {
        return Some((
            format!("leaf crate `{name}` gained `{used}`; its list is closed: {}", allowed.join(", ")),
            "remove it: a leaf is given text, time and chance, and what does I/O lives in `hub`; a pure crate that must come in needs an ADR and a place in xtask/src/tidy/dependencies.rs"
                .to_owned(),
        ));
    }
    let (_, homes) = HOMES.iter().find(|(it, _)| *it == used)?;
    (!homes.contains(&name)).then(|| {
        (
            format!("`{name}` uses `{used}`, whose home is {}", homes.join(", ")),
            "remove it, or move what needs it to its home".to_owned(),
        )
    })
}

//! `cargo run -p xtask -- tidy` checks the house, `-- rules` writes `docs/rules.md` and `docs/security.md`, `-- cases` lists the OAuth cases with their tests.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use xtask::source::Tree;
use xtask::{cases, rules, safety, tidy};

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    let outcome = match task.as_str() {
        "tidy" => tidy(root),
        "rules" => write_rules(root),
        "cases" => list_cases(root),
        _ => {
            eprintln!("usage: cargo run -p xtask -- tidy|rules|cases");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn tidy(root: &Path) -> anyhow::Result<bool> {
    let complaints = tidy::check(root)?;
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if rules::is_stale(&Tree::read(root)?, root) {
        eprintln!(
            "note: {} is stale; `cargo run -p xtask -- rules` writes it anew",
            rules::PAGE
        );
    }
    if safety::is_stale(&safety::report(root)?, root) {
        eprintln!(
            "note: {} is stale; `cargo run -p xtask -- rules` writes it anew",
            safety::PAGE
        );
    }
    if complaints.is_empty() {
        writeln!(std::io::stdout(), "tidy: the house is as it promises")?;
    } else {
        eprintln!("tidy: {} to put right", complaints.len());
    }
    Ok(complaints.is_empty())
}

fn write_rules(root: &Path) -> anyhow::Result<bool> {
    let page = rules::page(&Tree::read(root)?);
    let path = root.join(rules::PAGE);
    std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(std::io::stdout(), "wrote {}", rules::PAGE)?;
    let page = safety::report(root)?.page;
    let path = root.join(safety::PAGE);
    std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(std::io::stdout(), "wrote {}", safety::PAGE)?;
    Ok(true)
}

fn list_cases(root: &Path) -> anyhow::Result<bool> {
    let report = cases::report(root)?;
    write!(std::io::stdout(), "{}", report.text)?;
    for wrong in &report.wrong {
        eprintln!("{wrong}");
    }
    Ok(report.wrong.is_empty())
}

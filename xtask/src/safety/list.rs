//! The list of cases: blocks of lines, parted by empty ones.
//!
//! The first line is the id and what is tried; then `must` (what must happen), `input` (a piece of text that a test of the case holds, once or
//! more), `faults` (how many are injected; the number stands in an input), or `none` (why the case cannot apply). `## ` begins a section.

use anyhow::{Context, bail};

#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) section: String,
    pub(super) tried: String,
    pub(super) must: String,
    pub(super) inputs: Vec<String>,
    pub(super) faults: u64,
    /// Why it cannot apply.
    pub(super) none: Option<String>,
    /// What arrives over the network must be tried at the running binary.
    pub(super) running: bool,
}

pub(super) fn read(text: &str) -> anyhow::Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    let (mut section, mut open) = (String::new(), false);
    for (at, line) in text.lines().enumerate() {
        let place = || format!("line {} of the list", at + 1);
        if line.starts_with("## ") {
            section = line.trim_start_matches("## ").to_owned();
            open = false;
        } else if line.trim().is_empty() || line.starts_with('#') {
            open = false;
        } else if open {
            let case = cases.last_mut().with_context(place)?;
            more(case, line).with_context(place)?;
        } else {
            let (id, tried) = line.split_once(' ').with_context(place)?;
            if cases.iter().any(|case| case.id == id) {
                bail!("{id} is there twice ({})", place());
            }
            open = true;
            cases.push(Case {
                id: id.to_owned(),
                section: section.clone(),
                tried: tried.to_owned(),
                running: id.starts_with("safe-w"),
                ..Case::default()
            });
        }
    }
    for case in &cases {
        whole(case)?;
    }
    Ok(cases)
}

fn more(case: &mut Case, line: &str) -> anyhow::Result<()> {
    let (kind, rest) = line.split_once(' ').context("a word and what it says")?;
    match kind {
        "must" => rest.clone_into(&mut case.must),
        "input" => case.inputs.push(rest.to_owned()),
        "faults" => case.faults = rest.parse().context("a number of faults")?,
        "none" => case.none = Some(rest.to_owned()),
        other => bail!("`{other}` is none of must, input, faults, none"),
    }
    Ok(())
}

fn whole(case: &Case) -> anyhow::Result<()> {
    let id = &case.id;
    if case.must.is_empty() || case.section.is_empty() {
        bail!("{id} does not say what must happen, or stands in no section");
    }
    if case.none.as_ref().is_some_and(|why| why.len() < 20) {
        bail!("{id} says too little about why it cannot apply");
    }
    let number = case.faults.to_string();
    if case.faults > 0 && !case.inputs.iter().any(|input| input.contains(&number)) {
        bail!("{id}: {number} faults stand in none of its inputs");
    }
    Ok(())
}

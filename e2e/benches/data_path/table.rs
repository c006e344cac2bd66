//! What was measured, as lines on the screen and as a file in `target/bench`.

use std::io;
use std::path::PathBuf;

#[derive(Default)]
pub(crate) struct Table {
    lines: Vec<String>,
}

impl Table {
    #[expect(clippy::print_stdout, reason = "a bench prints what it measures")]
    pub(crate) fn say(&mut self, line: impl Into<String>) {
        let line = line.into();
        println!("{line}");
        self.lines.push(line);
    }

    pub(crate) fn head(&mut self, columns: &[&str]) {
        self.say("");
        self.say(format!("| {} |", columns.join(" | ")));
        self.say(format!("|{}", "---|".repeat(columns.len())));
    }

    pub(crate) fn row(&mut self, cells: &[String]) {
        self.say(format!("| {} |", cells.join(" | ")));
    }

    pub(crate) fn write(&self) -> io::Result<PathBuf> {
        let file = folder()?.join("data_path.md");
        std::fs::write(&file, self.lines.join("\n") + "\n")?;
        Ok(file)
    }
}

/// Where results are kept.
pub(crate) fn folder() -> io::Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&folder)?;
    folder.canonicalize()
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

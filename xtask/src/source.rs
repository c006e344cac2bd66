//! The source files of a workspace, each line cut into code and comment, and marked as product or test.
//!
//! What counts as a test: a file below `tests/` or `benches/`, a file named `tests.rs`, everything in `e2e/`, an item under `#[cfg(test)]`, and the
//! files of a module that is declared under `#[cfg(test)]`. Generated files (`@generated` in the first five lines) are left out.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::mask;

/// All source files below one folder, in the order of their paths.
#[derive(Debug)]
pub struct Tree {
    pub files: Vec<File>,
}

#[derive(Debug)]
pub struct File {
    /// Relative to the root, with forward slashes.
    pub path: String,
    pub lines: Vec<Line>,
}

#[derive(Debug)]
pub struct Line {
    /// As written.
    pub text: String,
    /// Without comments; the inside of string and character literals is blanked.
    pub code: String,
    /// What stands after `//` or between `/*` and `*/`, without the marks of a comment.
    pub comment: String,
    pub test: bool,
}

const EXTENSIONS: [&str; 6] = ["rs", "ts", "tsx", "js", "mjs", "css"];
const SKIPPED_FOLDERS: [&str; 5] = ["target", "node_modules", "dist", "out", "generated"];

impl Tree {
    /// Reads every source file below `root`; folders of build results, dependencies and dot folders are skipped.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut paths = Vec::new();
        walk(root, &mut paths)?;
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let relative = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            if !text.lines().take(5).any(|line| line.contains("@generated")) {
                files.push(File::new(relative, &text));
            }
        }
        let mut tree = Self { files };
        tree.spread_test_modules();
        Ok(tree)
    }

    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// `#[cfg(test)] mod name;` makes the files of that module test code.
    fn spread_test_modules(&mut self) {
        let homes: BTreeSet<String> = self.rust().flat_map(File::test_modules).collect();
        for file in &mut self.files {
            let inside = homes.iter().any(|home| {
                file.path
                    .strip_prefix(home.as_str())
                    .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            });
            if inside {
                file.lines.iter_mut().for_each(|line| line.test = true);
            }
        }
    }
}

impl File {
    fn new(path: String, text: &str) -> Self {
        let rust = path.ends_with(".rs");
        let masked = if rust {
            mask::rust(text)
        } else {
            mask::by_line(text)
        };
        let all_test = is_test_path(&path);
        let mut lines: Vec<Line> = text
            .lines()
            .zip(masked)
            .map(|(text, (code, comment))| Line {
                text: text.to_owned(),
                code,
                comment,
                test: all_test,
            })
            .collect();
        if rust && !all_test {
            mark_test_items(&mut lines);
        }
        Self { path, lines }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// A measurement: product code may not lean on it, and it may wait as it likes.
    pub fn is_bench(&self) -> bool {
        self.path.split('/').any(|folder| folder == "benches")
    }

    /// The file's name without folder and extension.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// Path prefixes of the modules that this file declares under `#[cfg(test)]`.
    fn test_modules(&self) -> Vec<String> {
        let folder = match (self.path.rsplit_once('/'), self.stem()) {
            (Some((folder, _)), "lib" | "main" | "mod") => folder.to_owned(),
            (Some((folder, _)), stem) => format!("{folder}/{stem}"),
            (None, stem) => stem.to_owned(),
        };
        self.lines
            .iter()
            .filter(|line| line.test)
            .filter_map(|line| line.code.trim().strip_suffix(';'))
            .filter_map(|code| code.rsplit_once("mod ").map(|(_, name)| name.trim()))
            .map(|name| format!("{folder}/{name}"))
            .collect()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (name, path) = (
            entry.file_name().to_string_lossy().into_owned(),
            entry.path(),
        );
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                walk(&path, found)?;
            }
        } else if path
            .extension()
            .and_then(OsStr::to_str)
            .is_some_and(|it| EXTENSIONS.contains(&it))
        {
            found.push(path);
        }
    }
    Ok(())
}

fn is_test_path(path: &str) -> bool {
    let mut folders: Vec<&str> = path.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    name == "tests.rs"
        || folders.first() == Some(&"e2e")
        || folders.iter().any(|it| matches!(*it, "tests" | "benches"))
}

/// Marks each item under `#[cfg(test)]`: up to its `;`, or to the brace that closes it.
fn mark_test_items(lines: &mut [Line]) {
    let mut depth: Option<i32> = None; // inside a test item: how many braces are open
    for line in lines {
        let code = match depth {
            Some(_) => line.code.as_str(),
            None => match line.code.find("#[cfg(test)]") {
                Some(at) => {
                    depth = Some(0);
                    &line.code[at + "#[cfg(test)]".len()..]
                }
                None => continue,
            },
        };
        line.test = true;
        for letter in code.chars() {
            depth = match (letter, depth) {
                ('{', Some(open)) => Some(open + 1),
                ('}', Some(1)) | (';', Some(0)) => None,
                ('}', Some(open)) => Some(open - 1),
                (_, same) => same,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_lines(path: &str, text: &str) -> Vec<usize> {
        let file = File::new(path.to_owned(), text);
        file.lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.test)
            .map(|(at, _)| at + 1)
            .collect()
    }

    #[test]
    fn an_item_under_cfg_test_ends_with_its_brace() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n";
        assert_eq!(test_lines("crates/mcp/src/name.rs", text), [2, 3, 4, 5]);
    }

    #[test]
    fn a_test_module_in_its_own_file_ends_with_its_semicolon() {
        let text = "#[cfg(test)]\nmod tests;\nfn c() {}\n";
        assert_eq!(test_lines("crates/mcp/src/name.rs", text), [1, 2]);
    }

    #[test]
    fn integration_tests_and_e2e_are_tests_as_a_whole() {
        for path in [
            "crates/hub/tests/x.rs",
            "crates/hub/src/store/tests.rs",
            "e2e/journey.mjs",
            "e2e/src/lib.rs",
        ] {
            assert_eq!(test_lines(path, "a\nb\n"), [1, 2], "{path}");
        }
        assert!(test_lines("crates/hub/src/store.rs", "a\nb\n").is_empty());
    }

    #[test]
    fn a_module_declared_for_tests_only_is_test_code_with_all_below_it() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("crates/hub/src");
        std::fs::create_dir_all(source.join("store/harness")).unwrap();
        std::fs::write(
            source.join("store.rs"),
            "#[cfg(test)]\nmod harness;\nmod real;\n",
        )
        .unwrap();
        std::fs::write(source.join("store/harness.rs"), "fn x() {}\n").unwrap();
        std::fs::write(source.join("store/harness/deep.rs"), "fn x() {}\n").unwrap();
        std::fs::write(source.join("store/real.rs"), "fn x() {}\n").unwrap();
        let tree = Tree::read(root.path()).unwrap();
        let wholly_test = |name: &str| {
            let file = tree
                .files
                .iter()
                .find(|file| file.path.ends_with(name))
                .unwrap();
            file.lines.iter().all(|line| line.test)
        };
        assert!(wholly_test("store/harness.rs"));
        assert!(wholly_test("store/harness/deep.rs"));
        assert!(!wholly_test("store/real.rs"));
    }
}

//! What tidy says about small made-up houses: it fails where it must, and each message says what to do.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::fmt::Write;
use std::path::Path;

use xtask::tidy;

/// A workspace of three crates in which nothing is wrong.
struct House(tempfile::TempDir);

impl House {
    fn tidy() -> Self {
        let house = Self(tempfile::tempdir().unwrap());
        house.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
        );
        house.crate_with("mcp", "mcphub-mcp", "serde = \"1\"\n");
        house.crate_with("oauth", "mcphub-oauth", "url = \"2\"\n");
        house.crate_with(
            "hub",
            "mcphub-hub",
            "mcphub-mcp = { path = \"../mcp\" }\ntokio = \"1\"\n",
        );
        house
    }

    fn crate_with(&self, folder: &str, name: &str, dependencies: &str) {
        let head = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n"
        );
        self.write(
            &format!("crates/{folder}/Cargo.toml"),
            &format!("{head}{dependencies}"),
        );
        self.write(&format!("crates/{folder}/src/lib.rs"), "//! Made up.\n");
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn complaints(&self) -> Vec<String> {
        tidy::check(self.0.path())
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Exactly one complaint, with all these words in it.
    #[track_caller]
    fn says(&self, words: &[&str]) {
        let complaints = self.complaints();
        assert_eq!(complaints.len(), 1, "{complaints:#?}");
        for word in words {
            assert!(
                complaints[0].contains(word),
                "{:?} lacks {word:?}",
                complaints[0]
            );
        }
    }
}

fn lines(count: usize) -> String {
    (1..count).fold(String::from("//! Made up.\n"), |mut text, at| {
        writeln!(text, "const A{at}: u8 = 0;").unwrap();
        text
    })
}

#[test]
fn a_tidy_house_is_left_alone() {
    assert_eq!(House::tidy().complaints(), [""; 0]);
}

#[test]
fn a_leaf_that_gains_tokio_fails() {
    let house = House::tidy();
    house.crate_with("oauth", "mcphub-oauth", "url = \"2\"\ntokio = \"1\"\n");
    house.says(&[
        "crates/oauth/Cargo.toml",
        "leaf crate `mcphub-oauth` gained `tokio`",
        "do: remove it",
    ]);
}

#[test]
fn a_leaf_may_test_with_what_it_likes() {
    let house = House::tidy();
    house.crate_with(
        "oauth",
        "mcphub-oauth",
        "[dev-dependencies]\nproptest = \"1\"\n",
    );
    assert_eq!(house.complaints(), [""; 0]);
}

#[test]
fn leaves_that_know_each_other_fail() {
    let house = House::tidy();
    house.crate_with(
        "oauth",
        "mcphub-oauth",
        "mcphub-mcp = { path = \"../mcp\" }\n",
    );
    house.says(&[
        "crates/oauth/Cargo.toml",
        "`mcphub-oauth` uses `mcphub-mcp`",
        "do: hand the value down",
    ]);
}

#[test]
fn a_crate_that_nobody_promised_fails() {
    let house = House::tidy();
    house.crate_with("extra", "mcphub-extra", "");
    house.says(&[
        "crates/extra/Cargo.toml",
        "`mcphub-extra` is not in the table",
        "or make it a module",
    ]);
}

#[test]
fn a_crate_of_others_outside_its_home_fails() {
    let house = House::tidy();
    house.crate_with("hub", "mcphub-hub", "axum = \"0.8\"\n");
    house.says(&[
        "`mcphub-hub` uses `axum`, whose home is mcphub-web",
        "do: remove it",
    ]);
}

#[test]
fn a_file_of_600_lines_fails_and_one_of_599_does_not() {
    let house = House::tidy();
    house.write("crates/hub/src/long.rs", &lines(599));
    assert_eq!(house.complaints(), [""; 0]);
    house.write("crates/hub/src/long.rs", &lines(600));
    house.says(&["crates/hub/src/long.rs", "600 lines", "do: cut it"]);
}

#[test]
fn a_generated_file_may_be_as_long_as_it_is() {
    let house = House::tidy();
    house.write(
        "crates/hub/src/long.rs",
        &lines(700).replacen("Made up.", "@generated from made-up words.", 1),
    );
    assert_eq!(house.complaints(), [""; 0]);
}

#[test]
fn more_than_one_file_in_twenty_over_400_lines_fails() {
    let house = House::tidy();
    house.write("crates/hub/src/long.rs", &lines(450));
    assert_eq!(house.complaints(), [""; 0]);
    house.write("crates/hub/src/longer.rs", &lines(500));
    let complaints = house.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:#?}");
    assert!(
        complaints[1].contains("500 lines; 2 files have more than 400, and 1 may"),
        "{}",
        complaints[1]
    );
}

#[test]
fn a_file_without_a_header_fails() {
    let house = House::tidy();
    house.write("crates/hub/src/bare.rs", "pub fn x() {}\n");
    house.says(&[
        "crates/hub/src/bare.rs",
        "module header",
        "do: make `//!` its first line",
    ]);
}

const CHECK: &str = "//! Made up.\n// rule: rfc9207-2.4\npub fn check() {}\n";
const TEST: &str =
    "#[cfg(test)]\nmod tests {\n    // rule: rfc9207-2.4\n    #[test]\n    fn it_bites() {}\n}\n";

#[test]
fn a_rule_mark_that_loses_its_test_fails() {
    let house = House::tidy();
    house.write("crates/oauth/src/lib.rs", &format!("{CHECK}{TEST}"));
    assert_eq!(house.complaints(), [""; 0]);
    house.write("crates/oauth/src/lib.rs", CHECK);
    house.says(&[
        "crates/oauth/src/lib.rs:2",
        "rule rfc9207-2.4 is marked here and at no test",
        "do: put `// rule: rfc9207-2.4` at the test",
    ]);
}

#[test]
fn a_test_of_a_rule_that_nothing_keeps_fails() {
    let house = House::tidy();
    house.write("crates/oauth/src/lib.rs", &format!("//! Made up.\n{TEST}"));
    house.says(&[
        "crates/oauth/src/lib.rs:4",
        "nowhere in the code",
        "do: put `// rule: rfc9207-2.4` at the check",
    ]);
}

#[test]
fn a_mark_in_another_crates_tests_pairs_too() {
    let house = House::tidy();
    house.write("crates/oauth/src/lib.rs", CHECK);
    house.write(
        "crates/hub/tests/journey.rs",
        "//! Made up.\n/// rule: rfc9207-2.4\n#[test]\nfn it_bites() {}\n",
    );
    assert_eq!(house.complaints(), [""; 0]);
}

#[test]
fn the_sentence_may_stand_behind_the_mark() {
    let house = House::tidy();
    let check = CHECK.replace("2.4", "2.4 -- iss is compared, character by character");
    house.write("crates/oauth/src/lib.rs", &format!("{check}{TEST}"));
    assert_eq!(house.complaints(), [""; 0]);
}

#[test]
fn a_mark_that_is_no_id_fails() {
    let house = House::tidy();
    house.write(
        "crates/oauth/src/lib.rs",
        "//! Made up.\n// rule: RFC 9207\n",
    );
    house.says(&[
        "crates/oauth/src/lib.rs:2",
        "`RFC 9207` is no rule id",
        "do: write `// rule: rfc9207-2.4`",
    ]);
}

#[test]
fn an_empty_name_fails() {
    let house = House::tidy();
    house.write(
        "crates/hub/src/lib.rs",
        "//! Made up.\npub(crate) struct UpstreamManager;\n",
    );
    house.says(&[
        "crates/hub/src/lib.rs:2",
        "struct `UpstreamManager` says `manager`",
        "do: name what it is",
    ]);
    house.write(
        "crates/hub/src/lib.rs",
        "//! Made up. An UpstreamManager in words or \"struct Helper\" is fine.\n",
    );
    house.write("crates/hub/src/utils.rs", "//! Made up.\n");
    house.says(&["crates/hub/src/utils.rs", "the file's name says `util`"]);
}

#[test]
fn a_getter_named_get_fails() {
    let house = House::tidy();
    house.write(
        "crates/hub/src/lib.rs",
        "//! Made up.\npub fn get_name() {}\n",
    );
    house.says(&[
        "crates/hub/src/lib.rs:2",
        "`get_name`",
        "do: call it `name`",
    ]);
}

#[test]
fn an_ignored_test_needs_a_reason() {
    let house = House::tidy();
    house.write(
        "crates/hub/tests/a.rs",
        "//! Made up.\n#[test]\n#[ignore = \"needs a browser\"]\nfn a() {}\n",
    );
    assert_eq!(house.complaints(), [""; 0]);
    house.write(
        "crates/hub/tests/a.rs",
        "//! Made up.\n#[test]\n#[ignore]\nfn a() {}\n",
    );
    house.says(&[
        "crates/hub/tests/a.rs:3",
        "ignored without a reason",
        "do: write",
    ]);
}

#[test]
fn a_sleeping_test_fails_and_sleeping_code_does_not() {
    let house = House::tidy();
    house.write(
        "crates/hub/src/lib.rs",
        "//! Made up.\nfn a() { std::thread::sleep(x) }\n",
    );
    assert_eq!(house.complaints(), [""; 0]);
    house.write(
        "crates/hub/src/lib.rs",
        "//! Made up.\n#[cfg(test)]\nmod tests {\n    fn a() { std::thread::sleep(x) }\n}\n",
    );
    house.says(&[
        "crates/hub/src/lib.rs:4",
        "a test sleeps",
        "do: wait for what you wait for",
    ]);
}

#[test]
fn a_measurement_may_wait_and_be_called_after_the_data_path() {
    let house = House::tidy();
    house.write(
        "crates/hub/benches/data_path.rs",
        "//! Made up.\nfn a() { std::thread::sleep(x) }\n",
    );
    assert_eq!(house.complaints(), [""; 0]);
}

#[test]
fn a_leaf_that_names_files_sockets_or_the_clock_fails() {
    for (code, named) in [
        ("use std::{fmt, fs::File};", "`std::fs::File`"),
        ("fn a() { std::env::var(x); }", "`std::env::var`"),
        ("use std::net::TcpStream;", "`std::net::TcpStream`"),
        ("use std::process;", "`std::process`"),
        ("use tokio::sync::Mutex;", "`tokio::sync::Mutex`"),
        ("async fn a() {}", "`async`"),
        ("fn a() { SystemTime::now(); }", "`SystemTime::now`"),
    ] {
        let house = House::tidy();
        house.write("crates/mcp/src/lib.rs", &format!("//! Made up.\n{code}\n"));
        house.says(&[
            "crates/mcp/src/lib.rs:2",
            named,
            "do: take the value as a parameter",
        ]);
        house.write("crates/mcp/src/lib.rs", "//! Made up.\n");
        house.write("crates/hub/src/lib.rs", &format!("//! Made up.\n{code}\n"));
        house.write(
            "crates/mcp/tests/cases.rs",
            &format!("//! Made up.\n{code}\n"),
        );
        assert_eq!(house.complaints(), [""; 0], "{code}");
    }
}

#[test]
fn rooms_that_know_each_other_in_a_circle_fail_once() {
    let house = House::tidy();
    house.write(
        "crates/hub/src/a.rs",
        "//! Made up.\nuse crate::{b::B, z};\n",
    );
    house.write(
        "crates/hub/src/b/inner.rs",
        "//! Made up.\nfn f() -> crate::c::C {}\n",
    );
    house.write("crates/hub/src/c.rs", "//! Made up.\nuse crate::a::A;\n");
    house.write(
        "crates/hub/src/z.rs",
        "//! Made up.\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n",
    );
    house.says(&[
        "crates/hub/src/a.rs:2",
        "`a` names `b` (crates/hub/src/a.rs:2), which names `c` (crates/hub/src/b/inner.rs:2), which names `a` (crates/hub/src/c.rs:2)",
        "do: move what both need",
    ]);
}

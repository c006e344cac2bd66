//! The store against a real folder: what is on disk, with which mode, after our edits and other people's.

mod strange;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use secrecy::ExposeSecret;
use serde_json::json;
use tempfile::TempDir;

use super::*;

const TEXT: &str =
    "{\n  // mine\n  \"mcpServers\": {\n    \"a\": { \"url\": \"https://${HOST}/mcp\" }\n  }\n}\n";

fn environment() -> Environment {
    Arc::new(|name| (name == "HOST").then(|| "a.example.com".to_owned()))
}

async fn open(path: &Path) -> Store {
    Store::open(path, environment()).await.unwrap()
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp_settings.json");
    (folder, path)
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let (folder, path) = folder();
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn token(value: &str) -> Change {
    Change::record(["mcpServers", "a", "oauth", "accessToken"], value)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Waits for settings that look like this; not for ever, so that a change which goes unnoticed fails the test.
async fn soon(
    followed: &mut channel::Receiver<Arc<Settings>>,
    looks: impl FnMut(&Arc<Settings>) -> bool,
) {
    let seen =
        tokio::time::timeout(std::time::Duration::from_secs(20), followed.wait_for(looks)).await;
    assert!(seen.is_ok(), "the change was not noticed");
}

/// Names in the folder that are neither the file nor its lock.
fn strangers(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| !["mcp_settings.json", ".mcp_settings.json.lock"].contains(&name.as_str()))
        .collect()
}

#[tokio::test]
async fn a_missing_file_starts_empty_and_is_made_by_the_first_change() {
    let (folder, path) = folder();
    let store = open(&path).await;
    assert!(store.current().servers.is_empty());
    assert!(!path.exists());
    store
        .edit(vec![Change::set(
            ["mcpServers", "a", "url"],
            "https://a.example.com",
        )])
        .await
        .unwrap();
    let written: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        written,
        json!({ "mcpServers": { "a": { "url": "https://a.example.com" } } })
    );
    assert!(store.current().servers.contains("a"));
    // rule: safe-p04
    assert_eq!(mode(&path), 0o600);
    assert_eq!(strangers(folder.path()), Vec::<String>::new());
}

/// rule: safe-p05
#[tokio::test]
async fn a_file_that_does_not_parse_stops_the_start_and_is_not_touched() {
    let torn = "{\n  \"mcpServers\": {\n    \"a\": { \"url\": \"https://a.exam";
    for text in [torn, "{\"a\":1,}}", "[]", "nonsense"] {
        let (folder, path) = file(text);
        let error = Store::open(&path, environment()).await.err().unwrap();
        let OpenError::Unparsable { error: place, .. } = &error else {
            panic!("{error}")
        };
        assert!(
            place.line > 0
                && error
                    .to_string()
                    .contains(&format!("line {}, column", place.line)),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(strangers(folder.path()), Vec::<String>::new());
    }
    let (_folder, path) = file("");
    fs::write(&path, b"{\n\"a\": \"\xff\"}").unwrap();
    let error = Store::open(&path, environment()).await.err().unwrap();
    assert!(error.to_string().contains("line 2 is not UTF-8"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_missing_and_a_file_that_is_none_are_said() {
    let (folder, _) = folder();
    let error = Store::open(folder.path().join("no/where.json"), environment())
        .await
        .err()
        .unwrap();
    assert!(matches!(error, OpenError::NoFolder(_)), "{error}");
    let error = Store::open(folder.path(), environment())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error, OpenError::Unreadable(ReadError::NotAFile(_))),
        "{error}"
    );
}

/// rule: safe-p04, at-57
#[tokio::test]
async fn the_file_is_private_after_the_start_after_edits_and_after_other_editors() {
    let (folder, path) = file(TEXT);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&path).await;
    assert_eq!(mode(&path), 0o600);
    store.edit(vec![token("t")]).await.unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    store.reload().await;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&folder.path().join(".mcp_settings.json.lock")), 0o600);
}

/// rule: safe-p07
#[tokio::test]
async fn an_edit_keeps_comments_and_placeholders_and_is_published() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    let mut followed = store.subscribe();
    store.edit(vec![token("t")]).await.unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.contains("// mine") && written.contains("https://${HOST}/mcp"),
        "{written}"
    );
    assert_eq!(store.file().text(), written);
    assert!(followed.has_changed().unwrap());
    let server = Arc::clone(followed.borrow_and_update().servers.get("a").unwrap());
    assert!(server.oauth.access_token.is_some());
    assert!(
        matches!(&server.transport, Ok(settings::Transport::Http { url, .. }) if url == "https://a.example.com/mcp")
    );
}

/// rule: safe-p04
#[tokio::test]
async fn a_link_stays_a_link_and_its_target_is_written() {
    let (folder, path) = folder();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("real.json");
    fs::write(&target, TEXT).unwrap();
    symlink(&target, folder.path().join("second")).unwrap();
    symlink("second", &path).unwrap();
    let store = open(&path).await;
    store.edit(vec![token("t")]).await.unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("\"t\""));
    assert_eq!(mode(&target), 0o600);
    assert_eq!(strangers(folder.path()), ["second"]);
    assert!(elsewhere.path().join(".real.json.lock").is_file());

    let mut followed = store.subscribe();
    fs::write(&target, TEXT.replace("\"a\"", "\"b\"")).unwrap();
    soon(&mut followed, |settings| settings.servers.contains("b")).await;
}

#[tokio::test]
async fn a_link_to_nothing_gets_its_target() {
    let (folder, path) = folder();
    symlink("real.json", &path).unwrap();
    let store = open(&path).await;
    store
        .edit(vec![Change::set(
            ["mcpServers", "a"],
            serde_json::json!({}),
        )])
        .await
        .unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(folder.path().join("real.json").is_file());
}

#[tokio::test]
async fn changes_of_an_editor_are_noticed_however_it_saves() {
    let (folder, path) = file(TEXT);
    let store = open(&path).await;
    let mut followed = store.subscribe();
    let named = |name: &str| TEXT.replace("\"a\"", &format!("\"{name}\""));

    fs::write(&path, named("in-place")).unwrap();
    soon(&mut followed, |settings| {
        settings.servers.contains("in-place")
    })
    .await;

    let other = folder.path().join("other");
    fs::write(&other, named("renamed")).unwrap();
    fs::rename(&other, &path).unwrap();
    soon(&mut followed, |settings| {
        settings.servers.contains("renamed")
    })
    .await;

    fs::rename(&path, folder.path().join("mcp_settings.json~")).unwrap();
    fs::write(&path, named("moved-away")).unwrap();
    soon(&mut followed, |settings| {
        settings.servers.contains("moved-away")
    })
    .await;
}

#[tokio::test]
async fn an_edit_builds_on_what_is_on_disk_not_on_what_was_read() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    // Not noticed yet: nothing else has run between these two lines.
    fs::write(&path, TEXT.replace("// mine", "\"mine\": 1,")).unwrap();
    store.edit(vec![token("t")]).await.unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.contains("\"mine\": 1") && written.contains("\"t\""),
        "{written}"
    );
    assert_eq!(store.file().text(), written);
}

#[tokio::test]
async fn a_start_while_an_editor_saves_waits_for_the_rest_of_the_text() {
    let (first, rest) = TEXT.split_at(TEXT.len() / 2);
    let (_folder, path) = file(first);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let opening = tokio::spawn(Store::open(path.clone(), environment()));
    // Whoever reads the file takes it from others first.
    while mode(&path) == 0o644 && !opening.is_finished() {
        tokio::task::yield_now().await;
    }
    let mut saved = fs::OpenOptions::new().append(true).open(&path).unwrap();
    saved.write_all(rest.as_bytes()).unwrap();
    let store = opening.await.unwrap().unwrap();
    assert!(store.current().server("a").is_some());
}

/// rule: safe-p05
#[tokio::test]
async fn an_external_edit_that_does_not_parse_leaves_the_old_running_and_is_never_written_over() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    let before = store.current();
    let broken = TEXT.replace("\"mcpServers\":", "\"mcpServers\"");
    fs::write(&path, &broken).unwrap();
    store.reload().await;
    assert!(Arc::ptr_eq(&before, &store.current()));
    assert!(matches!(store.trouble(), Some(Trouble::Unparsable(error)) if error.line == 3));

    let error = store.edit(vec![token("t")]).await.unwrap_err();
    assert!(
        matches!(error, EditError::Change(settings::EditError::Unreadable(_))),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), broken);

    fs::write(&path, TEXT.replace("\"a\"", "\"b\"")).unwrap();
    store.reload().await;
    assert_eq!(store.trouble(), None);
    assert!(store.current().servers.contains("b"));
}

#[tokio::test]
async fn a_file_that_was_emptied_or_removed_is_not_made_anew_from_a_token() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    fs::write(&path, " \n").unwrap();
    assert!(matches!(
        store.edit(vec![token("t")]).await,
        Err(EditError::Gone)
    ));
    assert_eq!(fs::read_to_string(&path).unwrap(), " \n");
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        store.edit(vec![token("t")]).await,
        Err(EditError::Gone)
    ));
    assert!(!path.exists());
    store.reload().await;
    assert_eq!(store.trouble(), Some(Trouble::Gone));
    assert!(store.current().servers.contains("a"));
}

#[tokio::test]
async fn an_editor_in_the_middle_of_saving_is_waited_for() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    fs::write(&path, &TEXT[..30]).unwrap();
    let edit = tokio::spawn({
        let store = store.clone();
        async move { store.edit(vec![token("t")]).await }
    });
    // The edit holds the lock once it has begun to look.
    let lock = fs::File::open(path.with_file_name(".mcp_settings.json.lock")).unwrap();
    while lock.try_lock().is_ok() {
        lock.unlock().unwrap();
        tokio::task::yield_now().await;
    }
    fs::write(&path, TEXT.replace("\"a\"", "\"a\": {}, \"b\"")).unwrap();
    edit.await.unwrap().unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.contains("\"b\"") && written.contains("\"t\""),
        "{written}"
    );
}

/// rule: safe-p01
#[tokio::test]
async fn two_stores_on_one_file_lose_nothing() {
    let (folder, path) = file(TEXT);
    let stores = [open(&path).await, open(&path).await];
    let mut edits = tokio::task::JoinSet::new();
    for number in 0..30 {
        for (which, store) in stores.iter().enumerate() {
            let store = store.clone();
            let change = Change::set(
                [
                    "mcpServers",
                    "a",
                    "tools",
                    &format!("{which}-{number}"),
                    "enabled",
                ],
                false,
            );
            edits.spawn(async move { store.edit(vec![change]).await });
        }
    }
    while let Some(edited) = edits.join_next().await {
        edited.unwrap().unwrap();
    }
    for store in &stores {
        store.reload().await;
        assert_eq!(store.current().server("a").unwrap().tools.0.len(), 60);
    }
    assert_eq!(strangers(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn an_edit_is_finished_when_its_caller_goes_away() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    let mut followed = store.subscribe();
    let caller = tokio::spawn({
        let store = store.clone();
        async move { store.edit(vec![token("t")]).await }
    });
    tokio::task::yield_now().await;
    caller.abort();
    soon(&mut followed, |settings| {
        settings.server("a").unwrap().oauth.access_token.is_some()
    })
    .await;
    assert!(fs::read_to_string(&path).unwrap().contains("\"t\""));
}

#[tokio::test]
async fn an_edit_that_changes_nothing_does_not_write() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    let before = fs::metadata(&path).unwrap();
    store
        .edit(vec![Change::remove(["mcpServers", "nobody"])])
        .await
        .unwrap();
    store
        .edit(vec![Change::set(
            ["mcpServers", "a", "url"],
            "https://${HOST}/mcp",
        )])
        .await
        .unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
}

#[tokio::test]
async fn what_a_killed_process_left_behind_is_removed() {
    let (folder, path) = file(TEXT);
    fs::write(folder.path().join(".mcp_settings.json.Ab12Cd.tmp"), "{").unwrap();
    fs::write(folder.path().join("mine.tmp"), "").unwrap();
    open(&path).await;
    assert_eq!(strangers(folder.path()), ["mine.tmp"]);
}

#[tokio::test]
async fn a_change_is_made_only_where_it_was_made_up_for() {
    let (_folder, path) = file(TEXT);
    let store = open(&path).await;
    // Somebody else writes, and word of it has not come yet.
    let other = open(&path).await;
    other.edit(vec![token("theirs")]).await.unwrap();
    let says = |wanted: &'static str| {
        move |settings: &Settings| {
            let found = settings.server("a").unwrap().oauth.access_token.as_deref();
            found.is_some_and(|token| token.expose_secret() == wanted)
        }
    };
    let made = store.edit_when(says("mine"), vec![token("newer")]).await;
    assert!(!made.unwrap());
    assert!(
        says("theirs")(&store.current()),
        "what is there is known now"
    );
    let made = store.edit_when(says("theirs"), vec![token("newer")]).await;
    assert!(made.unwrap());
    assert!(fs::read_to_string(&path).unwrap().contains("newer"));
}

#[tokio::test]
async fn one_file_has_one_real_path_whatever_it_is_called() {
    let (folder, path) = file(TEXT);
    let (near, far) = (
        folder.path().join("near.json"),
        folder.path().join("far.json"),
    );
    symlink("mcp_settings.json", &near).unwrap();
    symlink(&near, &far).unwrap();
    for name in [&path, &near, &far] {
        assert_eq!(open(name).await.real_path(), path);
    }
}

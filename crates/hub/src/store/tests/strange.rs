//! Files that are too large, very large, or hold names that are words of power elsewhere.

use serde_json::Value;

use super::*;

/// rule: safe-p05
#[tokio::test]
async fn a_file_of_a_hundred_megabytes_stops_the_start_with_its_size_and_is_not_touched() {
    const SIZE: u64 = 100 << 20;
    let (folder, path) = file(TEXT);
    // Nothing is on disk of what was not written: the file is long, and the disk stays empty.
    let long = fs::OpenOptions::new().append(true).open(&path).unwrap();
    long.set_len(SIZE).unwrap();
    let error = Store::open(&path, environment()).await.err().unwrap();
    let said = error.to_string();
    assert!(
        said.contains("mcp_settings.json") && said.contains("64"),
        "{said}"
    );
    assert_eq!(fs::metadata(&path).unwrap().len(), SIZE);
    assert!(fs::read(&path).unwrap().starts_with(TEXT.as_bytes()));
    assert_eq!(strangers(folder.path()), Vec::<String>::new());
}

/// rule: safe-p05
#[tokio::test]
async fn five_thousand_servers_are_read_and_one_is_changed() {
    let servers: Map = (0..5000)
        .map(|n| {
            (
                format!("s{n}"),
                json!({ "url": format!("https://s{n}.example.com/mcp"), "mine": n }),
            )
        })
        .collect();
    let (_folder, path) = file(&json!({ "mcpServers": servers }).to_string());
    let store = open(&path).await;
    assert_eq!(store.current().servers.iter().count(), 5000);
    let change = Change::set(["mcpServers", "s4321", "enabled"], false);
    store.edit(vec![change]).await.unwrap();
    let mut expected = servers;
    expected["s4321"]["enabled"] = json!(false);
    let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(written, json!({ "mcpServers": expected }));
}

/// rule: safe-p05
#[tokio::test]
async fn names_with_power_elsewhere_are_names_like_others() {
    let text = r#"{ "__proto__": { "admin": true }, "mcpServers": {
        "__proto__": { "url": "https://p.example.com/mcp", "constructor": { "prototype": 1 } },
        "constructor": { "url": "https://c.example.com/mcp", "__proto__": { "enabled": false } } } }"#;
    let (_folder, path) = file(text);
    let store = open(&path).await;
    let settings = store.current();
    assert!(settings.server("constructor").unwrap().enabled);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let change = Change::set(["mcpServers", "constructor", "description"], "mine");
    store.edit(vec![change]).await.unwrap();
    let mut expected: Value = serde_json::from_str(text).unwrap();
    expected["mcpServers"]["constructor"]["description"] = json!("mine");
    let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(written, expected);
}

/// rule: safe-p05
#[tokio::test]
async fn a_byte_order_mark_and_fields_that_nobody_knows_survive_an_edit() {
    let text = "\u{feff}{ \"unknown\": [1, { \"x\": null }], \"mcpServers\": { \"a\": { \"url\": \"https://a.example.com\", \"later\": 1e400 } } }";
    let (_folder, path) = file(text);
    let store = open(&path).await;
    assert!(store.current().servers.contains("a"));
    let change = Change::set(["mcpServers", "a", "enabled"], false);
    store.edit(vec![change]).await.unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.starts_with("\u{feff}{ \"unknown\": [1, { \"x\": null }]"),
        "{written}"
    );
    assert!(written.contains("\"later\": 1e400"), "{written}");
    assert!(written.contains("\"enabled\": false"), "{written}");
}

type Map = serde_json::Map<String, Value>;

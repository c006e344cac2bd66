//! What anybody may ask: `/health` and what it says of the settings file, and the file's schema.

mod stage;

use http::{Method, StatusCode};
use serde_json::Value;
use stage::Stage;

async fn health(stage: &Stage) -> Value {
    stage.hub.store().reload().await;
    let answer = stage.ask_as(None, Method::GET, "/health", None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

/// rule: safe-p02
#[tokio::test]
async fn trouble_with_the_settings_file_is_seen_from_outside_and_over_when_it_is_mended() {
    let text = "{ \"mcpServers\": {} }";
    let stage = Stage::new(text).await;
    let well = health(&stage).await;
    assert_eq!(
        (&well["status"], &well["settings"]),
        (&"healthy".into(), &"ok".into())
    );
    for (broken, word) in [("{ \"hunter2\": ", "unparsable"), ("", "gone")] {
        std::fs::write(stage.path(), broken).unwrap();
        let ill = health(&stage).await;
        assert_eq!(
            (&ill["status"], &ill["settings"]),
            (&"degraded".into(), &word.into())
        );
        let shown = ill.to_string();
        assert!(
            !shown.contains("hunter2") && !shown.contains("mcp_settings"),
            "{shown}"
        );
        assert_eq!(stage.written(), broken);
    }
    std::fs::write(stage.path(), text).unwrap();
    assert_eq!(health(&stage).await["settings"], "ok");
}

#[tokio::test]
async fn editors_get_the_schema_of_the_settings_file_without_a_key() {
    let locked = r#"{ "systemConfig": { "routing": { "enableBearerAuth": true } } }"#;
    let stage = Stage::new(locked).await;
    let path = "/schema/mcp_settings.json";
    let answer = stage.ask_as(None, Method::GET, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/schema+json");
    assert!(answer.json()["properties"]["mcpServers"].is_object());
}

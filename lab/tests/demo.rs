//! The walk where it cannot go on: it says at which stage, and why.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by stopping"
)]

use std::path::PathBuf;

use mcphub_lab::demo::{Cause, DemoError, DemoOptions, run};

async fn failed(binary: &str) -> DemoError {
    let options = DemoOptions {
        binary: PathBuf::from(binary),
        auto: true,
        color: false,
        open_browser: false,
    };
    run(options).await.unwrap_err()
}

#[cfg(unix)]
#[tokio::test]
async fn a_hub_that_stops_at_once_fails_the_stage_that_starts_it() {
    let error = failed("/bin/false").await;
    assert_eq!(
        error.to_string(),
        "stage 2 of the demo failed: The hub starts"
    );
    assert!(
        matches!(error.cause, Cause::HubGone(status) if !status.success()),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_binary_that_does_not_exist_is_said() {
    let error = failed("/nowhere/mcphub").await;
    assert_eq!(error.number, 2);
    assert!(matches!(error.cause, Cause::NotStarted { .. }), "{error:?}");
    assert!(error.cause.to_string().contains("/nowhere/mcphub"));
}

//! The set of upstreams follows the settings: what changed moves, the rest does not notice.

use axum::response::Response;
use hub::upstream::{State, Upstream};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::{
    desk::{Desk, call, response, soon, until},
    stand_in::{Seen, StandIn},
};

async fn answers(seen: Seen) -> Response {
    seen.result(&json!({}))
}

impl Desk {
    pub(crate) fn write(&self, servers: &Value) {
        let text = json!({ "mcpServers": servers }).to_string();
        std::fs::write(self.folder.path().join("mcp_settings.json"), text).unwrap();
    }

    async fn appears(&self, name: &str) -> Upstream {
        let mut settings = self.hub.store().subscribe();
        soon(
            "the new settings",
            settings.wait_for(|settings| settings.server(name).is_some()),
        )
        .await
        .unwrap();
        let look = async {
            loop {
                match self.hub.upstreams().get(name) {
                    Some(upstream) => return upstream,
                    None => tokio::task::yield_now().await,
                }
            }
        };
        soon("the new upstream", look).await
    }
}

#[tokio::test]
async fn a_server_that_is_added_or_edited_leaves_the_others_connected() {
    let (one, two, three) = (
        StandIn::with_calls(answers).await,
        StandIn::with_calls(answers).await,
        StandIn::with_calls(answers).await,
    );
    let desk = Desk::with(json!({ "up": { "url": one.url }, "moves": { "url": two.url } })).await;
    desk.ready().await;
    let moves = desk.hub.upstreams().get("moves").unwrap();
    until(&moves, |state| matches!(state, State::Ready)).await;

    desk.write(&json!({ "new": { "url": one.url }, "up": { "url": one.url, "description": "mine" }, "moves": { "url": three.url } }));
    let new = desk.appears("new").await;
    until(&new, |state| matches!(state, State::Ready)).await;
    three
        .saw("the server at its new place", |seen| {
            seen.asks() == "tools/list"
        })
        .await;
    until(&moves, |state| matches!(state, State::Ready)).await;
    response(call(&moves, "1", "echo")).await.unwrap();
    assert_eq!(
        (
            one.count("initialize"),
            two.count("initialize"),
            three.count("initialize")
        ),
        (2, 1, 1)
    );
    let names: Vec<_> = desk
        .hub
        .upstreams()
        .all()
        .iter()
        .map(|upstream| upstream.name().to_owned())
        .collect();
    assert_eq!(names, ["new", "up", "moves"]);
}

#[tokio::test]
async fn times_and_what_is_shown_change_without_a_new_connection() {
    let server = StandIn::with_calls(|seen: Seen| async move {
        if seen.body["params"]["name"] == "hang" {
            std::future::pending::<()>().await;
        }
        answers(seen).await
    })
    .await;
    let desk = Desk::with(json!({ "up": { "url": server.url } })).await;
    let up = desk.ready().await;
    let toggled = json!({ "echo": { "enabled": false, "description": "mine" } });
    desk.write(&json!({
        "up": { "url": server.url, "tools": toggled, "options": { "timeout": 100, "resetTimeoutOnProgress": false } },
        "new": { "url": server.url },
    }));
    desk.appears("new").await;
    // The settings reach all upstreams in one go, one after the other.
    let error = soon("a call with the new time", async {
        loop {
            let mut late = call(&up, "1", "hang");
            let wait = std::time::Duration::from_millis(500);
            if let Ok(error) = tokio::time::timeout(wait, late.next()).await {
                return error.unwrap().unwrap_err();
            }
        }
    })
    .await;
    assert!(error.to_string().contains("\"options.timeout\""), "{error}");
    let greeted = server.count("initialize");
    assert!(greeted <= 2, "only the new one shook hands: {greeted}");
    response(call(&up, "2", "echo")).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_taken_out_is_disconnected_and_gone() {
    let server = StandIn::with_calls(answers).await;
    let desk = Desk::with(json!({ "up": { "url": server.url } })).await;
    let up = desk.ready().await;
    desk.write(&json!({}));
    until(&up, |state| matches!(state, State::Disabled)).await;
    server
        .saw("the good-bye", |seen| seen.method == http::Method::DELETE)
        .await;
    assert!(desk.hub.upstreams().all().is_empty());
    assert!(response(call(&up, "1", "echo")).await.is_err());
}

#[tokio::test]
async fn a_reload_connects_afresh_and_keeps_the_lists_meanwhile() {
    let server = StandIn::with_calls(answers).await;
    let desk = Desk::at(&server.url).await;
    let up = desk.ready().await;
    let mut events = desk.hub.upstreams().events();
    assert!(desk.hub.upstreams().reload("up").await);
    assert!(!desk.hub.upstreams().reload("nobody").await);
    loop {
        assert_eq!(up.catalog().tools.len(), 1);
        match soon("the new connection", events.recv()).await {
            Ok((_, hub::upstream::Event::Connected)) => break,
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(server.count("initialize"), 2);
}

#[tokio::test]
async fn connections_of_sessions_to_one_server_are_bounded_and_free_again_after_a_session() {
    let server = StandIn::with_calls(answers).await;
    let desk =
        Desk::with(json!({ "up": { "url": server.url, "enabled": true, "perSessionClient": true }, "all": { "url": server.url } }))
            .await;
    let ups = desk.hub.upstreams();
    let of = |number: usize| ups.serving("up", None, Some(&format!("s{number}")));
    for number in 0..64 {
        of(number).unwrap();
    }
    let refused = of(64).err().unwrap();
    assert!(
        refused.to_string().contains("perSessionClient"),
        "{refused}"
    );
    assert!(of(5).is_ok(), "who has one keeps it");
    ups.end_session("s5");
    assert_ne!(of(64).unwrap().key(), of(6).unwrap().key());
    assert_eq!(ups.serving("up", None, None).unwrap().key(), "up");
    assert_eq!(ups.serving("all", None, Some("s1")).unwrap().key(), "all");
}

#[tokio::test]
async fn a_connection_that_was_wanted_on_another_event_loop_outlives_that_loop() {
    let server = StandIn::with_calls(answers).await;
    let desk = Desk::with(json!({ "up": { "url": server.url, "perSessionClient": true } })).await;
    let ups = desk.hub.upstreams().clone();
    let elsewhere = std::thread::spawn(move || {
        let on_loop = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        on_loop.block_on(async { ups.serving("up", None, Some("s1")).unwrap() })
    });
    let up = elsewhere.join().unwrap();
    until(&up, |state| matches!(state, State::Ready)).await;
    response(call(&up, "1", "echo")).await.unwrap();
}

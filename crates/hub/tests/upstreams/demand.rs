//! Servers that run while somebody uses them, signs of life, and calls that outlive the connection that they began on.

use std::time::Duration;

use hub::upstream::{CallError, State, Upstream};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, call, response, soon, until},
    process::{alive, child, gone},
    stand_in::{Seen, StandIn},
};

fn processes(up: &Upstream) -> Vec<String> {
    let log = up.log();
    let started = log
        .iter()
        .filter_map(|line| line.text.strip_prefix("started as "));
    started.map(str::to_owned).collect()
}

async fn rests(up: &Upstream) {
    until(up, |state| matches!(state, State::Asleep)).await;
}

fn on_demand(idle: u64, options: &Value) -> Value {
    json!({ "up": { "command": child(), "args": [], "startOnDemand": true, "idleTimeoutMs": idle, "options": options } })
}

#[tokio::test]
async fn a_server_on_demand_is_started_by_a_call_and_stopped_when_nobody_calls() {
    let desk = Desk::with(on_demand(100, &json!({}))).await;
    let up = desk.up();
    assert!(matches!(up.state(), State::Asleep), "{:?}", up.state());
    assert!(up.log().is_empty(), "{:?}", up.log());
    for round in 1..=3 {
        response(call(&up, "1", "echo")).await.unwrap();
        rests(&up).await;
        assert_eq!(processes(&up).len(), round);
        gone(&processes(&up)[round - 1]).await;
        assert_eq!(up.catalog().tools.len(), 7, "its lists are remembered");
    }
}

#[tokio::test]
async fn a_server_on_demand_is_never_stopped_during_a_call() {
    let desk = Desk::with(on_demand(20, &json!({ "timeout": 500 }))).await;
    let up = desk.up();
    let error = response(call(&up, "1", "hang")).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    assert_eq!(processes(&up).len(), 1);
    rests(&up).await;
}

#[tokio::test]
async fn a_reload_wakes_a_server_on_demand_and_another_setting_keeps_it_running() {
    let desk = Desk::with(on_demand(20, &json!({}))).await;
    let up = desk.up();
    assert!(desk.hub.upstreams().reload("up").await);
    until(&up, |state| matches!(state, State::Ready)).await;
    rests(&up).await;
    desk.write(&json!({ "up": { "command": child(), "args": [] } }));
    until(&up, |state| matches!(state, State::Ready)).await;
}

#[tokio::test]
async fn a_call_finishes_in_the_process_where_it_began_when_the_settings_change() {
    let before =
        json!({ "up": { "command": child(), "args": ["one"], "options": { "timeout": 2_000 } } });
    let desk = Desk::with(before).await;
    let up = desk.ready().await;
    let under_way = tokio::spawn(response(call(&up, "1", "hang")));
    // It is on its way when a later one has its answer.
    tokio::task::yield_now().await;
    response(call(&up, "2", "echo")).await.unwrap();
    desk.write(&json!({ "up": { "command": child(), "args": ["two"] } }));
    let both = async {
        while processes(&up).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    soon("the new process", both).await;
    let old = processes(&up).remove(0);
    response(call(&up, "3", "echo")).await.unwrap();
    assert!(alive(&old), "a call is under way there");
    let error = under_way.await.unwrap().unwrap_err();
    assert!(
        matches!(error, CallError::Timeout { after, .. } if after == Duration::from_secs(2)),
        "{error}"
    );
    gone(&old).await;
    assert!(alive(&processes(&up)[1]));
}

async fn with_pings(answer: bool, options: Value) -> (StandIn, Desk) {
    let server = StandIn::with_calls(move |seen: Seen| async move {
        if seen.asks() == "ping" && !answer {
            std::future::pending::<()>().await;
        }
        seen.result(&json!({}))
    })
    .await;
    let up = json!({ "up": { "type": "streamable-http", "url": server.url, "enableKeepAlive": true, "keepAliveInterval": 20,
        "options": options } });
    let desk = Desk::with(up).await;
    (server, desk)
}

async fn until_asked(server: &StandIn, method: &'static str, times: usize) {
    let look = async {
        while server.count(method) < times {
            tokio::task::yield_now().await;
        }
    };
    soon(method, look).await;
}

// rule: mcp-ping
#[tokio::test]
async fn a_server_that_is_kept_alive_is_pinged_at_its_interval_over_one_connection() {
    let (server, desk) = with_pings(true, json!({})).await;
    desk.ready().await;
    until_asked(&server, "ping", 3).await;
    assert_eq!(server.count("initialize"), 1);
}

// rule: mcp-ping
#[tokio::test]
async fn a_server_that_gives_no_sign_of_life_is_connected_to_afresh() {
    let (server, _desk) = with_pings(false, json!({ "timeout": 50 })).await;
    until_asked(&server, "initialize", 2).await;
    assert!(server.count("ping") >= 1);
}

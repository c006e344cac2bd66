//! A hub as a process of its own, which calls all of its servers again and again and tells what came of it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use mcp::message::Message;
use mcphub_hub::Hub;
use mcphub_hub::clock::Clock;
use mcphub_hub::sign_in::State;
use serde_json::json;
use tokio::time::interval;

use super::{PACE, options, told};

const FILE: &str = "HOUR_FILE";
const SINCE: &str = "HOUR_SINCE";
/// How often each server is called, in the hub's time.
const EVERY: Duration = Duration::from_secs(15);

/// What all hubs told.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) answered: AtomicU64,
    /// Calls that could not be made while there was trouble.
    pub(crate) refused: AtomicU64,
    /// What must never be: a foreign answer, a person who is asked.
    pub(crate) wrong: Mutex<Vec<String>>,
}

impl Tally {
    fn hear(&self, said: &str) {
        match said {
            "answered" => drop(self.answered.fetch_add(1, Ordering::Relaxed)),
            "refused" => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
            wrong => self.wrong.lock().unwrap().push(wrong.to_owned()),
        }
    }
}

/// Killed when it is dropped.
pub(crate) struct HubProcess {
    child: Child,
}

impl HubProcess {
    pub(crate) fn start(file: &Path, since: SystemTime, tally: &Arc<Tally>) -> Self {
        let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hub_process::a_child", "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(FILE, file)
            .env(SINCE, since.as_millis().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let tally = Arc::clone(tally);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(said) = line.strip_prefix("CHILD ") {
                    tally.hear(said);
                }
            }
        });
        Self { child }
    }

    /// As `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.kill();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the test of the hour starts it as a process of its own"]
async fn a_child() {
    let file = PathBuf::from(told(FILE).expect("this is a process of the test beside it"));
    let since = told(SINCE).unwrap().parse().unwrap();
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
    let clock = Clock::paced(since, PACE);
    let hub = Hub::start(options(&file, clock.clone())).await.unwrap();
    let settings = hub.store().current();
    let all = settings.servers.names().map(|server| {
        let (hub, every) = (&hub, clock.wait_for(EVERY));
        async move {
            let mut turns = interval(every);
            for turn in 0_u64.. {
                turns.tick().await;
                say(&call(hub, server, turn).await);
            }
        }
    });
    futures::future::join_all(all).await;
}

/// Calls until there is an answer.
pub(crate) async fn answered(hub: &Hub, server: &str) {
    let mut turns = interval(Duration::from_millis(100));
    for turn in 0.. {
        turns.tick().await;
        let said = call(hub, server, turn).await;
        assert!(said == "answered" || said == "refused", "{said}");
        if said == "answered" {
            return;
        }
    }
}

/// One call of a tool, in a word; or in words, when it went wrong.
async fn call(hub: &Hub, server: &str, turn: u64) -> String {
    let text = format!("{server} {turn}");
    let params = json!({ "name": "echo", "arguments": { "text": text } }).to_string();
    let Some(upstream) = hub.upstreams().get(server) else {
        return format!("{server} is not there");
    };
    let mut call = upstream.call(Message::request("1", "tools/call", Some(&params)));
    loop {
        match call.next().await {
            Some(Ok(message)) => {
                if let Some(result) = message.result() {
                    let ours = result.contains(&format!("\"{text}\""));
                    let foreign = || format!("{server} answered {result} to {text}");
                    return if ours {
                        "answered".to_owned()
                    } else {
                        foreign()
                    };
                }
                if message.error().is_some() {
                    return format!("{server}: {}", message.text());
                }
            }
            Some(Err(error)) => {
                let view = hub.sign_ins().view(server);
                let passes = matches!(
                    view.state,
                    State::Connected | State::RefreshFailing | State::Disconnected
                );
                let wrong = || format!("{server}: {:?}: {}: {error}", view.state, view.reason);
                return if passes {
                    "refused".to_owned()
                } else {
                    wrong()
                };
            }
            None => return format!("{server}: no answer"),
        }
    }
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    // The parent may have stopped to listen; then this process is about to be killed.
    drop(writeln!(out, "\nCHILD {}", words.replace('\n', " ")));
    drop(out.flush());
}

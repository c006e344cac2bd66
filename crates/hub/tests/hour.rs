//! An hour of trouble in a minute and a half: two hubs on one settings file, killed at random, in front of twenty servers with
//! tokens of a minute and token endpoints that fail in every way that passes.
//!
//! The hubs are processes of their own: this test binary starts itself again. Clocks run `PACE` times as fast, the hubs' and
//! the practice worlds' alike. What goes wrong when comes from a seed, which is printed; `HOUR_SEED` repeats it.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

#[path = "hour/hub_process.rs"]
mod hub_process;
#[path = "hour/verdict.rs"]
mod verdict;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lab::{Browser, Consent, Decision, Endpoint, Fault, Rotation, Switches, Trouble, World};
use mcphub_hub::clock::Clock;
use mcphub_hub::sign_in::SignIns;
use mcphub_hub::{Hub, HubOptions};
use serde_json::{Value, json};
use tokio::time::{Instant, interval, timeout};

use hub_process::{HubProcess, Tally};

const SERVERS: usize = 20;
const HOUR: Duration = Duration::from_secs(3_600);
const PACE: u32 = 40;
const LOOK: Duration = Duration::from_millis(50);
/// Real time for the last calls, when all trouble is over.
const CALM: Duration = Duration::from_secs(120);

/// Chance that can be repeated (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn fault(&mut self) -> Fault {
        match self.roll(20) {
            0 => Fault::status(500),
            1 => Fault::status(503),
            2 => Fault::busy(1 + self.roll(5)),
            3 => Fault::Html,
            4 => Fault::Hang,
            5 => Fault::Drop,
            6 => Fault::Lose,
            7 => Fault::Slow {
                milliseconds: self.roll(200),
            },
            _ => Fault::Pass,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a person repeats a seed, and how a child learns its task"
)]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Past what the test harness holds back: whoever reads the output wants the seed and the counts of a good hour, too.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
}

fn options(path: &Path, clock: Clock) -> HubOptions {
    HubOptions {
        settings_path: path.to_owned(),
        vault: mcphub_hub::vault::Vault::default(),
        environment: Arc::new(|_| None),
        port: 3000,
        clock,
    }
}

/// A practice world whose tokens live for a minute. A refresh token works until its successor is used: no client can keep a
/// grant whose answer was lost where nothing of the kind is granted.
async fn world() -> World {
    let switches = Switches {
        consent: Consent::Allow,
        token_life: 60,
        rotation: Rotation::Lenient,
        mcp_sessions: false,
        mcp_stream: false,
        ..Switches::default()
    };
    World::start(switches).await.unwrap()
}

fn name(number: usize) -> String {
    format!("server-{number:02}")
}

async fn sign_in(sign_ins: &SignIns, server: &str) {
    let link = sign_ins.begin(server).await.unwrap().url;
    let browser = Browser::new().unwrap();
    let back = browser.decide(&link, Decision::Allow).await.unwrap();
    let query = back.split_once('?').unwrap().1;
    sign_ins.callback(query).await.unwrap();
}

/// The file is whole at every moment, and holds both tokens of every server.
fn look(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|torn| panic!("{torn}: {text}"));
    for number in 0..SERVERS {
        let oauth = &file["mcpServers"][name(number)]["oauth"];
        for key in ["accessToken", "refreshToken"] {
            let token = oauth[key].as_str().unwrap_or_default();
            assert!(!token.is_empty(), "{}: no {key}", name(number));
        }
    }
}

// rule: at-09, at-57, safe-l05, safe-p01
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_of_trouble_costs_no_grant() {
    let seed = told("HOUR_SEED").map(|seed| seed.parse().unwrap());
    let seed = seed.unwrap_or_else(|| u64::from_le_bytes(mcphub_hub::chance::bytes()));
    say(&format!("HOUR_SEED={seed}"));
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp_settings.json");
    let worlds = futures::future::join_all((0..SERVERS).map(|_| world())).await;
    let servers: serde_json::Map<String, Value> = (worlds.iter().enumerate())
        .map(|(number, world)| (name(number), json!({ "url": world.mcp_url() })))
        .collect();
    let document = json!({ "mcpServers": servers });
    std::fs::write(&path, document.to_string()).unwrap();

    let hub = Hub::start(options(&path, Clock::system())).await.unwrap();
    for number in 0..SERVERS {
        sign_in(hub.sign_ins(), &name(number)).await;
    }
    hub.shutdown().await;
    drop(hub);

    for world in &worlds {
        let plan: Vec<Fault> = (0..1_000).map(|_| dice.fault()).collect();
        world.switches(|switches| {
            for fault in plan {
                switches.order(Endpoint::Token, Trouble::once(fault));
            }
        });
        world.hurry(PACE);
    }
    let since = Clock::system().now();
    let tally = Arc::new(Tally::default());
    let mut hubs = [0, 1].map(|_| HubProcess::start(&path, since, &tally));
    let end = Instant::now() + HOUR / PACE;
    let mut looks = interval(LOOK);
    let (mut kills, mut until_next) = (0, 40);
    while Instant::now() < end {
        looks.tick().await;
        look(&path);
        until_next -= 1;
        if until_next == 0 {
            let struck = usize::try_from(dice.roll(2)).unwrap();
            hubs[struck].kill();
            kills += 1;
            hubs[struck] = HubProcess::start(&path, since, &tally);
            until_next = 20 + dice.roll(100);
        }
    }
    for hub in &mut hubs {
        hub.kill();
    }

    // All trouble is over: everything works, and nobody has to sign in.
    for world in &worlds {
        world.switches(|switches| switches.calm(Endpoint::Token));
    }
    let hub = Hub::start(options(&path, Clock::paced(since, PACE)))
        .await
        .unwrap();
    for number in 0..SERVERS {
        let server = name(number);
        let answered = timeout(CALM, hub_process::answered(&hub, &server)).await;
        assert!(answered.is_ok(), "{:?}", hub.sign_ins().view(&*server));
    }
    look(&path);
    verdict::judge(&worlds, &tally, kills);
}

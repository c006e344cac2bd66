//! Calls of many kinds: direct, through nginx and through the hub, one after the other, several times over.

use std::io;
use std::time::Duration;

use crate::load::{Round, Work, open, round};
use crate::process::{Middle, Servers};
use crate::table::{Table, median};
use crate::upstream;
use crate::wire::Side;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);

/// One kind of work.
struct Kind {
    name: String,
    /// Which hub takes it, and where.
    hub: Hub,
    path: &'static str,
    work: Work,
    /// What is asked of the upstream itself and through nginx, where that is something else.
    plain: Option<Work>,
    /// The least that the hub is to answer in the time in which nginx answers one.
    goal: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hub {
    Http,
    Stdio,
    /// A hundred upstreams.
    Many,
}

/// What was measured of one kind.
pub(crate) struct Measured {
    pub(crate) name: String,
    /// Calls a second, as a ratio to nginx.
    pub(crate) per_second: f64,
    pub(crate) goal: Option<f64>,
}

/// Upstreams whose lists are merged.
const MANY: usize = 100;

fn kinds(merged_bytes: usize) -> Vec<Kind> {
    let kind = |name: &str, path, work: Work, goal| Kind {
        name: format!("{name}, c = {}", work.connections),
        hub: Hub::Http,
        path,
        work,
        plain: None,
        goal,
    };
    let call = |tool: &str, connections| Work::call(tool, connections, ROUND);
    let mut kinds = vec![
        kind("call, 64 B", "/mcp/up0", call("b64", 1), None),
        kind("call, 64 B", "/mcp/up0", call("b64", 32), Some(0.85)),
        kind("call, 64 B", "/mcp/up0", call("b64", 256), Some(0.8)),
        kind("call, 1 kB", "/mcp/up0", call("b1024", 32), Some(0.85)),
        kind("call, 64 kB", "/mcp/up0", call("b65536", 8), Some(0.85)),
        kind("call, 256 kB", "/mcp/up0", call("b262144", 8), Some(0.85)),
        kind(
            "call, SSE with progress",
            "/mcp/up0",
            call("sse", 32),
            Some(0.8),
        ),
    ];
    kinds.push(Kind {
        plain: Some(call("b64", 32)),
        ..kind(
            "call on /mcp, 64 B",
            "/mcp",
            call("up0-b64", 32),
            Some(0.85),
        )
    });
    let paced = Work {
        pace: Some(2_000),
        ..call("b64", 16)
    };
    kinds.push(kind("call, 64 B, paced 2,000/s", "/mcp/up0", paced, None));
    // 4 times agentgateway and 2.5 times a proxy on the SDK, which reached 0.25 and 0.44 of nginx where they were measured.
    for (connections, goal) in [(1, None), (32, Some(1.1))] {
        kinds.push(Kind {
            hub: Hub::Stdio,
            ..kind(
                "call over stdio, 64 B",
                "/mcp/up0",
                call("b64", connections),
                goal,
            )
        });
    }
    // 1.5 times the cost of sending the bytes.
    kinds.push(Kind {
        hub: Hub::Many,
        plain: Some(call(&format!("b{merged_bytes}"), 8)),
        ..kind(
            &format!("list of {} tools of {MANY} servers", MANY * upstream::TOOLS),
            "/mcp",
            Work::list(8, ROUND),
            Some(0.67),
        )
    });
    kinds
}

pub(crate) async fn measure(
    upstream: &str,
    only: Option<&str>,
    table: &mut Table,
) -> io::Result<Vec<Measured>> {
    let http = Middle::hub(&Servers::Http(1, upstream.to_owned())).await?.0;
    let stdio = Middle::hub(&Servers::Stdio).await?.0;
    let many = Middle::hub(&Servers::Http(MANY, upstream.to_owned()))
        .await?
        .0;
    let list = open(Side::new(&many.address, "/mcp")).await?;
    let merged = crate::load::ask(&list, &Work::list(1, ROUND)).await?.len();
    let nginx = Middle::nginx(upstream).await?;
    if nginx.is_none() {
        table.say("nginx is not installed, so nothing is compared to it (Debian: apt-get install nginx-light)");
    }
    table.head(&[
        "work",
        "calls/s to nginx",
        "goal",
        "to direct",
        "p50 to nginx",
        "p99 to nginx",
        "p50 added, us (nginx)",
        "p99 added, us (nginx)",
        "CPU us a call (nginx)",
        "CPU to nginx",
    ]);
    let wanted = |kind: &Kind| only.is_none_or(|only| kind.name.contains(only));
    let mut measured = Vec::new();
    for kind in kinds(merged).into_iter().filter(wanted) {
        let hub = match kind.hub {
            Hub::Http => &http,
            Hub::Stdio => &stdio,
            Hub::Many => &many,
        };
        let plain = kind.plain.as_ref().unwrap_or(&kind.work);
        let direct = open(Side::new(upstream, "/mcp/0")).await?;
        let through = open(Side::new(&hub.address, kind.path)).await?;
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let bare = round(&direct, plain).await?;
            let proxied = match &nginx {
                Some(nginx) => {
                    Some(spent(nginx, &Side::new(&nginx.address, "/mcp/0"), plain).await?)
                }
                None => None,
            };
            let hub = spent(hub, &through, &kind.work).await?;
            rounds.push(Rounds { bare, proxied, hub });
        }
        let per_second = to_nginx(&rounds, |(round, _)| round.per_second);
        table.row(&row(&kind, &rounds));
        measured.push(Measured {
            name: kind.name,
            per_second,
            goal: kind.goal,
        });
    }
    Ok(measured)
}

/// A round, and the CPU time in microseconds that the one in the middle took for a call.
type Spent = (Round, f64);

/// One round of each.
struct Rounds {
    bare: Round,
    proxied: Option<Spent>,
    hub: Spent,
}

fn row(kind: &Kind, rounds: &[Rounds]) -> Vec<String> {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let added = |of: fn(&Round) -> Duration| {
        let hub = rounds
            .iter()
            .map(|it| micros(of(&it.hub.0)) - micros(of(&it.bare)));
        let nginx = rounds
            .iter()
            .filter_map(|it| Some(micros(of(&it.proxied.as_ref()?.0)) - micros(of(&it.bare))));
        format!("{:.0} ({:.0})", median(hub), median(nginx))
    };
    let to_direct = rounds
        .iter()
        .map(|it| it.hub.0.per_second / it.bare.per_second);
    let cpu = median(rounds.iter().map(|it| it.hub.1));
    let cpu_of_nginx = median(rounds.iter().filter_map(|it| Some(it.proxied.as_ref()?.1)));
    let ratio = |of: fn(&Spent) -> f64| format!("{:.2}", to_nginx(rounds, of));
    vec![
        kind.name.clone(),
        ratio(|(round, _)| round.per_second),
        kind.goal.map(|goal| goal.to_string()).unwrap_or_default(),
        format!("{:.2}", median(to_direct)),
        ratio(|(round, _)| round.p50.as_secs_f64()),
        ratio(|(round, _)| round.p99.as_secs_f64()),
        added(|round| round.p50),
        added(|round| round.p99),
        format!("{cpu:.1} ({cpu_of_nginx:.1})"),
        ratio(|(_, cpu)| *cpu),
    ]
}

/// The median over the rounds of the hub's figure by nginx's.
fn to_nginx(rounds: &[Rounds], of: fn(&Spent) -> f64) -> f64 {
    let ratios = rounds
        .iter()
        .filter_map(|it| Some(of(&it.hub) / of(it.proxied.as_ref()?)));
    median(ratios)
}

pub(crate) async fn spent(middle: &Middle, side: &Side, work: &Work) -> io::Result<Spent> {
    let before = middle.cpu()?;
    let round = round(side, work).await?;
    let cpu = middle.cpu()?.saturating_sub(before);
    Ok((round, cpu.as_secs_f64() * 1e6 / round.calls as f64))
}

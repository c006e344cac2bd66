//! What the hub adds to a call, as ratios to nginx as a plain reverse proxy and to the direct connection, interleaved in
//! one run (absolute figures mean nothing from one machine to the next).
//!
//! The upstream and the load generator live in this process and speak HTTP/1.1 by hand, so that they cost as little as
//! possible; the hub is the release binary (`MCPHUB_BIN`, else `target/release/mcphub`), with a bearer key and sessions. Where nginx is
//! not installed, its columns stay empty, and the table says so.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench asks the clock and is its own root"
)]

mod load;
mod process;
mod table;
mod upstream;
mod wire;

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;

use load::{Round, Work, open, round, sessions};
use process::{Middle, Servers};
use table::{Table, median};
use wire::Side;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    if std::env::args().any(|argument| argument == "--stdio-upstream") {
        return upstream::serve_stdio();
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(bench())
}

async fn bench() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let upstream = listener.local_addr()?.to_string();
    tokio::spawn(upstream::serve(listener));
    let mut table = Table::new(&[
        "work",
        "calls/s to nginx",
        "to direct",
        "p50 to nginx",
        "p99 to nginx",
        "CPU us a call",
        "nginx's",
        "CPU to nginx",
    ]);
    calls(&upstream, &mut table).await?;
    stdio(&mut table).await?;
    growth(&upstream, &mut table).await?;
    memory(&upstream, &mut table).await?;
    let file = table.write()?;
    table.say(format!("written to {}", file.display()));
    Ok(())
}

/// One kind of work, and where the hub takes it.
fn kinds() -> Vec<(String, &'static str, Work)> {
    let mut kinds = Vec::new();
    for connections in [1, 32, 256] {
        let work = Work::call("b64", connections, ROUND);
        kinds.push((format!("call, 64 B, c = {connections}"), "/mcp/up0", work));
    }
    for (tool, size, connections) in [
        ("b1024", "1 kB", 32),
        ("b65536", "64 kB", 8),
        ("b262144", "256 kB", 8),
    ] {
        let work = Work::call(tool, connections, ROUND);
        kinds.push((format!("call, {size}, c = {connections}"), "/mcp/up0", work));
    }
    let merged = Work::call("up0-b64", 32, ROUND);
    kinds.push((
        "call by its long name, 64 B, c = 32".to_owned(),
        "/mcp",
        merged,
    ));
    let streamed = Work::call("sse", 32, ROUND);
    kinds.push((
        "call, SSE with progress, c = 32".to_owned(),
        "/mcp/up0",
        streamed,
    ));
    let paced = Work {
        pace: Some(2_000),
        ..Work::call("b64", 16, ROUND)
    };
    kinds.push((
        "call, 64 B, paced 2,000/s, c = 16".to_owned(),
        "/mcp/up0",
        paced,
    ));
    kinds
}

/// Direct, nginx and hub one after the other, several times over.
async fn calls(upstream: &str, table: &mut Table) -> io::Result<()> {
    let (hub, _) = Middle::hub(&Servers::Http(1, upstream.to_owned())).await?;
    let nginx = Middle::nginx(upstream).await?;
    if nginx.is_none() {
        table.say("nginx is not installed, so nothing is compared to it (Debian: apt-get install nginx-light)");
    }
    let only = std::env::args()
        .nth(1)
        .filter(|only| !only.starts_with("--"));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    for (name, path, work) in kinds().into_iter().filter(|(name, ..)| wanted(name)) {
        let plain = if path == "/mcp" {
            Work::call("b64", work.connections, work.time)
        } else {
            work.clone()
        };
        let direct = open(Side::new(upstream, "/mcp/0")).await?;
        let through = open(Side::new(&hub.address, path)).await?;
        let mut all = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let bare = round(&direct, &plain).await?;
            let proxied = match &nginx {
                Some(nginx) => {
                    Some(spent(nginx, &Side::new(&nginx.address, "/mcp/0"), &plain).await?)
                }
                None => None,
            };
            all.push((bare, proxied, spent(&hub, &through, &work).await?));
        }
        let to_nginx = |of: fn(&(Round, f64)) -> f64| {
            median(
                all.iter()
                    .filter_map(|(_, nginx, hub)| Some(of(hub) / of(nginx.as_ref()?))),
            )
        };
        let cells = [
            to_nginx(|(round, _)| round.per_second),
            median(
                all.iter()
                    .map(|(bare, _, (hub, _))| hub.per_second / bare.per_second),
            ),
            to_nginx(|(round, _)| round.p50.as_secs_f64()),
            to_nginx(|(round, _)| round.p99.as_secs_f64()),
        ];
        let mut row = vec![name];
        row.extend(cells.map(|ratio| format!("{ratio:.2}")));
        row.push(format!(
            "{:.1}",
            median(all.iter().map(|(_, _, (_, cpu))| *cpu))
        ));
        row.push(format!(
            "{:.1}",
            median(
                all.iter()
                    .filter_map(|(_, nginx, _)| Some(nginx.as_ref()?.1))
            )
        ));
        row.push(format!("{:.2}", to_nginx(|(_, cpu)| *cpu)));
        table.row(&row);
    }
    Ok(())
}

/// A round, and the CPU time in microseconds that the one in the middle took for a call.
async fn spent(middle: &Middle, side: &Side, work: &Work) -> io::Result<(Round, f64)> {
    let before = middle.cpu()?;
    let round = round(side, work).await?;
    let cpu = middle.cpu()?.saturating_sub(before);
    Ok((round, cpu.as_secs_f64() * 1e6 / round.calls as f64))
}

async fn stdio(table: &mut Table) -> io::Result<()> {
    let (hub, _) = Middle::hub(&Servers::Stdio).await?;
    let side = open(Side::new(&hub.address, "/mcp/up0")).await?;
    for connections in [1, 32] {
        let (round, cpu) = spent(&hub, &side, &Work::call("b64", connections, ROUND)).await?;
        table.say(format!(
            "stdio upstream, c = {connections}: {:.0} calls/s, {cpu:.1} us of CPU a call (with the upstream's own)",
            round.per_second
        ));
    }
    Ok(())
}

/// Cold start, memory at rest, the merged list and the cost of a call, by the number of upstreams.
async fn growth(upstream: &str, table: &mut Table) -> io::Result<()> {
    for count in [1, 10, 50, 100, 1_000] {
        let (hub, started) = Middle::hub(&Servers::Http(count, upstream.to_owned())).await?;
        let rest = hub.memory()?;
        let idle = hub.cpu()?;
        tokio::time::sleep(ROUND).await;
        let idle = hub.cpu()?.saturating_sub(idle);
        let merged = open(Side::new(&hub.address, "/mcp")).await?;
        let (list, list_cpu) = spent(&hub, &merged, &Work::list(8, ROUND)).await?;
        let one = open(Side::new(&hub.address, "/mcp/up0")).await?;
        let (call, call_cpu) = spent(&hub, &one, &Work::call("b64", 32, ROUND)).await?;
        table.say(format!(
            "{count} upstreams: first whole list after {:.0} ms, {rest:.1} MB and {} ms of CPU a second at rest; \
             list of {} tools {:.0}/s, {list_cpu:.0} us each; call {:.0}/s, {call_cpu:.1} us each",
            started.as_secs_f64() * 1e3,
            idle.as_millis(),
            count * upstream::TOOLS,
            list.per_second,
            call.per_second,
        ));
    }
    Ok(())
}

async fn memory(upstream: &str, table: &mut Table) -> io::Result<()> {
    let (hub, _) = Middle::hub(&Servers::Http(1, upstream.to_owned())).await?;
    let side = Side::new(&hub.address, "/mcp");
    let rest = hub.memory()?;
    let mut opened = 0;
    for count in [1_000, 10_000] {
        sessions(&side, count - opened).await?;
        opened = count;
        let now = hub.memory()?;
        table.say(format!(
            "{count} open sessions: {now:.1} MB, {:.1} kB each",
            (now - rest) * 1024.0 / count as f64
        ));
    }
    Ok(())
}

//! Cold start, rest, the merged list and the cost of a call, by the number of upstreams; and memory by the number of sessions.

use std::io;
use std::time::Duration;

use crate::calls::spent;
use crate::load::{self, Work, open};
use crate::process::{Middle, Servers};
use crate::table::{Table, median};
use crate::upstream;
use crate::wire::Side;

const ROUND: Duration = Duration::from_secs(1);
/// So long a hub is watched at rest.
const REST: Duration = Duration::from_secs(3);
/// Starts of which the median is told.
const STARTS: usize = 5;

/// What was measured with so many upstreams.
pub(crate) struct Grown {
    pub(crate) upstreams: usize,
    /// CPU time of one call in microseconds.
    pub(crate) call: f64,
}

pub(crate) async fn measure(upstream: &str, table: &mut Table) -> io::Result<Vec<Grown>> {
    table.head(&[
        "upstreams",
        "ms to the first whole list",
        "MB at rest",
        "CPU ms a second at rest",
        "tools in a list",
        "lists/s, c = 8",
        "CPU us a list",
        "calls/s, c = 32",
        "CPU us a call",
    ]);
    let mut grown = Vec::new();
    for count in [1, 10, 50, 100, 1_000] {
        let servers = Servers::Http(count, upstream.to_owned());
        let starts = if count > 100 { 1 } else { STARTS };
        let mut took = Vec::new();
        for _ in 1..starts {
            took.push(Middle::hub(&servers).await?.1);
        }
        let (hub, last) = Middle::hub(&servers).await?;
        took.push(last);
        // What a start has left to do is done.
        tokio::time::sleep(ROUND).await;
        let idle = hub.cpu()?;
        tokio::time::sleep(REST).await;
        let idle = hub.cpu()?.saturating_sub(idle);
        let rest = hub.memory()?;
        let merged = open(Side::new(&hub.address, "/mcp")).await?;
        let (list, list_cpu) = spent(&hub, &merged, &Work::list(8, ROUND)).await?;
        let one = open(Side::new(&hub.address, "/mcp/up0")).await?;
        let (call, call_cpu) = spent(&hub, &one, &Work::call("b64", 32, ROUND)).await?;
        table.row(&[
            count.to_string(),
            format!(
                "{:.0}",
                median(took.iter().map(|took| took.as_secs_f64() * 1e3))
            ),
            format!("{rest:.1}"),
            format!("{:.2}", idle.as_secs_f64() * 1e3 / REST.as_secs_f64()),
            (count * upstream::TOOLS).to_string(),
            format!("{:.0}", list.per_second),
            format!("{list_cpu:.0}"),
            format!("{:.0}", call.per_second),
            format!("{call_cpu:.1}"),
        ]);
        grown.push(Grown {
            upstreams: count,
            call: call_cpu,
        });
    }
    Ok(grown)
}

pub(crate) async fn sessions(upstream: &str, table: &mut Table) -> io::Result<()> {
    let (hub, _) = Middle::hub(&Servers::Http(1, upstream.to_owned())).await?;
    let side = Side::new(&hub.address, "/mcp");
    // What a start has left to do is done.
    tokio::time::sleep(ROUND).await;
    let rest = hub.memory()?;
    let mut opened = 0;
    for count in [1_000, 10_000] {
        load::sessions(&side, count - opened).await?;
        opened = count;
        let now = hub.memory()?;
        table.say(format!(
            "{count} open sessions: {now:.1} MB, {:.1} kB each",
            (now - rest) * 1024.0 / count as f64
        ));
    }
    Ok(())
}

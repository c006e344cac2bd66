//! How long the first event of a streamed answer takes, when the answer itself comes later.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;

use crate::load::{Work, connect, open};
use crate::process::{Middle, Servers};
use crate::table::{Table, median};
use crate::wire::Side;

/// Calls of each.
const CALLS: usize = 200;

pub(crate) async fn measure(upstream: &str, table: &mut Table) -> io::Result<()> {
    let hub = Middle::hub(&Servers::Http(1, upstream.to_owned())).await?.0;
    let nginx = Middle::nginx(upstream).await?;
    let direct = open(Side::new(upstream, "/mcp/0")).await?;
    let through = open(Side::new(&hub.address, "/mcp/up0")).await?;
    let mut added = Vec::with_capacity(CALLS);
    for call in 0..CALLS {
        let bare = first(&direct, call).await?;
        let proxied = match &nginx {
            Some(nginx) => Some(first(&Side::new(&nginx.address, "/mcp/0"), call).await?),
            None => None,
        };
        added.push((bare, proxied, first(&through, call).await?));
    }
    let behind = |time: &Duration, bare: &Duration| (time.as_secs_f64() - bare.as_secs_f64()) * 1e3;
    let hub = median(added.iter().map(|(bare, _, hub)| behind(hub, bare)));
    let nginx = median(
        added
            .iter()
            .filter_map(|(bare, nginx, _)| Some(behind(nginx.as_ref()?, bare))),
    );
    table.say(format!(
        "first event of a stream behind the direct connection: {hub:.2} ms, nginx {nginx:.2} ms (goal: at most 0.3 ms)"
    ));
    Ok(())
}

/// The connection ends with the first event. The hub goes on with the call for a while, so each has an id of its own.
async fn first(side: &Side, call: usize) -> io::Result<Duration> {
    let mut reader = connect(side).await?;
    let request = side.request(&Work::call("late", 1, Duration::ZERO).body(call));
    let began = Instant::now();
    reader.stream.write_all(&request).await?;
    reader.until(b"notifications/progress").await?;
    Ok(began.elapsed())
}

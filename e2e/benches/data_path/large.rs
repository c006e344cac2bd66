//! An answer of 50 MB: how fast it passes, and what it takes of memory.

use std::io;
use std::time::Duration;

use crate::load::{Work, open, round};
use crate::process::{Middle, Servers};
use crate::table::{Table, median};
use crate::wire::Side;

const BYTES: usize = 50 * 1024 * 1024;
const ROUNDS: usize = 3;

pub(crate) async fn measure(upstream: &str, table: &mut Table) -> io::Result<()> {
    let hub = Middle::hub(&Servers::Http(1, upstream.to_owned())).await?.0;
    let nginx = Middle::nginx(upstream).await?;
    let through = open(Side::new(&hub.address, "/mcp/up0")).await?;
    let work = Work::call(&format!("b{BYTES}"), 1, Duration::from_secs(1));
    // What a start has left to do is done.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rest = hub.most_memory()?;
    let mut ratios = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let hub = round(&through, &work).await?.per_second;
        if let Some(nginx) = &nginx {
            let plain = round(&Side::new(&nginx.address, "/mcp/0"), &work).await?;
            ratios.push(hub / plain.per_second);
        }
    }
    table.say(format!(
        "an answer of 50 MB: {:.2} of nginx's calls/s, {:.0} MB of memory at most ({rest:.0} MB before), {:.0} MB afterwards",
        median(ratios.into_iter()),
        hub.most_memory()?,
        hub.memory()?,
    ));
    Ok(())
}

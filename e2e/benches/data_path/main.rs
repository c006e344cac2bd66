//! What the hub adds to a call, as ratios to nginx as a plain reverse proxy and to the direct connection, interleaved in
//! one run (absolute figures mean nothing from one machine to the next).
//!
//! The upstream and the load generator live in this process and speak HTTP/1.1 by hand, so that they cost as little as
//! possible; the hub is the release binary (`MCPHUB_BIN`, else `target/release/mcphub`), with a bearer key and sessions. Where nginx is
//! not installed, its columns stay empty, and the table says so. A word as argument measures the kinds of work with it in their names.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench asks the clock and is its own root"
)]

mod calls;
mod first_event;
mod growth;
mod large;
mod load;
mod plot;
mod process;
mod table;
mod upstream;
mod wire;

use std::io;

use tokio::net::TcpListener;

use table::Table;

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
    let only = std::env::args()
        .nth(1)
        .filter(|only| !only.starts_with("--"));
    let mut table = Table::default();
    let measured = calls::measure(&upstream, only.as_deref(), &mut table).await?;
    if only.is_some() {
        return Ok(());
    }
    first_event::measure(&upstream, &mut table).await?;
    large::measure(&upstream, &mut table).await?;
    let grown = growth::measure(&upstream, &mut table).await?;
    growth::sessions(&upstream, &mut table).await?;
    let plot = table::folder()?.join("data_path.svg");
    plot::draw(&plot, &measured, &grown)?;
    table.say(format!("drawn in {}", plot.display()));
    let file = table.write()?;
    table.say(format!("written to {}", file.display()));
    Ok(())
}

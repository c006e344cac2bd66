//! What stands in the middle: the hub and nginx as child processes, with their CPU time and memory; ended when dropped.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::load::Work;
use crate::load::{ask, open};
use crate::upstream::TOOLS;
use crate::wire::{KEY, Side};

/// The largest answer that is measured fits.
const LARGEST: usize = 64 * 1024 * 1024;

/// A child, its address and its folder.
pub(crate) struct Middle {
    child: Child,
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

/// What the settings of a hub name.
pub(crate) enum Servers {
    /// So many at this address, as `up0`, `up1`, ...
    Http(usize, String),
    /// One, which is this program over stdio.
    Stdio,
}

impl Servers {
    fn settings(&self) -> io::Result<Value> {
        let entries: serde_json::Map<String, Value> = match self {
            Self::Http(count, upstream) => (0..*count)
                .map(|n| {
                    let url = format!("http://{upstream}/mcp/{n}");
                    (
                        format!("up{n}"),
                        json!({ "type": "streamable-http", "url": url, "options": { "maxBufferSize": LARGEST } }),
                    )
                })
                .collect(),
            Self::Stdio => {
                let command = std::env::current_exe()?;
                let entry = json!({ "command": command, "args": ["--stdio-upstream"] });
                [("up0".to_owned(), entry)].into_iter().collect()
            }
        };
        Ok(json!({
            "mcpServers": entries,
            "bearerKeys": [{ "id": "1", "name": "bench", "token": KEY, "enabled": true, "accessType": "all" }],
            "systemConfig": { "routing": { "enableBearerAuth": true } },
        }))
    }

    fn tools(&self) -> usize {
        match self {
            Self::Http(count, _) => count * TOOLS,
            Self::Stdio => TOOLS,
        }
    }
}

impl Middle {
    /// The release hub, and how long it took until the whole list could be had.
    pub(crate) async fn hub(servers: &Servers) -> io::Result<(Self, Duration)> {
        let folder = tempfile::tempdir()?;
        let settings = folder.path().join("mcp_settings.json");
        std::fs::write(&settings, servers.settings()?.to_string())?;
        let address = free_address().await?;
        let began = Instant::now();
        let mut command = Command::new(binary());
        command
            .args(["serve", "--listen", &address, "--settings"])
            .arg(&settings)
            .env("MCPHUB_DATA_DIR", folder.path());
        let hub = Self::spawn(command, address, folder)?;
        hub.until_listed(servers.tools()).await?;
        Ok((hub, began.elapsed()))
    }

    /// nginx as a plain reverse proxy; none where it is not installed.
    pub(crate) async fn nginx(upstream: &str) -> io::Result<Option<Self>> {
        let Some(program) = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"]
            .into_iter()
            .find(|path| Path::new(path).exists())
        else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let address = free_address().await?;
        let place = folder.path().display();
        let configuration = format!(
            "daemon off; worker_processes 2; pid {place}/pid; error_log {place}/error.log;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;\n\
               fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;\n\
               upstream up {{ server {upstream}; keepalive 512; keepalive_requests 100000000; }}\n\
               server {{ listen {address} reuseport; location / {{ proxy_pass http://up; proxy_http_version 1.1;\n\
                 proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration)?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&file).arg("-p").arg(folder.path());
        let nginx = Self::spawn(command, address, folder)?;
        let until = Instant::now() + Duration::from_secs(10);
        while tokio::net::TcpStream::connect(&nginx.address)
            .await
            .is_err()
        {
            if Instant::now() > until {
                return Err(io::Error::other("nginx did not listen within ten seconds"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Some(nginx))
    }

    fn spawn(mut command: Command, address: String, folder: tempfile::TempDir) -> io::Result<Self> {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            child,
            address,
            _folder: folder,
        })
    }

    /// Lists until all tools are there, for at most thirty seconds.
    async fn until_listed(&self, tools: usize) -> io::Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        let work = Work::list(1, Duration::ZERO);
        loop {
            let listed = match open(Side::new(&self.address, "/mcp")).await {
                Ok(side) => ask(&side, &work)
                    .await
                    .map(|list| count(&list, b"\"inputSchema\"")),
                Err(error) => Err(error),
            };
            if matches!(listed, Ok(count) if count == tools) {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(io::Error::other(format!(
                    "{tools} tools were wanted, and {listed:?} listed"
                )));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// CPU time until now, of the process and its children that still run.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let nanos: u64 = self.family()?.iter().map(|pid| nanos(*pid)).sum();
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory in MB, of the process and its children.
    pub(crate) fn memory(&self) -> io::Result<f64> {
        self.megabytes("VmRSS:")
    }

    /// The most that it ever was.
    pub(crate) fn most_memory(&self) -> io::Result<f64> {
        self.megabytes("VmHWM:")
    }

    fn megabytes(&self, line: &str) -> io::Result<f64> {
        let kilobytes = |pid: &u32| -> Option<f64> {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let rest = status.lines().find_map(|it| it.strip_prefix(line))?;
            rest.split_whitespace().next()?.parse().ok()
        };
        Ok(self.family()?.iter().filter_map(kilobytes).sum::<f64>() / 1024.0)
    }

    fn family(&self) -> io::Result<Vec<u32>> {
        let own = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children"))?;
        let children = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok());
        Ok(std::iter::once(own).chain(children).collect())
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        // nginx ends its workers upon SIGTERM only.
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").arg(&pid).status();
        if !asked.is_ok_and(|status| status.success()) {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// What the scheduler says of all threads.
fn nanos(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let ran = threads.filter_map(|thread| {
        let said = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        said.split_whitespace().next()?.parse::<u64>().ok()
    });
    ran.sum()
}

pub(crate) fn count(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len())
        .filter(|part| *part == word)
        .count()
}

async fn free_address() -> io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")
        .await?
        .local_addr()?
        .to_string())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench is its own root: nobody hands it an environment"
)]
fn binary() -> PathBuf {
    std::env::var_os("MCPHUB_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/release/mcphub"),
        PathBuf::from,
    )
}

//! The hub of the walk: a child process on a free port, asked over its REST API.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use super::cause::Cause;
use super::journal::Entry;
use crate::{chance, wire};

pub(super) const SERVER: &str = "practice";
const STARTS_WITHIN: Duration = Duration::from_secs(20);
const STOPS_WITHIN: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const LAST_WORDS: usize = 15;

/// Variables of this process that would lead the hub elsewhere.
const NOT_INHERITED: [&str; 12] = [
    "PORT",
    "BASE_PATH",
    "INSTALL_BASE_URL",
    "DB_URL",
    "READONLY",
    "JWT_SECRET",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

/// Where the hub of the walk lives; it outlives a restart.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) port: u16,
    pub(super) settings: PathBuf,
    folder: PathBuf,
    password: String,
}

#[derive(Debug)]
pub(super) struct Hub {
    child: Box<dyn ChildWrapper>,
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Place {
    /// A free port, and a settings file that names nothing but the practice server's address.
    pub(super) async fn make(folder: &Path, mcp_url: &str) -> Result<Self, Cause> {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .await?
            .local_addr()?
            .port();
        let settings = folder.join("mcp_settings.json");
        let server = json!({ "type": "streamable-http", "url": mcp_url });
        let text = format!("{:#}\n", json!({ "mcpServers": { SERVER: server } }));
        std::fs::write(&settings, text)?;
        Ok(Self {
            port,
            settings,
            folder: folder.to_owned(),
            password: chance::name("password"),
        })
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("hub.log")
    }

    /// The last lines that the hub wrote.
    pub(super) fn last_words(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<_> = log.lines().map(str::to_owned).collect();
        lines[lines.len().saturating_sub(LAST_WORDS)..].to_vec()
    }
}

impl Hub {
    /// Starts the hub, waits until it answers, and logs in.
    pub(super) async fn start(binary: &Path, place: &Place) -> Result<Self, Cause> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(place.log_path())?;
        let errors = log.try_clone()?;
        let mut command = CommandWrap::with_new(binary, |command| {
            command
                .arg("serve")
                .arg("--listen")
                .arg(format!("127.0.0.1:{}", place.port));
            command.arg("--settings").arg(&place.settings);
            command
                .current_dir(&place.folder)
                .stdin(Stdio::null())
                .stdout(log)
                .stderr(errors);
            for name in NOT_INHERITED {
                command.env_remove(name);
            }
            command.env("ADMIN_PASSWORD", &place.password);
            command.env("MCPHUB_DATA_DIR", place.folder.join("hub"));
        });
        let child = command
            .wrap(KillOnDrop)
            .spawn()
            .map_err(|source| Cause::NotStarted {
                binary: binary.to_owned(),
                source,
            })?;
        let base = format!("http://localhost:{}", place.port);
        let mut hub = Self {
            child,
            client: wire::client()?,
            base,
            token: String::new(),
        };
        hub.until_it_answers().await?;
        hub.log_in(&place.password).await?;
        Ok(hub)
    }

    async fn until_it_answers(&mut self) -> Result<(), Cause> {
        let url = format!("{}/healthz", self.base);
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(Cause::HubGone(status));
            }
            match self.client.get(&url).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(_) | Err(_) if Instant::now() < deadline => sleep(BETWEEN_LOOKS).await,
                Ok(answer) => {
                    return Err(Cause::too_late(
                        "GET /healthz is 200",
                        answer.status().to_string(),
                        STARTS_WITHIN,
                    ));
                }
                Err(error) => {
                    return Err(Cause::too_late(
                        "the hub answers",
                        error.to_string(),
                        STARTS_WITHIN,
                    ));
                }
            }
        }
    }

    async fn log_in(&mut self, password: &str) -> Result<(), Cause> {
        let body = json!({ "username": "admin", "password": password });
        let answer = self.post("/api/auth/login", &body).await?;
        let token = answer["token"]
            .as_str()
            .ok_or_else(|| Cause::Missing(format!("no token in the login's answer: {answer}")))?;
        token.clone_into(&mut self.token);
        Ok(())
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// The practice server as the API shows it.
    pub(super) async fn server(&self) -> Result<Value, Cause> {
        Ok(self.fetch(&format!("/api/servers/{SERVER}")).await?["data"].clone())
    }

    /// Waits until the practice server has a status; gives what the API shows then.
    pub(super) async fn until_status(&self, wanted: &str, limit: Duration) -> Result<Value, Cause> {
        let deadline = Instant::now() + limit;
        loop {
            let server = self.server().await?;
            if server["status"] == wanted {
                return Ok(server);
            }
            if Instant::now() >= deadline {
                let said = |key: &str| server[key].as_str().unwrap_or_default();
                let instead = format!("{} ({})", said("status"), said("reason"));
                return Err(Cause::too_late(
                    format!("the server is {wanted}"),
                    instead,
                    limit,
                ));
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    /// A link for the person.
    pub(super) async fn authorize(&self) -> Result<Value, Cause> {
        let answer = self
            .post(
                &format!("/api/servers/{SERVER}/oauth/authorize"),
                &json!({}),
            )
            .await?;
        Ok(answer["data"].clone())
    }

    pub(super) async fn journal(&self) -> Result<Vec<Entry>, Cause> {
        let answer = self
            .fetch(&format!("/api/servers/{SERVER}/oauth/journal"))
            .await?;
        serde_json::from_value(answer["data"].clone())
            .map_err(|error| Cause::Missing(format!("the journal is not understood: {error}")))
    }

    /// Asks the hub to stop, and waits for it; kills it when it does not listen.
    pub(super) async fn stop(mut self) -> Result<(), Cause> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        self.ask_to_stop()?;
        if let Ok(stopped) = timeout(STOPS_WITHIN, self.child.wait()).await {
            stopped?;
            return Ok(());
        }
        Box::into_pin(self.child.kill()).await?;
        Err(Cause::too_late(
            "the hub stops when asked to",
            "still running, so it was killed",
            STOPS_WITHIN,
        ))
    }

    #[cfg(unix)]
    fn ask_to_stop(&self) -> std::io::Result<()> {
        const TERMINATE: i32 = 15;
        self.child.signal(TERMINATE)
    }

    #[cfg(not(unix))]
    fn ask_to_stop(&mut self) -> std::io::Result<()> {
        self.child.start_kill()
    }

    async fn fetch(&self, path: &str) -> Result<Value, Cause> {
        self.send(
            self.client.get(format!("{}{path}", self.base)),
            format!("GET {path}"),
        )
        .await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Cause> {
        self.send(
            self.client.post(format!("{}{path}", self.base)).json(body),
            format!("POST {path}"),
        )
        .await
    }

    async fn send(&self, request: reqwest::RequestBuilder, asked: String) -> Result<Value, Cause> {
        let request = if self.token.is_empty() {
            request
        } else {
            request.header("x-auth-token", &self.token)
        };
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(source) => return Err(Cause::NoAnswer { asked, source }),
        };
        let status = answer.status();
        let text = answer.text().await?;
        match serde_json::from_str(&text) {
            Ok(read) if status.is_success() => Ok(read),
            Ok(_) | Err(_) => Err(Cause::Refused {
                asked,
                status: status.as_u16(),
                answer: text,
            }),
        }
    }
}

impl Cause {
    fn too_late(awaited: impl Into<String>, instead: impl Into<String>, limit: Duration) -> Self {
        Self::TooLate {
            awaited: awaited.into(),
            instead: instead.into(),
            limit,
        }
    }
}

//! Starts the binary on a settings file in a folder of its own, and speaks its REST API as somebody logged in.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use lab::Browser;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

const PASSWORD: &str = "only for this test";
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);

/// A running hub. It is killed when this is dropped.
pub(crate) struct Hub {
    port: u16,
    folder: TempDir,
    http: reqwest::Client,
    token: String,
    process: Child,
}

/// The binary that `MCPHUB_BIN` names, else the debug build, made up to date once per test process.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by environment which binary to try"
)]
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("MCPHUB_BIN") {
            return given.into();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let built = std::process::Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "mcphub", "--bin", "mcphub"])
            .current_dir(&root)
            .status()
            .expect("cargo starts");
        assert!(built.success(), "the binary does not build");
        root.join("target/debug/mcphub")
    })
}

/// A port that was free a moment ago.
pub(crate) async fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a loopback port is free");
    listener.local_addr().expect("it has an address").port()
}

impl Hub {
    /// Starts the hub on this text as its settings file.
    pub(crate) async fn start(port: u16, settings: &str, environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder of its own");
        let path = folder.path().join("mcp_settings.json");
        std::fs::write(&path, settings).expect("the settings are written");
        let log = std::fs::File::create(folder.path().join("hub.log")).expect("a log");
        let errors = log.try_clone().expect("a second handle of the log");
        let process = Command::new(binary())
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--settings")
            .arg(&path)
            .current_dir(folder.path())
            .env("MCPHUB_DATA_DIR", folder.path().join("state"))
            .env("ADMIN_PASSWORD", PASSWORD)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut hub = Self {
            port,
            folder,
            http: reqwest_client(),
            token: String::new(),
            process,
        };
        hub.token = hub.login().await;
        hub
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Bytes of a line of the process's `/proc/.../status`.
    #[cfg(target_os = "linux")]
    pub(crate) fn memory(&self, line: &str) -> usize {
        let status = std::fs::read_to_string(self.place("status")).expect("the hub runs");
        let found = status
            .lines()
            .find_map(|each| each.strip_prefix(line)?.strip_prefix(':'));
        let number = found.and_then(|text| text.split_whitespace().next()?.parse::<usize>().ok());
        number.unwrap_or_else(|| panic!("no {line} in {status}")) * 1024
    }

    /// From here on the peak of its memory counts anew.
    #[cfg(target_os = "linux")]
    pub(crate) fn forget_peak(&self) {
        std::fs::write(self.place("clear_refs"), "5").expect("the peak is forgotten");
    }

    /// How many files and sockets it holds.
    #[cfg(target_os = "linux")]
    pub(crate) fn files(&self) -> usize {
        std::fs::read_dir(self.place("fd"))
            .expect("the hub runs")
            .count()
    }

    #[cfg(target_os = "linux")]
    fn place(&self, name: &str) -> String {
        let id = self.process.id().expect("the hub runs");
        format!("/proc/{id}/{name}")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("hub.log")).unwrap_or_default()
    }

    /// The settings file as it is now.
    pub(crate) fn settings(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("mcp_settings.json"))
            .expect("the settings file is there");
        serde_json::from_str(&text).expect("the settings file is JSON")
    }

    async fn login(&self) -> String {
        let credentials = json!({"username": "admin", "password": PASSWORD});
        let mut next = tokio::time::interval(POLL);
        let answer = tokio::time::timeout(PATIENCE, async {
            loop {
                next.tick().await;
                let asked = self.http.post(self.url("/api/auth/login"));
                if let Ok(answer) = asked.json(&credentials).send().await {
                    break answer;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("the hub does not listen:\n{}", self.log()));
        let answer: Value = answer.json().await.expect("a login answers JSON");
        match answer["token"].as_str() {
            Some(token) => token.to_owned(),
            None => panic!("no token in {answer}\n{}", self.log()),
        }
    }

    /// One request to the REST API; `data` of its answer.
    pub(crate) async fn api(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let mut asked = self
            .http
            .request(method, self.url(&format!("/api{path}")))
            .header("x-auth-token", &self.token);
        if let Some(body) = body {
            asked = asked.json(&body);
        }
        let answer = asked.send().await.expect("the API answers");
        let status = answer.status();
        let mut answer: Value = answer.json().await.expect("the API answers JSON");
        assert!(
            status.is_success(),
            "{path}: {status} {answer}\n{}",
            self.log()
        );
        answer["data"].take()
    }

    /// One request to the REST API that is not granted; the whole answer.
    pub(crate) async fn refused(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let asked = self
            .http
            .request(method, self.url(&format!("/api{path}")))
            .header("x-auth-token", &self.token)
            .json(&body);
        let answer = asked.send().await.expect("the API answers");
        assert!(!answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("the API answers JSON")
    }

    /// Changes the settings file as a person does who saves it in an editor.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut settings = self.settings();
        change(&mut settings);
        let path = self.folder.path().join("mcp_settings.json");
        std::fs::write(path, format!("{settings:#}")).expect("the settings are written");
    }

    /// Waits until the settings file says this.
    pub(crate) async fn stores(&self, wanted: impl Fn(&Value) -> bool) {
        let mut next = tokio::time::interval(POLL);
        let stored = tokio::time::timeout(PATIENCE, async {
            while !wanted(&self.settings()) {
                next.tick().await;
            }
        });
        assert!(
            stored.await.is_ok(),
            "{:#}\n{}",
            self.settings(),
            self.log()
        );
    }

    /// Waits until a server has this status, and gives it as the API shows it.
    pub(crate) async fn reaches(&self, server: &str, status: &str) -> Value {
        let mut last = Value::Null;
        let mut next = tokio::time::interval(POLL);
        let reached = tokio::time::timeout(PATIENCE, async {
            loop {
                next.tick().await;
                last = self
                    .api(reqwest::Method::GET, &format!("/servers/{server}"), None)
                    .await;
                if last["status"] == status {
                    break;
                }
            }
        });
        let reached = reached.await;
        assert!(
            reached.is_ok(),
            "{server} never became {status}: {last:#}\n{}",
            self.log()
        );
        last
    }

    /// The link that a person follows to sign in.
    pub(crate) async fn link(&self, server: &str) -> String {
        self.reaches(server, "oauth_required").await;
        let path = format!("/servers/{server}/oauth/authorize");
        let link = self.api(reqwest::Method::POST, &path, None).await;
        let url = link["authorizationUrl"].as_str();
        url.expect("a link").to_owned()
    }

    /// A whole sign-in by a person who allows it; waits until the server is connected.
    pub(crate) async fn sign_in(&self, server: &str) {
        let link = self.link(server).await;
        let browser = Browser::new().expect("a browser");
        let page = browser.sign_in(&link).await.expect("the sign-in succeeds");
        assert_eq!(page.status, 200, "{}\n{}", page.body, self.log());
        self.reaches(server, "connected").await;
    }

    /// Calls the tool `echo` of a server over the REST API, and gives what it answered.
    pub(crate) async fn echo(&self, server: &str, text: &str) -> Value {
        let call = json!({"toolName": "echo", "arguments": {"text": text}});
        self.api(
            reqwest::Method::POST,
            &format!("/tools/call/{server}"),
            Some(call),
        )
        .await
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests are a client of the hub, not a part of it"
)]
fn reqwest_client() -> reqwest::Client {
    reqwest::Client::new()
}

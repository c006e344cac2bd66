//! The real binary in a folder of its own: a running hub, and commands that ask it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::Value;

/// Nothing here takes long; a test that waits longer is stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with nothing of the person who runs the tests in it.
pub(crate) struct Desk {
    folder: Arc<tempfile::TempDir>,
    /// The hub's own folder in it.
    own: &'static str,
    url: Option<String>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            own: "own",
            url: None,
        }
    }

    /// The desk of another hub on the same settings file.
    pub(crate) fn beside(&self) -> Self {
        Self {
            folder: self.folder.clone(),
            own: "other",
            url: None,
        }
    }

    pub(crate) fn settings_path(&self) -> PathBuf {
        self.folder.path().join("mcp_settings.json")
    }

    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder.path().join(self.own)
    }

    pub(crate) fn write_settings(&self, text: &str) {
        std::fs::write(self.settings_path(), text).unwrap();
    }

    pub(crate) fn settings(&self) -> String {
        std::fs::read_to_string(self.settings_path()).unwrap()
    }

    /// What is written, comments apart.
    pub(crate) fn settings_as_json(&self) -> Value {
        let text: String = self
            .settings()
            .lines()
            .map(|line| line.split(" // ").next().unwrap_or_default())
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn home(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// `mcphub ...`, asking the hub of this desk when it runs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("mcphub"));
        command
            .env_clear()
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("MCPHUB_DATA_DIR", self.data_folder());
        if let Some(url) = &self.url {
            command.env("MCPHUB_URL", url);
        }
        command
    }

    /// The command's end: exit code, stdout, stderr.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// The command's result with `--json`; it must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let (exit, out, err) = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(exit, 0, "{arguments:?}: {out}{err}");
        serde_json::from_str(&out).unwrap()
    }

    /// Starts a hub on a free port with these settings.
    pub(crate) fn start_hub(&mut self, settings: &str) -> Running {
        self.write_settings(settings);
        self.start_hub_on_file()
    }

    /// Starts a hub on a free port with the settings that are there.
    pub(crate) fn start_hub_on_file(&mut self) -> Running {
        let hub = self.start(&["serve", "--listen", "127.0.0.1:0"]);
        self.started(hub)
    }

    /// The same with a hub that was started already.
    pub(crate) fn started(&mut self, mut hub: Running) -> Running {
        self.is_at(&mut hub);
        hub
    }

    /// Commands ask this hub from now on.
    pub(crate) fn is_at(&mut self, hub: &mut Running) {
        let line = hub.line_with("clients http://");
        let url = line
            .split_once("clients ")
            .and_then(|(_, rest)| rest.trim().strip_suffix("/mcp"))
            .unwrap();
        self.url = Some(url.to_owned());
    }

    pub(crate) fn url(&self) -> &str {
        self.url.as_deref().unwrap()
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::of(self.command(arguments))
    }
}

/// A process that is stopped when the test ends, however it ends.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: mpsc::Receiver<String>,
    said: Vec<String>,
}

impl Running {
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self::reading(child, out)
    }

    /// What the child says comes from there.
    pub(crate) fn reading(child: Child, out: impl BufRead + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Waits for a line of its output that contains this.
    pub(crate) fn line_with(&mut self, wanted: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no line with {wanted:?} came, but {:#?}", self.said)
            };
            self.said.push(line.clone());
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// Waits for its end: the exit code and all its lines.
    pub(crate) fn end(mut self) -> (i32, Vec<String>) {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line);
        }
        let code = self.child.wait().unwrap().code().unwrap();
        (code, std::mem::take(&mut self.said))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            eprintln!("a process of the test could not be ended: {error}");
        }
    }
}

//! Sessions of the MCP server, and the notifications that go to their open streams.

use std::collections::HashSet;

use tokio::sync::broadcast;

use crate::chance;

#[derive(Debug)]
pub(crate) struct Sessions {
    known: HashSet<String>,
    notices: broadcast::Sender<String>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            known: HashSet::new(),
            notices: broadcast::Sender::new(64),
        }
    }
}

impl Sessions {
    pub(crate) fn begin(&mut self) -> String {
        let name = chance::name("session");
        self.known.insert(name.clone());
        name
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    pub(crate) fn end(&mut self, name: &str) -> bool {
        self.known.remove(name)
    }

    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    /// Notifications from now on, as JSON-RPC text.
    pub(crate) fn listen(&self) -> broadcast::Receiver<String> {
        self.notices.subscribe()
    }

    pub(crate) fn tools_changed(&self) {
        let notice = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
        // Nobody listening is no failure: the notice is for whoever has a stream open.
        let _listeners = self.notices.send(notice.to_owned());
    }
}

//! One stream of what servers tell outside of requests, of all servers that an endpoint shows and of the kinds that the client wants.
//!
//! MCP 2026-07-28, patterns, "Subscriptions", the server's side. Servers that shake hands are asked with `resources/subscribe`.

use std::sync::Arc;

use mcp::bridge::key;
use mcp::message::{Message, code};
use mcp::{method, raw, task};

use crate::session::receive::Reply;
use crate::session::tasks::undeclared;
use crate::session::{Listening, Session, Sessions};

/// What one client hears until it goes away.
pub struct Subscription {
    sessions: Sessions,
    session: Arc<Session>,
    listening: Listening,
    filter: Filter,
    id: Box<str>,
    acknowledged: bool,
    over: bool,
}

/// Kinds of changes; the resources by their addresses as JSON text.
struct Filter {
    lists: Vec<(&'static str, &'static str)>,
    resources: Vec<String>,
    /// By their ids, decoded.
    tasks: Vec<Box<str>>,
}

const LISTS: [(&str, &str); 3] = [
    ("toolsListChanged", method::TOOLS_CHANGED),
    ("promptsListChanged", method::PROMPTS_CHANGED),
    ("resourcesListChanged", method::RESOURCES_CHANGED),
];

impl Sessions {
    /// Begins to listen; or the answer that says why not.
    pub(super) async fn listen(
        &self,
        session: Arc<Session>,
        request: &Message,
    ) -> Result<Subscription, Message> {
        let id = request.id().unwrap_or("null");
        let bad = |text: &str| Message::failure(Some(id), code::INVALID_PARAMS, text, None);
        let params = request.params().unwrap_or("{}");
        let wanted = raw::field(params, "notifications").ok().flatten();
        let wanted = wanted
            .filter(|wanted| raw::is_object(wanted))
            .ok_or_else(|| bad("params.notifications must be an object"))?;
        let asked =
            Filter::read(wanted).ok_or_else(|| bad("params.notifications is unreadable"))?;
        // rule: mcp-task-undeclared
        if !asked.tasks.is_empty() && !task::is_declared(&session.capabilities) {
            return Err(undeclared(request));
        }
        let full = || {
            let text = "too many clients listen";
            Message::failure(Some(id), code::SERVER_ERROR, text, None)
        };
        self.shared
            .make_room(&session.identity)
            .map_err(|_| full())?;
        let listening = session.listen().ok_or_else(full)?;
        let live = &self.shared.live;
        live.insert(session.id.clone(), Arc::clone(&session));
        // From here on its end tidies up.
        let mut subscription = Subscription {
            sessions: self.clone(),
            session,
            listening,
            filter: Filter {
                lists: Vec::new(),
                resources: Vec::new(),
                tasks: Vec::new(),
            },
            id: id.into(),
            acknowledged: false,
            over: false,
        };
        let scope = subscription.session.scope.load_full();
        let caller = subscription.session.caller.load_full();
        // The settings may have changed before others could find it. Ended, it says so by its stream.
        if !self.shared.catalog.is_current(&scope, &caller) {
            self.shared.goes_on(&subscription.session);
        }
        let scope = subscription.session.scope.load_full();
        self.shared.settle(&scope).await;
        subscription.filter.lists = self.told(&scope, asked.lists);
        let watching = self.shared.watch_tasks(&subscription.session, asked.tasks);
        subscription.filter.tasks = watching.await;
        for uri in asked.resources {
            if self.watches(&subscription.session, &uri).await {
                subscription.filter.resources.push(uri);
            }
        }
        Ok(subscription)
    }

    /// The lists whose changes are told here.
    fn told(
        &self,
        scope: &crate::catalog::Scope,
        asked: Vec<(&'static str, &'static str)>,
    ) -> Vec<(&'static str, &'static str)> {
        let shape = scope.shape();
        let only = shape.members.first().filter(|_| shape.transparent);
        let hello = only.and_then(|member| {
            let upstream = self.shared.catalog.serving(scope, &member.server);
            upstream.ok()?.hello()
        });
        let Some(hello) = hello else { return asked };
        let changes = hello.offers.changes;
        let told = |method: &str| match method {
            method::TOOLS_CHANGED => changes.tools,
            method::PROMPTS_CHANGED => changes.prompts,
            _ => changes.resources,
        };
        asked.into_iter().filter(|(_, m)| told(m)).collect()
    }

    /// Asks the server of a resource to tell of its changes.
    async fn watches(&self, session: &Arc<Session>, uri: &str) -> bool {
        let params = format!("{{\"uri\":{uri}}}");
        let request = Message::request("\"listen\"", method::SUBSCRIBE, Some(&params));
        let Reply::Later(mut exchange) = self.receive(session, request).await else {
            return false;
        };
        while let Some(message) = exchange.next().await {
            if message.result().is_some() {
                return true;
            }
        }
        false
    }
}

impl Filter {
    fn read(wanted: &str) -> Option<Self> {
        let mut lists = Vec::new();
        for (key, method) in LISTS {
            if raw::field(wanted, key).ok()? == Some("true") {
                lists.push((key, method));
            }
        }
        let uris = raw::field(wanted, "resourceSubscriptions").ok()?;
        let uris = uris.map_or_else(|| Some(Vec::new()), raw::elements)?;
        let uris = uris
            .into_iter()
            .map(|uri| raw::string(uri).map(|_| uri.to_owned()));
        let tasks = raw::field(wanted, "taskIds").ok()?;
        let tasks = tasks.map_or_else(|| Some(Vec::new()), raw::elements)?;
        let tasks = tasks
            .into_iter()
            .map(|id| raw::string(id).map(|id| Box::from(&*id)));
        Some(Self {
            lists,
            tasks: tasks.collect::<Option<_>>()?,
            resources: uris.collect::<Option<_>>()?,
        })
    }

    // rule: mcp-listen-filter -- nothing is sent that the client did not ask for.
    fn takes(&self, method: &str) -> bool {
        let is_resource = method == method::RESOURCE_UPDATED && !self.resources.is_empty();
        let is_task = method == method::TASK_TOLD && !self.tasks.is_empty();
        is_resource || is_task || self.lists.iter().any(|(_, listed)| *listed == method)
    }

    fn text(&self) -> String {
        let lists = self.lists.iter().map(|(key, _)| format!("\"{key}\":true"));
        let mut all: Vec<String> = lists.collect();
        if !self.resources.is_empty() {
            all.push(format!(
                "\"resourceSubscriptions\":[{}]",
                self.resources.join(",")
            ));
        }
        if !self.tasks.is_empty() {
            let ids: Vec<String> = self.tasks.iter().map(|id| raw::quote(id)).collect();
            all.push(format!("\"taskIds\":[{}]", ids.join(",")));
        }
        format!("{{{}}}", all.join(","))
    }
}

impl Subscription {
    /// The next message for the client. `None`: the last one was said.
    // rule: mcp-listen-acknowledged -- the acknowledgement comes first, and says which kinds will come.
    pub async fn next(&mut self) -> Option<Message> {
        if !self.acknowledged {
            self.acknowledged = true;
            let params = format!(
                "{{{},\"notifications\":{}}}",
                self.meta(),
                self.filter.text()
            );
            return Some(Message::notification(method::ACKNOWLEDGED, Some(&params)));
        }
        while !self.over {
            let Some((_, message)) = self.listening.next().await else {
                return self.end();
            };
            if self.filter.takes(message.method().unwrap_or_default()) {
                return Some(self.tagged(&message));
            }
        }
        None
    }

    /// The last message: the hub itself ends the stream. `None`: it was said.
    // rule: mcp-listen-closed -- a stream that the server ends gets its result first.
    pub fn end(&mut self) -> Option<Message> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        let result = format!("{{\"resultType\":\"complete\",{}}}", self.meta());
        Some(Message::success(&self.id, &result))
    }

    // rule: mcp-listen-id -- each notification says which stream it belongs to.
    fn tagged(&self, message: &Arc<Message>) -> Message {
        let message = Message::clone(message);
        let params = message.params().unwrap_or("{}");
        let meta = raw::field(params, "_meta").ok().flatten();
        let meta = meta.filter(|meta| raw::is_object(meta)).unwrap_or("{}");
        let tagged = raw::set(meta, key::SUBSCRIPTION_ID, &self.id)
            .and_then(|meta| raw::set(params, "_meta", &meta));
        match (tagged, message.method()) {
            (Ok(params), Some(method)) => Message::notification(method, Some(&params)),
            (Ok(_) | Err(_), _) => message,
        }
    }

    fn meta(&self) -> String {
        format!("\"_meta\":{{\"{}\":{}}}", key::SUBSCRIPTION_ID, self.id)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.sessions.shared.close(&self.session);
    }
}

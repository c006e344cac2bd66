//! Whose task it is. Many clients share one upstream session, so a server cannot tell them apart: the hub remembers to whom a server gave
//! a task, and a server is asked about a task only for that caller. To everybody else it is a task that does not exist.
//!
//! MCP 2025-11-25, utilities, "Tasks", "Task Isolation and Access Control"; extension `io.modelcontextprotocol/tasks`, "Auth binding".
//! What is remembered does not outlive the hub.

mod owners;
mod watching;

use std::sync::Arc;

use mcp::message::{Message, code};
use mcp::{method, task};

use super::exchange::{Exchange, Finish};
use super::receive::id;
use super::subscriptions::Subscriptions;
use super::{Session, Sessions, Shared};
use crate::catalog::Scope;
use crate::upstream::Upstream;

use owners::Owners;

/// Tasks of all servers, and who wants to hear of which.
#[derive(Default)]
pub(super) struct Tasks {
    owners: Owners,
    watched: Subscriptions,
}

impl Sessions {
    /// A request about one task, on its way to the server that has it; or the answer that this caller has no such task.
    // rule: mcp-task-owner -- a request about a task of somebody else is answered like one about a task that nobody has.
    pub(super) fn task(
        &self,
        session: &Arc<Session>,
        scope: &Scope,
        request: Message,
    ) -> Result<Exchange, Message> {
        let found = self.shared.tasks_of(session, scope, &request);
        let mut found = found.map_err(|text| refused(&request, code::INVALID_PARAMS, &text))?;
        match (found.pop(), found.is_empty()) {
            (Some(upstream), true) => self.begin(session, upstream, request, Finish::Standing),
            (Some(_), false) => {
                let text =
                    "two servers gave out this task, so use /mcp/{server} of the one that you mean";
                Err(refused(&request, code::INVALID_PARAMS, text))
            }
            (None, _) => Err(self.shared.no_task(session, scope, &request)),
        }
    }

    /// The tasks that a server lists, and of those the caller's own.
    pub(super) fn tasks(
        &self,
        session: &Arc<Session>,
        scope: &Scope,
        request: Message,
    ) -> Result<Exchange, Message> {
        let (upstream, request) = self.shared.owner(scope, request)?;
        self.begin(session, upstream, request, Finish::OwnTasks)
    }
}

impl Shared {
    /// The servers of this scope that gave this caller the task; more than one only where ids are easily guessed.
    fn tasks_of(
        &self,
        session: &Session,
        scope: &Scope,
        request: &Message,
    ) -> Result<Vec<Upstream>, String> {
        let method = request.method().unwrap_or_default();
        let id = task::asked(request)
            .map_err(|why| format!("the params cannot be read: {why}"))?
            .ok_or_else(|| format!("{method} needs the string params.taskId"))?;
        Ok(self.serving_task(session, scope, &id))
    }

    fn serving_task(&self, session: &Session, scope: &Scope, id: &str) -> Vec<Upstream> {
        let members = scope.shape().members.iter();
        let serving = members.filter_map(|member| self.catalog.serving(scope, &member.server).ok());
        let own = |upstream: &Upstream| self.is_own(session, upstream.key(), id);
        serving.filter(own).collect()
    }

    fn is_own(&self, session: &Session, key: &str, id: &str) -> bool {
        let owner = self.tasks.owners.of(key, id, self.now());
        owner.is_some_and(|owner| owner == session.identity)
    }

    /// The answer where there is no task, in the words of a server that has none.
    fn no_task(&self, session: &Session, scope: &Scope, request: &Message) -> Message {
        let method = request.method().unwrap_or_default();
        let shape = scope.shape();
        let only = shape.members.first().filter(|_| shape.transparent);
        let hello = only.and_then(|member| {
            let upstream = self.catalog.serving(scope, &member.server).ok()?;
            upstream.hello()
        });
        if let (Some(member), Some(hello)) = (only, hello)
            && !hello.offers.tasks
        {
            let text = format!("{method} is not known here: {} has no tasks", member.server);
            return refused(request, code::METHOD_NOT_FOUND, &text);
        }
        if !session.revision.has_handshake() && !task::is_declared(&session.capabilities) {
            return undeclared(request);
        }
        let text = "there is no such task; it ended long ago, never was, or is not yours";
        refused(request, code::INVALID_PARAMS, text)
    }

    /// Remembers who was given a task, where the response to a request is one.
    pub(super) fn task_given(&self, session: &Session, upstream: &Upstream, response: &Message) {
        // Asked now, because a call may wait for the first connection. Where there are no tasks nothing is read.
        if !upstream.offers_tasks() {
            return;
        }
        if let Some(task) = response.result().and_then(task::created) {
            let given = (upstream.key(), &*session.identity);
            self.tasks.owners.give(given, &task, self.now());
        }
    }

    /// Remembers a task for as long as its server now says that it keeps it.
    pub(super) fn task_stands(&self, session: &Session, upstream: &Upstream, response: &Message) {
        let Some(task) = response.result().and_then(task::Task::read) else {
            return;
        };
        if self.is_own(session, upstream.key(), &task.id) {
            let given = (upstream.key(), &*session.identity);
            self.tasks.owners.give(given, &task, self.now());
        }
    }

    /// The page of a list with the caller's own tasks alone. What cannot be read is not shown.
    // rule: mcp-task-list-own -- a list of tasks holds those of the caller only.
    pub(super) fn own_tasks(
        &self,
        session: &Session,
        upstream: &Upstream,
        response: Message,
    ) -> Message {
        let result = response.result().unwrap_or("{}");
        match task::only(result, |task| {
            self.is_own(session, upstream.key(), &task.id)
        }) {
            Ok(Some(own)) => response.with_result(&own),
            Ok(None) => response,
            Err(_) => {
                let text = format!("the tasks of {} cannot be read", upstream.name());
                refused(&response, code::INTERNAL_ERROR, &text)
            }
        }
    }

    /// Whether a notification that came during a call of this session is for it. What tells of another's task is told to its owner.
    // rule: mcp-task-told-owner -- what a server tells of a task is told to nobody but its owner.
    pub(super) fn is_for(
        &self,
        session: &Session,
        upstream: &Upstream,
        notification: &Message,
    ) -> bool {
        let Some(id) = task::told(notification) else {
            return true;
        };
        let own = self.is_own(session, upstream.key(), &id);
        if !own {
            self.task_told(&upstream.key().into(), &Arc::new(notification.clone()));
        }
        own
    }

    /// Tells sessions of its owner how a task stands: all that see its server, or those that listen for it where nothing is told unasked.
    pub(super) fn task_told(&self, key: &Arc<str>, notification: &Arc<Message>) {
        let Some(id) = task::told(notification) else {
            return;
        };
        let Some(owner) = self.tasks.owners.of(key, &id, self.now()) else {
            tracing::debug!(server = %key, "a server told of a task that it gave to nobody");
            return;
        };
        let hears = |session: &Arc<Session>| session.identity == owner && session.sees(key);
        if notification.method() == Some(method::TASK_STATUS) {
            for session in self.sessions().iter().filter(|s| hears(s)) {
                if session.revision.has_handshake() {
                    session.outbox.send(notification);
                }
            }
            return;
        }
        for (session, _) in self.tasks.watched.of(&(Arc::clone(key), (*id).into())) {
            let session = self.live.get(&session);
            if let Some(session) = session.filter(|session| hears(session)) {
                session.outbox.send(notification);
            }
        }
    }

    /// Forgets the tasks that their servers keep no more.
    pub(super) fn forget_old_tasks(&self) {
        self.tasks.owners.forget_old(self.now());
    }
}

/// The answer to a client that uses tasks and did not say that it can.
// rule: mcp-task-undeclared -- it is refused with error -32021, which names the extension.
pub(super) fn undeclared(request: &Message) -> Message {
    let text = "Missing required client capability";
    let data = task::required();
    Message::failure(request.id(), code::MISSING_CAPABILITY, text, Some(&data))
}

fn refused(request: &Message, code: i64, text: &str) -> Message {
    Message::failure(Some(id(request)), code, text, None)
}

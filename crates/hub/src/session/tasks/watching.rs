//! Listening for tasks without a session: `taskIds` of `subscriptions/listen`.
//!
//! Extension `io.modelcontextprotocol/tasks`, "Task Status Notifications", both sides. A client hears of its own tasks, and of those that
//! their servers agreed to tell of.

use std::sync::Arc;

use futures::future::join_all;

use crate::session::{Session, Shared};
use crate::upstream::Upstream;

impl Shared {
    /// Begins to listen for tasks; those that will be told of.
    pub(in crate::session) async fn watch_tasks(
        &self,
        session: &Arc<Session>,
        ids: Vec<Box<str>>,
    ) -> Vec<Box<str>> {
        let watching = ids.into_iter().map(|id| self.watch_task(session, id));
        join_all(watching).await.into_iter().flatten().collect()
    }

    // rule: mcp-task-listen-own -- who listens for a task of somebody else hears nothing, as for one that nobody has.
    // rule: mcp-task-listen-agreed -- the acknowledgement names the tasks that the server agreed to tell of, and no others.
    async fn watch_task(&self, session: &Arc<Session>, id: Box<str>) -> Option<Box<str>> {
        let scope = session.scope.load_full();
        let mut found = self.serving_task(session, &scope, &id);
        let upstream = found.pop().filter(|_| found.is_empty())?;
        let task = (Arc::from(upstream.key()), id.clone());
        if !self.tasks.watched.add(task.clone(), &session.id, &id) {
            return None;
        }
        if upstream.tells_of_task(&id).await {
            return Some(id);
        }
        if self.tasks.watched.remove(&task, &session.id) {
            upstream.forget_task(&id);
        }
        None
    }

    /// Nobody of this session listens any more.
    pub(in crate::session) fn unwatch_tasks(&self, session: &str) {
        for (key, id) in self.tasks.watched.forget(session) {
            if let Some(upstream) = self.catalog.upstreams().get(&key) {
                upstream.forget_task(&id);
            }
        }
    }

    /// A new connection knows nothing of what the old one was asked to tell of.
    pub(in crate::session) fn watch_tasks_again(&self, upstream: &Upstream) {
        for id in self.tasks.watched.at(upstream.key()) {
            upstream.want_task(&id);
        }
    }
}

//! Users that were deleted: what they held at servers is given back where that is possible, and forgotten.
//!
//! At the start, too, so that a new user with an old name inherits nothing. So does what the hub remembers of them without the file: their journal, their links, their desks.
//! Leaves out everything that users do while they are there.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use oauth::step::Stage;
use settings::Settings;
use tokio::sync::watch;

use super::account::is_user;
use super::subject::Subject;
use super::view::Event;
use super::{Account, Shared, SignIns, record};
use crate::issuer::account::account;
use crate::journal::Entry;

/// Runs until the last handle is gone.
pub(super) async fn forget_deleted(
    shared: Weak<Shared>,
    mut settings: watch::Receiver<Arc<Settings>>,
) {
    loop {
        let now = settings.borrow_and_update().clone();
        let Some(living) = shared.upgrade() else {
            return;
        };
        if is_list_whole(&now) {
            let users = names(&now);
            // The administrator of the environment stands in no list.
            let is_there = |user: &str| users.contains(user) || account(&now, user).is_some();
            living.forget_memory_of(|user| !is_there(user));
        }
        for account in strangers(&now) {
            living.forget_deleted_user(&account).await;
        }
        drop(living);
        if settings.changed().await.is_err() {
            return;
        }
    }
}

/// Accounts that hold something and belong to no user. A list of users with a mistake in it says of nobody that he is gone.
pub(super) fn strangers(settings: &Settings) -> Vec<Account> {
    if !is_list_whole(settings) {
        return Vec::new();
    }
    let known = names(settings);
    let all = settings.servers.iter().flat_map(|server| {
        let users = server.oauth.users.keys();
        users.map(|user| Account::of(&server.name, Some(user)))
    });
    let is_gone = |account: &Account| {
        let user = account.user.as_deref();
        user.is_some_and(|user| !known.contains(user))
    };
    all.filter(is_gone).collect()
}

fn names(settings: &Settings) -> HashSet<&str> {
    let users = settings.users.iter();
    users.map(|user| user.username.as_str()).collect()
}

/// Whether each entry of `users` could be read.
#[must_use]
pub fn is_list_whole(settings: &Settings) -> bool {
    let of_users = |path: &[String]| path.first().is_some_and(|key| key == "users");
    !settings
        .problems
        .iter()
        .any(|problem| of_users(&problem.path))
}

impl SignIns {
    /// Forgets what the hub remembers of a user who is deleted. What he held at servers is given back by itself.
    // rule: at-37
    pub fn forget_user(&self, name: &str) {
        self.shared.forget_memory_of(|user| user == name);
    }
}

impl Shared {
    /// What stands in no file. A desk of somebody who holds something goes with that.
    fn forget_memory_of(&self, is_gone: impl Fn(&str) -> bool) {
        self.journal.forget_user(&is_gone);
        self.tickets.forget_user(&is_gone);
        let settings = self.store.current();
        let holds = |account: &Account, user: &str| {
            let server = settings.server(&account.server);
            server.is_some_and(|server| server.oauth.users.contains_key(user))
        };
        self.desks.retain(|account, _| {
            let gone = account.user.as_deref().filter(|user| is_gone(user));
            gone.is_none_or(|user| holds(account, user))
        });
    }

    // rule: at-37
    async fn forget_deleted_user(self: &Arc<Self>, account: &Account) {
        let desk = self.desk(account);
        let _turn = desk.renewal.lock().await;
        let _flow = desk.flow.lock().await;
        let settings = self.store.current();
        let user = account.user.as_deref().unwrap_or_default();
        let held = settings.server(&account.server);
        let held = held.is_some_and(|server| server.oauth.users.contains_key(user));
        // Came back, or was forgotten by another hub.
        if is_user(&settings, user) || !held || !is_list_whole(&settings) {
            return;
        }
        if let Ok(subject) = Subject::of_former(
            &settings,
            account,
            self.port,
            &self.clock,
            self.store.folder(),
        ) {
            let done = self.revoke(&subject).await;
            let decision = format!(
                "the user is deleted; {} of {} tokens were given back",
                done.succeeded, done.attempted
            );
            self.driver(&subject, None).say(Stage::Revoke, decision);
        }
        // Told in the log; a new user of that name shall not read it. Before the name is free again.
        self.journal.forget_user(|whose| whose == user);
        let change = record::forget_user(&account.server, user);
        if let Err(error) = self.write_or_say(vec![change]).await {
            let decision = "what a deleted user held could not be forgotten";
            let now = self.clock.now();
            let mut entry = Entry::decision(now, &*account.server, Stage::Revoke, decision);
            entry.user.clone_from(&account.user);
            entry.why = Some(error.to_string());
            self.journal.record(entry);
            return;
        }
        self.desks.remove(account);
        self.tell(Event::SignedOut(account.clone()));
    }
}

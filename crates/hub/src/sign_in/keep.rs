//! Writing records into the settings file. What cannot be written is kept in memory, and written later.

use std::sync::Arc;

use oauth::Client;
use oauth::scope::StepUps;
use oauth::step::Stage;
use settings::{Change, Settings};

use super::desk::Memory;
use super::record::{self, Kept, Typing, Waiting};
use super::subject::{address, held_mark, state_waited_for};
use super::{Account, Shared, SignInError};
use crate::journal::Entry;
use crate::store::EditError;

impl Shared {
    /// Stores a grant. It is in force when this returns, even if the file cannot be written.
    pub(super) async fn keep_grant(self: &Arc<Self>, account: &Account, kept: Kept) {
        let desk = self.desk(account);
        let changes = record::save_grant(account, &kept);
        let written = self.write(account, changes).await;
        desk.with(|memory| memory.stored((!written).then_some(kept)));
    }

    /// Stores a renewed grant in place of the one with the mark `before`; `false`: that one is not there any more, and the
    /// newer word stays. A file that cannot be read or written does not know a newer word.
    // rule: at-03, at-57
    pub(super) async fn keep_renewed(
        self: &Arc<Self>,
        account: &Account,
        before: &str,
        kept: &Kept,
    ) -> bool {
        let desk = self.desk(account);
        // What this process alone knows is newer than the file.
        if desk.with(|memory| memory.unsaved.kept.is_some()) {
            self.keep_grant(account, kept.clone()).await;
            return true;
        }
        let changes = record::save_grant(account, kept);
        match self.store.edit_when(holds(account, before), changes).await {
            Ok(held) => held,
            Err(error) => {
                self.say_unwritten(account, error.to_string());
                desk.with(|memory| memory.stored(Some(kept.clone())));
                true
            }
        }
    }

    pub(super) async fn keep_client(self: &Arc<Self>, account: &Account, client: &Client) {
        let mut changes = self.part_with(account, Some(client));
        changes.extend(record::save_client(account, client));
        let written = self.write(account, changes).await;
        let unsaved = (!written && client.is_registered()).then(|| client.clone());
        self.desk_of_all(account)
            .with(|memory| memory.unsaved.client = unsaved);
    }

    pub(super) async fn keep_waiting(self: &Arc<Self>, account: &Account, waiting: &Waiting) {
        let written = self
            .write(account, record::save_waiting(account, waiting))
            .await;
        let unsaved = (!written).then(|| waiting.clone());
        self.desk(account)
            .with(|memory| memory.unsaved.waiting = unsaved);
    }

    /// Written, so that a restart begins no new count.
    pub(super) async fn keep_step_ups(&self, account: &Account, history: &StepUps, url: &str) {
        self.write(account, record::save_step_ups(account, history, url))
            .await;
    }

    pub(super) async fn keep_typing(self: &Arc<Self>, account: &Account, typing: &Typing) {
        let changes = record::save_typing(account, typing);
        let written = self.write(account, changes).await;
        let unsaved = (!written).then(|| typing.clone());
        self.desk(account)
            .with(|memory| memory.unsaved.typing = unsaved);
    }

    pub(super) async fn drop_waiting(self: &Arc<Self>, account: &Account) {
        self.desk(account).with(Memory::nothing_waits);
        self.write(account, record::forget_waiting(account)).await;
    }

    /// Takes the sign-in that waits for this state out of the file; `false`: another hub on the file was faster. A file that
    /// cannot be read or written knows no faster one.
    // rule: at-65, safe-c13
    pub(super) async fn spend_waiting(self: &Arc<Self>, account: &Account, hash: &str) -> bool {
        let unsaved = self.desk(account).with(|memory| {
            let unsaved = memory.unsaved.waiting.is_some();
            memory.nothing_waits();
            unsaved
        });
        let changes = record::forget_waiting(account);
        if unsaved {
            self.write(account, changes).await;
            return true;
        }
        let (whose, hash) = (account.clone(), hash.to_owned());
        let waits = move |now: &Settings| state_waited_for(now, &whose).as_deref() == Some(&hash);
        match self.store.edit_when(waits, changes).await {
            Ok(held) => held,
            Err(error) => {
                self.say_unwritten(account, error.to_string());
                true
            }
        }
    }

    /// Forgets the tokens with the mark `dead`; others that came meanwhile stay.
    pub(super) async fn drop_grant(self: &Arc<Self>, account: &Account, dead: &str) {
        let unsaved = self.desk(account).with(|memory| {
            let unsaved = memory.unsaved.kept.is_some();
            memory.stored(None);
            unsaved
        });
        let changes = record::forget_grant(account);
        // The file says what was spent before, when the pair that died could not be written.
        if unsaved {
            self.write(account, changes).await;
        } else if let Err(error) = self.store.edit_when(holds(account, dead), changes).await {
            self.say_unwritten(account, error.to_string());
        }
    }

    /// Takes this client out, unless another one is in its place by now.
    pub(super) async fn drop_client(self: &Arc<Self>, account: &Account, client: &Client) {
        let held = self.subject(account).ok();
        let held = held.and_then(|subject| subject.held.client);
        if held.is_some_and(|held| held.id != client.id || held.issuer != client.issuer) {
            return;
        }
        let mut changes = self.part_with(account, None);
        changes.extend(record::forget_client(account));
        self.desk_of_all(account)
            .with(|memory| memory.unsaved.client = None);
        self.write(account, changes).await;
    }

    /// A grant belongs to the client that it was given to, and outlives that client's place in the settings.
    // rule: rfc6749-6
    fn part_with(&self, account: &Account, successor: Option<&Client>) -> Vec<Change> {
        let settings = self.store.current();
        let server = settings.server(&account.server);
        let held = server.and_then(|server| {
            let url = address(server)?;
            let held = record::read(&server.oauth, &account.of_all(), url).client?;
            Some((server, held))
        });
        held.map(|(server, held)| record::part_with(server, &held, successor))
            .unwrap_or_default()
    }

    /// Tries again what could not be written before.
    pub(super) async fn write_unsaved(self: &Arc<Self>, account: &Account) {
        let unsaved = self.desk(account).with(|memory| memory.unsaved.clone());
        let client = |memory: &mut Memory| memory.unsaved.client.clone();
        if let Some(client) = self.desk_of_all(account).with(client) {
            self.keep_client(account, &client).await;
        }
        if let Some(kept) = unsaved.kept {
            self.keep_grant(account, kept).await;
        }
        if let Some(typing) = unsaved.typing {
            self.keep_typing(account, &typing).await;
        }
        if let Some(waiting) = unsaved.waiting {
            self.keep_waiting(account, &waiting).await;
        }
    }

    /// Whether it is on disk now. A server or a user that was deleted meanwhile gets nothing written.
    async fn write(&self, account: &Account, changes: Vec<Change>) -> bool {
        let settings = self.store.current();
        let is_there = match &account.user {
            None => settings.server(&account.server).is_some(),
            Some(_) => account.fits(&settings),
        };
        if changes.is_empty() || !is_there {
            return true;
        }
        match self.store.edit(changes).await {
            Ok(()) => true,
            // Deleted at this very moment.
            Err(EditError::Change(settings::EditError::NoEntry(_))) => true,
            Err(error) => {
                self.say_unwritten(account, error.to_string());
                false
            }
        }
    }

    fn say_unwritten(&self, account: &Account, why: String) {
        let decision = "the settings file could not be written; kept in memory";
        let mut entry =
            Entry::decision(self.clock.now(), &*account.server, Stage::Connect, decision);
        entry.why = Some(why);
        self.journal.record(entry);
    }

    /// For changes that a person asked for: a failure is told.
    pub(super) async fn write_or_say(&self, changes: Vec<Change>) -> Result<(), SignInError> {
        self.store
            .edit(changes)
            .await
            .map_err(|error| SignInError::Store(error.to_string()))
    }
}

/// Whether the file holds the grant with this mark for the account.
fn holds(account: &Account, mark: &str) -> impl Fn(&Settings) -> bool + Send + Sync + use<> {
    let (account, mark) = (account.clone(), mark.to_owned());
    move |settings: &Settings| held_mark(settings, &account).as_deref() == Some(&mark)
}

//! Writing records into the settings file. What cannot be written is kept in memory, and written later.

use std::sync::Arc;

use oauth::Client;
use oauth::step::Stage;
use settings::Change;

use super::desk::Memory;
use super::record::{self, Kept, Waiting};
use super::{Account, Shared, SignInError};
use crate::journal::Entry;
use crate::store::EditError;

impl Shared {
    /// Stores a grant. It is in force when this returns, even if the file cannot be written.
    pub(super) async fn keep_grant(self: &Arc<Self>, account: &Account, kept: Kept) {
        let desk = self.desk(account);
        let changes = record::save_grant(account, &kept);
        let written = self.write(account, changes).await;
        desk.with(|memory| memory.unsaved.kept = (!written).then_some(kept));
    }

    pub(super) async fn keep_client(self: &Arc<Self>, account: &Account, client: &Client) {
        let written = self
            .write(account, record::save_client(account, client))
            .await;
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

    pub(super) async fn drop_waiting(self: &Arc<Self>, account: &Account) {
        self.desk(account)
            .with(|memory| memory.unsaved.waiting = None);
        self.write(account, record::forget_waiting(account)).await;
    }

    pub(super) async fn drop_grant(self: &Arc<Self>, account: &Account) {
        self.desk(account).with(|memory| memory.unsaved.kept = None);
        self.write(account, record::forget_grant(account)).await;
    }

    pub(super) async fn drop_client(self: &Arc<Self>, account: &Account) {
        self.desk_of_all(account)
            .with(|memory| memory.unsaved.client = None);
        self.write(account, record::forget_client(account)).await;
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
                let decision = "the settings file could not be written; kept in memory";
                let mut entry =
                    Entry::decision(self.clock.now(), &*account.server, Stage::Connect, decision);
                entry.why = Some(error.to_string());
                self.journal.record(entry);
                false
            }
        }
    }

    /// For changes that a person asked for: a failure is told.
    pub(super) async fn write_or_say(&self, changes: Vec<Change>) -> Result<(), SignInError> {
        self.store
            .edit(changes)
            .await
            .map_err(|error| SignInError::Store(error.to_string()))
    }
}

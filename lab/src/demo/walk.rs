//! The walk itself: what it carries from stage to stage, and the order of the stages.

mod sign_in;
mod work;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::cause::Cause;
use super::hub::{Hub, Place};
use super::screen::Screen;
use super::{DemoError, DemoOptions};
use crate::world::World;

/// A machine step must be done within this time.
const SOON: Duration = Duration::from_secs(20);

pub(super) struct Walk {
    options: DemoOptions,
    screen: Screen,
    number: usize,
    name: &'static str,
    folder: Option<tempfile::TempDir>,
    world: Option<World>,
    place: Option<Place>,
    hub: Option<Hub>,
    /// Entries of the running hub's journal that were shown, or passed over.
    shown: HashSet<usize>,
}

impl Walk {
    pub(super) fn new(options: DemoOptions, screen: Screen) -> Self {
        Self {
            options,
            screen,
            number: 0,
            name: "start",
            folder: None,
            world: None,
            place: None,
            hub: None,
            shown: HashSet::new(),
        }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) async fn all(&mut self) -> Result<(), Cause> {
        let began = Instant::now();
        self.screen.title(
            "MCPHub, the main job",
            "a server that wants a sign-in, its tools used through the hub",
        )?;
        self.start_world().await?;
        self.start_hub().await?;
        self.refused().await?;
        self.journal_stage("Discovery", "RFC 9728, RFC 8414", "discovery")
            .await?;
        self.journal_stage("Registration", "RFC 7591", "registration")
            .await?;
        let link = self.link().await?;
        self.consent(&link).await?;
        self.token_stored()?;
        self.reconnected().await?;
        self.through_the_hub().await?;
        self.restart().await?;
        self.renewal().await?;
        let took = began.elapsed().as_secs_f32();
        self.screen
            .end(&format!("All {} stages done in {took:.1} s.", self.number))?;
        Ok(())
    }

    /// Ends the hub, whatever happened before.
    pub(super) async fn end(&mut self) -> Result<(), Cause> {
        match self.hub.take() {
            Some(hub) => hub.stop().await,
            None => Ok(()),
        }
    }

    /// The last words of the hub's log.
    pub(super) fn log(&self) -> Vec<String> {
        self.place
            .as_ref()
            .map(Place::last_words)
            .unwrap_or_default()
    }

    pub(super) fn show_failure(&mut self, error: &DemoError) {
        // The caller reports the error too, so a screen that is gone loses nothing.
        let _shown = self.screen.failure(&error.cause.to_string(), &error.log);
    }

    fn stage(&mut self, name: &'static str, rules: &str) -> Result<(), Cause> {
        self.number += 1;
        self.name = name;
        Ok(self.screen.stage(self.number, name, rules)?)
    }

    /// Shows entries of these stages that were not shown yet, and counts them.
    async fn show_journal(&mut self, stages: &[&str]) -> Result<usize, Cause> {
        let entries = self.hub()?.journal().await?;
        let mut shown = 0;
        for (place, entry) in entries.iter().enumerate() {
            if stages.contains(&entry.stage.as_str()) && self.shown.insert(place) {
                self.screen.journal(entry)?;
                shown += 1;
            }
        }
        Ok(shown)
    }

    /// Leaves unshown what the journal holds by now.
    async fn pass_over(&mut self) -> Result<(), Cause> {
        let entries = self.hub()?.journal().await?;
        self.shown.extend(0..entries.len());
        Ok(())
    }

    fn world(&self) -> Result<&World, Cause> {
        self.world.as_ref().ok_or_else(nothing_yet)
    }

    fn hub(&self) -> Result<&Hub, Cause> {
        self.hub.as_ref().ok_or_else(nothing_yet)
    }

    fn settings(&self) -> Result<PathBuf, Cause> {
        Ok(self
            .place
            .as_ref()
            .ok_or_else(nothing_yet)?
            .settings
            .clone())
    }
}

fn nothing_yet() -> Cause {
    Cause::Missing("an earlier stage did not run".to_owned())
}

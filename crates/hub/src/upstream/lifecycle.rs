//! The life of one upstream as a pure function of what happened and when: when to connect, when to wait, when to ask for a person.
//! It performs nothing; the running upstream carries out its actions and brings back what happened.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use super::trouble::Trouble;
use crate::sign_in::Needed;

/// What the upstream is doing, as a person sees it.
#[derive(Debug, Clone)]
pub enum State {
    /// Switched off in the settings.
    Disabled,
    /// Started on demand, and nobody wants it now.
    Asleep,
    /// Somebody is being asked; `attempt` starts at 1.
    Connecting { attempt: u32 },
    /// Initialized and listed.
    Ready,
    /// Reachable, and a person has to sign in first.
    NeedsSignIn { why: Needed },
    /// The last attempt failed; the next one is at `until`.
    BackingOff {
        until: SystemTime,
        attempt: u32,
        error: Trouble,
    },
    /// The settings make no sense; only an edit helps.
    Broken { error: Trouble },
}

impl State {
    /// The trouble of a state that has one.
    pub fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::BackingOff { error, .. } | Self::Broken { error } => Some(error),
            Self::Disabled
            | Self::Asleep
            | Self::Connecting { .. }
            | Self::Ready
            | Self::NeedsSignIn { .. } => None,
        }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The settings want it running.
    Enabled,
    /// The settings want it running while somebody uses it.
    OnDemand,
    /// Nobody has used it for as long as the settings say.
    Idle,
    /// The settings, or the end of the hub, want it stopped.
    Disabled,
    /// The settings want it running and make no sense.
    Unusable(Trouble),
    /// A person asked for a fresh connection.
    Reload,
    /// The attempt succeeded.
    Connected,
    /// The attempt failed, or was cut off.
    Failed(Trouble),
    /// The server wants a sign-in that a person has to give.
    SignInNeeded(Needed),
    /// A sign-in was completed or given up.
    GrantChanged,
    /// The connection that was ready is gone.
    Lost(Trouble),
    /// The server forgot the session; everything else is well.
    SessionGone,
    /// The time of a back-off is over.
    Due,
    /// Somebody calls this upstream: one that is asleep starts, and the end of a back-off is not waited for.
    Wanted,
}

/// What the running upstream has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Begin an attempt; one that is under way is dropped.
    Connect,
    /// Let go of the connection and of an attempt under way.
    Disconnect,
    /// Bring `Due` at this time; an earlier wish is dropped.
    Wake(SystemTime),
}

/// A state with what must be remembered to leave it well.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    pub(crate) state: State,
    /// Attempts that failed, and connections that were lost before they settled, in a row.
    failures: u32,
    ready_since: Option<SystemTime>,
    on_demand: bool,
}

/// A connection that held this long is a success; a loss after it starts counting from zero.
const SETTLED: Duration = Duration::from_secs(30);
/// How long after a failure a call may bring the next attempt forward.
const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Disabled,
            failures: 0,
            ready_since: None,
            on_demand: false,
        }
    }

    /// The whole life: what happened at `now` gives the next state and what to do.
    pub(crate) fn step(self, event: Event, now: SystemTime) -> (Self, Vec<Action>) {
        match event {
            Event::Disabled => (Self::new(), vec![Action::Disconnect]),
            Event::Unusable(error) => (
                Self {
                    state: State::Broken { error },
                    ..Self::new()
                },
                vec![Action::Disconnect],
            ),
            Event::Enabled => Self::new().connect_afresh(),
            Event::OnDemand => {
                let on_demand = Self {
                    on_demand: true,
                    ..Self::new()
                };
                on_demand.fall_asleep()
            }
            Event::Idle if self.is_ready() && self.on_demand => self.fall_asleep(),
            Event::Idle => (self, vec![]),
            Event::Reload | Event::GrantChanged => match self.state {
                // Only the settings bring these two back.
                State::Disabled | State::Broken { .. } => (self, vec![]),
                State::Asleep
                | State::Connecting { .. }
                | State::Ready
                | State::NeedsSignIn { .. }
                | State::BackingOff { .. } => self.connect_afresh(),
            },
            Event::Connected if self.is_connecting() => (
                Self {
                    state: State::Ready,
                    ready_since: Some(now),
                    ..self
                },
                vec![],
            ),
            Event::Failed(error) if self.is_connecting() => self.back_off(error, now),
            Event::SignInNeeded(why) if self.is_connecting() || self.is_ready() => (
                Self {
                    state: State::NeedsSignIn { why },
                    failures: 0,
                    ready_since: None,
                    on_demand: self.on_demand,
                },
                vec![Action::Disconnect],
            ),
            Event::Lost(error) if self.is_ready() => self.lost(error, now),
            Event::SessionGone if self.is_ready() => self.lost(Trouble::SessionGone, now),
            Event::Due => self.try_again(|_| true),
            Event::Wanted if matches!(self.state, State::Asleep) => (
                Self {
                    state: State::Connecting { attempt: 1 },
                    ..self
                },
                vec![Action::Connect],
            ),
            Event::Wanted => self.try_again(|failed_at| {
                now.duration_since(failed_at)
                    .is_ok_and(|since| since >= PATIENCE)
            }),
            // News of an attempt or a connection that has been given up meanwhile.
            Event::Connected
            | Event::Failed(_)
            | Event::SignInNeeded(_)
            | Event::Lost(_)
            | Event::SessionGone => (self, vec![]),
        }
    }

    fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting { .. })
    }

    fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready)
    }

    /// Ends a back-off early or in time.
    fn try_again(self, enough: impl FnOnce(SystemTime) -> bool) -> (Self, Vec<Action>) {
        let State::BackingOff { until, attempt, .. } = self.state else {
            return (self, vec![]);
        };
        if !enough(until - wait(self.failures)) {
            return (self, vec![]);
        }
        (
            Self {
                state: State::Connecting {
                    attempt: attempt.saturating_add(1),
                },
                ..self
            },
            vec![Action::Connect],
        )
    }

    fn connect_afresh(self) -> (Self, Vec<Action>) {
        let fresh = Self {
            state: State::Connecting { attempt: 1 },
            failures: 0,
            ready_since: None,
            on_demand: self.on_demand,
        };
        (fresh, vec![Action::Disconnect, Action::Connect])
    }

    fn fall_asleep(self) -> (Self, Vec<Action>) {
        let asleep = Self {
            state: State::Asleep,
            failures: 0,
            ready_since: None,
            on_demand: self.on_demand,
        };
        (asleep, vec![Action::Disconnect])
    }

    /// The first loss of a settled connection is mended at once, or by the next call; a server that keeps dying is waited for.
    fn lost(mut self, error: Trouble, now: SystemTime) -> (Self, Vec<Action>) {
        let settled = self
            .ready_since
            .and_then(|since| now.duration_since(since).ok())
            .is_some_and(|held| held >= SETTLED);
        if settled {
            self.failures = 0;
        }
        if self.failures == 0 {
            let (state, actions) = if self.on_demand {
                (State::Asleep, vec![Action::Disconnect])
            } else {
                let actions = vec![Action::Disconnect, Action::Connect];
                (State::Connecting { attempt: 1 }, actions)
            };
            let next = Self {
                state,
                failures: 1,
                ready_since: None,
                on_demand: self.on_demand,
            };
            return (next, actions);
        }
        self.back_off(error, now)
    }

    fn back_off(self, error: Trouble, now: SystemTime) -> (Self, Vec<Action>) {
        let failures = self.failures.saturating_add(1);
        let until = now + wait(failures);
        let state = State::BackingOff {
            until,
            attempt: failures,
            error,
        };
        (
            Self {
                state,
                failures,
                ready_since: None,
                on_demand: self.on_demand,
            },
            vec![Action::Disconnect, Action::Wake(until)],
        )
    }
}

/// 1, 2, 4 ... 60 s.
fn wait(failures: u32) -> Duration {
    let doubled = 1_u64 << failures.saturating_sub(1).min(6);
    Duration::from_secs(doubled).min(LONGEST_WAIT)
}

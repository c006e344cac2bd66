//! Lives of an upstream, step by step, at times that the test chooses.

use super::*;
use crate::sign_in;

/// A life in the hand: events go in at times that the test chooses.
struct Life {
    lifecycle: Lifecycle,
    now: SystemTime,
    actions: Vec<Action>,
}

impl Life {
    fn new() -> Self {
        Self {
            lifecycle: Lifecycle::new(),
            now: SystemTime::UNIX_EPOCH,
            actions: Vec::new(),
        }
    }

    fn after(mut self, seconds: u64, event: Event) -> Self {
        self.now += Duration::from_secs(seconds);
        let (lifecycle, actions) = self.lifecycle.step(event, self.now);
        Self {
            lifecycle,
            actions,
            ..self
        }
    }

    fn then(self, event: Event) -> Self {
        self.after(0, event)
    }

    /// The state in a word, with its numbers.
    fn state(&self) -> String {
        match &self.lifecycle.state {
            State::Disabled => "disabled".into(),
            State::Asleep => "asleep".into(),
            State::Connecting { attempt } => format!("connecting {attempt}"),
            State::Ready => "ready".into(),
            State::NeedsSignIn { .. } => "needs sign-in".into(),
            State::BackingOff { until, attempt, .. } => {
                format!(
                    "backing off {attempt} for {}",
                    until.duration_since(self.now).unwrap_or_default().as_secs()
                )
            }
            State::Broken { .. } => "broken".into(),
        }
    }

    #[track_caller]
    fn is(self, state: &str, actions: &[Action]) -> Self {
        assert_eq!(self.state(), state);
        assert_eq!(self.actions, actions);
        self
    }

    fn connecting() -> Self {
        Self::new().then(Event::Enabled)
    }

    fn ready() -> Self {
        Self::connecting().then(Event::Connected)
    }

    fn backing_off() -> Self {
        Self::connecting().then(Event::Failed(trouble()))
    }

    fn signed_out() -> Self {
        Self::connecting().then(Event::SignInNeeded(needed()))
    }

    fn broken() -> Self {
        Self::new().then(Event::Unusable(trouble()))
    }
}

fn trouble() -> Trouble {
    Trouble::Unanswered
}

fn needed() -> Needed {
    Needed {
        server: "one".into(),
        state: sign_in::State::OauthRequired,
        reason: "nobody signed in yet".into(),
        action: "sign in".into(),
        authorization_url: None,
        user_code: None,
        cause: Some(crate::cause::Cause::SignInNeeded),
    }
}

const AFRESH: [Action; 2] = [Action::Disconnect, Action::Connect];
const NOTHING: [Action; 0] = [];

#[test]
fn a_server_that_answers_goes_from_enabled_to_ready() {
    Life::new()
        .is("disabled", &NOTHING)
        .then(Event::Enabled)
        .is("connecting 1", &AFRESH)
        .then(Event::Connected)
        .is("ready", &NOTHING);
}

#[test]
fn waits_between_attempts_double_up_to_a_minute() {
    let mut life = Life::connecting();
    for (failure, wait) in [1, 2, 4, 8, 16, 32, 60, 60, 60].into_iter().enumerate() {
        let failure = failure + 1;
        life = life.then(Event::Failed(trouble()));
        let until = life.now + Duration::from_secs(wait);
        life = life
            .is(
                &format!("backing off {failure} for {wait}"),
                &[Action::Disconnect, Action::Wake(until)],
            )
            .after(wait, Event::Due)
            .is(&format!("connecting {}", failure + 1), &[Action::Connect]);
    }
}

#[test]
fn a_settled_connection_that_is_lost_is_made_again_at_once() {
    Life::ready()
        .after(30, Event::Lost(trouble()))
        .is("connecting 1", &AFRESH);
    Life::ready()
        .after(3_600, Event::SessionGone)
        .is("connecting 1", &AFRESH);
}

#[test]
fn a_server_that_keeps_dying_after_it_connected_is_waited_for() {
    Life::ready()
        .after(1, Event::Lost(trouble()))
        .is("connecting 1", &AFRESH)
        .then(Event::Connected)
        .after(1, Event::Lost(trouble()))
        .is(
            "backing off 2 for 2",
            &[
                Action::Disconnect,
                Action::Wake(SystemTime::UNIX_EPOCH + Duration::from_secs(4)),
            ],
        )
        .after(2, Event::Due)
        .then(Event::Connected)
        .after(31, Event::Lost(trouble()))
        .is("connecting 1", &AFRESH);
}

#[test]
fn a_missing_sign_in_waits_for_a_person_and_not_for_time() {
    Life::connecting()
        .then(Event::SignInNeeded(needed()))
        .is("needs sign-in", &[Action::Disconnect])
        .after(1_000, Event::Due)
        .is("needs sign-in", &NOTHING)
        .then(Event::Wanted)
        .is("needs sign-in", &NOTHING)
        .then(Event::GrantChanged)
        .is("connecting 1", &AFRESH);
    Life::ready()
        .after(100, Event::SignInNeeded(needed()))
        .is("needs sign-in", &[Action::Disconnect]);
}

#[test]
fn a_call_ends_a_back_off_early_but_not_at_once() {
    let long = (0..5).fold(Life::backing_off(), |life, _| {
        life.after(60, Event::Due).then(Event::Failed(trouble()))
    });
    long.waits(32)
        .after(1, Event::Wanted)
        .is("backing off 6 for 31", &NOTHING)
        .after(1, Event::Wanted)
        .is("connecting 7", &[Action::Connect]);
}

impl Life {
    #[track_caller]
    fn waits(self, seconds: u64) -> Self {
        assert!(
            self.state().ends_with(&format!("for {seconds}")),
            "{}",
            self.state()
        );
        self
    }
}

#[test]
fn whatever_it_does_it_stops_when_switched_off() {
    for life in [
        Life::connecting(),
        Life::ready(),
        Life::backing_off(),
        Life::signed_out(),
        Life::broken(),
    ] {
        life.then(Event::Disabled)
            .is("disabled", &[Action::Disconnect])
            .then(Event::GrantChanged)
            .is("disabled", &NOTHING)
            .then(Event::Reload)
            .is("disabled", &NOTHING);
    }
}

#[test]
fn whatever_it_does_a_reload_and_a_new_grant_connect_afresh() {
    for event in [Event::Reload, Event::GrantChanged] {
        for life in [
            Life::connecting(),
            Life::ready(),
            Life::backing_off(),
            Life::signed_out(),
        ] {
            life.then(event.clone()).is("connecting 1", &AFRESH);
        }
    }
}

#[test]
fn settings_that_make_no_sense_are_left_alone_until_they_are_edited() {
    let life = Life::broken().is("broken", &[Action::Disconnect]);
    let life = [
        Event::Due,
        Event::Wanted,
        Event::Reload,
        Event::GrantChanged,
        Event::Connected,
        Event::Lost(trouble()),
    ]
    .into_iter()
    .fold(life, |life, event| {
        life.after(100, event).is("broken", &NOTHING)
    });
    life.then(Event::Enabled).is("connecting 1", &AFRESH);
}

#[test]
fn late_news_of_an_attempt_or_a_connection_changes_nothing() {
    for event in [
        Event::Connected,
        Event::Failed(trouble()),
        Event::SignInNeeded(needed()),
        Event::Lost(trouble()),
        Event::SessionGone,
    ] {
        Life::new().then(event.clone()).is("disabled", &NOTHING);
        Life::backing_off()
            .after(0, event)
            .is("backing off 1 for 1", &NOTHING);
    }
    Life::connecting()
        .then(Event::Lost(trouble()))
        .is("connecting 1", &NOTHING);
    Life::ready()
        .then(Event::Failed(trouble()))
        .is("ready", &NOTHING);
}

#[test]
fn a_server_on_demand_sleeps_until_it_is_wanted_and_again_when_it_is_idle() {
    Life::new()
        .then(Event::OnDemand)
        .is("asleep", &[Action::Disconnect])
        .then(Event::Idle)
        .is("asleep", &[])
        .then(Event::Wanted)
        .is("connecting 1", &[Action::Connect])
        .then(Event::Idle)
        .is("connecting 1", &[])
        .then(Event::Connected)
        .is("ready", &[])
        .after(300, Event::Idle)
        .is("asleep", &[Action::Disconnect])
        .then(Event::Reload)
        .is("connecting 1", &[Action::Disconnect, Action::Connect])
        .then(Event::Disabled)
        .is("disabled", &[Action::Disconnect]);
    Life::ready().then(Event::Idle).is("ready", &[]);
}

#[test]
fn a_server_on_demand_that_dies_is_started_by_the_next_call_and_waited_for_when_it_keeps_dying() {
    let died = Life::new()
        .then(Event::OnDemand)
        .then(Event::Wanted)
        .then(Event::Connected)
        .after(60, Event::Lost(trouble()))
        .is("asleep", &[Action::Disconnect])
        .then(Event::Wanted)
        .then(Event::Connected)
        .after(1, Event::Lost(trouble()));
    let until = died.now + Duration::from_secs(2);
    died.is(
        "backing off 2 for 2",
        &[Action::Disconnect, Action::Wake(until)],
    );
}

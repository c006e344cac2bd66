//! A call that met a missing sign-in: it is kept until the person has signed in, and goes on by itself.
//!
//! MCP progress (every revision) tells the client meanwhile where the person signs in; elicitation in URL mode (2025-11-25 and 2026-07-28)
//! asks it to show the way. Leaves out the sending (`exchange`) and the page that the link leads to (crate `web`).

mod places;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use mcp::message::Message;
use mcp::{Revision, method, raw};
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use super::{ID_BYTES, Session};
use crate::chance;
use crate::sign_in::{self, Event, Needed, SignIns, Ticket};
use crate::upstream::{State, Upstream};

pub(super) use places::{Place, Places};

/// How long a call waits where the settings say nothing.
const USUAL: Duration = Duration::from_secs(45);
/// Between two signs to the client; also how often the sign-in is looked at, in case its end was not heard.
const SIGN_OF_PROGRESS: Duration = Duration::from_secs(3);
/// A client without a stream, which was asked to show a link and has not come back by then, does not come back.
const THINKING: Duration = Duration::from_secs(10 * 60);
/// So many looks without a link and without a token are the end of a sign-in.
const MOST_MISSED: u8 = 4;
/// The connection is made anew at once after a sign-in; a call of many that waits for that does not ask for it, too.
const RECONNECTION: Duration = Duration::from_secs(2);

/// One call that waits. Everything in it may be dropped at any time.
pub(super) struct SignInWait {
    sign_ins: SignIns,
    upstream: Upstream,
    events: broadcast::Receiver<Event>,
    life: watch::Receiver<State>,
    /// There was a link at the beginning; when it is gone, that sign-in is over.
    linked: bool,
    /// How often in a row it was missed.
    missed: u8,
    /// There was a token at the beginning: more scopes are wanted.
    connected: bool,
    until: Instant,
    /// How long the person may take once the client has agreed to show the link.
    patience: Duration,
    ticks: Interval,
    progress: Option<Progress>,
    question: Option<Question>,
    /// Signed in; the connection is waited for until then.
    reconnecting: Option<Instant>,
    _place: Place,
    /// The session knows how many of its calls wait.
    _of_session: Arc<()>,
    /// Goes after the place, so that whoever looks because of it finds the place free.
    _told: Told,
}

/// Tells that a call waits no more.
struct Told(Upstream);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.other_calls_wait();
    }
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Waited {
    Tell(Message),
    /// A request to the client.
    Ask(Message),
    /// The request can be sent again.
    GoOn,
    /// It is not to be sent; what there is to say beyond the reason that is known.
    GiveUp(&'static str),
}

struct Progress {
    token: Box<str>,
    text: String,
    count: u32,
}

/// What the client was, or is to be, asked.
struct Question {
    ask: Option<Message>,
    answer: Option<oneshot::Receiver<Message>>,
    /// By which its end is told, where the revision does that.
    elicitation: Option<String>,
    /// The client is not there before it has answered, so nothing is done for it.
    holds: bool,
}

/// Whether this request is worth waiting for: whoever lists what there is gets what is known.
pub(super) fn may_wait(asked: &str) -> bool {
    matches!(
        asked,
        method::TOOLS_CALL | method::PROMPTS_GET | method::RESOURCES_READ
    )
}

impl SignInWait {
    /// `None`: waiting is of no use, or not wanted.
    pub(super) fn begin(
        (upstream, session): (&Upstream, &Session),
        (needed, ticket): (&Needed, &Ticket),
        token: Option<&str>,
        patience: Option<Duration>,
        place: Place,
    ) -> Option<Self> {
        let patience = patience.unwrap_or(USUAL);
        if patience.is_zero() {
            return None;
        }
        let sign_ins = upstream.sign_ins().clone();
        // Before anything is looked at, so that nothing is missed.
        let events = sign_ins.events();
        let before = sign_ins.view(upstream.account());
        let question = Question::of(session, upstream, needed, ticket);
        let holds = question.as_ref().is_some_and(|question| question.holds);
        let now = Instant::now();
        let mut ticks = interval(SIGN_OF_PROGRESS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        upstream.other_calls_wait();
        Some(Self {
            events,
            life: upstream.watch(),
            upstream: upstream.clone(),
            sign_ins,
            linked: needed.authorization_url.is_some(),
            missed: 0,
            connected: before.connected,
            until: now + if holds { THINKING } else { patience },
            patience,
            ticks,
            progress: token.map(|token| Progress {
                token: token.into(),
                text: told(needed, ticket),
                count: 0,
            }),
            question,
            reconnecting: None,
            _place: place,
            _of_session: Arc::clone(&session.waits),
            _told: Told(upstream.clone()),
        })
    }

    /// Whether the client itself shows the page to its person.
    pub(super) fn asks(&self) -> bool {
        self.question.is_some()
    }

    /// Where the answer to the question goes.
    pub(super) fn asked(&mut self) -> oneshot::Sender<Message> {
        let (sender, answer) = oneshot::channel();
        if let Some(question) = &mut self.question {
            question.answer = Some(answer);
        }
        sender
    }

    /// The client has been asked already, in another call; this one just waits.
    pub(super) fn not_asked(&mut self) {
        self.question = None;
    }

    /// What happens next; dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Waited {
        if let Some(ask) = self.question.as_mut().and_then(|it| it.ask.take()) {
            return Waited::Ask(ask);
        }
        loop {
            if let Some(until) = self.reconnecting {
                if let Some(told) = self.completed() {
                    return Waited::Tell(told);
                }
                self.reconnected(until).await;
                return Waited::GoOn;
            }
            let held = self.is_held();
            let answer = self.question.as_mut().and_then(|it| it.answer.as_mut());
            tokio::select! {
                answer = answered(answer) => {
                    if let Some(question) = &mut self.question {
                        question.answer = None;
                    }
                    if !answer.is_ok_and(|answer| is_yes(&answer)) {
                        return Waited::GiveUp("the client did not open the link");
                    }
                    self.until = Instant::now() + self.patience;
                    if let Some(outcome) = self.looked() {
                        return outcome;
                    }
                }
                event = self.events.recv(), if !held => if let Some(outcome) = self.heard(event) {
                    return outcome;
                },
                changed = self.life.changed(), if !held => {
                    let over = matches!(*self.life.borrow(), State::Disabled | State::Broken { .. });
                    if over || changed.is_err() {
                        // The next attempt says why.
                        return Waited::GoOn;
                    }
                }
                _ = self.ticks.tick() => {
                    if !held && let Some(outcome) = self.looked() {
                        return outcome;
                    }
                    if self.reconnecting.is_none() && let Some(progress) = &mut self.progress {
                        return Waited::Tell(progress.next());
                    }
                }
                () = sleep_until(self.until) => return Waited::GiveUp("nobody signed in while the call waited"),
            }
        }
    }

    /// Nothing is done for a client that was sent away with a question, until it is back.
    fn is_held(&self) -> bool {
        let question = self.question.as_ref();
        question.is_some_and(|question| question.holds && question.answer.is_some())
    }

    fn heard(&mut self, event: Result<Event, broadcast::error::RecvError>) -> Option<Waited> {
        let ours = |account: &sign_in::Account| account == self.upstream.account();
        match event {
            Ok(Event::SignedIn(account)) if ours(&account) => {
                self.signed_in();
                None
            }
            // A refusal by the person, or trouble that signing in does not cure, and not a link in the place of another.
            Ok(Event::Needed(account)) if ours(&account) => {
                let view = self.sign_ins.view(&account);
                let gone = self.linked && view.authorization_url.is_none();
                let over = view.state.waits_for_a_person() && gone;
                (over || view.state != sign_in::State::OauthRequired && !view.state.usable())
                    .then_some(Waited::GiveUp(""))
            }
            Ok(Event::SignedIn(_) | Event::SignedOut(_) | Event::Needed(_)) => None,
            Err(broadcast::error::RecvError::Lagged(_)) => self.looked(),
            Err(broadcast::error::RecvError::Closed) => Some(Waited::GiveUp("")),
        }
    }

    /// How the sign-in stands, for what was not heard: another process may have completed it, or a token stands in the settings.
    fn looked(&mut self) -> Option<Waited> {
        let account = self.upstream.account();
        let view = self.sign_ins.view(account);
        let gone = self.linked && view.authorization_url.is_none();
        let fresh = !self.connected || view.state.usable();
        // Another process may be at work on the answer that the person brought there.
        let over = gone && !self.sign_ins.is_at_work(account);
        self.missed = if over { self.missed + 1 } else { 0 };
        if view.connected && fresh && view.authorization_url.is_none() {
            self.signed_in();
            return None;
        }
        (self.missed >= MOST_MISSED).then_some(Waited::GiveUp(""))
    }

    fn signed_in(&mut self) {
        self.reconnecting = Some(Instant::now() + RECONNECTION);
    }

    /// Tells a client that was asked that it is done.
    fn completed(&mut self) -> Option<Message> {
        let question = self.question.as_mut()?;
        let id = question.elicitation.take()?;
        question.answer = None;
        let params = format!("{{\"elicitationId\":{}}}", raw::quote(&id));
        Some(Message::notification(method::ELICITED, Some(&params)))
    }

    /// Waits until the upstream has heard of the sign-in, too.
    async fn reconnected(&mut self, until: Instant) {
        let heard = self
            .life
            .wait_for(|state| !matches!(state, State::NeedsSignIn { .. }));
        // After that the call asks for the connection itself.
        drop(tokio::time::timeout_at(until, heard).await);
    }
}

impl Progress {
    /// Progress has to grow, and the server's own comes after it.
    // rule: mcp-progress-grows -- the progress value must increase with each notification.
    fn next(&mut self) -> Message {
        self.count += 1;
        let params = format!(
            "{{\"progressToken\":{},\"progress\":0.000{:05},\"message\":{}}}",
            self.token,
            self.count,
            raw::quote(&self.text)
        );
        Message::notification(method::PROGRESS, Some(&params))
    }
}

impl Question {
    // rule: mcp-elicit-url -- a server must not ask in a mode that the client did not declare.
    // rule: mcp-elicit-own-page -- the address is the hub's own page and never that of a login server, so that the hub can see who opens it.
    fn of(
        session: &Session,
        upstream: &Upstream,
        needed: &Needed,
        ticket: &Ticket,
    ) -> Option<Self> {
        if !session.abilities.elicitation_url || session.revision < Revision::V2025_11_25 {
            return None;
        }
        let with_session = session.revision.has_handshake();
        let elicitation = with_session.then(|| chance::token(ID_BYTES));
        let named = elicitation.as_ref().map(|id| raw::quote(id));
        let named = named.map(|id| format!(",\"elicitationId\":{id}"));
        let params = format!(
            "{{\"mode\":\"url\",\"message\":{},\"url\":{}{}}}",
            raw::quote(&format!(
                "{} needs a sign-in: {}",
                needed.server, needed.reason
            )),
            raw::quote(&ticket.page),
            named.unwrap_or_default()
        );
        let id = upstream.fresh_id().to_string();
        Some(Self {
            ask: Some(Message::request(&id, method::ELICIT, Some(&params))),
            answer: None,
            elicitation,
            holds: !with_session,
        })
    }
}

async fn answered(
    answer: Option<&mut oneshot::Receiver<Message>>,
) -> Result<Message, oneshot::error::RecvError> {
    match answer {
        Some(answer) => answer.await,
        None => std::future::pending().await,
    }
}

fn is_yes(answer: &Message) -> bool {
    let action = raw::string_at(answer.result().unwrap_or("{}"), &["action"]);
    action.ok().flatten().as_deref() == Some("accept")
}

/// One sentence for a person who looks at a client that waits.
fn told(needed: &Needed, ticket: &Ticket) -> String {
    format!(
        "{} needs a sign-in; open {} and this call goes on by itself",
        needed.server, ticket.short
    )
}

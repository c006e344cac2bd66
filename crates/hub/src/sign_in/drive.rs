//! The one loop that performs what `oauth` decides: sends, hands back, and writes the journal.

use std::future::Future;
use std::time::Duration;

use oauth::{Note, Procedure, Response, Stage, Step, Unanswered};
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::Account;
use super::documents::Documents;
use crate::cause::Cause;
use crate::clock::Clock;
use crate::fetch::{Fetch, Way};
use crate::journal::{Asked, Entry, Journal};
use crate::trace;

/// Drives procedures of one sign-in.
pub(super) struct Driver {
    pub(super) fetch: Fetch,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
    pub(super) documents: Documents,
    pub(super) account: Account,
    pub(super) sign_in: Option<String>,
    pub(super) way: Way,
}

impl Driver {
    /// Drives a procedure to its end. When the time is over, everything that is still asked gets no answer.
    pub(super) async fn drive<P: Procedure>(
        &self,
        first: Result<Step<P>, P::Error>,
        within: Duration,
    ) -> Result<P::Output, P::Error> {
        let end = Instant::now() + self.clock.wait_for(within);
        Box::pin(self.drive_until(end, first?)).await
    }

    async fn drive_until<P: Procedure>(
        &self,
        end: Instant,
        mut step: Step<P>,
    ) -> Result<P::Output, P::Error> {
        loop {
            let (request, because, then) = match step {
                Step::Done(output) => return Ok(output),
                Step::Send {
                    request,
                    because,
                    then,
                } => (request, because, then),
            };
            let mut entry = self.entry(then.stage(), "");
            entry.request = Some(Asked::of(&request));
            entry.why = Some(because.into_owned());
            let (asked, address) = (Instant::now(), request.uri().to_string());
            let host = request.uri().host();
            let span = trace::oauth(&self.account.server, then.stage().word(), host);
            let sent = self.fetch.send(request, &self.way);
            let span = span.unwrap_or_else(Span::none);
            let answer = in_time(end, sent).instrument(span.clone()).await;
            trace::answered(&span, answer.as_ref().ok().map(Response::status));
            entry.duration = Some(asked.elapsed());
            match &answer {
                Ok(response) => {
                    let stage = then.stage();
                    self.documents.heard(stage, &address, response);
                    entry.status = Some(response.status().as_u16());
                    entry.decision = format!("answered {}", response.status().as_u16());
                }
                Err(why) => entry.decision = why.to_string(),
            }
            self.journal.record(entry);
            step = then.receive(answer)?;
        }
    }

    /// What was decided without asking anybody.
    pub(super) fn say(&self, stage: Stage, decision: impl Into<String>) {
        self.journal.record(self.entry(stage, decision));
    }

    pub(super) fn say_why(
        &self,
        stage: Stage,
        decision: impl Into<String>,
        why: impl Into<String>,
    ) {
        let mut entry = self.entry(stage, decision);
        entry.why = Some(why.into());
        self.journal.record(entry);
    }

    /// What was decided against somebody, with its code.
    pub(super) fn say_wrong(
        &self,
        stage: Stage,
        cause: Cause,
        decision: impl Into<String>,
        why: impl Into<String>,
    ) {
        let mut entry = self.entry(stage, decision);
        entry.cause = Some(cause);
        entry.why = Some(why.into());
        self.journal.record(entry);
    }

    pub(super) fn notes(&self, stage: Stage, notes: &[Note]) {
        for note in notes {
            let mut entry = self.entry(stage, note.text.clone());
            entry.rule = Some(note.rule.clone().into_owned());
            self.journal.record(entry);
        }
    }

    fn entry(&self, stage: Stage, decision: impl Into<String>) -> Entry {
        let mut entry = Entry::decision(self.clock.now(), &*self.account.server, stage, decision);
        entry.user.clone_from(&self.account.user);
        entry.sign_in.clone_from(&self.sign_in);
        entry
    }
}

async fn in_time(
    end: Instant,
    answer: impl Future<Output = Result<Response, Unanswered>>,
) -> Result<Response, Unanswered> {
    tokio::time::timeout_at(end, answer)
        .await
        .unwrap_or(Err(Unanswered::Timeout))
}

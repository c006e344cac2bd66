//! An examination whose lines are read one by one, as they come. It goes on only while somebody reads, and ends when it is let go of.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::{Examination, Line, Outcome, Unexamined, examine, outcome};
use crate::clock::Clock;
use crate::fetch::Fetch;

/// More than any examination says.
const MOST_LINES: usize = 1_024;

/// What is read next.
#[derive(Debug)]
pub enum Told {
    Line(Box<Line>),
    /// The last: what they come to.
    Outcome(Outcome),
}

/// An examination under way.
pub struct Examining {
    lines: mpsc::Receiver<Line>,
    walk: Option<BoxFuture<'static, Result<Outcome, Unexamined>>>,
    end: Option<Result<Outcome, Unexamined>>,
}

impl Examining {
    /// Nothing is asked before somebody reads.
    pub fn new(examination: Examination, fetch: Fetch, clock: Clock) -> Self {
        let (told, lines) = mpsc::channel(MOST_LINES);
        let walk = async move {
            // Who reads is behind by a few lines at most: the walk goes on only where they are waited for.
            let mut tell = |line: &Line| drop(told.try_send(line.clone()));
            let lines = examine(&examination, fetch, clock, &mut tell).await?;
            Ok(outcome(&lines))
        };
        Self {
            lines,
            walk: Some(walk.boxed()),
            end: None,
        }
    }

    /// The next line, and at last what they come to; none after that.
    ///
    /// # Errors
    /// When there is nothing to look at; that comes first, and nothing after it.
    pub async fn next(&mut self) -> Option<Result<Told, Unexamined>> {
        while let Some(walk) = self.walk.as_mut() {
            tokio::select! {
                biased;
                Some(line) = self.lines.recv() => return Some(Ok(Told::Line(Box::new(line)))),
                end = walk => {
                    self.walk = None;
                    self.end = Some(end);
                }
            }
        }
        if let Ok(line) = self.lines.try_recv() {
            return Some(Ok(Told::Line(Box::new(line))));
        }
        Some(self.end.take()?.map(Told::Outcome))
    }
}

//! One round of questions in a call to a server of the stateless revision: they came in a result, go to the caller as requests, and
//! the answers go back with the next request.
//!
//! MCP 2026-07-28, patterns, "Multi Round-Trip Requests", the client's side.

use std::collections::VecDeque;

use mcp::{
    bridge::{self, Input},
    message::Message,
    raw::{self, Unreadable},
};
use tokio::sync::mpsc;

use super::{
    Shared,
    shared::{Asked, Asker},
    trouble::plain,
};

/// Questions of one result, until all are answered.
pub(super) struct Round {
    unasked: VecDeque<Message>,
    open: Vec<Open>,
    answers: mpsc::Receiver<Message>,
    state: Option<Box<str>>,
}

struct Open {
    /// The id that the caller knows.
    id: u64,
    /// The server's key for the question.
    key: String,
    method: String,
    answer: Option<Box<str>>,
}

/// Questions in one round; nobody answers more.
const MOST_QUESTIONS: usize = 32;

impl Round {
    /// Notes the questions, so that the caller's answers find their way here. `None`: there are too many.
    pub(super) fn begin(shared: &Shared, input: Input, call: u64) -> Option<Self> {
        if input.questions.len() > MOST_QUESTIONS {
            return None;
        }
        let (to, answers) = mpsc::channel(input.questions.len().max(1));
        let mut unasked = VecDeque::new();
        let mut open = Vec::new();
        for question in input.questions {
            let id = shared.next_id();
            let asker = Asker::Round(to.clone());
            shared.asked.insert(id, Asked { asker, call });
            let (method, params) = (&question.method, question.params.as_deref());
            unasked.push_back(Message::request(&id.to_string(), method, params));
            open.push(Open {
                id,
                key: question.key,
                method: question.method,
                answer: None,
            });
        }
        Some(Self {
            unasked,
            open,
            answers,
            state: input.state,
        })
    }

    /// The ids under which the caller answers.
    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        self.open.iter().map(|open| open.id)
    }

    /// The next question for the caller.
    pub(super) fn question(&mut self) -> Option<Message> {
        self.unasked.pop_front()
    }

    /// Waits until every question is answered.
    ///
    /// # Errors
    /// The question that the caller refused, and what it said.
    pub(super) async fn answered(&mut self) -> Result<(), (String, String)> {
        while self.open.iter().any(|open| open.answer.is_none()) {
            // The senders are with the questions that are open.
            let Some(answer) = self.answers.recv().await else {
                let unanswered = self.open.iter().find(|open| open.answer.is_none());
                let method = unanswered.map(|open| open.method.clone());
                return Err((method.unwrap_or_default(), "it was taken back".into()));
            };
            let id = answer.id().and_then(super::pipe::number);
            let Some(open) = self.open.iter_mut().find(|open| Some(open.id) == id) else {
                continue;
            };
            match answer.result() {
                Some(result) => open.answer = Some(result.into()),
                None => return Err((open.method.clone(), reason(&answer))),
            }
        }
        Ok(())
    }

    /// The params of the next request, made from those of the first.
    pub(super) fn params(&self, first: &str) -> Result<String, Unreadable> {
        let answers = self.open.iter().filter_map(|open| {
            let answer = open.answer.as_deref()?;
            Some((open.key.as_str(), answer))
        });
        bridge::retry(first, answers, self.state.as_deref())
    }
}

fn reason(refusal: &Message) -> String {
    let said = raw::string_at(refusal.error().unwrap_or("{}"), &["message"]);
    let said = said.ok().flatten().unwrap_or_default();
    plain(&said).chars().take(300).collect()
}

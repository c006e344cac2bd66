//! For tests: both ends of a procedure in one hand, with answers by address.

use std::collections::BTreeMap;

use crate::step::{Procedure, Request, Response, Step, Unanswered};

/// Answers by `METHOD address`, or by address alone; anything else is 404. Keeps what was asked.
#[derive(Default)]
pub(crate) struct Play {
    answers: BTreeMap<String, Vec<Result<Response, Unanswered>>>,
    pub(crate) asked: Vec<Request>,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn json(self, address: &str, body: &str) -> Self {
        self.status(address, 200, body)
    }

    pub(crate) fn status(self, address: &str, status: u16, body: &str) -> Self {
        self.answer(address, Ok(response(status, body)))
    }

    pub(crate) fn silent(self, address: &str) -> Self {
        self.answer(address, Err(Unanswered::Timeout))
    }

    /// Several answers of one address are given in turn; the last one stays.
    pub(crate) fn answer(mut self, address: &str, answer: Result<Response, Unanswered>) -> Self {
        self.answers
            .entry(address.to_owned())
            .or_default()
            .push(answer);
        self
    }

    /// Plays to the end, which must come soon.
    pub(crate) fn run<P: Procedure>(
        &mut self,
        first: Result<Step<P>, P::Error>,
    ) -> Result<P::Output, P::Error> {
        let mut step = first?;
        for _ in 0..40 {
            let (request, then) = match step {
                Step::Done(output) => return Ok(output),
                Step::Send { request, then, .. } => (request, then),
            };
            let answer = match self.answers.get_mut(&request.uri().to_string()) {
                Some(all) if all.len() > 1 => all.remove(0),
                Some(all) => all[0].clone(),
                None => Ok(response(404, "not found")),
            };
            self.asked.push(request);
            step = then.receive(answer)?;
        }
        panic!("the chain does not end: {:?}", self.addresses());
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.asked
            .iter()
            .map(|request| request.uri().to_string())
            .collect()
    }

    /// The body of the n-th request, as a form.
    pub(crate) fn form(&self, n: usize) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(self.asked[n].body())
            .into_owned()
            .collect()
    }

    /// The body of the n-th request, as JSON.
    pub(crate) fn sent_json(&self, n: usize) -> serde_json::Value {
        serde_json::from_slice(self.asked[n].body()).unwrap()
    }

    pub(crate) fn authorization(&self, n: usize) -> Option<&str> {
        self.asked[n]
            .headers()
            .get("authorization")
            .map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn response(status: u16, body: &str) -> Response {
    http::Response::builder()
        .status(status)
        .body(body.as_bytes().to_vec())
        .unwrap()
}

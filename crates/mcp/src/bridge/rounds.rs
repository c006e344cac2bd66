//! A call that takes several rounds: the server's questions in a result, and the answers in the next request.

use crate::method;
use crate::raw::{self, Unreadable};

/// What a result amounts to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer. Also a result that does not say what it is.
    Complete,
    InputRequired(Input),
    /// A kind of result that the hub does not know; an extension may.
    Other(String),
}

/// What a server wants to know before it goes on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Input {
    pub questions: Vec<Question>,
    /// `requestState` as it was written, quotes included.
    pub state: Option<Box<str>>,
}

/// One question: the server's key for it, and the request that a client can answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    pub key: String,
    pub method: String,
    /// JSON text.
    pub params: Option<Box<str>>,
}

/// Why the questions in a result cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    #[error("the result cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
    #[error("inputRequests is not an object")]
    NotAMap,
    #[error("the question {key:?} has no method")]
    Nothing { key: String },
    #[error(
        "the question {key:?} is {method}, and only sampling, elicitation and roots can be asked"
    )]
    Method { key: String, method: String },
    #[error("the key {0:?} stands there twice")]
    Twice(String),
    #[error("it asks for input and has neither inputRequests nor requestState")]
    Empty,
}

/// What a result of the stateless revision amounts to.
// rule: mcp-result-type -- a result without `resultType` is complete, one of an unknown type is invalid.
pub fn outcome(result: &str) -> Result<Outcome, Unanswerable> {
    // Escapes could hide the letters.
    if !result.contains("resultType") && !result.contains("\\u") || !raw::is_object(result) {
        return Ok(Outcome::Complete);
    }
    match raw::string_at(result, &["resultType"])?.as_deref() {
        None | Some("complete") => Ok(Outcome::Complete),
        Some("input_required") => input(result).map(Outcome::InputRequired),
        Some(other) => Ok(Outcome::Other(other.to_owned())),
    }
}

// rule: mcp-mrtr-requests -- each question is one of three requests, under a key of its own.
fn input(result: &str) -> Result<Input, Unanswerable> {
    let [requests, state] = raw::fields(result, ["inputRequests", "requestState"])?;
    let requests = match requests {
        Some(requests) => raw::entries(requests).ok_or(Unanswerable::NotAMap)?,
        None if state.is_none() => return Err(Unanswerable::Empty),
        None => Vec::new(),
    };
    let mut questions: Vec<Question> = Vec::with_capacity(requests.len());
    for (key, request) in requests {
        if questions.iter().any(|question| question.key == key) {
            return Err(Unanswerable::Twice(key));
        }
        let [method, params] = raw::fields(request, ["method", "params"])?;
        let Some(method) = method.and_then(raw::string) else {
            return Err(Unanswerable::Nothing { key });
        };
        let method = method.into_owned();
        if ![method::SAMPLE, method::ELICIT, method::ROOTS_LIST].contains(&method.as_str()) {
            return Err(Unanswerable::Method { key, method });
        }
        let params = params.map(Box::from);
        questions.push(Question {
            key,
            method,
            params,
        });
    }
    let state = state.map(Box::from);
    Ok(Input { questions, state })
}

/// The params of the next request: the first request's own, the answers by the server's keys, and the state as it was written.
// rule: mcp-mrtr-retry -- the state goes back exactly as it came, and none where none came.
pub fn retry<'a>(
    params: &str,
    answers: impl IntoIterator<Item = (&'a str, &'a str)>,
    state: Option<&str>,
) -> Result<String, Unreadable> {
    let answers: Vec<String> = answers
        .into_iter()
        .map(|(key, result)| format!("{}:{result}", raw::quote(key)))
        .collect();
    let mut params = params.to_owned();
    if !answers.is_empty() {
        params = raw::set(
            &params,
            "inputResponses",
            &format!("{{{}}}", answers.join(",")),
        )?;
    }
    match state {
        Some(state) => raw::set(&params, "requestState", state),
        None => Ok(params),
    }
}

//! The walk itself: whom it is about, what was asked so far, and what was said.
//!
//! A document that was read once is not asked for again, however often a search begins anew.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use oauth::step::{Procedure, Request, Response, Step, Unanswered};
use secrecy::{ExposeSecret as _, SecretString};
use settings::Transport;
use url::Url;

use super::line::{Discretion, Line};
use super::{Examination, Unexamined, Verdict};
use crate::clock::Clock;
use crate::fetch::{Fetch, Way};
use crate::sign_in::{Plan, SignInError};
use crate::upstream::settings_headers;

pub(super) struct Walk<'t> {
    pub(super) fetch: Fetch,
    pub(super) clock: Clock,
    pub(super) plan: Plan,
    pub(super) url: Url,
    /// For requests to the server itself.
    pub(super) way: Way,
    /// The settings' own headers for it.
    pub(super) headers: HeaderMap,
    pub(super) within: Duration,
    pub(super) register: bool,
    heard: Vec<Heard>,
    lines: Vec<Line>,
    discretion: Discretion,
    tell: &'t mut (dyn FnMut(&Line) + Send),
}

/// One exchange.
pub(super) struct Heard {
    pub(super) method: Method,
    pub(super) address: String,
    pub(super) answer: Result<Response, Unanswered>,
    pub(super) at: SystemTime,
}

impl<'t> Walk<'t> {
    pub(super) fn begin(
        examination: &Examination,
        fetch: Fetch,
        clock: Clock,
        tell: &'t mut (dyn FnMut(&Line) + Send),
    ) -> Result<Self, Unexamined> {
        let (settings, name) = (&examination.settings, &examination.server);
        let plan = Plan::of(
            settings,
            name,
            examination.port,
            &clock,
            &examination.folder,
        )?;
        let server = settings
            .server(name)
            .ok_or_else(|| SignInError::UnknownServer(name.clone()))?;
        let Ok(Transport::Http { url, headers, .. }) = &server.transport else {
            return Err(SignInError::NotHttp(name.clone()).into());
        };
        let url = Url::parse(url).map_err(|error| Unexamined::Address {
            address: name.clone(),
            why: error.to_string(),
        })?;
        let mut discretion = Discretion::default();
        let written: Vec<(&str, &SecretString)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), &**value))
            .collect();
        for secret in written
            .iter()
            .map(|(_, value)| *value)
            .chain(plan.secrets())
        {
            discretion.keep(secret);
        }
        let exposed = written
            .iter()
            .map(|(name, value)| (*name, value.expose_secret()));
        Ok(Self {
            fetch,
            clock,
            way: Way::to_server(&url, server),
            headers: settings_headers(exposed)?,
            plan,
            url,
            within: examination.within,
            register: examination.register,
            heard: Vec::new(),
            lines: Vec::new(),
            discretion,
            tell,
        })
    }

    pub(super) fn say(&mut self, mut line: Line) {
        self.discretion.apply(&mut line);
        (self.tell)(&line);
        self.lines.push(line);
    }

    pub(super) fn is_well(&self) -> bool {
        self.lines.iter().all(|line| line.verdict != Verdict::Wrong)
    }

    pub(super) fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    /// From now on not to be said.
    pub(super) fn keep_secret(&mut self, secret: &SecretString) {
        self.discretion.keep(secret);
    }

    /// Asks the server itself; redirects are shown, not followed.
    pub(super) async fn ask_server(&mut self, request: Request) -> &Heard {
        let (method, address) = named(&request);
        self.fetch.ready(&self.way).await;
        let answer = self.fetch.look(request, &self.way, self.within).await;
        self.hear(method, address, answer)
    }

    /// Drives a procedure of the sign-in to its end.
    pub(super) async fn drive<P: Procedure>(
        &mut self,
        first: Result<Step<P>, P::Error>,
    ) -> Result<P::Output, P::Error> {
        let mut step = first?;
        loop {
            match step {
                Step::Done(output) => return Ok(output),
                Step::Send { request, then, .. } => {
                    let answer = self.ask(request).await;
                    step = then.receive(answer)?;
                }
            }
        }
    }

    async fn ask(&mut self, request: Request) -> Result<Response, Unanswered> {
        let (method, address) = named(&request);
        if method == Method::GET
            && let Some(heard) = self.heard_at(&address)
        {
            return heard.answer.clone();
        }
        self.fetch.ready(self.plan.way()).await;
        let sending = Box::pin(self.fetch.send(request, self.plan.way()));
        let answer = tokio::time::timeout(self.within, sending).await;
        let answer = answer.unwrap_or(Err(Unanswered::Timeout));
        self.hear(method, address, answer).answer.clone()
    }

    fn hear(
        &mut self,
        method: Method,
        address: String,
        answer: Result<Response, Unanswered>,
    ) -> &Heard {
        let at = self.clock.now();
        self.heard.push(Heard {
            method,
            address,
            answer,
            at,
        });
        &self.heard[self.heard.len() - 1]
    }

    /// What a document's address answered.
    pub(super) fn heard_at(&self, address: &str) -> Option<&Heard> {
        let gets = self
            .heard
            .iter()
            .filter(|heard| heard.method == Method::GET);
        gets.rev().find(|heard| heard.address == address)
    }

    pub(super) fn heard(&self) -> impl DoubleEndedIterator<Item = &Heard> {
        self.heard.iter()
    }

    /// Goes by another plan from now on.
    pub(super) fn replan(&mut self, change: impl FnOnce(Plan) -> Plan) {
        self.plan = change(self.plan.clone());
    }

    pub(super) fn policy(&self) -> Arc<oauth::Policy> {
        Arc::clone(self.plan.policy())
    }
}

fn named(request: &Request) -> (Method, String) {
    (request.method().clone(), request.uri().to_string())
}

impl Heard {
    /// Both halves, for a line.
    pub(super) fn both(&self) -> (String, String) {
        (format!("{} {}", self.method, self.address), self.came())
    }

    /// What came back, in a few words.
    pub(super) fn came(&self) -> String {
        match &self.answer {
            Err(why) => why.to_string(),
            Ok(response) => {
                let kind = content_type(response);
                format!("{} {kind}", response.status().as_u16())
                    .trim_end()
                    .to_owned()
            }
        }
    }

    /// The body as a JSON object, if the answer is a success and has one.
    pub(super) fn document(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        let response = self.answer.as_ref().ok()?;
        let body = response.status().is_success().then(|| response.body())?;
        serde_json::from_slice(body).ok()
    }
}

/// The type of a body without its parameters.
pub(super) fn content_type(response: &Response) -> &str {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}

//! One request of a client while a server works on it: what the server sends for it, in order, ending with the response.
//!
//! Dropping it cancels the work at the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::HeaderMap;
use mcp::merge::{self, Listing};
use mcp::message::{Kind, Message, code};
use mcp::raw;
use settings::Server;
use tokio_util::sync::CancellationToken;

use super::callers::Place;
use super::sign_in_wait::{self, SignInWait, Waited};
use super::subscriptions::Resource;
use super::{Session, Shared, refusal};
use crate::activity::UnderWay;
use crate::catalog::Scope;
use crate::sign_in::{self, Needed, Ticket};
use crate::upstream::{Call, CallError, Upstream};

/// A request on its way. `next` until it gives nothing any more.
pub struct Exchange {
    shared: Arc<Shared>,
    session: Arc<Session>,
    upstream: Upstream,
    call: Call,
    id: Box<str>,
    method: Box<str>,
    finish: Finish,
    /// It met a missing sign-in and waits.
    wait: Option<Box<(Needed, SignInWait)>>,
    /// How often it waited already.
    waits: u8,
    cancelled: CancellationToken,
    /// Questions that the server asked meanwhile.
    asked: Vec<Box<str>>,
    quiet: bool,
    over: bool,
    /// Written down when it is over, or dropped.
    noted: Option<UnderWay>,
    _place: Place,
}

/// From so many questions on, those that are answered are forgotten.
const MANY_ASKED: usize = 128;
/// A sign-in, more scopes, and a sign-in that ended in between.
const MOST_WAITS: u8 = 3;

/// What the response still needs.
pub(super) enum Finish {
    AsIs,
    /// A list in which some is hidden or described anew.
    Show(Arc<Scope>, Listing),
    /// A subscription, by the client's own address.
    Watch(Resource, Box<str>),
    /// How a task of this caller stands.
    Standing,
    /// Tasks, of which the caller's own are shown.
    OwnTasks,
}

impl Exchange {
    pub(super) fn new(
        shared: &Arc<Shared>,
        session: &Arc<Session>,
        (upstream, request): (Upstream, Message),
        (finish, place): (Finish, Place),
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            session: Arc::clone(session),
            id: request.id().unwrap_or("null").into(),
            method: request.method().unwrap_or_default().into(),
            noted: (shared.activity).begin(&upstream, &request, || session.by()),
            call: upstream.call_for(request, session.behalf()),
            upstream,
            finish,
            wait: None,
            waits: 0,
            cancelled: CancellationToken::new(),
            asked: Vec::new(),
            quiet: false,
            over: false,
            _place: place,
        }
    }

    /// Sends with the request what its server is to see of the headers that it came with.
    pub(super) fn carry(&mut self, headers: &HeaderMap) {
        self.call.carry(headers);
    }

    /// The client takes the response only: notifications are dropped, questions of the server refused.
    #[must_use]
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// The hub goes on with it no further, for this reason.
    pub(super) fn refused(mut self, why: &str) {
        if let Some(noted) = self.noted.take() {
            noted.unanswered(why);
        }
    }

    /// The next message for the client; the last one is the response. `None`: it is over, or the client cancelled it.
    pub async fn next(&mut self) -> Option<Message> {
        let message = self.come().await;
        if self.over
            && let Some(noted) = self.noted.take()
        {
            noted.ended(message.as_ref());
        }
        message
    }

    async fn come(&mut self) -> Option<Message> {
        while !self.over {
            if self.wait.is_some() {
                match self.waited().await {
                    Some(message) => return Some(message),
                    None => continue,
                }
            }
            let received = tokio::select! {
                received = self.call.next() => received,
                () = self.cancelled.cancelled() => return self.given_up(),
            };
            let message = match received {
                Some(Ok(message)) => message,
                Some(Err(CallError::NeedsSignIn(needed))) => {
                    self.wait = self.wait_for(&needed);
                    if self.wait.is_some() {
                        continue;
                    }
                    return Some(self.failed(&CallError::NeedsSignIn(self.shown(needed))));
                }
                Some(Err(error)) => return Some(self.failed(&error)),
                None => return Some(self.broken_off()),
            };
            match message.kind() {
                Kind::Response => return Some(self.finished(message)),
                Kind::Notification if self.quiet || !self.session.level.hears(&message) => {}
                Kind::Notification
                    if !self.shared.is_for(&self.session, &self.upstream, &message) => {}
                Kind::Notification => return Some(message),
                Kind::Request => match self.asks(&message) {
                    Ok(()) => return Some(message),
                    Err(_) if !self.session.revision.has_handshake() && !self.quiet => {
                        self.over = true;
                        return Some(refusal::incapable(&self.id, &message));
                    }
                    // In the background: `next` may be dropped at any time, and the server must hear it anyway.
                    Err(refusal) => self.session.tell(self.upstream.clone(), refusal),
                },
            }
        }
        None
    }

    /// What is to be told to a client whose request waits; `None`: the waiting is over.
    async fn waited(&mut self) -> Option<Message> {
        let wait = &mut self.wait.as_mut()?.1;
        let waited = tokio::select! {
            waited = wait.next() => waited,
            () = self.cancelled.cancelled() => return self.given_up(),
        };
        let end = match waited {
            Waited::Tell(message) => return Some(message),
            Waited::Ask(question) => {
                let id: Box<str> = question.id()?.into();
                let answer = wait.asked();
                if self.session.ask_for_hub(&self.upstream, id.clone(), answer) {
                    self.asked.push(id);
                    return Some(question);
                }
                wait.not_asked();
                return None;
            }
            Waited::GoOn => {
                self.wait = None;
                self.call.go_again();
                return None;
            }
            Waited::GiveUp(end) => end,
        };
        let (mut needed, _) = *self.wait.take()?;
        // As it stands by now: a person may have refused.
        let view = self.upstream.sign_ins().view(self.upstream.account());
        if !view.state.usable() && !view.reason.is_empty() {
            needed.state = view.state;
            needed.cause = view.cause;
            needed.reason = view.reason;
            needed.action = view.action.unwrap_or(needed.action);
        }
        if !end.is_empty() {
            needed.reason = format!("{}, and {end}", needed.reason);
        }
        Some(self.failed(&CallError::NeedsSignIn(self.shown(needed))))
    }

    /// Begins to wait for a sign-in, where that is of use.
    fn wait_for(&mut self, needed: &Needed) -> Option<Box<(Needed, SignInWait)>> {
        let of_use = needed.state == sign_in::State::OauthRequired && self.call.may_go_again();
        if !of_use
            || self.quiet
            || self.waits >= MOST_WAITS
            || !sign_in_wait::may_wait(&self.method)
        {
            return None;
        }
        let settings = self.shared.catalog.store().current();
        let server = settings.server(self.upstream.name());
        let of_server =
            |server: &Server| (server.options.wait_for_sign_in).or(server.oauth.wait_for_sign_in);
        let patience = server.and_then(of_server).or(settings.wait_for_sign_in);
        let places = &self.shared.sign_in_places;
        let place = places.take(&self.session.identity, self.upstream.account())?;
        let ticket = self.ticket();
        let (from, why) = ((&self.upstream, &*self.session), (needed, &ticket));
        let token = self.call.progress_token();
        let wait = SignInWait::begin(from, why, token, patience, place)?;
        if !wait.asks() {
            let account = self.upstream.account();
            self.upstream.sign_ins().is_awaited(account, why);
        }
        self.waits += 1;
        tracing::info!(
            server = self.upstream.name(),
            method = &*self.method,
            "a request waits for a sign-in"
        );
        Some(Box::new((needed.clone(), wait)))
    }

    fn ticket(&self) -> Ticket {
        let account = self.upstream.account();
        let sign_ins = self.upstream.sign_ins();
        sign_ins.ticket(account, &self.session.identity)
    }

    /// What a client reads of it: the hub's own page instead of a login server's.
    fn shown(&self, mut needed: Needed) -> Needed {
        if needed.state == sign_in::State::OauthRequired {
            needed.authorization_url = Some(self.ticket().short);
        }
        needed
    }

    /// The client's own id, as JSON text.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Hands the client's answer to a question of the server.
    pub(super) fn answer(&self, response: Message) {
        self.session.answer(response);
    }

    pub(super) fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }

    fn asks(&mut self, request: &Message) -> Result<(), Message> {
        if self.quiet {
            let text = "the client takes no stream, so it cannot be asked";
            let id = request.id();
            return Err(Message::failure(id, code::METHOD_NOT_FOUND, text, None));
        }
        self.session.ask(&self.upstream, request)?;
        if self.asked.len() >= MANY_ASKED {
            let open = self.session.asked();
            self.asked.retain(|id| open.contains_key(id));
        }
        self.asked.extend(request.id().map(Box::from));
        Ok(())
    }

    fn finished(&mut self, response: Message) -> Message {
        self.over = true;
        if let Some(noted) = self.noted.take() {
            match self.goes_in_rounds() {
                true => noted.answered_or_asked(&response),
                false => noted.answered(&response),
            }
        }
        if response.result().is_none() {
            return response;
        }
        match &self.finish {
            Finish::AsIs => {
                self.shared
                    .task_given(&self.session, &self.upstream, &response);
                response
            }
            Finish::Show(scope, listing) => show(scope, *listing, response),
            Finish::Watch(resource, shown) => {
                if self
                    .shared
                    .subscriptions
                    .add(resource.clone(), &self.session.id, shown)
                {
                    return response;
                }
                let text = "this session watches too many resources";
                Message::failure(Some(&self.id), code::SERVER_ERROR, text, None)
            }
            Finish::Standing => {
                self.shared
                    .task_stands(&self.session, &self.upstream, &response);
                response
            }
            Finish::OwnTasks => self
                .shared
                .own_tasks(&self.session, &self.upstream, response),
        }
    }

    /// Whether client and server both speak the revision in which a result may be a question to the client.
    fn goes_in_rounds(&self) -> bool {
        let hello = self.upstream.hello();
        let stateless = hello.is_some_and(|hello| !hello.revision.has_handshake());
        stateless && !self.session.revision.has_handshake()
    }

    fn failed(&mut self, error: &CallError) -> Message {
        self.over = true;
        if let Some(noted) = self.noted.take() {
            noted.failed(error);
        }
        let (server, method) = (self.upstream.name(), &*self.method);
        if let CallError::NeedsSignIn(needed) = error {
            // Its link holds the `state`, which is for the caller and not for the log.
            tracing::info!(
                server,
                method,
                reason = needed.reason,
                "a request has no answer"
            );
        } else {
            tracing::info!(server, method, %error, "a request has no answer");
        }
        let explained = self.upstream.explain_call(error);
        refusal::unanswered(&self.id, &self.method, error, &explained)
    }

    /// Who cancelled wants no answer; who is cut off because the hub stops gets one.
    fn given_up(&mut self) -> Option<Message> {
        self.over = true;
        let stops = self.shared.stops.load(Ordering::Relaxed);
        stops.then(|| refusal::stopping(&self.id, &self.method))
    }

    fn broken_off(&mut self) -> Message {
        self.over = true;
        let text = format!(
            "{} ended the request without an answer",
            self.upstream.name()
        );
        Message::failure(Some(&self.id), code::INTERNAL_ERROR, &text, None)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.session.calls().remove(&self.id);
        if !self.asked.is_empty() {
            let mut asked = self.session.asked();
            for id in &self.asked {
                asked.remove(id);
            }
        }
    }
}

/// The page of a list as this endpoint shows it; a result that is no list passes as it is.
fn show(scope: &Scope, listing: Listing, response: Message) -> Message {
    let shape = scope.shape();
    let result = response.result().unwrap_or("{}");
    let (Some(member), Ok(page)) = (shape.members.first(), merge::page(listing, result)) else {
        return response;
    };
    let shown = page
        .entries
        .iter()
        .filter(|entry| shape.shows(member, listing, &entry.name));
    let texts: Vec<_> = shown
        .map(|entry| shape.text(member, listing, entry, None))
        .collect();
    let array = format!("[{}]", texts.join(","));
    match raw::replace(result, &[listing.list_key()], &array) {
        Ok(Some(result)) => response.with_result(&result),
        Ok(None) | Err(_) => response,
    }
}

//! What a client sends in its session, and what becomes of it: answered here, passed to the server that owns it, or taken.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use http::HeaderMap;
use mcp::merge::Listing;
use mcp::message::{Kind, Message, code};
use mcp::{method, raw};

use super::exchange::{Exchange, Finish};
use super::hello::{settled, wake_first};
use super::level::Level;
use super::{MOST_CALLS, Session, Sessions, Shared, refusal};
use crate::catalog::{Catalog, Merged, Scope};
use crate::route::{self, Known, Route};
use crate::upstream::{NotServed, State, Upstream};

/// What a message of a client leads to.
pub enum Reply {
    /// A notification or a response: nothing is to be said.
    Accepted,
    /// The answer is known.
    Now(Message),
    /// A server is being asked.
    Later(Box<Exchange>),
}

impl Reply {
    /// Sends with the request what its server is to see of the headers that it came with.
    #[must_use]
    pub fn carrying(mut self, headers: &HeaderMap) -> Self {
        if let Self::Later(exchange) = &mut self {
            exchange.carry(headers);
        }
        self
    }
}

/// How long a list waits for servers that are being connected for the first time.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes of the address of a watched resource, which is kept as long as the session.
const LONGEST_URI: usize = 4 * 1024;

impl Sessions {
    /// Takes one message of a client.
    pub async fn receive(&self, session: &Arc<Session>, message: Message) -> Reply {
        match message.kind() {
            Kind::Request => match self.request(session, message).await {
                Ok(exchange) => Reply::Later(Box::new(exchange)),
                Err(answer) => Reply::Now(answer),
            },
            Kind::Notification => {
                self.shared.notification(session, message);
                Reply::Accepted
            }
            Kind::Response => {
                session.answer(message);
                Reply::Accepted
            }
        }
    }

    /// A request on its way to a server, or the answer to it.
    async fn request(&self, session: &Arc<Session>, request: Message) -> Result<Exchange, Message> {
        let scope = session.scope.load_full();
        let listing = request.method().and_then(Listing::of_method);
        match request.method().unwrap_or_default() {
            method::PING => Err(Message::success(id(&request), "{}")),
            method::INITIALIZE => Err(failure(
                &request,
                code::INVALID_REQUEST,
                "this session is initialized already",
            )),
            method::SET_LEVEL => self.set_level(session, &scope, request),
            method::SUBSCRIBE => self.watch(session, &scope, request),
            method::UNSUBSCRIBE => self.unwatch(session, &scope, request),
            method::TASK_GET | method::TASK_RESULT | method::TASK_UPDATE | method::TASK_CANCEL => {
                self.task(session, &scope, request)
            }
            method::TASKS_LIST => self.tasks(session, &scope, request),
            _ => match listing {
                Some(listing) => self.list(session, &scope, listing, request).await,
                None => self.routed(session, &scope, request),
            },
        }
    }

    fn routed(
        &self,
        session: &Arc<Session>,
        scope: &Scope,
        request: Message,
    ) -> Result<Exchange, Message> {
        let (upstream, request) = self.shared.owner(scope, request)?;
        self.begin(session, upstream, request, Finish::AsIs)
    }

    async fn list(
        &self,
        session: &Arc<Session>,
        scope: &Arc<Scope>,
        listing: Listing,
        request: Message,
    ) -> Result<Exchange, Message> {
        let shape = scope.shape();
        self.shared.settle(scope).await;
        if let Some(member) = shape.members.first().filter(|_| shape.transparent)
            && let Ok(upstream) = self.shared.catalog.serving(scope, &member.server)
            && matches!(upstream.state(), State::Ready)
        {
            let finish = if shape.changes(member, listing) {
                Finish::Show(Arc::clone(scope), listing)
            } else {
                Finish::AsIs
            };
            return self.begin(session, upstream, request, finish);
        }
        let cursor = raw::field(request.params().unwrap_or("{}"), "cursor");
        if !matches!(cursor, Ok(None | Some("null"))) {
            let text = "this list has one page, so there is no cursor to it";
            return Err(failure(&request, code::INVALID_PARAMS, text));
        }
        let merged = self.shared.catalog.merged(scope, listing);
        Err(Message::success(id(&request), &merged.result))
    }

    fn set_level(
        &self,
        session: &Arc<Session>,
        scope: &Scope,
        request: Message,
    ) -> Result<Exchange, Message> {
        let level = Level::of(&request);
        if let Some(level) = level {
            session.level.set(level);
        }
        if scope.shape().transparent {
            let (upstream, request) = self.shared.owner(scope, request)?;
            let wanted = level.and_then(|_| self.shared.wanted_level(upstream.key()));
            let request = wanted.map_or_else(|| request.clone(), |w| w.request(id(&request)));
            return self.begin(session, upstream, request, Finish::AsIs);
        }
        if level.is_none() {
            let text =
                "params.level must be one of the eight levels from \"debug\" to \"emergency\"";
            return Err(failure(&request, code::INVALID_PARAMS, text));
        }
        for member in &scope.shape().members {
            if let Ok(upstream) = self.shared.catalog.serving(scope, &member.server) {
                self.shared.renew_level(upstream.key());
            }
        }
        Err(Message::success(id(&request), "{}"))
    }

    fn watch(
        &self,
        session: &Arc<Session>,
        scope: &Scope,
        request: Message,
    ) -> Result<Exchange, Message> {
        let shown = uri(&request);
        if shown.len() > LONGEST_URI {
            let text = format!("a watched resource has an address of at most {LONGEST_URI} bytes");
            return Err(failure(&request, code::INVALID_PARAMS, &text));
        }
        let (upstream, request) = self.shared.owner(scope, request)?;
        let resource = (Arc::from(upstream.key()), Box::from(uri(&request)));
        self.begin(
            session,
            upstream,
            request,
            Finish::Watch(resource, shown.into()),
        )
    }

    fn unwatch(
        &self,
        session: &Arc<Session>,
        scope: &Scope,
        request: Message,
    ) -> Result<Exchange, Message> {
        let (upstream, request) = self.shared.owner(scope, request)?;
        let resource = (Arc::from(upstream.key()), Box::from(uri(&request)));
        let last = self.shared.subscriptions.remove(&resource, &session.id);
        // Others still watch it, so the server must go on. Nobody at all: the server says what it thinks of that.
        if !last && !self.shared.subscriptions.of(&resource).is_empty() {
            return Err(Message::success(id(&request), "{}"));
        }
        self.begin(session, upstream, request, Finish::AsIs)
    }

    pub(super) fn begin(
        &self,
        session: &Arc<Session>,
        upstream: Upstream,
        request: Message,
        finish: Finish,
    ) -> Result<Exchange, Message> {
        let mut calls = session.calls();
        if calls.contains_key(id(&request)) {
            let text = "a request with this id is under way";
            return Err(failure(&request, code::INVALID_REQUEST, text));
        }
        if calls.len() >= MOST_CALLS {
            let text = format!("{MOST_CALLS} requests are under way in this session");
            return Err(failure(&request, code::SERVER_ERROR, &text));
        }
        let place = self.shared.callers.begin(&session.of_caller);
        let place =
            place.map_err(|full| failure(&request, code::SERVER_ERROR, &full.to_string()))?;
        let asked = (upstream, request);
        let exchange = Exchange::new(&self.shared, session, asked, (finish, place));
        calls.insert(exchange.id().into(), exchange.cancelled());
        Ok(exchange)
    }
}

impl Shared {
    /// The server that a request belongs to, with the request in its words; or the answer that there is none.
    pub(super) fn owner(
        &self,
        scope: &Scope,
        request: Message,
    ) -> Result<(Upstream, Message), Message> {
        let (asked, id) = (
            request.method().unwrap_or_default().to_owned(),
            id(&request).to_owned(),
        );
        let shape = scope.shape();
        let lists = Lists {
            catalog: &self.catalog,
            scope,
        };
        let bad = |text: &str, code| Err(Message::failure(Some(&id), code, text, None));
        let (server, request) = match route::route(shape, &lists, request) {
            Ok(Route::To { server, request }) => (server, request),
            Ok(Route::Missing(missing)) => return Err(refusal::missing(&id, &asked, &missing)),
            Ok(Route::Nameless(request)) => match shape.members.first() {
                Some(member) if shape.transparent => (Arc::clone(&member.server), request),
                Some(_) | None => {
                    let text = format!("{asked} is not known here; use /mcp/{{server}}");
                    return bad(&text, code::METHOD_NOT_FOUND);
                }
            },
            Err(unroutable) => return bad(&unroutable.to_string(), code::INVALID_PARAMS),
        };
        match self.catalog.serving(scope, &server) {
            Ok(upstream) => Ok((upstream, request)),
            Err(why) => bad(&why.to_string(), code::SERVER_ERROR),
        }
    }

    /// Gives servers that are being connected for the first time a moment, so that the first list is whole.
    pub(super) async fn settle(&self, scope: &Scope) {
        let members = scope.shape().members.iter();
        let upstreams =
            members.filter_map(|member| self.catalog.serving(scope, &member.server).ok());
        let upstreams: Vec<_> = upstreams.collect();
        for upstream in &upstreams {
            wake_first(upstream).await;
        }
        let first = |u: &Upstream| {
            matches!(
                u.state(),
                State::Disabled | State::Connecting { attempt: 1 }
            )
        };
        let connecting: Vec<_> = upstreams.into_iter().filter(first).collect();
        if !connecting.is_empty() {
            join_all(connecting.iter().map(|upstream| settled(upstream, GRACE))).await;
        }
    }

    fn notification(&self, session: &Arc<Session>, notification: Message) {
        let scope = session.scope.load();
        let shape = scope.shape();
        match notification.method().unwrap_or_default() {
            method::INITIALIZED => {}
            method::CANCELLED => {
                // The id is free again when the call is gone, so that its end never takes a newer call off the list.
                if let Ok(Some(id)) = notification.cancelled_id()
                    && let Some(call) = session.calls().get(id)
                {
                    call.cancel();
                }
            }
            method::PROGRESS => {
                let token = notification.progress_token().ok().flatten();
                if let Some(upstream) = token.and_then(|token| session.asker_by_token(token)) {
                    notify(session, upstream, notification);
                }
            }
            method::ROOTS_CHANGED => {
                for member in &shape.members {
                    if let Ok(upstream) = self.catalog.serving(&scope, &member.server) {
                        notify(session, upstream, notification.clone());
                    }
                }
            }
            _ => {
                let only = shape.members.first().filter(|_| shape.transparent);
                if let Some(Ok(upstream)) =
                    only.map(|member| self.catalog.serving(&scope, &member.server))
                {
                    notify(session, upstream, notification);
                }
            }
        }
    }
}

struct Lists<'a> {
    catalog: &'a Catalog,
    scope: &'a Scope,
}

impl route::Lists for Lists<'_> {
    fn known(&self, server: &str) -> Option<Known> {
        let upstream = match self.catalog.serving(self.scope, server) {
            Ok(upstream) => upstream,
            Err(NotServed::Unknown(_)) => return None,
            // Whoever asks hears why there is nothing for him.
            Err(NotServed::NoUser(_) | NotServed::TooMany(_)) => {
                return Some(Known {
                    listed: Arc::default(),
                    complete: false,
                });
            }
        };
        let complete = matches!(upstream.state(), State::Ready);
        Some(Known {
            listed: upstream.catalog(),
            complete,
        })
    }

    fn merged(&self, listing: Listing) -> Arc<Merged> {
        self.catalog.merged(self.scope, listing)
    }
}

/// A server that is not connected has no session in which a notification could mean anything.
fn notify(session: &Arc<Session>, upstream: Upstream, notification: Message) {
    if matches!(upstream.state(), State::Ready) {
        session.tell(upstream, notification);
    }
}

fn failure(request: &Message, code: i64, text: &str) -> Message {
    Message::failure(Some(id(request)), code, text, None)
}

pub(super) fn id(request: &Message) -> &str {
    request.id().unwrap_or("null")
}

fn uri(request: &Message) -> String {
    let uri = raw::string_at(request.params().unwrap_or("{}"), &["uri"]);
    uri.ok().flatten().unwrap_or_default().into_owned()
}

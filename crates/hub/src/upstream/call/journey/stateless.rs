//! What a call does otherwise where the server shakes no hands: its questions come in results, what such servers know no more is
//! answered here, and a response may ask for the same request once more.
//!
//! MCP 2026-07-28: patterns, "Multi Round-Trip Requests"; transports, Streamable HTTP, "Client Behavior"; server utilities, "Logging".

use mcp::{
    bridge::{self, Input, Outcome},
    merge::Listing,
    message::{Message, code},
    method,
    mirror::Mirror,
    raw,
};
use tokio::time::timeout_at;

use super::super::CallError;
use super::Journey;
use crate::upstream::{Listed, Told, Trouble, link::Link, listing, round::Round, trouble::plain};

/// How a call stands that takes several requests.
#[derive(Default)]
pub(super) struct Rounds {
    /// The questions that the caller is answering.
    open: Option<Round>,
    /// How many results were questions.
    count: u32,
    /// The params of the next request, where they are not the caller's own.
    params: Option<String>,
    /// Marked parameters that were read again for this call, because the server did not find the headers right.
    fresh: Option<Vec<Mirror>>,
    /// Another connection was asked for, because the server does not know the revision any more.
    reconnected: bool,
    /// The connection that this call has seen the end of.
    stale: Option<u64>,
}

/// A call that takes more rounds than this goes in circles.
const MOST_ROUNDS: u32 = 16;

impl Rounds {
    pub(super) fn params(&self) -> Option<&str> {
        self.params.as_deref()
    }

    pub(super) fn stale(&mut self) -> Option<u64> {
        self.stale.take()
    }
}

impl Journey {
    /// The next question of an open round for the caller. After the last answer the call goes on, and there is none.
    pub(super) async fn questions(&mut self) -> Result<Option<Message>, CallError> {
        let Some(mut round) = self.rounds.open.take() else {
            return Ok(None);
        };
        if let Some(question) = round.question() {
            self.rounds.open = Some(round);
            return Ok(Some(question));
        }
        // The server's own time stands still while the caller thinks.
        let answered = loop {
            match timeout_at(self.clock.until(), round.answered()).await {
                Ok(answered) => break answered,
                Err(_) if self.clock.extend() => {}
                Err(_) => return Err(self.clock.over(&self.shared)),
            }
        };
        answered.map_err(|(method, why)| CallError::Unanswered {
            server: self.shared.name.clone(),
            method,
            why,
        })?;
        self.asked.clear();
        self.clock.extend();
        let first = self.request.params().unwrap_or("{}");
        self.rounds.params = Some(round.params(first)?);
        Ok(None)
    }

    /// What a response amounts to: `None` when the call goes on with another request.
    // rule: mcp-mrtr-new-id -- every request of a call has an id of its own.
    pub(super) async fn judged(
        &mut self,
        link: &Link,
        response: Message,
    ) -> Result<Option<Message>, CallError> {
        if link.stateless().is_none() {
            return Ok(Some(response));
        }
        let Some(result) = response.result() else {
            if !self
                .worth_another(link, response.error().unwrap_or("{}"))
                .await?
            {
                return Ok(Some(response));
            }
            self.id = self.shared.next_id();
            return Ok(None);
        };
        // rule: mcp-mrtr-opaque -- the state is the server's own; its questions reach who can answer them as they were written.
        if self.behalf.stateless {
            return Ok(Some(self.complete(link, response)));
        }
        match bridge::outcome(result) {
            Ok(Outcome::Complete) => Ok(Some(self.complete(link, response))),
            Ok(Outcome::InputRequired(input)) => {
                self.ask(input)?;
                Ok(None)
            }
            // rule: mcp-result-type
            Ok(Outcome::Other(_)) if self.behalf.capabilities.contains("\"extensions\"") => {
                Ok(Some(response))
            }
            Ok(Outcome::Other(kind)) => Err(self.trouble(Trouble::ResultType {
                kind: plain(&kind).chars().take(40).collect(),
            })),
            Err(why) => Err(self.unanswerable(&why.to_string())),
        }
    }

    fn ask(&mut self, input: Input) -> Result<(), CallError> {
        self.rounds.count += 1;
        if self.rounds.count > MOST_ROUNDS {
            return Err(self.unanswerable(&format!("it asked {MOST_ROUNDS} times already")));
        }
        let Some(round) = Round::begin(&self.shared, input, self.id) else {
            return Err(self.unanswerable("it asks too much at once"));
        };
        self.asked = round.ids().collect();
        self.id = self.shared.next_id();
        self.rounds.open = Some(round);
        Ok(())
    }

    fn complete(&self, link: &Link, response: Message) -> Message {
        let is_tools = self.request.method() == Some(method::TOOLS_LIST) && link.mirrors();
        let valid = response
            .result()
            .filter(|_| is_tools)
            .and_then(listing::without_invalid_tools);
        match valid {
            Some(result) => response.with_result(&result),
            None => response,
        }
    }

    /// Whether an error goes away with another request, because this one was made from what the hub knew too long ago.
    async fn worth_another(&mut self, link: &Link, error: &str) -> Result<bool, CallError> {
        let code = raw::field(error, "code")
            .ok()
            .flatten()
            .and_then(|code| code.parse().ok());
        match code {
            // rule: mcp-mirror-mismatch -- the client reads the tools again and retries with the headers that they want now.
            Some(code::HEADER_MISMATCH) if self.rounds.fresh.is_none() && self.calls_a_tool() => {
                self.rounds.fresh = Some(self.read_marks(link).await?);
                Ok(true)
            }
            // rule: mcp-era-reprobe -- what was found out about a server is looked into again when it turns out wrong.
            Some(code::UNSUPPORTED_VERSION) if !self.rounds.reconnected => {
                self.rounds.reconnected = true;
                let generation = link.generation;
                self.shared.tell(Told::SessionGone { generation }).await;
                self.rounds.stale = Some(generation);
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    fn calls_a_tool(&self) -> bool {
        self.request.method() == Some(method::TOOLS_CALL)
    }

    async fn read_marks(&self, link: &Link) -> Result<Vec<Mirror>, CallError> {
        let (shared, none) = (&self.shared, Listed::default());
        let offers = shared
            .hello
            .load_full()
            .map(|hello| hello.offers)
            .unwrap_or_default();
        let reading = listing::read(shared, link, &offers, &[Listing::Tools], &none);
        let late = |_| self.clock.over(shared);
        let read = timeout_at(self.clock.until(), reading)
            .await
            .map_err(late)?;
        // The others shall know of it too.
        shared.changed.add(&[Listing::Tools]);
        match read {
            Ok(mut listed) => Ok(listed.mirrors.remove(&*self.tool()).unwrap_or_default()),
            Err(refused) => Err(self.failed(link.generation, refused).await),
        }
    }

    /// The marked parameters of the tool that is called.
    pub(super) fn mirrors(&self, link: &Link) -> Vec<Mirror> {
        if !link.mirrors() || !self.calls_a_tool() {
            return Vec::new();
        }
        if let Some(fresh) = &self.rounds.fresh {
            return fresh.clone();
        }
        let listed = self.shared.catalog.load();
        if listed.mirrors.is_empty() {
            return Vec::new();
        }
        listed
            .mirrors
            .get(&*self.tool())
            .cloned()
            .unwrap_or_default()
    }

    fn tool(&self) -> Box<str> {
        let name = raw::string_at(self.request.params().unwrap_or("{}"), &["name"]);
        name.ok().flatten().unwrap_or_default().into()
    }

    /// The answer to a request that servers without a handshake do not have any more.
    // rule: mcp-stateless-kept -- logs are wanted and resources are watched by other means; there is nothing to set or to ping.
    pub(super) fn kept(&self, link: &Link) -> Option<Message> {
        link.stateless()?;
        let uri = || {
            let uri = raw::string_at(self.request.params().unwrap_or("{}"), &["uri"]);
            uri.ok().flatten().map(std::borrow::Cow::into_owned)
        };
        match self.request.method()? {
            method::SET_LEVEL | method::PING => {}
            method::SUBSCRIBE => self.shared.watched.add(&uri()?),
            method::UNSUBSCRIBE => self.shared.watched.remove(&uri()?),
            _ => return None,
        }
        Some(Message::success(&self.caller_id, "{}"))
    }

    fn unanswerable(&self, why: &str) -> CallError {
        let why = plain(why).chars().take(200).collect();
        self.trouble(Trouble::Unanswerable { why })
    }

    fn trouble(&self, trouble: Trouble) -> CallError {
        CallError::Failed {
            server: self.shared.name.clone(),
            trouble,
        }
    }
}

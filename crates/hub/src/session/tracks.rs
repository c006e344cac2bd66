//! The event streams of a session that may be taken up again: which there are, and what a client gets that comes back for one.
//!
//! MCP transports 2025-03-26 to 2025-11-25, "Resumability and Redelivery". A session that has none keeps nothing for them.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures::stream::BoxStream;
use mcp::message::{Message, code};

use super::Session;
use super::track::{GRACE, Kind, Listening, Name, Place, Room, Torn, Track, Whole};

/// Streams of requests that ended, and may have been lost on their way to the client. Up to twice as many are kept.
const MOST_OVER: usize = 32;

pub(super) struct Tracks {
    whole: Arc<Whole>,
    room: OnceLock<Arc<Room>>,
    /// Streams of requests, the oldest first.
    requests: Mutex<Vec<Arc<Track>>>,
}

/// What a client gets that comes back for a stream.
pub enum Resumed {
    /// The stream, behind the last event that the client has.
    Stream(Listening),
    /// Another stream of what is said outside of requests, which says first that everything may have changed.
    Afresh(Listening),
    /// What is missing is not here; this is the answer to the request, under the id of a last event.
    Lost { id: String, answer: Message },
    /// The client has all of it.
    Over,
    /// What is missing is not here, and nobody knows what it was.
    Gone,
    /// No event has this id.
    Unknown,
    /// Enough streams are open.
    TooMany,
}

impl Tracks {
    pub(super) fn new(whole: &Arc<Whole>) -> Self {
        Self {
            whole: Arc::clone(whole),
            room: OnceLock::new(),
            requests: Mutex::default(),
        }
    }

    /// A stream that nobody has opened before.
    pub(super) fn fresh(&self, caller: &str) -> Track {
        Track::of_session(self.name(Kind::Session, None), self.room(caller))
    }

    /// Forgets what nobody will ask for any more.
    pub(super) fn sweep(&self) {
        self.requests().retain(|track| !track.is_stale());
    }

    /// Ends all streams of requests.
    pub(super) fn close(&self) {
        let requests = std::mem::take(&mut *self.requests());
        requests.iter().for_each(|track| track.end());
    }

    fn begin(
        &self,
        (caller, request): (&str, Option<&str>),
        source: BoxStream<'static, Message>,
    ) -> Listening {
        let name = self.name(Kind::Request, request);
        let track = Arc::new(Track::of_request(name, self.room(caller), source));
        let listening = track.read();
        let mut requests = self.requests();
        requests.push(track);
        // Once in a while: each stream that is looked at has a lock of its own.
        if requests.len().is_multiple_of(MOST_OVER) {
            forget(&mut requests);
        }
        listening
    }

    fn find(&self, number: u32) -> Option<Arc<Track>> {
        self.sweep();
        let requests = self.requests();
        let found = requests.iter().find(|track| track.name().number == number);
        found.map(Arc::clone)
    }

    fn name(&self, kind: Kind, request: Option<&str>) -> Name {
        Name::new(kind, self.whole.number(), self.whole.origin(), request)
    }

    fn room(&self, caller: &str) -> &Arc<Room> {
        self.room
            .get_or_init(|| Arc::new(Room::new(&self.whole, caller)))
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Arc<Track>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what is stale, and of what is over all but the newest.
fn forget(requests: &mut Vec<Arc<Track>>) {
    requests.retain(|track| !track.is_stale());
    let over = requests.iter().filter(|track| track.is_over()).count();
    let mut surplus = over.saturating_sub(MOST_OVER);
    requests.retain(|track| {
        let goes = surplus > 0 && track.is_over();
        surplus -= usize::from(goes);
        !goes
    });
}

impl Session {
    /// A stream of what comes for a request, or for a batch of them. A client that loses it may come back for it.
    pub fn stream(&self, request: Option<&str>, source: BoxStream<'static, Message>) -> Listening {
        self.tracks.begin((&self.identity, request), source)
    }

    /// What a client gets that has lost a stream, by the id of the last event that it has.
    pub fn resume(&self, last_event: &str) -> Resumed {
        let Some(Place {
            name,
            origin,
            position,
        }) = Place::parse(last_event)
        else {
            return Resumed::Unknown;
        };
        let Some(position) = position else {
            return Resumed::Over;
        };
        // Streams of another process, which had this session before, are nobody's here.
        let is_ours = *origin == **self.tracks.whole.origin();
        match name.kind {
            Kind::Session => {
                let kept = is_ours.then(|| self.outbox.resume(name.number, position));
                match kept.unwrap_or(Err(Torn::Gap)) {
                    Ok(listening) => Resumed::Stream(listening),
                    Err(Torn::Ahead) => Resumed::Unknown,
                    Err(Torn::Gap) => self.afresh(),
                }
            }
            Kind::Request => {
                let track = is_ours.then(|| self.tracks.find(name.number)).flatten();
                let Some(track) = track else {
                    return lost(&name);
                };
                match track.resume(position) {
                    Ok(Some(listening)) => Resumed::Stream(listening),
                    Ok(None) => Resumed::Over,
                    Err(Torn::Ahead) => Resumed::Unknown,
                    Err(Torn::Gap) => {
                        track.end();
                        lost(track.name())
                    }
                }
            }
        }
    }

    /// Nobody knows what was missed, so the client reads all lists again.
    fn afresh(&self) -> Resumed {
        self.outbox.all_changed();
        self.listen().map_or(Resumed::TooMany, Resumed::Afresh)
    }
}

// rule: mcp-transport-lost -- a stream whose missing events are not here is not taken up with a gap; its request is answered with an error.
fn lost(name: &Name) -> Resumed {
    let Some(request) = name.request() else {
        return Resumed::Gone;
    };
    let text = format!(
        "the answer to this request was lost: the hub was restarted meanwhile, or the client was away for more than {} s or behind by too many messages. Whether the request was executed is not known; send it again if that does no harm",
        GRACE.as_secs()
    );
    Resumed::Lost {
        id: name.last_event(),
        answer: Message::failure(Some(request), code::SERVER_ERROR, &text, None),
    }
}

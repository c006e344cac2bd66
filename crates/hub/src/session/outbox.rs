//! The streams on which a client hears what happens outside of calls, and what waits while none is open.
//!
//! MCP transports, "Listening for Messages from the Server": each message goes to one stream only. What is said while the client
//! is away waits in the stream that it lost; that a list changed is never forgotten.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp::merge::Listing;
use mcp::message::Message;
use mcp::method;

use super::track::{Listening, Torn, Track};

/// Streams of one session.
const MOST_STREAMS: usize = 4;

#[derive(Default)]
pub(super) struct Outbox {
    /// Those that are read, and those whose client may come back.
    streams: Mutex<Vec<Arc<Track>>>,
    /// Lists that changed while no stream was open, one bit each.
    stale: AtomicU8,
}

impl Outbox {
    /// Opens a stream with what was sent to no client yet. `None`: enough are open.
    pub(super) fn listen(&self, track: Track) -> Option<Listening> {
        let mut streams = self.streams();
        let (read, left): (Vec<_>, Vec<_>) = streams.drain(..).partition(|s| s.is_read());
        *streams = read;
        let is_full = streams.len() >= MOST_STREAMS;
        let track = Arc::new(track);
        if !is_full {
            for message in left.iter().flat_map(|stream| stream.take_unsent()) {
                self.put(&track, &message);
            }
        }
        // A client may still come back for what was sent to it before.
        let awaited = left.into_iter().filter(|stream| stream.is_awaited());
        let awaited: Vec<_> = awaited.collect();
        let many = awaited.len().saturating_sub(MOST_STREAMS);
        streams.splice(..0, awaited.into_iter().skip(many));
        if is_full {
            return None;
        }
        self.tell_stale(&track);
        streams.push(Arc::clone(&track));
        Some(track.read())
    }

    /// Goes on with a stream that a client lost.
    pub(super) fn resume(&self, number: u32, position: u64) -> Result<Listening, Torn> {
        self.sweep();
        let mut streams = self.streams();
        let place = streams.iter().position(|s| s.name().number == number);
        let place = place.ok_or(Torn::Gap)?;
        let track = Arc::clone(&streams[place]);
        match track.resume(position) {
            Ok(Some(listening)) => {
                self.tell_stale(&track);
                Ok(listening)
            }
            Err(Torn::Ahead) => Err(Torn::Ahead),
            Ok(None) | Err(Torn::Gap) => {
                self.drop_stream(&mut streams, place);
                Err(Torn::Gap)
            }
        }
    }

    /// Says that a list changed; kept for later when nobody listens.
    pub(super) fn list_changed(&self, listing: Listing) {
        if !self.send(&Arc::new(changed(listing))) {
            self.stale.fetch_or(bit(listing), Ordering::AcqRel);
        }
    }

    /// The client will hear first that every list changed.
    pub(super) fn all_changed(&self) {
        let all = Listing::ALL
            .into_iter()
            .map(bit)
            .fold(0, |all, bit| all | bit);
        self.stale.fetch_or(all, Ordering::AcqRel);
    }

    // rule: mcp-transport-one-stream -- the server must send each message on only one of the connected streams.
    /// Sends on one stream. False: none is open and none is kept, or the client does not read.
    pub(super) fn send(&self, message: &Arc<Message>) -> bool {
        let mut streams = self.streams();
        if streams.iter().any(|stream| stream.is_read()) {
            let mut read = streams.iter().rev().filter(|stream| stream.is_read());
            return read.any(|stream| stream.push(message));
        }
        let kept = streams.iter().rposition(|stream| stream.is_awaited());
        let Some(kept) = kept else { return false };
        let sent = streams[kept].push(message);
        if !sent {
            // Not with a gap in it.
            self.drop_stream(&mut streams, kept);
        }
        sent
    }

    pub(super) fn is_open(&self) -> bool {
        self.streams().iter().any(|stream| stream.is_read())
    }

    /// Forgets streams whose client did not come back.
    pub(super) fn sweep(&self) {
        let mut streams = self.streams();
        while let Some(stale) = streams.iter().position(|stream| stream.is_stale()) {
            self.drop_stream(&mut streams, stale);
        }
    }

    pub(super) fn close(&self) {
        let streams = std::mem::take(&mut *self.streams());
        streams.iter().for_each(|stream| stream.end());
    }

    /// What was said in vain counts as not said, as far as it is about lists.
    fn drop_stream(&self, streams: &mut Vec<Arc<Track>>, place: usize) {
        let stream = streams.remove(place);
        stream.end();
        for message in stream.take_unsent() {
            self.stale.fetch_or(bit_of(&message), Ordering::AcqRel);
        }
    }

    fn tell_stale(&self, track: &Track) {
        let stale = self.stale.swap(0, Ordering::AcqRel);
        for listing in [Listing::Tools, Listing::Prompts, Listing::Resources] {
            if stale & bit(listing) != 0 {
                self.put(track, &Arc::new(changed(listing)));
            }
        }
    }

    fn put(&self, track: &Track, message: &Arc<Message>) {
        if !track.push(message) {
            self.stale.fetch_or(bit_of(message), Ordering::AcqRel);
        }
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Arc<Track>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Templates have no notification of their own.
fn changed(listing: Listing) -> Message {
    let method = match listing {
        Listing::Tools => method::TOOLS_CHANGED,
        Listing::Prompts => method::PROMPTS_CHANGED,
        Listing::Resources | Listing::Templates => method::RESOURCES_CHANGED,
    };
    Message::notification(method, None)
}

fn bit(listing: Listing) -> u8 {
    match listing {
        Listing::Tools => 1,
        Listing::Prompts => 2,
        Listing::Resources | Listing::Templates => 4,
    }
}

/// The list that a message says to have changed.
fn bit_of(message: &Message) -> u8 {
    match message.method() {
        Some(method::TOOLS_CHANGED) => bit(Listing::Tools),
        Some(method::PROMPTS_CHANGED) => bit(Listing::Prompts),
        Some(method::RESOURCES_CHANGED) => bit(Listing::Resources),
        Some(_) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::super::track::{Kind, Name, Room, Whole};
    use super::*;

    fn track(number: u32) -> Track {
        let whole = Arc::<Whole>::default();
        let name = Name::new(Kind::Session, number, whole.origin(), None);
        Track::of_session(name, &Arc::new(Room::new(&whole, "me")))
    }

    /// The next message, if it is there.
    fn heard(listening: &mut Listening) -> Option<String> {
        let (_, message) = listening.next().now_or_never()??;
        message.method().map(str::to_owned)
    }

    fn log(n: u32) -> Arc<Message> {
        Arc::new(Message::notification(&format!("log {n}"), None))
    }

    #[tokio::test]
    async fn a_change_that_nobody_heard_is_told_to_the_next_who_listens_once() {
        let outbox = Outbox::default();
        outbox.list_changed(Listing::Tools);
        outbox.list_changed(Listing::Tools);
        outbox.list_changed(Listing::Resources);
        let mut listening = outbox.listen(track(0)).unwrap();
        assert_eq!(heard(&mut listening).unwrap(), method::TOOLS_CHANGED);
        assert_eq!(heard(&mut listening).unwrap(), method::RESOURCES_CHANGED);
        assert_eq!(heard(&mut listening), None);
        outbox.list_changed(Listing::Templates);
        assert_eq!(heard(&mut listening).unwrap(), method::RESOURCES_CHANGED);
    }

    // rule: mcp-transport-one-stream
    #[tokio::test]
    async fn each_message_goes_to_one_stream_only_and_to_an_open_one() {
        let outbox = Outbox::default();
        let mut first = outbox.listen(track(0)).unwrap();
        drop(outbox.listen(track(1)).unwrap());
        assert!(outbox.send(&log(1)));
        assert_eq!(heard(&mut first).unwrap(), "log 1");
        let mut third = outbox.listen(track(2)).unwrap();
        assert!(outbox.send(&log(2)));
        assert_eq!(heard(&mut third).unwrap(), "log 2");
        assert_eq!(heard(&mut first), None);
    }

    #[tokio::test]
    async fn a_client_cannot_open_streams_without_end() {
        let outbox = Outbox::default();
        let held: Vec<_> = (0..).map_while(|n| outbox.listen(track(n))).collect();
        assert_eq!(held.len(), MOST_STREAMS);
        drop(held);
        for n in 10..30 {
            let listening = outbox.listen(track(n)).unwrap();
            listening.opening_id();
        }
        assert!(outbox.streams().len() <= MOST_STREAMS + 1);
    }

    // rule: mcp-transport-resume-stream
    #[tokio::test]
    async fn what_is_said_while_the_client_is_away_waits_for_it() {
        let outbox = Outbox::default();
        let mut listening = outbox.listen(track(7)).unwrap();
        for n in [1, 2] {
            assert!(outbox.send(&log(n)));
            heard(&mut listening).unwrap();
        }
        drop(listening);
        assert!(!outbox.is_open());
        assert!(outbox.send(&log(3)));
        let mut listening = outbox.resume(7, 1).unwrap();
        assert!(outbox.is_open());
        let all: Vec<_> = std::iter::from_fn(|| heard(&mut listening)).collect();
        assert_eq!(all, ["log 2", "log 3"]);
        assert_eq!(outbox.resume(7, 9).err(), Some(Torn::Ahead));
        assert_eq!(outbox.resume(8, 0).err(), Some(Torn::Gap));
    }

    #[tokio::test]
    async fn a_client_that_has_no_id_gets_what_was_not_sent_on_its_next_stream() {
        let outbox = Outbox::default();
        let listening = outbox.listen(track(0)).unwrap();
        assert!(outbox.send(&log(1)));
        drop(listening);
        assert!(!outbox.send(&log(2)), "nobody can come back for it");
        let mut listening = outbox.listen(track(1)).unwrap();
        assert_eq!(heard(&mut listening).unwrap(), "log 1");
        assert_eq!(heard(&mut listening), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_changed_is_never_forgotten_with_a_stream() {
        let outbox = Outbox::default();
        let listening = outbox.listen(track(0)).unwrap();
        listening.opening_id();
        drop(listening);
        outbox.list_changed(Listing::Prompts);
        tokio::time::advance(super::super::track::GRACE).await;
        assert_eq!(outbox.resume(0, 0).err(), Some(Torn::Gap));
        let mut listening = outbox.listen(track(1)).unwrap();
        assert_eq!(heard(&mut listening).unwrap(), method::PROMPTS_CHANGED);
        // The same where more came than is kept.
        listening.opening_id();
        drop(listening);
        let mut many = 0;
        while outbox.send(&log(many)) {
            many += 1;
        }
        assert!(many > 50, "{many}");
        assert!(!outbox.send(&log(0)), "it would follow a gap");
        assert_eq!(outbox.resume(1, 1).err(), Some(Torn::Gap));
    }
}

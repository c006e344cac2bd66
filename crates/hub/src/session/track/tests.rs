//! A stream that loses its readers and finds them again, with the server and the time in the hand of the test.

use futures::{FutureExt, stream};
use tokio::sync::mpsc;

use super::*;

/// A stream of a request, and the hand that says what its server sends.
struct Stage {
    track: Arc<Track>,
    server: mpsc::UnboundedSender<Message>,
    whole: Arc<Whole>,
}

fn stage() -> Stage {
    let whole = Arc::<Whole>::default();
    stage_in(&Arc::new(Room::new(&whole, "me")), whole)
}

fn stage_in(room: &Arc<Room>, whole: Arc<Whole>) -> Stage {
    let (server, sent) = mpsc::unbounded_channel();
    let source = stream::unfold(sent, async |mut sent: mpsc::UnboundedReceiver<_>| {
        sent.recv().await.map(|message| (message, sent))
    });
    let name = Name::new(Kind::Request, 3, whole.origin(), Some("7"));
    let track = Arc::new(Track::of_request(name, room, source.boxed()));
    Stage {
        track,
        server,
        whole,
    }
}

impl Stage {
    fn sends(&self, n: usize) {
        self.server.send(step(n)).expect("somebody draws");
    }

    /// The positions and messages that are there.
    fn read(listening: &mut Listening) -> Vec<(u64, String)> {
        let next = || listening.next().now_or_never()?;
        std::iter::from_fn(next)
            .map(|(position, message)| (position, message.method().unwrap().to_owned()))
            .collect()
    }

    /// Waits until the server is cancelled.
    async fn cancelled(&self) {
        self.server.closed().await;
    }
}

fn step(n: usize) -> Message {
    Message::notification(&format!("step {n}"), None)
}

fn steps(numbers: std::ops::RangeInclusive<u64>) -> Vec<(u64, String)> {
    numbers.map(|n| (n, format!("step {n}"))).collect()
}

// rule: mcp-transport-disconnect
#[tokio::test(start_paused = true)]
async fn a_request_goes_on_while_its_client_is_away_and_nothing_is_lost() {
    let stage = stage();
    let mut first = stage.track.read();
    stage.sends(1);
    stage.sends(2);
    assert_eq!(Stage::read(&mut first), steps(1..=2));
    drop(first);
    stage.sends(3);
    tokio::time::advance(GRACE / 2).await;
    stage.sends(4);
    let mut second = stage.track.resume(1).unwrap().unwrap();
    stage.sends(5);
    assert_eq!(Stage::read(&mut second), steps(2..=5));
    // The grace begins anew, and the response waits as long.
    drop(second);
    tokio::time::advance(GRACE / 2).await;
    stage.sends(6);
    let Stage { track, server, .. } = stage;
    drop(server);
    tokio::task::yield_now().await;
    tokio::time::advance(GRACE * 3 / 4).await;
    let mut third = track.resume(5).unwrap().unwrap();
    assert_eq!(Stage::read(&mut third), steps(6..=6));
    drop(third);
    assert!(track.resume(6).unwrap().is_none());
    assert!(!track.is_stale());
    tokio::time::advance(GRACE).await;
    assert!(track.is_stale());
}

// rule: mcp-transport-disconnect
#[tokio::test(start_paused = true)]
async fn a_client_that_never_comes_back_cancels_its_request() {
    let stage = stage();
    let listening = stage.track.read();
    listening.opening_id();
    drop(listening);
    let begun = Instant::now();
    stage.cancelled().await;
    assert_eq!(begun.elapsed(), GRACE);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_told_no_id_cannot_come_back_and_cancels_at_once() {
    let stage = stage();
    let listening = stage.track.read();
    drop(listening);
    let begun = Instant::now();
    stage.cancelled().await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn the_connection_that_came_last_reads_and_the_one_before_ends() {
    let stage = stage();
    let mut first = stage.track.read();
    stage.sends(1);
    assert_eq!(Stage::read(&mut first), steps(1..=1));
    let waiting = tokio::spawn(async move { first.next().await.is_none() });
    tokio::task::yield_now().await;
    let mut second = stage.track.resume(0).unwrap().unwrap();
    assert!(
        waiting.await.unwrap(),
        "it ends, and leaves the stream alone"
    );
    stage.sends(2);
    assert_eq!(Stage::read(&mut second), steps(1..=2));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_stays_with_the_server_until_the_client_is_back() {
    let stage = stage();
    let listening = stage.track.read();
    listening.opening_id();
    drop(listening);
    let many = 3_000;
    for n in 1..=many {
        stage.sends(n);
    }
    tokio::time::advance(GRACE / 2).await;
    tokio::task::yield_now().await;
    let kept = stage.track.state().ring.bytes();
    assert!(kept > 0 && kept < many * step(1).text().len() / 2, "{kept}");
    let mut listening = stage.track.resume(0).unwrap().unwrap();
    for expected in 1..=many {
        let (position, message) = listening.next().await.unwrap();
        assert_eq!(position, expected as u64);
        assert_eq!(*message, step(expected));
    }
    drop(listening);
    stage.cancelled().await;
}

#[tokio::test]
async fn where_too_much_is_kept_already_a_lost_stream_is_not_kept() {
    let whole = Arc::<Whole>::default();
    let room = Arc::new(Room::new(&whole, "me"));
    let away: Vec<_> = std::iter::from_fn(|| room.away()).collect();
    let stage = stage_in(&room, whole);
    let listening = stage.track.read();
    listening.opening_id();
    drop(listening);
    stage.cancelled().await;
    drop(away);
}

#[tokio::test]
async fn what_is_kept_is_given_back() {
    let stage = stage();
    let mut listening = stage.track.read();
    stage.sends(1);
    Stage::read(&mut listening);
    assert_ne!(stage.track.state().ring.bytes(), 0);
    drop(listening);
    stage.track.end();
    tokio::task::yield_now().await;
    let Stage { track, whole, .. } = stage;
    drop(track);
    assert!(whole.is_empty());
}

#[tokio::test]
async fn a_stream_that_is_ended_cancels_its_request_with_or_without_a_reader() {
    let read = stage();
    let mut listening = read.track.read();
    read.track.end();
    read.cancelled().await;
    assert!(listening.next().await.is_none());
    let left = stage();
    let listening = left.track.read();
    listening.opening_id();
    drop(listening);
    left.track.end();
    left.cancelled().await;
}

#[tokio::test]
async fn what_others_left_behind_keeps_no_message_from_a_client_that_reads() {
    let whole = Arc::<Whole>::default();
    let left: Vec<_> = (0..10)
        .map(|_| stage_in(&Arc::new(Room::new(&whole, "me")), Arc::clone(&whole)))
        .collect();
    for stage in &left {
        stage.track.read().opening_id();
        let text = format!("\"{}\"", "x".repeat(7 << 20));
        let large = Message::notification("large", Some(&text));
        stage.server.send(large).expect("somebody draws");
        tokio::task::yield_now().await;
    }
    let name = Name::new(Kind::Session, 0, whole.origin(), None);
    let track = Arc::new(Track::of_session(name, &Arc::new(Room::new(&whole, "me"))));
    let mut listening = track.read();
    for n in 1..=3 {
        assert!(track.push(&Arc::new(step(n))), "{n}");
    }
    assert_eq!(Stage::read(&mut listening), steps(1..=3));
}

//! What waits to be written on one stream, bounded by number and by bytes. Who has more to say waits until the client has read.

use std::sync::Arc;

use hub::session::Listening;
use mcp::message::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// One thing for the stream.
pub(super) enum Said {
    Message(Message),
    /// From here on the stream carries what happens outside of calls, too.
    Listen(Listening),
}

/// Where things are put.
pub(super) struct Queue {
    to: mpsc::Sender<(Said, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
}

/// What waits, in order.
pub(super) struct Waiting(mpsc::Receiver<(Said, OwnedSemaphorePermit)>);

/// The stream is over.
#[derive(Debug)]
pub(super) struct Over;

const MOST: usize = 64;
/// Together; a larger message waits alone.
const MOST_BYTES: usize = 1024 * 1024;

pub(super) fn queue() -> (Queue, Waiting) {
    let (to, from) = mpsc::channel(MOST);
    let room = Arc::new(Semaphore::new(MOST_BYTES));
    (Queue { to, room }, Waiting(from))
}

impl Queue {
    /// Waits for room, in the order of those who came.
    pub(super) async fn put(&self, said: Said) -> Result<(), Over> {
        let size = match &said {
            Said::Message(message) => message.text().len(),
            Said::Listen(_) => 0,
        };
        let size = u32::try_from(size.clamp(1, MOST_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room);
        let room = room.acquire_many_owned(size).await.map_err(|_| Over)?;
        self.to.send((said, room)).await.map_err(|_| Over)
    }
}

impl Waiting {
    /// `None`: nobody has anything to say any more.
    pub(super) async fn next(&mut self) -> Option<Said> {
        let (said, _room) = self.0.recv().await?;
        Some(said)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn message(bytes: usize) -> Said {
        let text = format!("\"{}\"", "x".repeat(bytes));
        Said::Message(Message::success("1", &text))
    }

    #[tokio::test]
    async fn what_waits_is_bounded_by_number_and_by_bytes() {
        for (bytes, expected) in [(10, MOST), (MOST_BYTES / 4, 3), (2 * MOST_BYTES, 1)] {
            let (queue, mut waiting) = queue();
            let put = |_: &usize| queue.put(message(bytes)).now_or_never().is_some();
            assert_eq!((0..200).take_while(put).count(), expected, "{bytes}");
            assert!(waiting.next().await.is_some());
            assert!(put(&0), "reading makes room for {bytes}");
        }
    }

    #[tokio::test]
    async fn who_waits_for_room_hears_that_the_stream_is_over() {
        let (queue, waiting) = queue();
        queue.put(message(MOST_BYTES)).await.unwrap();
        let mut late = Box::pin(queue.put(message(1)));
        assert!((&mut late).now_or_never().is_none());
        drop(waiting);
        assert!(late.await.is_err());
    }
}

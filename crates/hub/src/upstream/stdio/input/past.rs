//! The way past the queue: a pipe that takes what it has room for, without waiting.

use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::net::unix::pipe::Sender;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

use super::{Closed, QUEUE, Queued};

#[derive(Clone)]
pub(super) struct Past {
    /// The writing task holds it, and closes it with its end.
    pipe: Weak<Sender>,
    /// Lines in the queue, and being written from it.
    queued: Arc<Mutex<usize>>,
}

pub(super) fn open(
    stdin: ChildStdin,
    queue: mpsc::Receiver<Queued>,
) -> io::Result<(Past, impl Future<Output = ()> + Send)> {
    let pipe = Arc::new(Sender::from_owned_fd(stdin.into_owned_fd()?)?);
    let past = Past {
        pipe: Arc::downgrade(&pipe),
        queued: Arc::default(),
    };
    let queued = Arc::clone(&past.queued);
    Ok((past, empty(queue, pipe, queued)))
}

impl Past {
    /// Writes the line where nothing is before it and the pipe has room. A line that comes back was not begun.
    pub(super) fn write(
        &self,
        queue: &mpsc::Sender<Queued>,
        mut line: Queued,
    ) -> Result<Option<Queued>, Closed> {
        let pipe = self.pipe.upgrade().ok_or(Closed)?;
        let mut queued = lock(&self.queued);
        if *queued > 0 {
            return Ok(Some(line));
        }
        // For what the pipe does not take of it. Nothing is in the queue, yet all of its places may be given to those who wait.
        let Ok(place) = queue.try_reserve() else {
            return Ok(Some(line));
        };
        match pipe.try_write_vectored(&[IoSlice::new(&line.line), IoSlice::new(b"\n")]) {
            Ok(written) if written > line.line.len() => Ok(None),
            Ok(written) => {
                // Whoever writes from the queue adds the line's end.
                *queued += 1;
                line.line = line.line.slice(written..);
                place.send(line);
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(line)),
            Err(_) => Err(Closed),
        }
    }

    pub(super) fn queues_one(&self) {
        *lock(&self.queued) += 1;
    }
}

fn lock(queued: &Mutex<usize>) -> MutexGuard<'_, usize> {
    queued.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what is queued, several lines at a time when there are several.
async fn empty(mut queue: mpsc::Receiver<Queued>, pipe: Arc<Sender>, queued: Arc<Mutex<usize>>) {
    let mut batch = Vec::with_capacity(QUEUE);
    let mut bytes = Vec::new();
    loop {
        let lines = queue.recv_many(&mut batch, QUEUE).await;
        if lines == 0 {
            return;
        }
        bytes.clear();
        for queued in &batch {
            bytes.extend_from_slice(&queued.line);
            bytes.push(b'\n');
        }
        // The process closed its input; its end, or that of its output, says the rest.
        if write_all(&pipe, &bytes).await.is_err() {
            return;
        }
        // With them goes the room that they took.
        batch.clear();
        *lock(&queued) -= lines;
    }
}

async fn write_all(pipe: &Sender, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        pipe.writable().await?;
        match pipe.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

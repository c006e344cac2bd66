//! The way past the queue: a pipe that takes what it has room for, without waiting.

use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use tokio::net::unix::pipe::Sender;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

use super::{Closed, QUEUE};

#[derive(Clone)]
pub(super) struct Past {
    /// The writing task holds it, and closes it with its end.
    pipe: Weak<Sender>,
    /// Lines in the queue, and being written from it.
    queued: Arc<Mutex<usize>>,
}

pub(super) fn open(
    stdin: ChildStdin,
    queue: mpsc::Receiver<Bytes>,
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
        queue: &mpsc::Sender<Bytes>,
        line: Bytes,
    ) -> Result<Option<Bytes>, Closed> {
        let pipe = self.pipe.upgrade().ok_or(Closed)?;
        let mut queued = lock(&self.queued);
        if *queued > 0 {
            return Ok(Some(line));
        }
        // For what the pipe does not take of it. Nothing is in the queue, yet all of its places may be given to those who wait.
        let Ok(place) = queue.try_reserve() else {
            return Ok(Some(line));
        };
        match pipe.try_write_vectored(&[IoSlice::new(&line), IoSlice::new(b"\n")]) {
            Ok(written) if written > line.len() => Ok(None),
            Ok(written) => {
                // Whoever writes from the queue adds the line's end.
                *queued += 1;
                place.send(line.slice(written..));
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
async fn empty(mut queue: mpsc::Receiver<Bytes>, pipe: Arc<Sender>, queued: Arc<Mutex<usize>>) {
    let mut batch = Vec::with_capacity(QUEUE);
    let mut bytes = Vec::new();
    loop {
        let lines = queue.recv_many(&mut batch, QUEUE).await;
        if lines == 0 {
            return;
        }
        bytes.clear();
        for line in batch.drain(..) {
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
        }
        // The process closed its input; its end, or that of its output, says the rest.
        if write_all(&pipe, &bytes).await.is_err() {
            return;
        }
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

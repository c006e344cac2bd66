//! The input of a process: a line is written by whoever sends it while the pipe takes it, and by a task of its own when it does not.
//!
//! A call that had to wake another thread to write its line would wait for that thread. Lines are never mixed or cut: what the pipe
//! did not take waits in a queue, and nothing is written past a queue that is not empty. Elsewhere than on Unix all lines are queued.

#[cfg(unix)]
mod past;

use std::sync::Arc;

use bytes::Bytes;
use tokio::process::ChildStdin;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

#[cfg(unix)]
use past::Past;

/// Takes lines, without their ends. The process sees the end of its input with the end of the writing task.
#[derive(Clone)]
pub(in crate::upstream) struct Input {
    queue: mpsc::Sender<Queued>,
    /// Bytes that may still be queued, as far as they are of long lines.
    room: Arc<Semaphore>,
    #[cfg(unix)]
    past: Option<Past>,
}

/// A line in the queue, and the room that it takes until it is written.
pub(in crate::upstream) struct Queued {
    pub(in crate::upstream) line: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// The process does not read any more.
#[derive(Debug)]
pub(in crate::upstream) struct Closed;

/// Lines that wait for the process to read them.
const QUEUE: usize = 128;
/// All lines up to this length may fill the queue.
const SHORT: usize = 8 * 1024;
/// Bytes of longer lines that wait. A line that is longer than that waits alone.
const ROOM: usize = 4 * 1024 * 1024;

/// The input of a process, and the work of the task that writes what is queued.
#[cfg(unix)]
pub(super) fn open(stdin: ChildStdin) -> std::io::Result<(Input, impl Future<Output = ()> + Send)> {
    let (queue, queued) = mpsc::channel(QUEUE);
    let (past, writing) = past::open(stdin, queued)?;
    let past = Some(past);
    let room = Arc::new(Semaphore::new(ROOM));
    Ok((Input { queue, room, past }, writing))
}

#[cfg(not(unix))]
pub(super) fn open(stdin: ChildStdin) -> std::io::Result<(Input, impl Future<Output = ()> + Send)> {
    let (queue, mut queued) = mpsc::channel::<Queued>(QUEUE);
    let mut stdin = stdin;
    let writing = async move {
        while let Some(queued) = queued.recv().await {
            let line = [&queued.line[..], b"\n"].concat();
            if tokio::io::AsyncWriteExt::write_all(&mut stdin, &line)
                .await
                .is_err()
            {
                return;
            }
        }
    };
    let room = Arc::new(Semaphore::new(ROOM));
    Ok((Input { queue, room }, writing))
}

impl Input {
    /// All lines go into this queue.
    #[cfg(test)]
    pub(in crate::upstream) fn queued(queue: mpsc::Sender<Queued>) -> Self {
        Self {
            queue,
            room: Arc::new(Semaphore::new(ROOM)),
            #[cfg(unix)]
            past: None,
        }
    }

    /// Waits while the queue is full.
    pub(in crate::upstream) async fn send(&self, line: Bytes) -> Result<(), Closed> {
        let room = match u32::try_from(line.len().min(ROOM)) {
            Ok(length) if line.len() > SHORT => {
                let room = Arc::clone(&self.room).acquire_many_owned(length);
                tokio::select! {
                    biased;
                    room = room => Some(room.map_err(|_| Closed)?),
                    () = self.queue.closed() => return Err(Closed),
                }
            }
            Ok(_) | Err(_) => None,
        };
        let line = Queued { line, _room: room };
        #[cfg(unix)]
        let line = match &self.past {
            Some(past) => match past.write(&self.queue, line)? {
                Some(line) => line,
                None => return Ok(()),
            },
            None => line,
        };
        let place = self.queue.reserve().await.map_err(|_| Closed)?;
        #[cfg(unix)]
        if let Some(past) = &self.past {
            past.queues_one();
        }
        place.send(line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::{Child, Command};
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn cat() -> (Child, ChildStdin) {
        let mut cat = Command::new("cat");
        let cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = cat.kill_on_drop(true).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        (child, stdin)
    }

    /// Lines that are longer and more than a pipe holds.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_line_arrives_whole_whether_the_pipe_has_room_or_not() {
        const SENDERS: usize = 8;
        const LINES: usize = 40;
        let (mut child, stdin) = cat();
        let (input, writing) = open(stdin).unwrap();
        tokio::spawn(writing);
        for sender in 0..SENDERS {
            let input = input.clone();
            tokio::spawn(async move {
                for n in 0..LINES {
                    let filled = "x".repeat([10, 5_000, 100_000][n % 3]);
                    let line = format!("{sender} {n} {filled}");
                    input.send(line.into()).await.unwrap();
                }
            });
        }
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = [0; SENDERS];
        for _ in 0..SENDERS * LINES {
            let line = lines.next_line().await.unwrap().unwrap();
            let parts: Vec<&str> = line.split(' ').collect();
            let (sender, n): (usize, usize) =
                (parts[0].parse().unwrap(), parts[1].parse().unwrap());
            assert_eq!(next[sender], n, "the lines of {sender} keep their order");
            assert_eq!(parts[2].len(), [10, 5_000, 100_000][n % 3]);
            next[sender] += 1;
        }
    }

    /// Places in the queue are given to those who wait before they put anything there.
    #[tokio::test]
    async fn a_line_is_not_begun_where_others_have_all_places_for_its_rest() {
        let (mut child, stdin) = cat();
        let (input, writing) = open(stdin).unwrap();
        tokio::spawn(writing);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Written by the task, so that it is known from then on that the pipe has room.
        input.send("first".into()).await.unwrap();
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "first");
        let others = input.queue.clone();
        let places = others.reserve_many(QUEUE).await.unwrap();
        let line = "x".repeat(1024 * 1024);
        let mut sending = std::pin::pin!(input.send(line.clone().into()));
        assert!(futures::poll!(&mut sending).is_pending());
        drop(places);
        sending.await.unwrap();
        input.send("short".into()).await.unwrap();
        assert!(lines.next_line().await.unwrap().unwrap() == line);
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "short");
    }

    #[tokio::test]
    async fn the_process_sees_the_end_of_its_input_though_senders_are_left() {
        let (mut child, stdin) = cat();
        let (input, writing) = open(stdin).unwrap();
        let end = CancellationToken::new();
        let writing = tokio::spawn(end.clone().run_until_cancelled_owned(writing));
        input.send("one".into()).await.unwrap();
        end.cancel();
        writing.await.unwrap();
        assert!(child.wait().await.unwrap().success());
        assert!(input.send("two".into()).await.is_err());
    }

    #[tokio::test]
    async fn a_process_that_does_not_read_keeps_few_bytes_waiting_and_whoever_gives_up_takes_his_along()
     {
        const LONG: usize = 1024 * 1024;
        let (queue, mut queued) = mpsc::channel(QUEUE);
        let input = Input::queued(queue);
        let line = Bytes::from(vec![b'x'; LONG]);
        for _ in 0..ROOM / LONG {
            input.send(line.clone()).await.unwrap();
        }
        {
            let mut one_more = std::pin::pin!(input.send(line.clone()));
            assert!(futures::poll!(&mut one_more).is_pending());
            // Short ones go past it.
            input.send("short".into()).await.unwrap();
        }
        let first = queued.recv().await.unwrap();
        assert_eq!(first.line.len(), LONG);
        let mut one_more = std::pin::pin!(input.send(line));
        assert!(
            futures::poll!(&mut one_more).is_pending(),
            "it is not written yet"
        );
        drop(first);
        one_more.await.unwrap();
        let huge = Bytes::from(vec![b'x'; 2 * ROOM]);
        let mut huge = std::pin::pin!(input.send(huge));
        assert!(futures::poll!(&mut huge).is_pending());
        let taken = async { while queued.recv().await.unwrap().line.len() < 2 * ROOM {} };
        let (sent, ()) = tokio::join!(huge, taken);
        sent.unwrap();
        let lines = [Bytes::from(vec![b'x'; ROOM]), Bytes::from(vec![b'x'; ROOM])];
        let [last, never] = lines;
        input.send(last).await.unwrap();
        let mut never = std::pin::pin!(input.send(never));
        assert!(futures::poll!(&mut never).is_pending());
        queued.close();
        assert!(never.await.is_err(), "the process is gone");
    }
}

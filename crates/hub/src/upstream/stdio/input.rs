//! The input of a process: a line is written by whoever sends it while the pipe takes it, and by a task of its own when it does not.
//!
//! A call that had to wake another thread to write its line would wait for that thread. Lines are never mixed or cut: what the pipe
//! did not take waits in a queue, and nothing is written past a queue that is not empty. Elsewhere than on Unix all lines are queued.

#[cfg(unix)]
mod past;

use bytes::Bytes;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

#[cfg(unix)]
use past::Past;

/// Takes lines, without their ends. The process sees the end of its input with the end of the writing task.
#[derive(Clone)]
pub(in crate::upstream) struct Input {
    queue: mpsc::Sender<Bytes>,
    #[cfg(unix)]
    past: Option<Past>,
}

/// The process does not read any more.
#[derive(Debug)]
pub(in crate::upstream) struct Closed;

/// Lines that wait for the process to read them.
const QUEUE: usize = 128;

/// The input of a process, and the work of the task that writes what is queued.
#[cfg(unix)]
pub(super) fn open(stdin: ChildStdin) -> std::io::Result<(Input, impl Future<Output = ()> + Send)> {
    let (queue, queued) = mpsc::channel(QUEUE);
    let (past, writing) = past::open(stdin, queued)?;
    let past = Some(past);
    Ok((Input { queue, past }, writing))
}

#[cfg(not(unix))]
pub(super) fn open(stdin: ChildStdin) -> std::io::Result<(Input, impl Future<Output = ()> + Send)> {
    let (queue, mut queued) = mpsc::channel::<Bytes>(QUEUE);
    let mut stdin = stdin;
    let writing = async move {
        while let Some(line) = queued.recv().await {
            let line = [&line[..], b"\n"].concat();
            if tokio::io::AsyncWriteExt::write_all(&mut stdin, &line)
                .await
                .is_err()
            {
                return;
            }
        }
    };
    Ok((Input { queue }, writing))
}

impl Input {
    /// All lines go into this queue.
    #[cfg(test)]
    pub(in crate::upstream) fn queued(queue: mpsc::Sender<Bytes>) -> Self {
        Self {
            queue,
            #[cfg(unix)]
            past: None,
        }
    }

    /// Waits while the queue is full.
    pub(in crate::upstream) async fn send(&self, line: Bytes) -> Result<(), Closed> {
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
}

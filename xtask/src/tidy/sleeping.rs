//! No test sleeps: it waits for a signal, or lets simulated time pass. Measurements may.

use super::Complaint;
use crate::source::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in tree.rust().filter(|file| !file.is_bench()) {
        for (at, line) in file.lines.iter().enumerate().filter(|(_, line)| line.test) {
            if ["sleep(", "sleep_until(", "sleep_ms("]
                .iter()
                .any(|call| line.code.contains(call))
            {
                complaints.push(Complaint::at(
                    file,
                    at + 1,
                    "a test sleeps",
                    "wait for what you wait for (a channel, `watch::Receiver::wait_for`, a line of output), or pause tokio's time and `advance` it",
                ));
            }
        }
    }
    complaints
}

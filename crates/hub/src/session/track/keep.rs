//! The task that goes on with a request while its client is gone: until the client is back, the response is there, or nobody came.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::room::Away;
use super::{GRACE, Track};

/// Ends the request when the task ends without having been relieved.
struct Keeper {
    track: Arc<Track>,
    turn: u32,
    _away: Away,
}

/// Goes on in this turn. False: enough requests are kept already.
pub(super) fn begin(track: &Arc<Track>, turn: u32) -> bool {
    let (Some(away), Ok(runtime)) = (track.room.away(), Handle::try_current()) else {
        return false;
    };
    let keeper = Keeper {
        track: Arc::clone(track),
        turn,
        _away: away,
    };
    runtime.spawn(async move {
        let kept = poll_fn(|cx| keeper.track.poll_kept(keeper.turn, cx));
        if timeout(GRACE, kept).await.is_err() {
            tracing::debug!("a client that lost its stream did not come back for it");
        }
    });
    true
}

impl Track {
    /// Draws what comes while there is room; what does not fit stays with the server. Ready: there is nothing left to do.
    fn poll_kept(&self, turn: u32, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        while state.turn == turn && !state.over {
            if !state.ring.has_room() || self.room.is_full() {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            if self.draw(&mut state, cx).is_pending() {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.track.end_in(Some(self.turn));
    }
}

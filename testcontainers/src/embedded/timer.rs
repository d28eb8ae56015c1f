//! The task that does what is due, and sleeps until the next thing is.

use std::sync::Mutex;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::node::lock;

/// What the task sleeps for.
#[derive(Debug, Default)]
pub(super) struct Timer {
    next: Mutex<Option<Instant>>,
    /// Something is due before that.
    earlier: Notify,
}

impl Timer {
    /// Calls `on_time` whenever something is due, until `end`. It does what is due and says when the next thing is; before it lets go of
    /// what guards the deadlines, it [sets](Timer::set) the same here.
    pub(super) async fn keep(
        &self,
        end: CancellationToken,
        mut on_time: impl FnMut(Instant) -> Option<Instant>,
    ) {
        loop {
            let next = on_time(Instant::now());
            let due = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = end.cancelled() => return,
                () = due => {}
                () = self.earlier.notified() => {}
            }
        }
    }

    /// What the task will sleep for.
    pub(super) fn set(&self, next: Option<Instant>) {
        *lock(&self.next) = next;
    }

    /// There is a deadline, perhaps one before all others.
    pub(super) fn wake_before(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            return;
        };
        if lock(&self.next).is_none_or(|next| deadline < next) {
            self.earlier.notify_one();
        }
    }
}

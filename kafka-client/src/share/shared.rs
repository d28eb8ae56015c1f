//! What the tasks of one share consumer share: its state under a lock, and bells. The lock is never held over an `await`.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::config::ShareConfig;
use super::state::State;
use crate::cluster::Cluster;

/// One share consumer, as its tasks see it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) cluster: Arc<Cluster>,
    pub(super) config: ShareConfig,
    /// Ends the connections that only this consumer uses.
    pub(super) stop: CancellationToken,
    state: Mutex<State>,
    ready: Notify,
    work: watch::Sender<()>,
}

impl Shared {
    /// A consumer without partitions.
    pub(super) fn new(cluster: Arc<Cluster>, config: ShareConfig) -> Arc<Self> {
        let stop = cluster.child_stop();
        let state = State::new(config.acknowledging);
        Arc::new(Self {
            cluster,
            config,
            stop,
            state: Mutex::new(state),
            ready: Notify::new(),
            work: watch::Sender::new(()),
        })
    }

    /// Looks at the state, or changes it and rings the bells.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state);
        let changes = state.changes();
        drop(state);
        if changes.ready {
            self.ready.notify_one();
        }
        if changes.work {
            self.work.send_replace(());
        }
        result
    }

    /// Waits until the application may have to look.
    pub(super) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Rings when there may be something to do for the tasks.
    pub(super) fn work_bell(&self) -> watch::Receiver<()> {
        self.work.subscribe()
    }
}

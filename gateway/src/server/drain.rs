//! The end of the gateway, in order: nothing that was accepted is lost without being counted (G-62 to G-64).

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::Gateway;
use crate::plugins::Loss;

/// How the end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// What was accepted and did not reach a broker.
    pub loss: Loss,
    /// Whether every connection ended by itself; otherwise the rest was cut at the deadline.
    pub in_time: bool,
}

impl Gateway {
    /// Ends the gateway within `drain.timeout_ms`: readiness off, `drain.lag_ms`, no more connections, streams ended,
    /// running requests answered, producers flushed, consumers gone. What is not done then is cut and counted.
    pub async fn drain(self) -> Drained {
        let timeout = self.settings.drain.timeout;
        let deadline = Instant::now() + timeout;
        tracing::info!(?timeout, "draining");
        self.state.set_draining();
        sleep(self.settings.drain.lag.min(timeout)).await;
        self.stop_accepting.cancel();
        self.signs.drain.cancel();
        self.tasks.close();
        let shared = self.app.shared();
        shared.tasks.close();
        // Clients that do not end must not take the time that accepted records need.
        let last_call = deadline.checked_sub(reserve(timeout)).unwrap_or(deadline);
        let ended = async {
            self.tasks.wait().await;
            shared.tasks.wait().await;
        };
        let in_time = timeout_at(last_call, ended).await.is_ok();
        if !in_time {
            let connections = self.tasks.len();
            tracing::warn!(connections, "cutting what did not end in time");
            self.signs.cut.cancel();
        }
        let loss = self.app.plugins().drain(deadline).await;
        if loss != Loss::default() {
            tracing::error!(records = loss.records, "accepted records were lost");
        }
        tracing::info!(in_time, lost = loss.records, "drained");
        Drained { loss, in_time }
    }
}

/// The part of the time that is kept for Kafka.
fn reserve(timeout: Duration) -> Duration {
    (timeout / 5).min(Duration::from_secs(5))
}

//! `kafka-upstream`: each request becomes a record (kong-produce.md).

mod args;
mod body;
mod headers;
mod json;
mod record;
mod target;
#[cfg(test)]
mod testing;

use tokio::time::Instant;

use super::{Call, Loss, Shared};
use crate::config::kafka_upstream::KafkaUpstream;
use crate::config::plugin::Plugin;
use crate::config::snapshot::Snapshot;
use crate::http::{Problem, Reply};

/// The producers of all `kafka-upstream` plugins.
#[derive(Debug)]
pub struct Produce {
    shared: Shared,
}

impl Produce {
    /// No producer yet: each is made by the first request that needs it.
    pub fn new(shared: Shared) -> Produce {
        Produce { shared }
    }

    /// Sends the request as a record.
    pub async fn answer(
        &self,
        _plugin: &Plugin,
        _config: &KafkaUpstream,
        call: &mut Call,
    ) -> Result<Reply, Problem> {
        let _body = call.body.read().await?;
        let _ = &self.shared;
        Err(Problem::BadGateway(
            "could not send message to topic".into(),
        ))
    }

    /// Drains producers that no plugin of `snapshot` uses.
    pub fn retain(&self, _snapshot: &Snapshot) {}

    /// Flushes every producer.
    #[expect(clippy::unused_async, reason = "the producers come next")]
    pub async fn drain(&self, _deadline: Instant) -> Loss {
        Loss::default()
    }
}

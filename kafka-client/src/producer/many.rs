//! Many records at once.

use tokio::task::yield_now;

use super::Producer;
use super::accumulator::Progress;
use super::delivery::Delivery;
use super::record::ProducerRecord;
use super::send_error::{Refusal, SendError};
use super::transaction::Transaction;

/// Not all of many records were taken.
#[derive(Debug, thiserror::Error)]
#[error("record {} of those to send was not taken", .taken.len())]
pub struct SendAllError {
    /// Those before it, which were taken and are sent: one delivery each, in order. So their number is the index of the one that was not.
    /// None after that was taken.
    pub taken: Vec<Delivery>,
    /// Why it was not taken.
    #[source]
    pub error: SendError,
}

impl Producer {
    /// Takes many records in order, as [`send`](Self::send) takes each; cheaper than that if neighbours go to the same partition, for
    /// they share one lock. One delivery for each, in the same order.
    ///
    /// Waits at most `max_block` for each record that has to wait, not for all. Dropping the future before it is ready leaves it open
    /// how many were taken; those are sent.
    ///
    /// # Errors
    /// A record was not taken, as `send` says; those before it were, and none after it.
    pub async fn send_all<'a>(
        &self,
        records: impl IntoIterator<Item = ProducerRecord<'a>>,
    ) -> Result<Vec<Delivery>, SendAllError> {
        let mut records = records.into_iter().peekable();
        let mut taken = Vec::with_capacity(records.size_hint().0.min(MOST_FORESEEN));
        loop {
            let progress = self.handle.accumulator.append_all(&mut records, &mut taken);
            match progress {
                Ok(Progress::Done) => return Ok(taken),
                Ok(Progress::Pause) => yield_now().await,
                Err(Refusal::Failed(error)) => return Err(SendAllError { taken, error }),
                Err(Refusal::NoTopic | Refusal::NoMemory(_)) => {
                    let Some(record) = records.next() else {
                        return Ok(taken);
                    };
                    match Box::pin(self.wait_and_send(record)).await {
                        Ok(delivery) => taken.push(delivery),
                        Err(error) => return Err(SendAllError { taken, error }),
                    }
                }
            }
        }
    }
}

impl Transaction<'_> {
    /// As [`Producer::send_all`].
    ///
    /// # Errors
    /// As there. The transaction can still be committed, with what was taken.
    pub async fn send_all<'a>(
        &self,
        records: impl IntoIterator<Item = ProducerRecord<'a>>,
    ) -> Result<Vec<Delivery>, SendAllError> {
        self.producer().send_all(records).await
    }
}

/// An iterator may promise anything.
const MOST_FORESEEN: usize = 1 << 16;

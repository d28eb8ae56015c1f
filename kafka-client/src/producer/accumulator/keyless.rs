//! Records that no key sends to a partition: whose turn it is, or which partition they stick to.

use tokio::time::Instant;

use super::{Accumulator, Incoming, Starting};
use crate::producer::delivery::Delivery;
use crate::producer::partitioner::{Keyless, Turn};
use crate::producer::send_error::Refusal;
use crate::producer::topics::TopicLanes;

impl Accumulator {
    /// Puts a record where those without a key go.
    #[inline]
    pub(super) fn append_keyless(
        &self,
        topic: &TopicLanes,
        incoming: &mut Incoming<'_>,
        keyless: Keyless,
    ) -> Result<Delivery, Refusal> {
        match keyless {
            Keyless::Turns => self.append_in_turn(topic, incoming),
            Keyless::Sticky { .. } => self.append_sticking(topic, incoming, keyless),
        }
    }

    /// Puts a record where its turn is: into the batch of that partition, or into a new one at the next if it has had its batch.
    fn append_in_turn(
        &self,
        topic: &TopicLanes,
        incoming: &mut Incoming<'_>,
    ) -> Result<Delivery, Refusal> {
        loop {
            let turn = topic.turn();
            let Some(partition) = topic.partition(turn.partition) else {
                return Err(Refusal::NoTopic);
            };
            // The batch may be one that a record with a key has started; whoever starts one has had the turn.
            if let Some(delivery) = self.append_at(partition, incoming, Starting::Forbidden)? {
                return Ok(delivery);
            }
            if turn.used {
                topic.replace_turn(turn, topic.turn_after(turn));
                continue;
            }
            if let Some(delivery) = self.append_at(partition, incoming, Starting::Allowed)? {
                topic.replace_turn(turn, Turn { used: true, ..turn });
                return Ok(delivery);
            }
        }
    }

    /// Puts a record into the partition that has it now. Once that has got `batch_size` bytes, what its batch still takes goes there,
    /// up to twice as much in all, so that no small batch is left behind (KIP-794).
    fn append_sticking(
        &self,
        topic: &TopicLanes,
        incoming: &mut Incoming<'_>,
        keyless: Keyless,
    ) -> Result<Delivery, Refusal> {
        let enough = self.rules.batch_size;
        loop {
            let stuck = topic.stuck_to();
            if let Some((number, bytes)) = stuck
                && bytes < enough.saturating_mul(2)
                && let Some(partition) = topic.partition(number)
            {
                let starting = if bytes < enough {
                    Starting::Allowed
                } else {
                    Starting::Forbidden
                };
                if let Some(delivery) = self.append_at(partition, incoming, starting)? {
                    topic.got(incoming.size);
                    return Ok(delivery);
                }
            }
            if topic.count() == 0 {
                return Err(Refusal::NoTopic);
            }
            let next = topic.choose(keyless, Instant::now());
            topic.stick_to(stuck.map(|(number, _)| number), next);
        }
    }
}

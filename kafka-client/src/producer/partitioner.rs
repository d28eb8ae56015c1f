//! Which partition a record goes to. Pure: nothing here knows of batches or brokers.
//!
//! A record that names its partition goes there. For all others the [`Partitioner`] decides; records that have no key in its eyes go as
//! [`Keyless`] says.
//!
//! | who asks | `partitioner` | `keyless` |
//! |---|---|---|
//! | Kafka's Java client, default | `Murmur2` | `Sticky` |
//! | the same with `RoundRobinPartitioner` | `RoundRobin` | |
//! | librdkafka, default | `ConsistentRandom` | |
//! | librdkafka with `murmur2_random`, for keys as in Java | `Murmur2Random` | |
//! | Kong's plugins | `Crc32Modulo` | `Turns` |

use std::time::Duration;

/// How a key becomes a partition. All are stable: the same key goes to the same partition as long as their number stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Partitioner {
    /// murmur2 of the key modulo partitions: where Kafka's Java client puts it. Without a key: as [`Keyless`] says.
    #[default]
    Murmur2,
    /// CRC-32 (that of gzip) of the key modulo partitions: where Kong puts it. Without a key: as [`Keyless`] says.
    Crc32Modulo,
    /// Keys do not matter, each record goes to the next partition that has a leader. Java: `RoundRobinPartitioner`. Batches are small then.
    RoundRobin,
    /// librdkafka's `consistent`: CRC-32 of the key; records without one all go to the partition of the empty key.
    Consistent,
    /// librdkafka's `consistent_random`, its default: CRC-32 of the key; one batch after the other to a random partition if there is none, or
    /// an empty one.
    ConsistentRandom,
    /// librdkafka's `murmur2`: as in Java; records without a key all go to the partition of the empty key.
    Murmur2Consistent,
    /// librdkafka's `murmur2_random`: as in Java; one batch after the other to a random partition if there is no key.
    Murmur2Random,
    /// librdkafka's `fnv1a`, which Sarama has for its default: FNV-1a of the key; records without one all go to the partition of the
    /// empty key.
    Fnv1a,
    /// librdkafka's `fnv1a_random`: FNV-1a of the key; one batch after the other to a random partition if there is none.
    Fnv1aRandom,
}

/// Where records without a key go, if the [`Partitioner`] leaves it open. One batch goes to one partition in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Keyless {
    /// Partitions take turns, in ascending order from the lowest: one batch to each that has a leader. As even and as predictable as can
    /// be; but a slow broker gets as many batches as the others, and holds them up once the buffer is full.
    #[default]
    Turns,
    /// A random partition gets about `batch_size` bytes, then another one, as Kafka's Java client does it (KIP-794).
    Sticky {
        /// Whether partitions that have many batches waiting are chosen less often, so that a slow broker does not hold up the
        /// others. Kafka: `partitioner.adaptive.partitioning.enable`, true by default.
        adaptive: bool,
        /// Partitions whose oldest batch has waited for so long are not chosen while there are others; 0 for never. Kafka:
        /// `partitioner.availability.timeout.ms`, 0 by default.
        availability_timeout: Duration,
    },
}

impl Keyless {
    /// As Kafka's Java client does it by default.
    pub const JAVA: Self = Self::Sticky {
        adaptive: true,
        availability_timeout: Duration::ZERO,
    };
    /// Partitions at random, all alike.
    pub(crate) const RANDOM: Self = Self::Sticky {
        adaptive: false,
        availability_timeout: Duration::ZERO,
    };
}

/// What a partitioner says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This partition; 0 if there are none.
    Partition(usize),
    /// As records without a key go.
    Keyless,
    /// A random partition for each batch.
    Random,
    /// The next one for each record.
    RoundRobin,
}

impl Partitioner {
    /// Where a record with `key` goes, or without one.
    #[inline]
    pub(crate) fn choose(self, key: Option<&[u8]>, partitions: usize) -> Choice {
        let hash = match (self, key) {
            (Self::RoundRobin, _) => return Choice::RoundRobin,
            (Self::Murmur2 | Self::Crc32Modulo, None) => return Choice::Keyless,
            (Self::ConsistentRandom, None | Some([]))
            | (Self::Murmur2Random | Self::Fnv1aRandom, None) => return Choice::Random,
            (Self::Murmur2 | Self::Murmur2Consistent | Self::Murmur2Random, key) => {
                // Java has no unsigned integers and drops the sign.
                murmur2(key.unwrap_or_default()) & 0x7fff_ffff
            }
            (Self::Crc32Modulo | Self::Consistent | Self::ConsistentRandom, key) => {
                crc32fast::hash(key.unwrap_or_default())
            }
            (Self::Fnv1a | Self::Fnv1aRandom, key) => fnv1a(key.unwrap_or_default()),
        };
        let hash = usize::try_from(hash).unwrap_or_default();
        Choice::Partition(hash.checked_rem(partitions).unwrap_or_default())
    }
}

/// One of `queues`, each the batches that wait at a partition or `None` if it must not be chosen: the shorter the likelier, with the
/// weights of KIP-794. `roll` gives a number below what it is asked for. `None` if there is nothing to choose from.
pub(crate) fn weighted(queues: &[Option<u64>], roll: impl FnOnce(u64) -> u64) -> Option<usize> {
    let longest = queues.iter().flatten().max()?;
    let weight = |queue: &Option<u64>| queue.map_or(0, |queue| longest - queue + 1);
    let mut left = roll(queues.iter().map(weight).sum());
    queues.iter().position(|queue| {
        let weight = weight(queue);
        let is_it = left < weight;
        left = left.saturating_sub(weight);
        is_it
    })
}

/// Whose turn it is among records without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The partition.
    pub(crate) partition: usize,
    /// Whether it has had its batch.
    pub(crate) used: bool,
}

impl Turn {
    /// The first turn: the lowest partition with a leader.
    pub(crate) fn first(partitions: usize, has_leader: impl Fn(usize) -> bool) -> Self {
        Self::starting_at(0, partitions, has_leader)
    }

    /// The turn after this one: the next partition with a leader, the lowest again after the highest.
    pub(crate) fn next(self, partitions: usize, has_leader: impl Fn(usize) -> bool) -> Self {
        Self::starting_at(self.partition + 1, partitions, has_leader)
    }

    /// Without any leader the order is kept all the same: leaders come back.
    fn starting_at(start: usize, partitions: usize, has_leader: impl Fn(usize) -> bool) -> Self {
        let mut circle = (0..partitions).map(|step| (start + step) % partitions);
        let fallback = start.checked_rem(partitions).unwrap_or_default();
        Self {
            partition: circle
                .find(|partition| has_leader(*partition))
                .unwrap_or(fallback),
            used: false,
        }
    }
}

/// `MurmurHash2`, 32 bits, with the seed of Kafka's Java client.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len() & 0xffff_ffff).unwrap_or_default();
    let (words, tail) = data.as_chunks::<4>();
    let mut hash = SEED ^ length;
    for word in words {
        let k = u32::from_le_bytes(*word).wrapping_mul(M);
        let k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !tail.is_empty() {
        for (place, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// FNV-1a, 32 bits, of which librdkafka and Sarama take the absolute value.
fn fnv1a(data: &[u8]) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(PRIME);
    data.iter().fold(OFFSET, step).cast_signed().unsigned_abs()
}

#[cfg(test)]
mod tests;

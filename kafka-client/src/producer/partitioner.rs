//! Which partition a record goes to. Pure: nothing here knows of batches or brokers.
//!
//! A record that names its partition goes there. One with a key goes where the key's hash says, so that equal keys keep their order.
//! The rest take turns: one batch to a partition, the next batch to the next partition that has a leader, in ascending order
//! from the lowest.

/// How a key becomes a partition. Records without a key take turns, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Partitioner {
    /// murmur2 of the key modulo partitions: where Kafka's Java client puts it.
    #[default]
    Murmur2,
    /// CRC-32 (that of gzip) of the key modulo partitions: where Kong puts it, and librdkafka's `consistent`.
    Crc32Modulo,
}

impl Partitioner {
    /// The partition of `key`; 0 if there are no partitions.
    pub(crate) fn of_key(self, key: &[u8], partitions: usize) -> usize {
        let hash = match self {
            // Java has no unsigned integers and drops the sign.
            Self::Murmur2 => murmur2(key) & 0x7fff_ffff,
            Self::Crc32Modulo => crc32(key),
        };
        let hash = usize::try_from(hash).unwrap_or_default();
        hash.checked_rem(partitions).unwrap_or_default()
    }
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

/// CRC-32 as in gzip and zip (reflected polynomial 0xEDB88320), a nibble at a time: keys are short.
fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, nibble: u8| {
        let index = usize::try_from((crc ^ u32::from(nibble)) & 0xf).unwrap_or_default();
        CRC32_NIBBLES.get(index).copied().unwrap_or_default() ^ (crc >> 4)
    };
    let crc = data
        .iter()
        .fold(u32::MAX, |crc, byte| step(step(crc, byte & 0xf), byte >> 4));
    !crc
}

/// CRC-32 of each nibble.
const CRC32_NIBBLES: [u32; 16] = [
    0x0000_0000,
    0x1db7_1064,
    0x3b6e_20c8,
    0x26d9_30ac,
    0x76dc_4190,
    0x6b6b_51f4,
    0x4db2_6158,
    0x5005_713c,
    0xedb8_8320,
    0xf00f_9344,
    0xd6d6_a3e8,
    0xcb61_b38c,
    0x9b64_c2b0,
    0x86d3_d2d4,
    0xa00a_e278,
    0xbdbd_f21c,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_gives_what_java_gives() {
        // Values of Kafka's Java client.
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn a_negative_hash_loses_its_sign_as_in_java() {
        let positive = (-973_932_308_i32).cast_unsigned() & 0x7fff_ffff;
        let expected = usize::try_from(positive % 7).unwrap();
        assert_eq!(Partitioner::Murmur2.of_key(b"21", 7), expected);
    }

    #[test]
    fn crc32_is_that_of_gzip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(
            Partitioner::Crc32Modulo.of_key(b"123456789", 10),
            usize::try_from(0xcbf4_3926_u32 % 10).unwrap()
        );
    }

    #[test]
    fn no_partitions_do_not_divide_by_zero() {
        assert_eq!(Partitioner::Murmur2.of_key(b"key", 0), 0);
        assert_eq!(Turn::first(0, |_| true).partition, 0);
    }

    #[test]
    fn turns_ascend_from_the_lowest_partition_with_a_leader() {
        let has_leader = |partition| partition != 0 && partition != 3;
        let mut turn = Turn::first(5, has_leader);
        let mut order = Vec::new();
        for _ in 0..5 {
            order.push(turn.partition);
            turn = turn.next(5, has_leader);
        }
        assert_eq!(order, [1, 2, 4, 1, 2]);
    }

    #[test]
    fn turns_go_on_without_any_leader() {
        let turn = Turn::first(3, |_| false);
        assert_eq!(turn.partition, 0);
        assert_eq!(turn.next(3, |_| false).partition, 1);
    }
}

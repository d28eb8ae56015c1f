use super::*;

const KEYS: [&[u8]; 10] = [
    b"",
    b"a",
    b"21",
    b"kafka",
    b"order-1",
    b"foobar",
    b"a-little-bit-long-string",
    b"a-little-bit-longer-string",
    b"\xff\xfe\x80\x01",
    b"0123456789abcdef0123456789abcdef",
];
/// Of each key among so many: what `rd_kafka_msg_partitioner_consistent`, `_murmur2` and `_fnv1a` of librdkafka 2.12.1 say.
const LIBRDKAFKA: [(usize, [[usize; 3]; 10]); 2] = [
    (
        7,
        [
            [0, 2, 2],
            [4, 5, 6],
            [6, 3, 3],
            [6, 3, 4],
            [6, 4, 1],
            [6, 0, 4],
            [3, 1, 1],
            [0, 0, 4],
            [3, 1, 1],
            [6, 5, 1],
        ],
    ),
    (
        1_000_003,
        [
            [0, 645_856, 824_651],
            [344_195, 100_772, 963_672],
            [439_776, 547_821, 252_662],
            [72_782, 976_536, 495_882],
            [848_772, 706_663, 793_762],
            [922_071, 147_095, 228_336],
            [423_554, 498_629, 516_376],
            [480_059, 176_836, 659_973],
            [758_449, 269_282, 594_988],
            [361_752, 657_590, 162_872],
        ],
    ),
];

#[test]
fn keys_go_where_librdkafka_puts_them() {
    let families = [
        [Partitioner::Consistent, Partitioner::ConsistentRandom],
        [Partitioner::Murmur2Consistent, Partitioner::Murmur2Random],
        [Partitioner::Fnv1a, Partitioner::Fnv1aRandom],
    ];
    for (count, expected) in LIBRDKAFKA {
        for (key, expected) in KEYS.into_iter().zip(expected) {
            for (family, expected) in families.into_iter().zip(expected) {
                let [hash, random] = family;
                let expected = Choice::Partition(expected);
                assert_eq!(hash.choose(Some(key), count), expected, "{hash:?} {key:?}");
                if !key.is_empty() {
                    assert_eq!(random.choose(Some(key), count), expected);
                }
            }
        }
    }
}

#[test]
fn without_a_key_each_goes_where_its_model_puts_it() {
    // Of librdkafka 2.12.1, as above.
    for (partitioner, expected) in [
        (Partitioner::Consistent, 0),
        (Partitioner::Murmur2Consistent, 645_856),
        (Partitioner::Fnv1a, 824_651),
    ] {
        let choice = partitioner.choose(None, 1_000_003);
        assert_eq!(choice, Choice::Partition(expected), "{partitioner:?}");
    }
    for partitioner in [
        Partitioner::ConsistentRandom,
        Partitioner::Murmur2Random,
        Partitioner::Fnv1aRandom,
    ] {
        assert_eq!(partitioner.choose(None, 7), Choice::Random);
    }
    for partitioner in [Partitioner::Murmur2, Partitioner::Crc32Modulo] {
        assert_eq!(partitioner.choose(None, 7), Choice::Keyless);
    }
}

#[test]
fn an_empty_key_is_one_but_for_librdkafkas_default() {
    let of = |partitioner: Partitioner| partitioner.choose(Some(b""), 1_000_003);
    assert_eq!(of(Partitioner::ConsistentRandom), Choice::Random);
    assert_eq!(of(Partitioner::Murmur2Random), Choice::Partition(645_856));
    assert_eq!(of(Partitioner::Fnv1aRandom), Choice::Partition(824_651));
    assert_eq!(of(Partitioner::Murmur2), Choice::Partition(645_856));
    assert_eq!(of(Partitioner::Crc32Modulo), Choice::Partition(0));
}

#[test]
fn round_robin_does_not_look_at_keys() {
    for key in [None, Some(&b"key"[..])] {
        assert_eq!(Partitioner::RoundRobin.choose(key, 7), Choice::RoundRobin);
    }
}

#[test]
fn murmur2_gives_what_java_gives() {
    // `org.apache.kafka.common.utils.Utils.murmur2` of kafka-clients 4.3.1.
    for (key, hash) in [
        ("", 275_646_681),
        ("a", -1_563_381_124),
        ("21", -973_932_308),
        ("kafka", -798_503_068),
        ("order-1", 1_221_710_326),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("0123456789abcdef0123456789abcdef", 81_657_833),
        ("abc", 479_470_107),
    ] {
        assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
    }
}

#[test]
fn a_negative_hash_loses_its_sign_as_in_java() {
    let positive = (-973_932_308_i32).cast_unsigned() & 0x7fff_ffff;
    let expected = usize::try_from(positive % 7).unwrap();
    let choice = Partitioner::Murmur2.choose(Some(b"21"), 7);
    assert_eq!(choice, Choice::Partition(expected));
}

#[test]
fn crc32_is_that_of_gzip() {
    let choice = Partitioner::Crc32Modulo.choose(Some(b"123456789"), 10);
    let expected = usize::try_from(0xcbf4_3926_u32 % 10).unwrap();
    assert_eq!(choice, Choice::Partition(expected));
}

#[test]
fn no_partitions_do_not_divide_by_zero() {
    let choice = Partitioner::Murmur2.choose(Some(b"key"), 0);
    assert_eq!(choice, Choice::Partition(0));
    assert_eq!(Turn::first(0, |_| true).partition, 0);
    assert_eq!(weighted(&[], |_| 0), None);
    assert_eq!(weighted(&[None, None], |_| 0), None);
}

/// How many of all rolls choose each of `queues`.
fn shares(queues: &[Option<u64>]) -> Vec<usize> {
    let mut total = 0;
    weighted(queues, |sum| {
        total = sum;
        0
    });
    let mut shares = vec![0; queues.len()];
    for roll in 0..total {
        shares[weighted(queues, |_| roll).unwrap()] += 1;
    }
    shares
}

#[test]
fn the_shorter_a_queue_the_likelier_it_is_chosen() {
    // The example of KIP-794: queues 0, 3, 1 have weights 4, 1, 3.
    assert_eq!(shares(&[Some(0), Some(3), Some(1)]), [4, 1, 3]);
    assert_eq!(shares(&[Some(2), Some(2), Some(2)]), [1, 1, 1]);
    assert_eq!(shares(&[Some(0), None, Some(1)]), [2, 0, 1]);
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

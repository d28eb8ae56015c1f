//! What foreign members of a consumer group say of themselves.
//!
//! Feeds: a subscription or an assignment, version first; it is read as both.
//!
//! Asserts: reading allocates no more than its input accounts for; bytes behind it change nothing, as for Kafka; written at the version that
//! it was read at, it is no longer than it came and reads the same; every other version can carry it too, and what a lower one brings
//! back is written there with the same bytes.
#![no_main]

use std::fmt::Debug;

use bytes::Bytes;
use kafka_fuzz::memory::{message_limit, metered};
use kafka_wire::group::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, VERSIONS,
};
use kafka_wire::{DecodeError, EncodeError, Message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    check(
        &bytes,
        ConsumerProtocolSubscription::decode,
        ConsumerProtocolSubscription::encode,
    );
    check(
        &bytes,
        ConsumerProtocolAssignment::decode,
        ConsumerProtocolAssignment::encode,
    );
});

fn check<T: Message + Debug>(
    bytes: &Bytes,
    decode: fn(&Bytes) -> Result<(T, i16), DecodeError>,
    encode: fn(&T, i16) -> Result<Bytes, EncodeError>,
) {
    let (read, allocated) = metered(|| decode(bytes));
    let newest = *VERSIONS.end();
    assert!(allocated <= message_limit(T::STRUCTURE, newest, false, bytes.len()));
    let Ok((message, sent)) = read else { return };
    let longer = [&bytes[..], b"\0\x01\xff"].concat().into();
    assert_eq!(decode(&longer).unwrap(), (message.clone(), sent));

    let version = sent.min(newest);
    let written = encode(&message, version).unwrap();
    assert!(written.len() <= bytes.len());
    assert_eq!(decode(&written).unwrap(), (message.clone(), version));
    for other in VERSIONS {
        let written = encode(&message, other).unwrap();
        let (back, _) = decode(&written).unwrap();
        assert!(other < version || back == message);
        assert_eq!(encode(&back, other).unwrap(), written);
    }
    for unknown in [VERSIONS.start() - 1, newest + 1] {
        assert!(encode(&message, unknown).is_err());
    }
}

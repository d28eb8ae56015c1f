//! What foreign members of a consumer group say of themselves.
//!
//! Feeds: a subscription or an assignment, version first; it is read as both.
//!
//! Asserts: reading allocates no more than its input accounts for; what is read is what a second reader reads; bytes behind it change nothing,
//! as for Kafka; written at the version that it was read at, it is no longer than it came, is what a second writer writes, and reads the same; every other version can carry it too, and what a lower one brings
//! back is written there with the same bytes.
#![no_main]

use std::fmt::Debug;

use bytes::Bytes;
use kafka_fuzz::memory::{message_limit, metered};
use kafka_fuzz::reader::read;
use kafka_fuzz::writer::write;
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
    let (decoded, allocated) = metered(|| decode(bytes));
    let newest = *VERSIONS.end();
    let Some((sent, body)) = bytes.split_first_chunk() else {
        assert!(decoded.is_err());
        return;
    };
    let version = i16::from_be_bytes(*sent).min(newest);
    let again = read(T::STRUCTURE, body, version, false);
    assert!(allocated <= message_limit(T::STRUCTURE, bytes.len(), again.element_bytes));
    assert_eq!(decoded.is_ok(), version >= 0 && again.value.is_some());
    let (Ok((message, sent)), Some(value)) = (decoded, again.value) else {
        return;
    };
    let longer = [&bytes[..], b"\0\x01\xff"].concat().into();
    assert_eq!(decode(&longer).unwrap(), (message.clone(), sent));

    let written = encode(&message, version).unwrap();
    let theirs = write(T::STRUCTURE, &value, version, false).unwrap();
    assert_eq!(written[2..], theirs);
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

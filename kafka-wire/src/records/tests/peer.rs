//! The same batches through `kafka-protocol`, an implementation that shares nothing with ours.

use bytes::BytesMut;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as theirs;
use proptest::prelude::*;

use super::*;

fn to_theirs(record: &Record) -> theirs::Record {
    let header = |(key, value): &(String, Option<Vec<u8>>)| {
        (
            StrBytes::from_string(key.clone()),
            value.clone().map(Bytes::from),
        )
    };
    theirs::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: theirs::TimestampType::Creation,
        offset: record.offset,
        sequence: i32::try_from(record.offset).unwrap() - 1,
        timestamp: record.timestamp,
        key: record.key.clone().map(Bytes::from),
        value: record.value.clone().map(Bytes::from),
        headers: record.headers.iter().map(header).collect(),
    }
}

fn from_theirs(record: &theirs::Record) -> Record {
    let header = |(key, value): (&StrBytes, &Option<Bytes>)| {
        (key.to_string(), value.as_ref().map(|value| value.to_vec()))
    };
    Record {
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.as_ref().map(|key| key.to_vec()),
        value: record.value.as_ref().map(|value| value.to_vec()),
        headers: record.headers.iter().map(header).collect(),
    }
}

/// What both can say: their headers are a map, and their differences of timestamps do not wrap.
fn common(records: Vec<Record>) -> Vec<Record> {
    let mut records = records;
    for record in &mut records {
        record.headers.sort();
        record.headers.dedup_by(|one, other| one.0 == other.0);
        record.timestamp >>= 2;
    }
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn they_read_what_we_write(records in building::any_records()) {
        let records = common(records);
        let mut bytes = build(&records, Compression::None).seal();
        let read = theirs::RecordBatchDecoder::decode(&mut bytes).unwrap();
        prop_assert_eq!(read.records.iter().map(from_theirs).collect::<Vec<_>>(), records);
    }

    #[test]
    fn we_read_what_they_write(records in building::any_records()) {
        let records = common(records);
        let encoded: Vec<theirs::Record> = records.iter().map(to_theirs).collect();
        let mut bytes = BytesMut::new();
        let options = theirs::RecordEncodeOptions { version: 2, compression: theirs::Compression::None };
        theirs::RecordBatchEncoder::encode(&mut bytes, &encoded, &options).unwrap();
        prop_assert_eq!(read(&bytes.freeze(), CrcCheck::Verify).unwrap(), records);
    }
}

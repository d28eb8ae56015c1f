use super::*;
use crate::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use crate::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};

fn produce(records: &Bytes) -> ProduceRequest {
    let partition = PartitionProduceData {
        records: Some(records.clone()),
        ..Default::default()
    };
    let topic = TopicProduceData {
        name: "t".into(),
        partition_data: vec![partition.clone(), partition],
        ..Default::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 5,
        topic_data: vec![topic],
        ..Default::default()
    }
}

#[test]
fn record_batches_are_segments_of_their_own() {
    let records = Bytes::from(vec![1; 2000]);
    let frame = encode_request(&produce(&records), 9, 1, None).unwrap();
    let whole = frame.to_bytes();
    assert_eq!(whole.len(), frame.len());
    let segments = frame.into_segments();
    assert_eq!(
        segments
            .iter()
            .filter(|segment| segment.as_ptr() == records.as_ptr())
            .count(),
        2,
        "no copy"
    );
    assert_eq!(segments.concat(), whole);
    let (header, body) = decode_request_header(&whole.slice(4..)).unwrap();
    assert_eq!((header.request_api_key, header.client_id), (0, None));
    assert_eq!(
        decode_request::<ProduceRequest>(&body, 9).unwrap(),
        produce(&records)
    );
}

#[test]
fn a_correlation_id_can_be_given_later() {
    let mut frame = encode_request(&ApiVersionsRequest::default(), 0, 1, Some("me")).unwrap();
    frame.set_correlation_id(77);
    assert_eq!(
        decode_request_header(&frame.to_bytes().slice(4..))
            .unwrap()
            .0
            .correlation_id,
        77
    );
}

#[test]
fn the_answer_to_api_versions_has_no_flexible_header() {
    let frame = encode_response::<ApiVersionsRequest>(&ApiVersionsResponse::default(), 3, 5)
        .unwrap()
        .to_bytes();
    // Length, correlation id, then at once the error code: no tag section between them.
    assert_eq!(&frame[..10], [0, 0, 0, 12, 0, 0, 0, 5, 0, 0]);
    assert_eq!(
        decode_response::<ApiVersionsRequest>(&frame.slice(4..), 3)
            .unwrap()
            .0,
        5
    );
}

#[test]
fn bytes_after_the_message_are_refused() {
    let frame = encode_response::<ApiVersionsRequest>(&ApiVersionsResponse::default(), 0, 5)
        .unwrap()
        .to_bytes();
    let longer = Bytes::from([&frame[4..], &[9]].concat());
    let error = decode_response::<ApiVersionsRequest>(&longer, 0).unwrap_err();
    assert_eq!(error.reason, DecodeReason::Trailing(1));
    assert_eq!(
        error.to_string(),
        "ApiVersionsResponse v0: 1 bytes too many at byte 6"
    );
}

#[test]
fn a_version_outside_the_table_is_not_written() {
    let error = encode_request(&ApiVersionsRequest::default(), 99, 1, None).unwrap_err();
    assert_eq!(error.reason, EncodeReason::Version);
}

#[test]
fn frames_are_cut_when_they_are_complete() {
    let mut buffer = BytesMut::from(&[0, 0, 0, 2, 8][..]);
    assert_eq!(split_frame(&mut buffer, 100), Ok(None));
    buffer.put_slice(&[9, 0, 0, 0, 0, 7]);
    assert_eq!(
        split_frame(&mut buffer, 100),
        Ok(Some(Bytes::from_static(&[8, 9])))
    );
    assert_eq!(split_frame(&mut buffer, 100), Ok(Some(Bytes::new())));
    assert_eq!(&buffer[..], [7]);
}

#[test]
fn what_is_no_length_gets_a_diagnosis() {
    let length = |prefix: &[u8]| frame_length(prefix, 100);
    assert_eq!(length(b"HTTP/1.1 400"), Err(FrameError::Http));
    assert_eq!(length(&[0x15, 3, 3, 0]), Err(FrameError::Tls));
    assert_eq!(length(&[0xff; 4]), Err(FrameError::Negative(-1)));
    assert_eq!(
        length(&[0, 0, 1, 0]),
        Err(FrameError::TooLong {
            length: 256,
            limit: 100
        })
    );
    assert_eq!(length(&[0, 0]), Ok(None));
}

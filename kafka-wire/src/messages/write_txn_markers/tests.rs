use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = WriteTxnMarkersRequest {
        markers: vec![WritableTxnMarker {
            producer_id: 1,
            producer_epoch: 2,
            transaction_result: true,
            topics: vec![WritableTxnMarkerTopic {
                name: "orders".into(),
                partition_indexes: vec![3, 4],
            }],
            coordinator_epoch: 5,
            ..Default::default()
        }],
    };
    golden::request(
        1,
        "02  0000000000000001  0002  01  02  07 6f7264657273  03  00000003  00000004  00
         00000005  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = WriteTxnMarkersRequest {
        markers: vec![WritableTxnMarker {
            producer_id: 1,
            producer_epoch: 2,
            transaction_result: true,
            topics: vec![WritableTxnMarkerTopic {
                name: "orders".into(),
                partition_indexes: vec![3, 4],
            }],
            coordinator_epoch: 5,
            transaction_version: 6,
        }],
    };
    golden::request(
        2,
        "02  0000000000000001  0002  01  02  07 6f7264657273  03  00000003  00000004  00
         00000005  06  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = WriteTxnMarkersResponse {
        markers: vec![WritableTxnMarkerResult {
            producer_id: 1,
            topics: vec![WritableTxnMarkerTopicResult {
                name: "orders".into(),
                partitions: vec![WritableTxnMarkerPartitionResult {
                    partition_index: 2,
                    error_code: ErrorCode(3),
                }],
            }],
        }],
    };
    golden::response::<WriteTxnMarkersRequest>(
        1,
        "02  0000000000000001  02  07 6f7264657273  02  00000002  0003  00  00  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = WriteTxnMarkersResponse {
        markers: vec![WritableTxnMarkerResult {
            producer_id: 1,
            topics: vec![WritableTxnMarkerTopicResult {
                name: "orders".into(),
                partitions: vec![WritableTxnMarkerPartitionResult {
                    partition_index: 2,
                    error_code: ErrorCode(3),
                }],
            }],
        }],
    };
    golden::response::<WriteTxnMarkersRequest>(
        2,
        "02  0000000000000001  02  07 6f7264657273  02  00000002  0003  00  00  00  00",
        &response,
    );
}

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = AlterClientQuotasRequest {
        entries: vec![EntryData {
            entity: vec![EntityData {
                entity_type: "enti".into(),
                entity_name: Some("enti".into()),
            }],
            ops: vec![OpData {
                key: "k".into(),
                value: 1.5,
                remove: true,
            }],
        }],
        validate_only: true,
    };
    golden::request(
        0,
        "00000001  00000001  0004 656e7469  0004 656e7469  00000001  0001 6b
         3ff8000000000000  01  01",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = AlterClientQuotasRequest {
        entries: vec![EntryData {
            entity: vec![EntityData {
                entity_type: "enti".into(),
                ..Default::default()
            }],
            ops: vec![OpData {
                key: "k".into(),
                value: 1.5,
                remove: true,
            }],
        }],
        validate_only: true,
    };
    golden::request(
        1,
        "02  02  05 656e7469  00  00  02  02 6b  3ff8000000000000  01  00  00  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version() {
    let response = AlterClientQuotasResponse {
        throttle_time_ms: 1,
        entries: vec![AlteredEntity {
            error_code: ErrorCode(2),
            error_message: Some("no".into()),
            entity: vec![EntityData {
                entity_type: "enti".into(),
                entity_name: Some("enti".into()),
            }],
        }],
    };
    golden::response::<AlterClientQuotasRequest>(
        0,
        "00000001  00000001  0002  0002 6e6f  00000001  0004 656e7469  0004 656e7469",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = AlterClientQuotasResponse {
        throttle_time_ms: 1,
        entries: vec![AlteredEntity {
            error_code: ErrorCode(2),
            entity: vec![EntityData {
                entity_type: "enti".into(),
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    golden::response::<AlterClientQuotasRequest>(
        1,
        "00000001  02  0002  00  02  05 656e7469  00  00  00  00",
        &response,
    );
}

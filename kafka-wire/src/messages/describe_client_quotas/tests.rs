use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DescribeClientQuotasRequest {
        components: vec![ComponentData {
            entity_type: "enti".into(),
            match_type: 1,
            r#match: Some("matc".into()),
        }],
        strict: true,
    };
    golden::request(
        0,
        "00000001  0004 656e7469  01  0004 6d617463  01",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeClientQuotasRequest {
        components: vec![ComponentData {
            entity_type: "enti".into(),
            match_type: 1,
            ..Default::default()
        }],
        strict: true,
    };
    golden::request(1, "02  05 656e7469  01  00  00  01  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = DescribeClientQuotasResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        entries: Some(vec![EntryData {
            entity: vec![EntityData {
                entity_type: "enti".into(),
                entity_name: Some("enti".into()),
            }],
            values: vec![ValueData {
                key: "k".into(),
                value: 3.5,
            }],
        }]),
    };
    golden::response::<DescribeClientQuotasRequest>(
        0,
        "00000001  0002  0002 6e6f  00000001  00000001  0004 656e7469  0004 656e7469
         00000001  0001 6b  400c000000000000",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeClientQuotasResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        entries: Some(vec![EntryData {
            entity: vec![EntityData {
                entity_type: "enti".into(),
                ..Default::default()
            }],
            values: vec![ValueData {
                key: "k".into(),
                value: 3.5,
            }],
        }]),
        ..Default::default()
    };
    golden::response::<DescribeClientQuotasRequest>(
        1,
        "00000001  0002  00  02  02  05 656e7469  00  00  02  02 6b  400c000000000000  00  00
         00",
        &response,
    );
}

use bytes::Bytes;

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version() {
    let request = DescribeDelegationTokenRequest {
        owners: Some(vec![DescribeDelegationTokenOwner {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
        }]),
    };
    golden::request(1, "00000001  0004 7072696e  0004 7072696e", &request);
}

#[test]
fn request_in_its_first_flexible_version() {
    let request = DescribeDelegationTokenRequest {
        owners: Some(vec![DescribeDelegationTokenOwner {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
        }]),
    };
    golden::request(2, "02  05 7072696e  05 7072696e  00  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeDelegationTokenRequest {
        owners: Some(vec![DescribeDelegationTokenOwner {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
        }]),
    };
    golden::request(3, "02  05 7072696e  05 7072696e  00  00", &request);
}

#[test]
fn response_in_its_first_version() {
    let response = DescribeDelegationTokenResponse {
        error_code: ErrorCode(1),
        tokens: vec![DescribedDelegationToken {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
            issue_timestamp: 2,
            expiry_timestamp: 3,
            max_timestamp: 4,
            token_id: "toke".into(),
            hmac: Secret(Bytes::from_static(b"\xb5\x0b")),
            renewers: vec![DescribedDelegationTokenRenewer {
                principal_type: "prin".into(),
                principal_name: "prin".into(),
            }],
            ..Default::default()
        }],
        throttle_time_ms: 6,
    };
    golden::response::<DescribeDelegationTokenRequest>(
        1,
        "0001  00000001  0004 7072696e  0004 7072696e  0000000000000002  0000000000000003
         0000000000000004  0004 746f6b65  00000002 b50b  00000001  0004 7072696e
         0004 7072696e  00000006",
        &response,
    );
}

#[test]
fn response_in_its_first_flexible_version() {
    let response = DescribeDelegationTokenResponse {
        error_code: ErrorCode(1),
        tokens: vec![DescribedDelegationToken {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
            issue_timestamp: 2,
            expiry_timestamp: 3,
            max_timestamp: 4,
            token_id: "toke".into(),
            hmac: Secret(Bytes::from_static(b"\xb5\x0b")),
            renewers: vec![DescribedDelegationTokenRenewer {
                principal_type: "prin".into(),
                principal_name: "prin".into(),
            }],
            ..Default::default()
        }],
        throttle_time_ms: 6,
    };
    golden::response::<DescribeDelegationTokenRequest>(
        2,
        "0001  02  05 7072696e  05 7072696e  0000000000000002  0000000000000003
         0000000000000004  05 746f6b65  03 b50b  02  05 7072696e  05 7072696e  00  00
         00000006  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeDelegationTokenResponse {
        error_code: ErrorCode(1),
        tokens: vec![DescribedDelegationToken {
            principal_type: "prin".into(),
            principal_name: "prin".into(),
            token_requester_principal_type: "toke".into(),
            token_requester_principal_name: "toke".into(),
            issue_timestamp: 2,
            expiry_timestamp: 3,
            max_timestamp: 4,
            token_id: "toke".into(),
            hmac: Secret(Bytes::from_static(b"\xb5\x0b")),
            renewers: vec![DescribedDelegationTokenRenewer {
                principal_type: "prin".into(),
                principal_name: "prin".into(),
            }],
        }],
        throttle_time_ms: 6,
    };
    golden::response::<DescribeDelegationTokenRequest>(
        3,
        "0001  02  05 7072696e  05 7072696e  05 746f6b65  05 746f6b65  0000000000000002
         0000000000000003  0000000000000004  05 746f6b65  03 b50b  02  05 7072696e
         05 7072696e  00  00  00000006  00",
        &response,
    );
}

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = DescribeUserScramCredentialsRequest {
        users: Some(vec![UserName {
            name: "orders".into(),
        }]),
    };
    golden::request(0, "02  07 6f7264657273  00  00", &request);
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = DescribeUserScramCredentialsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        results: vec![DescribeUserScramCredentialsResult {
            user: "user".into(),
            error_code: ErrorCode(3),
            credential_infos: vec![CredentialInfo {
                mechanism: 4,
                iterations: 5,
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    golden::response::<DescribeUserScramCredentialsRequest>(
        0,
        "00000001  0002  00  02  05 75736572  0003  00  02  04  00000005  00  00  00",
        &response,
    );
}

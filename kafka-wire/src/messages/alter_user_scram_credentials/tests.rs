use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = AlterUserScramCredentialsRequest {
        deletions: vec![ScramCredentialDeletion {
            name: "orders".into(),
            mechanism: 1,
        }],
        upsertions: vec![ScramCredentialUpsertion {
            name: "orders".into(),
            mechanism: 2,
            iterations: 3,
            salt: Bytes::from_static(b"\xb4\x0b"),
            salted_password: Secret(Bytes::from_static(b"\xb5\x0b")),
        }],
    };
    golden::request(
        0,
        "02  07 6f7264657273  01  00  02  07 6f7264657273  02  00000003  03 b40b  03 b50b  00
         00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = AlterUserScramCredentialsResponse {
        throttle_time_ms: 1,
        results: vec![AlterUserScramCredentialsResult {
            user: "user".into(),
            error_code: ErrorCode(2),
            ..Default::default()
        }],
    };
    golden::response::<AlterUserScramCredentialsRequest>(
        0,
        "00000001  02  05 75736572  0002  00  00  00",
        &response,
    );
}

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = RemoveRaftVoterRequest {
        voter_id: 1,
        voter_directory_id: Uuid([2; 16]),
        ..Default::default()
    };
    golden::request(
        0,
        "00  00000001  02020202020202020202020202020202  00",
        &request,
    );
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = RemoveRaftVoterResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        ..Default::default()
    };
    golden::response::<RemoveRaftVoterRequest>(0, "00000001  0002  00  00", &response);
}

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = AddRaftVoterRequest {
        cluster_id: Some("id".into()),
        timeout_ms: 1,
        voter_id: 2,
        voter_directory_id: Uuid([3; 16]),
        listeners: vec![Listener {
            name: "orders".into(),
            host: "h".into(),
            port: 4,
        }],
        ..Default::default()
    };
    golden::request(
        0,
        "03 6964  00000001  00000002  03030303030303030303030303030303  02  07 6f7264657273
         02 68  0004  00  00",
        &request,
    );
}

#[test]
fn request_in_its_last_version() {
    let request = AddRaftVoterRequest {
        timeout_ms: 1,
        voter_id: 2,
        voter_directory_id: Uuid([3; 16]),
        listeners: vec![Listener {
            name: "orders".into(),
            host: "h".into(),
            port: 4,
        }],
        ack_when_committed: true,
        ..Default::default()
    };
    golden::request(
        1,
        "00  00000001  00000002  03030303030303030303030303030303  02  07 6f7264657273  02 68
         0004  00  01  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = AddRaftVoterResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
    };
    golden::response::<AddRaftVoterRequest>(0, "00000001  0002  03 6e6f  00", &response);
}

#[test]
fn response_in_its_last_version() {
    let response = AddRaftVoterResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        ..Default::default()
    };
    golden::response::<AddRaftVoterRequest>(1, "00000001  0002  00  00", &response);
}

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        ..Default::default()
    };
    golden::request(0, "01  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: 1,
        include_fenced_brokers: true,
    };
    golden::request(2, "01  01  01  00", &request);
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = DescribeClusterResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        error_message: Some("no".into()),
        cluster_id: "id".into(),
        controller_id: 3,
        brokers: vec![DescribeClusterBroker {
            broker_id: 4,
            host: "h".into(),
            port: 5,
            rack: Some("r".into()),
            ..Default::default()
        }],
        cluster_authorized_operations: 6,
        ..Default::default()
    };
    golden::response::<DescribeClusterRequest>(
        0,
        "00000001  0002  03 6e6f  03 6964  00000003  02  00000004  02 68  00000005  02 72  00
         00000006  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = DescribeClusterResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        endpoint_type: 3,
        cluster_id: "id".into(),
        controller_id: 4,
        brokers: vec![DescribeClusterBroker {
            broker_id: 5,
            host: "h".into(),
            port: 6,
            is_fenced: true,
            ..Default::default()
        }],
        cluster_authorized_operations: 7,
        ..Default::default()
    };
    golden::response::<DescribeClusterRequest>(
        2,
        "00000001  0002  00  03  03 6964  00000004  02  00000005  02 68  00000006  00  01  00
         00000007  00",
        &response,
    );
}

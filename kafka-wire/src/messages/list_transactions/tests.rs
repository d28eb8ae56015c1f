use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_first_version_which_is_flexible() {
    let request = ListTransactionsRequest {
        state_filters: vec!["stat".into()],
        producer_id_filters: vec![1],
        ..Default::default()
    };
    golden::request(0, "02  05 73746174  02  0000000000000001  00", &request);
}

#[test]
fn request_in_its_last_version() {
    let request = ListTransactionsRequest {
        state_filters: vec!["stat".into()],
        producer_id_filters: vec![1],
        duration_filter: 2,
        ..Default::default()
    };
    golden::request(
        2,
        "02  05 73746174  02  0000000000000001  0000000000000002  00  00",
        &request,
    );
}

#[test]
fn response_in_its_first_version_which_is_flexible() {
    let response = ListTransactionsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        unknown_state_filters: vec!["unkn".into()],
        transaction_states: vec![TransactionState {
            transactional_id: "tx".into(),
            producer_id: 3,
            transaction_state: "tran".into(),
        }],
    };
    golden::response::<ListTransactionsRequest>(
        0,
        "00000001  0002  02  05 756e6b6e  02  03 7478  0000000000000003  05 7472616e  00  00",
        &response,
    );
}

#[test]
fn response_in_its_last_version() {
    let response = ListTransactionsResponse {
        throttle_time_ms: 1,
        error_code: ErrorCode(2),
        unknown_state_filters: vec!["unkn".into()],
        transaction_states: vec![TransactionState {
            transactional_id: "tx".into(),
            producer_id: 3,
            transaction_state: "tran".into(),
        }],
    };
    golden::response::<ListTransactionsRequest>(
        2,
        "00000001  0002  02  05 756e6b6e  02  03 7478  0000000000000003  05 7472616e  00  00",
        &response,
    );
}

use super::*;
use crate::messages::golden;

#[test]
fn request_in_its_only_version_which_is_flexible() {
    let request = DescribeTransactionsRequest {
        transactional_ids: vec!["tran".into()],
    };
    golden::request(0, "02  05 7472616e  00", &request);
}

#[test]
fn response_in_its_only_version_which_is_flexible() {
    let response = DescribeTransactionsResponse {
        throttle_time_ms: 1,
        transaction_states: vec![TransactionState {
            error_code: ErrorCode(2),
            transactional_id: "tx".into(),
            transaction_state: "tran".into(),
            transaction_timeout_ms: 3,
            transaction_start_time_ms: 4,
            producer_id: 5,
            producer_epoch: 6,
            topics: vec![TopicData {
                topic: "orders".into(),
                partitions: vec![7, 8],
            }],
        }],
    };
    golden::response::<DescribeTransactionsRequest>(
        0,
        "00000001  02  0002  03 7478  05 7472616e  00000003  0000000000000004
         0000000000000005  0006  02  07 6f7264657273  03  00000007  00000008  00  00  00",
        &response,
    );
}

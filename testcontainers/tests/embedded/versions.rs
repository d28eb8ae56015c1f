//! Every API in every version that is announced, and what happens outside of them.

use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use kafka_wire::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use kafka_wire::messages::add_partitions_to_txn::AddPartitionsToTxnRequest;
use kafka_wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_wire::messages::consumer_group_describe::ConsumerGroupDescribeRequest;
use kafka_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use kafka_wire::messages::create_topics::CreateTopicsRequest;
use kafka_wire::messages::delete_topics::DeleteTopicsRequest;
use kafka_wire::messages::describe_groups::DescribeGroupsRequest;
use kafka_wire::messages::end_txn::EndTxnRequest;
use kafka_wire::messages::fetch::FetchRequest;
use kafka_wire::messages::find_coordinator::FindCoordinatorRequest;
use kafka_wire::messages::heartbeat::HeartbeatRequest;
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::join_group::JoinGroupRequest;
use kafka_wire::messages::leave_group::LeaveGroupRequest;
use kafka_wire::messages::list_groups::ListGroupsRequest;
use kafka_wire::messages::list_offsets::ListOffsetsRequest;
use kafka_wire::messages::metadata::MetadataRequest;
use kafka_wire::messages::offset_commit::OffsetCommitRequest;
use kafka_wire::messages::offset_fetch::OffsetFetchRequest;
use kafka_wire::messages::offset_for_leader_epoch::OffsetForLeaderEpochRequest;
use kafka_wire::messages::produce::ProduceRequest;
use kafka_wire::messages::sync_group::SyncGroupRequest;
use kafka_wire::messages::txn_offset_commit::TxnOffsetCommitRequest;
use kafka_wire::{ApiRanges, ErrorCode, Request, decode_response, encode_request};
use tokio::io::AsyncWriteExt as _;

use crate::client::{Client, one_node};

fn versions_request() -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: "tiny".into(),
        client_software_version: "1.0".into(),
    }
}

async fn offered(client: &mut Client) -> ApiRanges {
    let response = client.call(4, &versions_request()).await;
    ApiRanges::from_response(&response)
}

/// Every announced version of `R` is answered, even if the request is as empty as can be.
async fn check<R: Request + Clone>(request: R) {
    check_each(|_| request.clone()).await;
}

async fn check_each<R: Request>(request: impl Fn(i16) -> R) {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let ranges = offered(&mut client).await;
    let newest = ranges.negotiate::<R>().unwrap();
    assert_eq!(newest, *R::stable_versions().end(), "{}", R::name());
    for version in R::stable_versions() {
        let answer = client.try_call(version, &request(version)).await;
        assert!(
            answer.is_some(),
            "{} v{version}: {}",
            R::name(),
            broker.logs(1)
        );
    }
}

#[tokio::test]
async fn every_announced_version_is_answered() {
    check(versions_request()).await;
    check(ProduceRequest {
        acks: 1,
        ..Default::default()
    })
    .await;
    check(FetchRequest::default()).await;
    check(ListOffsetsRequest::default()).await;
    check(MetadataRequest {
        topics: Some(vec![]),
        ..Default::default()
    })
    .await;
    check(OffsetCommitRequest::default()).await;
    check_each(|version| OffsetFetchRequest {
        topics: (version < 2).then(Vec::new),
        ..Default::default()
    })
    .await;
    check(JoinGroupRequest::default()).await;
    check(HeartbeatRequest::default()).await;
    check(LeaveGroupRequest::default()).await;
    check(SyncGroupRequest::default()).await;
    check(DescribeGroupsRequest {
        groups: vec!["g".into()],
        ..Default::default()
    })
    .await;
    check(ListGroupsRequest::default()).await;
    check(CreateTopicsRequest::default()).await;
    check(DeleteTopicsRequest::default()).await;
    check(InitProducerIdRequest::default()).await;
    check(OffsetForLeaderEpochRequest::default()).await;
    check(FindCoordinatorRequest::default()).await;
    check(AddPartitionsToTxnRequest::default()).await;
    check(AddOffsetsToTxnRequest::default()).await;
    check(EndTxnRequest::default()).await;
    check(TxnOffsetCommitRequest::default()).await;
    check(ConsumerGroupHeartbeatRequest::default()).await;
    check(ConsumerGroupDescribeRequest {
        group_ids: vec!["g".into()],
        ..Default::default()
    })
    .await;
}

#[tokio::test]
async fn a_version_above_ours_is_answered_in_version_0() {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let frame = encode_request(&versions_request(), 4, 9, Some("new")).unwrap();
    let mut frame = BytesMut::from(&frame.to_bytes()[..]);
    (&mut frame[6..8]).put_i16(99);
    client.stream.write_all(&frame).await.unwrap();
    let answer = client.frame().await.unwrap();
    let (id, response): (i32, ApiVersionsResponse) =
        decode_response::<ApiVersionsRequest>(&answer, 0).unwrap();
    assert_eq!(
        (id, response.error_code),
        (9, ErrorCode::UNSUPPORTED_VERSION)
    );
    assert_eq!(response.api_keys.len(), 1);
    assert_eq!(
        (
            response.api_keys[0].api_key,
            response.api_keys[0].max_version
        ),
        (18, 4)
    );
    offered(&mut client).await;
}

#[tokio::test]
async fn software_names_are_checked() {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let request = ApiVersionsRequest {
        client_software_name: "not a name".into(),
        ..versions_request()
    };
    assert_eq!(
        client.call(3, &request).await.error_code,
        ErrorCode::INVALID_REQUEST
    );
}

#[tokio::test]
async fn produce_is_announced_from_0_for_the_sake_of_old_clients() {
    let broker = one_node().await;
    let mut client = Client::to(&broker, 1).await;
    let ranges = offered(&mut client).await;
    assert_eq!(ranges.range(kafka_wire::ApiKey::PRODUCE), Some(0..=13));
    assert_eq!(
        ranges.range(kafka_wire::ApiKey::SHARE_GROUP_HEARTBEAT),
        None
    );
}

#[tokio::test]
async fn an_api_that_is_not_offered_ends_the_connection() {
    let broker = one_node().await;
    for (key, version) in [
        (76_i16, 0_i16),
        (17, 1),
        (999, 0),
        (-1, 0),
        (3, 99),
        (3, -1),
        (18, -1),
    ] {
        let mut client = Client::to(&broker, 1).await;
        let mut frame = BytesMut::new();
        frame.put_i32(4 + 4 + 2);
        frame.put_i16(key);
        frame.put_i16(version);
        frame.put_i32(1);
        frame.put_i16(-1);
        client.stream.write_all(&frame).await.unwrap();
        let end = tokio::time::timeout(Duration::from_secs(10), client.frame()).await;
        assert_eq!(end, Ok(None), "api {key} v{version}");
    }
}

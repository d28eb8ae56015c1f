//! Kafka's messages, one file per API: the request, the response and what they are made of, as tables.
//!
//! | records | |
//! |---|---|
//! | [`produce`] 0 | writes batches |
//! | [`fetch`] 1 | reads batches |
//! | [`list_offsets`] 2 | finds offsets by time |
//! | [`offset_for_leader_epoch`] 23 | finds where a log was cut off |
//!
//! | cluster | |
//! |---|---|
//! | [`api_versions`] 18 | what a broker can do |
//! | [`sasl_handshake`] 17, [`sasl_authenticate`] 36 | who the client is |
//! | [`metadata`] 3 | brokers, topics, leaders |
//! | [`create_topics`] 19, [`delete_topics`] 20 | topics come and go |
//!
//! | groups | |
//! |---|---|
//! | [`find_coordinator`] 10 | who looks after a group |
//! | [`join_group`] 11, [`sync_group`] 14, [`heartbeat`] 12, [`leave_group`] 13 | life of a classic member |
//! | [`consumer_group_heartbeat`] 68 | all of that in the new protocol |
//! | [`offset_commit`] 8, [`offset_fetch`] 9 | positions of a group |
//! | [`list_groups`] 16, [`describe_groups`] 15, [`consumer_group_describe`] 69 | what groups there are |
//!
//! | transactions | |
//! |---|---|
//! | [`init_producer_id`] 22 | identity of a producer |
//! | [`add_partitions_to_txn`] 24, [`add_offsets_to_txn`] 25 | what a transaction touches |
//! | [`txn_offset_commit`] 28, [`end_txn`] 26 | how it ends |
//!
//! Field names, order, versions and defaults are Kafka's, held against its schema files by `tests/kafka_definitions.rs`. One thing
//! differs: where Kafka states no default for a field that may be null, ours is null and Kafka's is empty.
//! Nothing here knows what a message is for beyond its bytes.

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod api_versions;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod create_topics;
pub mod delete_topics;
pub mod describe_groups;
pub mod end_txn;
pub mod fetch;
pub mod find_coordinator;
#[cfg(test)]
pub(crate) mod golden;
pub mod heartbeat;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_groups;
pub mod list_offsets;
pub mod metadata;
pub mod offset_commit;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod sync_group;
pub mod txn_offset_commit;

use crate::api::{Api, ApiKey};

/// Every API of the table, by key.
pub static APIS: &[Api] = &[
    Api::of::<produce::ProduceRequest>(),
    Api::of::<fetch::FetchRequest>(),
    Api::of::<list_offsets::ListOffsetsRequest>(),
    Api::of::<metadata::MetadataRequest>(),
    Api::of::<offset_commit::OffsetCommitRequest>(),
    Api::of::<offset_fetch::OffsetFetchRequest>(),
    Api::of::<find_coordinator::FindCoordinatorRequest>(),
    Api::of::<join_group::JoinGroupRequest>(),
    Api::of::<heartbeat::HeartbeatRequest>(),
    Api::of::<leave_group::LeaveGroupRequest>(),
    Api::of::<sync_group::SyncGroupRequest>(),
    Api::of::<describe_groups::DescribeGroupsRequest>(),
    Api::of::<list_groups::ListGroupsRequest>(),
    Api::of::<sasl_handshake::SaslHandshakeRequest>(),
    Api::of::<api_versions::ApiVersionsRequest>(),
    Api::of::<create_topics::CreateTopicsRequest>(),
    Api::of::<delete_topics::DeleteTopicsRequest>(),
    Api::of::<init_producer_id::InitProducerIdRequest>(),
    Api::of::<offset_for_leader_epoch::OffsetForLeaderEpochRequest>(),
    Api::of::<add_partitions_to_txn::AddPartitionsToTxnRequest>(),
    Api::of::<add_offsets_to_txn::AddOffsetsToTxnRequest>(),
    Api::of::<end_txn::EndTxnRequest>(),
    Api::of::<txn_offset_commit::TxnOffsetCommitRequest>(),
    Api::of::<sasl_authenticate::SaslAuthenticateRequest>(),
    Api::of::<consumer_group_heartbeat::ConsumerGroupHeartbeatRequest>(),
    Api::of::<consumer_group_describe::ConsumerGroupDescribeRequest>(),
];

/// The API with this key; `None` if the table does not have it.
pub fn api(key: ApiKey) -> Option<&'static Api> {
    let at = APIS.binary_search_by_key(&key, |api| api.key).ok()?;
    APIS.get(at)
}

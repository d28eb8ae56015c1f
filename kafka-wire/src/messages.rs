//! Kafka's messages, one file per API: the request, the response and what they are made of, as tables.
//!
//! | records | |
//! |---|---|
//! | [`produce`] 0 | writes batches |
//! | [`fetch`] 1 | reads batches |
//! | [`list_offsets`] 2 | finds offsets by time |
//! | [`offset_for_leader_epoch`] 23 | finds where a log was cut off |
//! | [`delete_records`] 21 | cuts a log off at its start |
//!
//! | cluster | |
//! |---|---|
//! | [`api_versions`] 18 | what a broker can do |
//! | [`metadata`] 3 | brokers, topics, leaders |
//! | [`describe_cluster`] 60, [`describe_topic_partitions`] 75 | the same for administrators, in pages |
//! | [`describe_configs`] 32, [`incremental_alter_configs`] 44, [`alter_configs`] 33, [`list_config_resources`] 74 | settings |
//! | [`update_features`] 57 | which features all nodes may use |
//! | [`describe_quorum`] 55, [`add_raft_voter`] 80, [`remove_raft_voter`] 81, [`unregister_broker`] 64 | controllers and brokers |
//! | [`get_telemetry_subscriptions`] 71, [`push_telemetry`] 72 | what clients measure |
//!
//! | topics | |
//! |---|---|
//! | [`create_topics`] 19, [`delete_topics`] 20, [`create_partitions`] 37 | topics come, go and grow |
//! | [`elect_leaders`] 43 | who leads |
//! | [`alter_partition_reassignments`] 45, [`list_partition_reassignments`] 46 | which brokers hold a partition |
//! | [`describe_log_dirs`] 35, [`alter_replica_log_dirs`] 34 | on which disk |
//!
//! | groups | |
//! |---|---|
//! | [`find_coordinator`] 10 | who looks after a group |
//! | [`join_group`] 11, [`sync_group`] 14, [`heartbeat`] 12, [`leave_group`] 13 | life of a classic member |
//! | [`consumer_group_heartbeat`] 68 | all of that in the new protocol (KIP-848) |
//! | [`offset_commit`] 8, [`offset_fetch`] 9, [`offset_delete`] 47 | positions of a group |
//! | [`list_groups`] 16, [`describe_groups`] 15, [`consumer_group_describe`] 69, [`delete_groups`] 42 | what groups there are |
//! | [`share_group_heartbeat`] 76, [`share_fetch`] 78, [`share_acknowledge`] 79 | life of a member of a share group (KIP-932) |
//! | [`share_group_describe`] 77 | a share group |
//! | [`describe_share_group_offsets`] 90, [`alter_share_group_offsets`] 91, [`delete_share_group_offsets`] 92 | its positions |
//! | [`streams_group_heartbeat`] 88, [`streams_group_describe`] 89 | groups of Kafka Streams (KIP-1071) |
//!
//! | transactions | |
//! |---|---|
//! | [`init_producer_id`] 22 | identity of a producer |
//! | [`add_partitions_to_txn`] 24, [`add_offsets_to_txn`] 25 | what a transaction touches |
//! | [`txn_offset_commit`] 28, [`end_txn`] 26 | how it ends |
//! | [`write_txn_markers`] 27 | how the logs learn of it |
//! | [`list_transactions`] 66, [`describe_transactions`] 65, [`describe_producers`] 61 | what is open |
//!
//! | security | |
//! |---|---|
//! | [`sasl_handshake`] 17, [`sasl_authenticate`] 36 | who the client is |
//! | [`create_acls`] 30, [`describe_acls`] 29, [`delete_acls`] 31 | what somebody may do |
//! | [`alter_user_scram_credentials`] 51, [`describe_user_scram_credentials`] 50 | passwords |
//! | [`create_delegation_token`] 38, [`describe_delegation_token`] 41 | tokens (KIP-48) |
//! | [`renew_delegation_token`] 39, [`expire_delegation_token`] 40 | how long they last |
//! | [`alter_client_quotas`] 49, [`describe_client_quotas`] 48 | how much of it |
//!
//! Field names, order, versions and defaults are Kafka's, held against its schema files by `tests/kafka_definitions.rs`. One thing
//! differs: where Kafka states no default for a field that may be null, ours is null and Kafka's is empty.
//! Nothing here knows what a message is for beyond its bytes.

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod add_raft_voter;
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
pub mod alter_replica_log_dirs;
pub mod alter_share_group_offsets;
pub mod alter_user_scram_credentials;
pub mod api_versions;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod create_acls;
pub mod create_delegation_token;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_acls;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_share_group_offsets;
pub mod delete_topics;
pub mod describe_acls;
pub mod describe_client_quotas;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_delegation_token;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
pub mod describe_quorum;
pub mod describe_share_group_offsets;
pub mod describe_topic_partitions;
pub mod describe_transactions;
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod end_txn;
pub mod expire_delegation_token;
pub mod fetch;
pub mod find_coordinator;
pub mod get_telemetry_subscriptions;
#[cfg(test)]
pub(crate) mod golden;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_config_resources;
pub mod list_groups;
pub mod list_offsets;
pub mod list_partition_reassignments;
pub mod list_transactions;
pub mod metadata;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod push_telemetry;
pub mod remove_raft_voter;
pub mod renew_delegation_token;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod share_acknowledge;
pub mod share_fetch;
pub mod share_group_describe;
pub mod share_group_heartbeat;
pub mod streams_group_describe;
pub mod streams_group_heartbeat;
pub mod sync_group;
pub mod txn_offset_commit;
pub mod unregister_broker;
pub mod update_features;
pub mod write_txn_markers;

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
    Api::of::<delete_records::DeleteRecordsRequest>(),
    Api::of::<init_producer_id::InitProducerIdRequest>(),
    Api::of::<offset_for_leader_epoch::OffsetForLeaderEpochRequest>(),
    Api::of::<add_partitions_to_txn::AddPartitionsToTxnRequest>(),
    Api::of::<add_offsets_to_txn::AddOffsetsToTxnRequest>(),
    Api::of::<end_txn::EndTxnRequest>(),
    Api::of::<write_txn_markers::WriteTxnMarkersRequest>(),
    Api::of::<txn_offset_commit::TxnOffsetCommitRequest>(),
    Api::of::<describe_acls::DescribeAclsRequest>(),
    Api::of::<create_acls::CreateAclsRequest>(),
    Api::of::<delete_acls::DeleteAclsRequest>(),
    Api::of::<describe_configs::DescribeConfigsRequest>(),
    Api::of::<alter_configs::AlterConfigsRequest>(),
    Api::of::<alter_replica_log_dirs::AlterReplicaLogDirsRequest>(),
    Api::of::<describe_log_dirs::DescribeLogDirsRequest>(),
    Api::of::<sasl_authenticate::SaslAuthenticateRequest>(),
    Api::of::<create_partitions::CreatePartitionsRequest>(),
    Api::of::<create_delegation_token::CreateDelegationTokenRequest>(),
    Api::of::<renew_delegation_token::RenewDelegationTokenRequest>(),
    Api::of::<expire_delegation_token::ExpireDelegationTokenRequest>(),
    Api::of::<describe_delegation_token::DescribeDelegationTokenRequest>(),
    Api::of::<delete_groups::DeleteGroupsRequest>(),
    Api::of::<elect_leaders::ElectLeadersRequest>(),
    Api::of::<incremental_alter_configs::IncrementalAlterConfigsRequest>(),
    Api::of::<alter_partition_reassignments::AlterPartitionReassignmentsRequest>(),
    Api::of::<list_partition_reassignments::ListPartitionReassignmentsRequest>(),
    Api::of::<offset_delete::OffsetDeleteRequest>(),
    Api::of::<describe_client_quotas::DescribeClientQuotasRequest>(),
    Api::of::<alter_client_quotas::AlterClientQuotasRequest>(),
    Api::of::<describe_user_scram_credentials::DescribeUserScramCredentialsRequest>(),
    Api::of::<alter_user_scram_credentials::AlterUserScramCredentialsRequest>(),
    Api::of::<describe_quorum::DescribeQuorumRequest>(),
    Api::of::<update_features::UpdateFeaturesRequest>(),
    Api::of::<describe_cluster::DescribeClusterRequest>(),
    Api::of::<describe_producers::DescribeProducersRequest>(),
    Api::of::<unregister_broker::UnregisterBrokerRequest>(),
    Api::of::<describe_transactions::DescribeTransactionsRequest>(),
    Api::of::<list_transactions::ListTransactionsRequest>(),
    Api::of::<consumer_group_heartbeat::ConsumerGroupHeartbeatRequest>(),
    Api::of::<consumer_group_describe::ConsumerGroupDescribeRequest>(),
    Api::of::<get_telemetry_subscriptions::GetTelemetrySubscriptionsRequest>(),
    Api::of::<push_telemetry::PushTelemetryRequest>(),
    Api::of::<list_config_resources::ListConfigResourcesRequest>(),
    Api::of::<describe_topic_partitions::DescribeTopicPartitionsRequest>(),
    Api::of::<share_group_heartbeat::ShareGroupHeartbeatRequest>(),
    Api::of::<share_group_describe::ShareGroupDescribeRequest>(),
    Api::of::<share_fetch::ShareFetchRequest>(),
    Api::of::<share_acknowledge::ShareAcknowledgeRequest>(),
    Api::of::<add_raft_voter::AddRaftVoterRequest>(),
    Api::of::<remove_raft_voter::RemoveRaftVoterRequest>(),
    Api::of::<streams_group_heartbeat::StreamsGroupHeartbeatRequest>(),
    Api::of::<streams_group_describe::StreamsGroupDescribeRequest>(),
    Api::of::<describe_share_group_offsets::DescribeShareGroupOffsetsRequest>(),
    Api::of::<alter_share_group_offsets::AlterShareGroupOffsetsRequest>(),
    Api::of::<delete_share_group_offsets::DeleteShareGroupOffsetsRequest>(),
];

/// The API with this key; `None` if the table does not have it.
pub fn api(key: ApiKey) -> Option<&'static Api> {
    let at = APIS.binary_search_by_key(&key, |api| api.key).ok()?;
    APIS.get(at)
}

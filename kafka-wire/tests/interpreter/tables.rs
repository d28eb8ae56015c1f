//! Every request of the table as a type, for tests that go through the doors.

/// Calls `$check::<Request>($arguments)` for every API of the table, by key.
macro_rules! for_every_request {
    ($check:ident $arguments:tt) => {{
        use kafka_wire::messages::*;
        $crate::for_every_request! { $check $arguments
            produce::ProduceRequest
            fetch::FetchRequest
            list_offsets::ListOffsetsRequest
            metadata::MetadataRequest
            offset_commit::OffsetCommitRequest
            offset_fetch::OffsetFetchRequest
            find_coordinator::FindCoordinatorRequest
            join_group::JoinGroupRequest
            heartbeat::HeartbeatRequest
            leave_group::LeaveGroupRequest
            sync_group::SyncGroupRequest
            describe_groups::DescribeGroupsRequest
            list_groups::ListGroupsRequest
            sasl_handshake::SaslHandshakeRequest
            api_versions::ApiVersionsRequest
            create_topics::CreateTopicsRequest
            delete_topics::DeleteTopicsRequest
            init_producer_id::InitProducerIdRequest
            offset_for_leader_epoch::OffsetForLeaderEpochRequest
            add_partitions_to_txn::AddPartitionsToTxnRequest
            add_offsets_to_txn::AddOffsetsToTxnRequest
            end_txn::EndTxnRequest
            txn_offset_commit::TxnOffsetCommitRequest
            sasl_authenticate::SaslAuthenticateRequest
            consumer_group_heartbeat::ConsumerGroupHeartbeatRequest
            consumer_group_describe::ConsumerGroupDescribeRequest
        }
    }};
    ($check:ident $arguments:tt $($Request:ty)*) => { $( $check::<$Request> $arguments; )* };
}
pub(crate) use for_every_request;

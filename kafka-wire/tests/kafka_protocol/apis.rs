//! The messages of `kafka-protocol` as types.

/// Calls `$peer.check::<Message>("Message")` for the request and the response of every API that both crates have, by key.
macro_rules! for_every_api {
    ($peer:ident) => {
        crate::apis::for_every_api! { $peer
            ProduceRequest ProduceResponse
            FetchRequest FetchResponse
            ListOffsetsRequest ListOffsetsResponse
            MetadataRequest MetadataResponse
            OffsetCommitRequest OffsetCommitResponse
            OffsetFetchRequest OffsetFetchResponse
            FindCoordinatorRequest FindCoordinatorResponse
            JoinGroupRequest JoinGroupResponse
            HeartbeatRequest HeartbeatResponse
            LeaveGroupRequest LeaveGroupResponse
            SyncGroupRequest SyncGroupResponse
            DescribeGroupsRequest DescribeGroupsResponse
            ListGroupsRequest ListGroupsResponse
            SaslHandshakeRequest SaslHandshakeResponse
            ApiVersionsRequest ApiVersionsResponse
            CreateTopicsRequest CreateTopicsResponse
            DeleteTopicsRequest DeleteTopicsResponse
            DeleteRecordsRequest DeleteRecordsResponse
            InitProducerIdRequest InitProducerIdResponse
            OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse
            AddPartitionsToTxnRequest AddPartitionsToTxnResponse
            AddOffsetsToTxnRequest AddOffsetsToTxnResponse
            EndTxnRequest EndTxnResponse
            WriteTxnMarkersRequest WriteTxnMarkersResponse
            TxnOffsetCommitRequest TxnOffsetCommitResponse
            DescribeAclsRequest DescribeAclsResponse
            CreateAclsRequest CreateAclsResponse
            DeleteAclsRequest DeleteAclsResponse
            DescribeConfigsRequest DescribeConfigsResponse
            AlterConfigsRequest AlterConfigsResponse
            AlterReplicaLogDirsRequest AlterReplicaLogDirsResponse
            DescribeLogDirsRequest DescribeLogDirsResponse
            SaslAuthenticateRequest SaslAuthenticateResponse
            CreatePartitionsRequest CreatePartitionsResponse
            CreateDelegationTokenRequest CreateDelegationTokenResponse
            RenewDelegationTokenRequest RenewDelegationTokenResponse
            ExpireDelegationTokenRequest ExpireDelegationTokenResponse
            DescribeDelegationTokenRequest DescribeDelegationTokenResponse
            DeleteGroupsRequest DeleteGroupsResponse
            ElectLeadersRequest ElectLeadersResponse
            IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse
            AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse
            ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse
            OffsetDeleteRequest OffsetDeleteResponse
            DescribeClientQuotasRequest DescribeClientQuotasResponse
            AlterClientQuotasRequest AlterClientQuotasResponse
            DescribeUserScramCredentialsRequest DescribeUserScramCredentialsResponse
            AlterUserScramCredentialsRequest AlterUserScramCredentialsResponse
            DescribeQuorumRequest DescribeQuorumResponse
            UpdateFeaturesRequest UpdateFeaturesResponse
            DescribeClusterRequest DescribeClusterResponse
            DescribeProducersRequest DescribeProducersResponse
            UnregisterBrokerRequest UnregisterBrokerResponse
            DescribeTransactionsRequest DescribeTransactionsResponse
            ListTransactionsRequest ListTransactionsResponse
            ConsumerGroupHeartbeatRequest ConsumerGroupHeartbeatResponse
            ConsumerGroupDescribeRequest ConsumerGroupDescribeResponse
            GetTelemetrySubscriptionsRequest GetTelemetrySubscriptionsResponse
            PushTelemetryRequest PushTelemetryResponse
            ListConfigResourcesRequest ListConfigResourcesResponse
            DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse
            ShareGroupHeartbeatRequest ShareGroupHeartbeatResponse
            ShareGroupDescribeRequest ShareGroupDescribeResponse
            ShareFetchRequest ShareFetchResponse
            ShareAcknowledgeRequest ShareAcknowledgeResponse
            AddRaftVoterRequest AddRaftVoterResponse
            RemoveRaftVoterRequest RemoveRaftVoterResponse
            DescribeShareGroupOffsetsRequest DescribeShareGroupOffsetsResponse
            AlterShareGroupOffsetsRequest AlterShareGroupOffsetsResponse
            DeleteShareGroupOffsetsRequest DeleteShareGroupOffsetsResponse
        }
    };
    ($peer:ident $($Request:ident $Response:ident)*) => { $(
        $peer.check::<theirs::$Request>(stringify!($Request));
        $peer.check::<theirs::$Response>(stringify!($Response));
    )* };
}
pub(crate) use for_every_api;

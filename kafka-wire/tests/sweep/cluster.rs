//! Topics, brokers, controllers and settings.

use kafka_wire::messages::add_raft_voter::{AddRaftVoterRequest, Listener};
use kafka_wire::messages::alter_configs::{self, AlterConfigsRequest};
use kafka_wire::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use kafka_wire::messages::alter_replica_log_dirs::AlterReplicaLogDirsRequest;
use kafka_wire::messages::api_versions::ApiVersionsRequest;
use kafka_wire::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use kafka_wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use kafka_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use kafka_wire::messages::describe_cluster::DescribeClusterRequest;
use kafka_wire::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use kafka_wire::messages::describe_log_dirs::DescribeLogDirsRequest;
use kafka_wire::messages::describe_quorum::{self, DescribeQuorumRequest};
use kafka_wire::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, TopicRequest,
};
use kafka_wire::messages::elect_leaders::{ElectLeadersRequest, TopicPartitions};
use kafka_wire::messages::incremental_alter_configs::{self, IncrementalAlterConfigsRequest};
use kafka_wire::messages::list_config_resources::ListConfigResourcesRequest;
use kafka_wire::messages::list_partition_reassignments::ListPartitionReassignmentsRequest;
use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use kafka_wire::messages::remove_raft_voter::RemoveRaftVoterRequest;
use kafka_wire::messages::unregister_broker::UnregisterBrokerRequest;
use kafka_wire::messages::update_features::UpdateFeaturesRequest;
use kafka_wire::{Secret, Uuid};

use crate::TOPIC;
use crate::broker::Broker;

/// `ConfigResource.Type.TOPIC`.
const TOPIC_RESOURCE: i8 = 2;

pub(crate) fn sweep(broker: &mut Broker) {
    broker.ask(&[], |_| ApiVersionsRequest {
        client_software_name: "sweep".into(),
        client_software_version: "1.0".into(),
    });
    broker.ask(&[], |_| MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(TOPIC.into()),
            ..Default::default()
        }]),
        ..Default::default()
    });
    broker.ask(&[], |_| DescribeClusterRequest::default());
    broker.ask(&[], |_| DescribeTopicPartitionsRequest {
        topics: vec![TopicRequest { name: TOPIC.into() }],
        ..Default::default()
    });
    broker.ask(&[], |version| DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: TOPIC.into(),
            configuration_keys: None,
        }],
        include_synonyms: true,
        include_documentation: version >= 3,
    });
    broker.ask(&[], |_| DescribeLogDirsRequest::default());
    broker.ask(&[], |_| ListPartitionReassignmentsRequest::default());
    broker.ask(&[], |_| ListConfigResourcesRequest::default());
    broker.ask(&[], |_| DescribeQuorumRequest {
        topics: vec![describe_quorum::TopicData {
            topic_name: "__cluster_metadata".into(),
            partitions: vec![describe_quorum::PartitionData::default()],
        }],
    });
}

/// What would disturb the rest.
pub(crate) fn sweep_what_changes_it(broker: &mut Broker) {
    create_and_delete(broker);
    configure(broker);
    broker.ask(&["ELECTION_NOT_NEEDED"], |_| ElectLeadersRequest {
        topic_partitions: Some(vec![TopicPartitions {
            topic: TOPIC.into(),
            partitions: vec![0],
        }]),
        ..Default::default()
    });
    let node = broker.node_id;
    broker.ask(&[], |_| AlterPartitionReassignmentsRequest {
        topics: vec![ReassignableTopic {
            name: TOPIC.into(),
            partitions: vec![ReassignablePartition {
                partition_index: 0,
                replicas: Some(vec![node]),
            }],
        }],
        ..Default::default()
    });
    broker.ask(&[], |_| AlterReplicaLogDirsRequest::default());
    broker.ask(&[], |_| UpdateFeaturesRequest::default());
    // Nobody of these ids is there.
    broker.ask(&["BROKER_ID_NOT_REGISTERED"], |_| UnregisterBrokerRequest {
        broker_id: 4711,
    });
    broker.ask(&["INVALID_REQUEST", "UNSUPPORTED_VERSION"], |_| {
        AddRaftVoterRequest {
            timeout_ms: 1000,
            voter_id: 4711,
            voter_directory_id: Uuid([1; 16]),
            listeners: vec![Listener {
                name: "CONTROLLER".into(),
                host: "127.0.0.1".into(),
                port: 1,
            }],
            ..Default::default()
        }
    });
    broker.ask(&["VOTER_NOT_FOUND", "UNSUPPORTED_VERSION"], |_| {
        RemoveRaftVoterRequest {
            voter_id: 4711,
            voter_directory_id: Uuid([1; 16]),
            ..Default::default()
        }
    });
}

fn create_and_delete(broker: &mut Broker) {
    broker.ask(&[], |version| CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: format!("created-{version}"),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        }],
        ..Default::default()
    });
    broker.ask(&[], |version| CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: "created-2".into(),
            count: 2 + i32::from(version),
            assignments: None,
        }],
        timeout_ms: 10_000,
        validate_only: false,
    });
    broker.ask(&["UNKNOWN_TOPIC_OR_PARTITION"], |version| {
        let name = format!("created-{version}");
        DeleteTopicsRequest {
            topics: if version < 6 {
                Vec::new()
            } else {
                vec![DeleteTopicState {
                    name: Some(name.clone()),
                    ..Default::default()
                }]
            },
            topic_names: vec![name],
            timeout_ms: 10_000,
        }
    });
}

fn configure(broker: &mut Broker) {
    broker.ask(&[], |_| AlterConfigsRequest {
        resources: vec![alter_configs::AlterConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: TOPIC.into(),
            configs: vec![alter_configs::AlterableConfig {
                name: "retention.ms".into(),
                value: Secret(Some("60000".into())),
            }],
        }],
        validate_only: false,
    });
    broker.ask(&[], |_| IncrementalAlterConfigsRequest {
        resources: vec![incremental_alter_configs::AlterConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: TOPIC.into(),
            configs: vec![incremental_alter_configs::AlterableConfig {
                name: "retention.ms".into(),
                config_operation: 1,
                value: Secret(None),
            }],
        }],
        validate_only: false,
    });
}

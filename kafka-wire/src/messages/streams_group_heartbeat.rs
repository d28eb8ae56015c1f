//! `StreamsGroupHeartbeat` (key 88): joins, stays in and leaves a streams group, whose tasks the broker
//! assigns (KIP-1071).
//!
//! Versions: 0 is the only one.
//!
//! Schemas: `StreamsGroupHeartbeatRequest.json`, `StreamsGroupHeartbeatResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// State of the member; what has not changed since the last answer is left out.
    pub struct StreamsGroupHeartbeatRequest {
        /// Streams group, which is the application's id.
        0+ group_id: String,
        /// Id of the member for its whole life, made up by the client.
        0+ member_id: String,
        /// Epoch the member is in; 0 joins, -1 leaves, -2 leaves for a while as a static member.
        0+ member_epoch: i32,
        /// Epoch of the last `partitions_by_user_endpoint` received; -1 before the first.
        0+ endpoint_information_epoch: i32,
        /// Static member's name; null for a dynamic member, or if unchanged.
        0+ instance_id: Option<String>,
        /// Rack of the member; null for none, or if unchanged.
        0+ rack_id: Option<String>,
        /// How long the member may take to give up tasks, in milliseconds; -1 if unchanged.
        0+ rebalance_timeout_ms: i32 = -1,
        /// What the application is made of; must be there when the member joins, null otherwise.
        0+ topology: Option<Topology>,
        /// Tasks the member processes now; null if unchanged.
        0+ active_tasks: Option<Vec<TaskIds>>,
        /// Tasks whose state the member copies now; null if unchanged.
        0+ standby_tasks: Option<Vec<TaskIds>>,
        /// Tasks whose state the member builds up now, to take them over later; null if unchanged.
        0+ warmup_tasks: Option<Vec<TaskIds>>,
        /// Names the process, which may run several members; null if unchanged.
        0+ process_id: Option<String>,
        /// Where the application answers interactive queries; null for nowhere, or if unchanged.
        0+ user_endpoint: Option<Endpoint>,
        /// Tags that tell places apart, so that standby tasks are spread; null if unchanged.
        0+ client_tags: Option<Vec<KeyValue>>,
        /// How far the member's state has come, by task; null if unchanged.
        0+ task_offsets: Option<Vec<TaskOffset>>,
        /// How far it could come, by task; null if unchanged.
        0+ task_end_offsets: Option<Vec<TaskOffset>>,
        /// Whether every member of the group should stop.
        0+ shutdown_application: bool,
    }
}
impl Request for StreamsGroupHeartbeatRequest {
    const KEY: i16 = 88;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = StreamsGroupHeartbeatResponse;
}
wire_struct! {
    /// What a streams application is made of.
    pub struct Topology {
        /// Version of the topology, to be compared with the group's.
        0+ epoch: i32,
        /// The parts that run apart from each other.
        0+ subtopologies: Vec<Subtopology>,
    }
}
wire_struct! {
    /// A part of a topology; one task runs it for each of its partitions.
    pub struct Subtopology {
        /// Id, the same in every member.
        0+ subtopology_id: String,
        /// Topics it reads from, by name.
        0+ source_topics: Vec<String>,
        /// Topics it reads from, by pattern.
        0+ source_topic_regex: Vec<String>,
        /// Topics that keep its state; the broker creates them.
        0+ state_changelog_topics: Vec<TopicInfo>,
        /// Repartition topics it writes to.
        0+ repartition_sink_topics: Vec<String>,
        /// Repartition topics it reads from; the broker creates them.
        0+ repartition_source_topics: Vec<TopicInfo>,
        /// Sets of topics that must have equal numbers of partitions.
        0+ copartition_groups: Vec<CopartitionGroup>,
    }
}
wire_struct! {
    /// An internal topic, as it should be created.
    pub struct TopicInfo {
        /// Topic name.
        0+ name: String,
        /// Number of partitions; 0 leaves it to the broker, as always for changelogs.
        0+ partitions: i32,
        /// Number of replicas; 0 takes the broker's default.
        0+ replication_factor: i16,
        /// Settings that differ from the broker's defaults.
        0+ topic_configs: Vec<KeyValue>,
    }
}
wire_struct! {
    /// A setting of a topic, or a tag of a client.
    pub struct KeyValue {
        /// Name.
        0+ key: String,
        /// Value in text.
        0+ value: String,
    }
}
wire_struct! {
    /// Topics that must have equal numbers of partitions, by their places in the lists of the subtopology.
    pub struct CopartitionGroup {
        /// Places in its `source_topics`, from 0.
        0+ source_topics: Vec<i16>,
        /// Places in its `source_topic_regex`, from 0.
        0+ source_topic_regex: Vec<i16>,
        /// Places in its `repartition_source_topics`, from 0.
        0+ repartition_source_topics: Vec<i16>,
    }
}
wire_struct! {
    /// Tasks of one subtopology.
    pub struct TaskIds {
        /// Subtopology.
        0+ subtopology_id: String,
        /// Partition numbers, one for each task.
        0+ partitions: Vec<i32>,
    }
}
wire_struct! {
    /// Where an application answers interactive queries.
    pub struct Endpoint {
        /// Host name or address.
        0+ host: String,
        /// TCP port.
        0+ port: u16,
    }
}
wire_struct! {
    /// A position of one task, added up over its changelogs.
    pub struct TaskOffset {
        /// Subtopology of the task.
        0+ subtopology_id: String,
        /// Partition number of the task.
        0+ partition: i32,
        /// Sum of the offsets.
        0+ offset: i64,
    }
}
wire_struct! {
    /// State of the member as the broker wants it.
    pub struct StreamsGroupHeartbeatResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or what is wrong; `FENCED_MEMBER_EPOCH` means give up all tasks and join again.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Id of the member as it was sent; empty with an error.
        0+ member_id: String,
        /// Epoch to go on with.
        0+ member_epoch: i32,
        /// When the next heartbeat is due, in milliseconds.
        0+ heartbeat_interval_ms: i32,
        /// A warm-up task that is behind by no more than this, in offsets, has caught up.
        0+ acceptable_recovery_lag: i32,
        /// Time between two reports of `task_offsets`, in milliseconds.
        0+ task_offset_interval_ms: i32,
        /// What keeps the group from running as it should; empty or null for nothing.
        0+ status: Option<Vec<Status>>,
        /// Tasks the member should process; null if unchanged.
        0+ active_tasks: Option<Vec<TaskIds>>,
        /// Tasks whose state the member should copy; null if unchanged.
        0+ standby_tasks: Option<Vec<TaskIds>>,
        /// Tasks whose state the member should build up, to take them over later; null if unchanged.
        0+ warmup_tasks: Option<Vec<TaskIds>>,
        /// Rises with every change of `partitions_by_user_endpoint`; to be sent back.
        0+ endpoint_information_epoch: i32,
        /// Who has which partitions, for interactive queries; null if unchanged.
        0+ partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
    }
}
wire_struct! {
    /// A condition the group is in.
    pub struct Status {
        /// 0 the member's topology is out of date, 1 source topics are missing, 2 topics have wrong numbers
        /// of partitions, 3 internal topics are missing, 4 a member asked all to shut down, 5 the assignment
        /// is delayed.
        0+ status_code: i8,
        /// The same in words, with the topics it is about.
        0+ status_detail: String,
    }
}
wire_struct! {
    /// What can be asked of one application instance.
    pub struct EndpointToPartitions {
        /// Where it answers.
        0+ user_endpoint: Endpoint,
        /// Partitions its active tasks hold the state of.
        0+ active_partitions: Vec<TopicPartition>,
        /// Partitions its standby tasks hold a copy of the state of.
        0+ standby_partitions: Vec<TopicPartition>,
    }
}
wire_struct! {
    /// Partitions of one topic.
    pub struct TopicPartition {
        /// Topic.
        0+ topic: String,
        /// Partition numbers.
        0+ partitions: Vec<i32>,
    }
}

#[cfg(test)]
mod tests;

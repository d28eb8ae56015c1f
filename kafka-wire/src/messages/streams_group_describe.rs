//! `StreamsGroupDescribe` (key 89): describes topology, members and state of streams groups (KIP-1071).
//!
//! Versions: 0 is the only one.
//!
//! Schemas: `StreamsGroupDescribeRequest.json`, `StreamsGroupDescribeResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// Groups to describe.
    pub struct StreamsGroupDescribeRequest {
        /// Group ids.
        0+ group_ids: Vec<String>,
        /// Whether to compute `authorized_operations` (KIP-430).
        0+ include_authorized_operations: bool,
    }
}
impl Request for StreamsGroupDescribeRequest {
    const KEY: i16 = 89;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = StreamsGroupDescribeResponse;
}
wire_struct! {
    /// The descriptions.
    pub struct StreamsGroupDescribeResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// One entry per group of the request.
        0+ groups: Vec<DescribedGroup>,
    }
}
wire_struct! {
    /// One group.
    pub struct DescribedGroup {
        /// 0, or why it cannot be described.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Group id.
        0+ group_id: String,
        /// `Empty`, `NotReady` (its topics are not right), `Assigning`, `Reconciling`, `Stable` or `Dead`;
        /// empty with an error.
        0+ group_state: String,
        /// Rises with every change that calls for a new assignment.
        0+ group_epoch: i32,
        /// Group epoch the target assignment was made for; below `group_epoch` a new one is due.
        0+ assignment_epoch: i32,
        /// What the application is made of; null with an error, or if no member has told yet.
        0+ topology: Option<Topology>,
        /// Every member.
        0+ members: Vec<Member>,
        /// Bit n is set if the sender may do the ACL operation with code n to the group; `i32::MIN` if not
        /// asked for (KIP-430).
        0+ authorized_operations: i32 = i32::MIN,
    }
}
wire_struct! {
    /// What a streams application is made of, as the group has it.
    pub struct Topology {
        /// Version of the topology.
        0+ epoch: i32,
        /// The parts that run apart from each other; null if their topics are missing or wrong.
        0+ subtopologies: Option<Vec<Subtopology>>,
    }
}
wire_struct! {
    /// A part of a topology, with patterns resolved to topics.
    pub struct Subtopology {
        /// Id within the topology.
        0+ subtopology_id: String,
        /// Topics it reads from.
        0+ source_topics: Vec<String>,
        /// Repartition topics it writes to.
        0+ repartition_sink_topics: Vec<String>,
        /// Topics that keep its state.
        0+ state_changelog_topics: Vec<TopicInfo>,
        /// Repartition topics it reads from.
        0+ repartition_source_topics: Vec<TopicInfo>,
    }
}
wire_struct! {
    /// An internal topic, as the broker creates it.
    pub struct TopicInfo {
        /// Topic name.
        0+ name: String,
        /// Number of partitions; 0 if none is laid down.
        0+ partitions: i32,
        /// Number of replicas; 0 for the broker's default.
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
    /// One member.
    pub struct Member {
        /// Member id.
        0+ member_id: String,
        /// Epoch the member has reached.
        0+ member_epoch: i32,
        /// Static member's name; null for a dynamic member.
        0+ instance_id: Option<String>,
        /// Rack of the member; null for none.
        0+ rack_id: Option<String>,
        /// Client id it last sent.
        0+ client_id: String,
        /// Address it last sent from.
        0+ client_host: String,
        /// Version of the topology it runs.
        0+ topology_epoch: i32,
        /// Names the process, which may run several members.
        0+ process_id: String,
        /// Where it answers interactive queries; null for nowhere.
        0+ user_endpoint: Option<Endpoint>,
        /// Tags that tell places apart, so that standby tasks are spread.
        0+ client_tags: Vec<KeyValue>,
        /// How far its state has come, by task.
        0+ task_offsets: Vec<TaskOffset>,
        /// How far it could come, by task.
        0+ task_end_offsets: Vec<TaskOffset>,
        /// Tasks it has.
        0+ assignment: Assignment,
        /// Tasks it should have in the end.
        0+ target_assignment: Assignment,
        /// Whether it still speaks the classic protocol.
        0+ is_classic: bool,
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
    /// Tasks of one member.
    pub struct Assignment {
        /// Tasks it processes.
        0+ active_tasks: Vec<TaskIds>,
        /// Tasks whose state it copies.
        0+ standby_tasks: Vec<TaskIds>,
        /// Tasks whose state it builds up, to take them over later.
        0+ warmup_tasks: Vec<TaskIds>,
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

#[cfg(test)]
mod tests;

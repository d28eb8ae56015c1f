//! `DescribeCluster` (key 60): lists the nodes of the cluster and what the sender may do to it (KIP-700).
//!
//! Versions: 1 can list controllers instead of brokers (KIP-919); 2 can list fenced brokers too (KIP-1073).
//! All are flexible.
//!
//! Schemas: `DescribeClusterRequest.json`, `DescribeClusterResponse.json`.

use std::ops::RangeInclusive;

use crate::api::Request;
use crate::error_code::ErrorCode;
use crate::table::wire_struct;

wire_struct! {
    /// What to tell about the cluster.
    pub struct DescribeClusterRequest {
        /// Whether to compute `cluster_authorized_operations` (KIP-430).
        0+ include_cluster_authorized_operations: bool,
        /// Which nodes are wanted: 1 brokers, 2 controllers. Must fit the node that is asked (KIP-919).
        1+ endpoint_type: i8 = 1,
        /// Whether to list fenced brokers, registered but not in service, as well (KIP-1073).
        2+ include_fenced_brokers: bool,
    }
}
impl Request for DescribeClusterRequest {
    const KEY: i16 = 60;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_SINCE: i16 = 0;
    type Response = DescribeClusterResponse;
}
wire_struct! {
    /// The cluster as one node sees it.
    pub struct DescribeClusterResponse {
        /// How long the broker held the sender back for its quota, in milliseconds; 0 if it did not.
        0+ throttle_time_ms: i32,
        /// 0, or why it cannot be described; `MISMATCHED_ENDPOINT_TYPE` and `UNSUPPORTED_ENDPOINT_TYPE` from
        /// version 1 on.
        0+ error_code: ErrorCode,
        /// The error in words; null without one.
        0+ error_message: Option<String>,
        /// Which nodes `brokers` lists: 1 brokers, 2 controllers (KIP-919).
        1+ endpoint_type: i8 = 1,
        /// Id of the cluster.
        0+ cluster_id: String,
        /// From a controller the node id of the active one, from a broker that of any live broker; -1 if
        /// unknown.
        0+ controller_id: i32 = -1,
        /// Every node of the wanted type.
        0+ brokers: Vec<DescribeClusterBroker>,
        /// Bit n is set if the sender may do the ACL operation with code n to the cluster; `i32::MIN` if not
        /// asked for (KIP-430).
        0+ cluster_authorized_operations: i32 = i32::MIN,
    }
}
wire_struct! {
    /// Where a node listens.
    pub struct DescribeClusterBroker {
        /// Node id.
        0+ broker_id: i32,
        /// Host name or address.
        0+ host: String,
        /// TCP port.
        0+ port: i32,
        /// Rack the node stands in; null if it was given none.
        0+ rack: Option<String>,
        /// Whether the broker is out of service; never true unless fenced ones were asked for (KIP-1073).
        2+ is_fenced: bool,
    }
}

#[cfg(test)]
mod tests;

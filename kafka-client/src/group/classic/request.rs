//! What a member says to its coordinator.

use kafka_wire::messages::heartbeat::HeartbeatRequest;
use kafka_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use kafka_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

use super::protocol::Subscription;
use super::{Member, Step, protocol};
use crate::consumer::config::wire_ms;
use crate::group::assignor::{Assignor, Previous};

impl Member {
    pub(super) fn join(&mut self) -> Step {
        self.joined_topics.clone_from(&self.topics);
        Step::Join(JoinGroupRequest {
            group_id: self.config.id.clone(),
            session_timeout_ms: wire_ms(self.config.session_timeout),
            rebalance_timeout_ms: wire_ms(self.config.rebalance_timeout),
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: self.assignors.iter().map(|one| self.offer(*one)).collect(),
            reason: Some(self.reason.into()),
        })
    }

    /// A way to divide, and what the leader has to know for it. Members that give everything up before they join own nothing then.
    fn offer(&self, assignor: Assignor) -> JoinGroupRequestProtocol {
        let previous = self.previous.as_ref();
        let previous = previous.map(|(generation, partitions)| Previous {
            generation: *generation,
            partitions,
        });
        let generation = previous.map(|previous| previous.generation);
        JoinGroupRequestProtocol {
            name: assignor.name().into(),
            metadata: protocol::subscription(Subscription {
                topics: &self.topics,
                owned: &self.owned,
                generation: generation.filter(|_| self.is_cooperative()),
                rack: self.rack.as_deref(),
                user_data: assignor.user_data(previous),
            }),
        }
    }

    pub(super) fn sync(&self, assignments: Vec<SyncGroupRequestAssignment>) -> SyncGroupRequest {
        SyncGroupRequest {
            group_id: self.config.id.clone(),
            generation_id: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: self.assignor.map(|one| one.name().into()),
            assignments,
        }
    }

    pub(super) fn heartbeat(&self) -> HeartbeatRequest {
        HeartbeatRequest {
            group_id: self.config.id.clone(),
            generation_id: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
        }
    }
}

/// What consumers call their protocol.
const PROTOCOL_TYPE: &str = "consumer";

//! Life of a classic group's member: join, sync, heartbeat, leave. What a group does with them is in [`crate::embedded::group`].

use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use kafka_wire::messages::join_group::{
    JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember,
};
use kafka_wire::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, MemberIdentity, MemberResponse,
};
use kafka_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Context;
use crate::embedded::coordinator::Missing;
use crate::embedded::group::{Abilities, Believed, Identity, Join, Joined, Synced};
use crate::embedded::topics::random_id;

/// Answered when everybody has joined.
pub(super) async fn join(context: &Context<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
    let member = request.member_id.clone();
    let joined = match start_join(context, request) {
        Ok(waiting) => waiting
            .await
            .unwrap_or_else(|_| Joined::failed(ErrorCode::NOT_COORDINATOR, &member)),
        Err(code) => Joined::failed(code, &member),
    };
    JoinGroupResponse {
        error_code: joined.code,
        generation_id: joined.generation,
        protocol_type: joined.protocol_type,
        // Before version 7 it cannot be null.
        protocol_name: joined
            .protocol
            .or_else(|| (context.version < 7).then(String::new)),
        leader: joined.leader,
        skip_assignment: joined.skip_assignment,
        member_id: joined.member,
        members: joined
            .members
            .into_iter()
            .map(|member| JoinGroupResponseMember {
                member_id: member.id,
                group_instance_id: member.instance,
                metadata: member.metadata,
            })
            .collect(),
        ..JoinGroupResponse::default()
    }
}

fn start_join(
    context: &Context<'_>,
    request: JoinGroupRequest,
) -> Result<oneshot::Receiver<Joined>, ErrorCode> {
    let coordinator = context.cluster.coordinator();
    let config = context.cluster.config();
    coordinator.check(&request.group_id, context.node)?;
    let session_timeout = millis(request.session_timeout_ms);
    if !(config.min_session_timeout..=config.max_session_timeout).contains(&session_timeout) {
        return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
    }
    let missing = match request.member_id.as_str() {
        "" => Missing::Create {
            initial_delay: config.initial_rebalance_delay,
        },
        _ => Missing::Leave,
    };
    let prefix = request.group_instance_id.as_deref();
    let protocols = request.protocols.into_iter();
    let join = Join {
        new_id: format!("{}-{}", prefix.unwrap_or(context.client_id), hyphenated()),
        member: request.member_id,
        instance: request.group_instance_id,
        client_id: context.client_id.to_owned(),
        session_timeout,
        rebalance_timeout: match request.rebalance_timeout_ms {
            // Version 0 has one timeout for both.
            ..0 => session_timeout,
            timeout => millis(timeout),
        },
        protocol_type: request.protocol_type,
        protocols: protocols.map(|it| (it.name, it.metadata)).collect(),
        abilities: Abilities {
            takes_id_first: context.version >= 4,
            skips_assignment: context.version >= 9,
        },
    };
    let (waiter, waiting) = oneshot::channel();
    coordinator
        .with(&request.group_id, missing, |entry| {
            if !entry.make_classic() {
                return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
            }
            entry.group.join(join, waiter, Instant::now());
            Ok(())
        })
        .ok_or(ErrorCode::UNKNOWN_MEMBER_ID)??;
    Ok(waiting)
}

/// Answered when the leader has said who gets what.
pub(super) async fn sync(context: &Context<'_>, request: SyncGroupRequest) -> SyncGroupResponse {
    let synced = match start_sync(context, request) {
        Ok(waiting) => waiting
            .await
            .unwrap_or_else(|_| Synced::failed(ErrorCode::NOT_COORDINATOR)),
        Err(code) => Synced::failed(code),
    };
    SyncGroupResponse {
        error_code: synced.code,
        protocol_type: synced.protocol_type,
        protocol_name: synced.protocol,
        assignment: synced.assignment,
        ..SyncGroupResponse::default()
    }
}

fn start_sync(
    context: &Context<'_>,
    request: SyncGroupRequest,
) -> Result<oneshot::Receiver<Synced>, ErrorCode> {
    let coordinator = context.cluster.coordinator();
    coordinator.check(&request.group_id, context.node)?;
    let is_named = request.protocol_type.is_some() && request.protocol_name.is_some();
    // Since KIP-559 a member has to say what it believes the group to speak.
    if context.version >= 5 && !is_named {
        return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    }
    let assignments = request.assignments.into_iter();
    let assignments = assignments
        .map(|it| (it.member_id, it.assignment))
        .collect();
    let (waiter, waiting) = oneshot::channel();
    coordinator
        .with(&request.group_id, Missing::Leave, |entry| {
            let who = Identity {
                member: &request.member_id,
                instance: request.group_instance_id.as_deref(),
                generation: request.generation_id,
            };
            let believed = Believed {
                protocol_type: request.protocol_type.as_deref(),
                protocol: request.protocol_name.as_deref(),
            };
            let now = Instant::now();
            entry.group.sync(who, believed, assignments, waiter, now);
        })
        .ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    Ok(waiting)
}

pub(super) fn heartbeat(context: &Context<'_>, request: &HeartbeatRequest) -> HeartbeatResponse {
    let coordinator = context.cluster.coordinator();
    let checked = coordinator.check(&request.group_id, context.node);
    let error_code = checked.err().unwrap_or_else(|| {
        let who = Identity {
            member: &request.member_id,
            instance: request.group_instance_id.as_deref(),
            generation: request.generation_id,
        };
        coordinator
            .with(&request.group_id, Missing::Leave, |entry| {
                entry.group.heartbeat(who, Instant::now())
            })
            .unwrap_or(ErrorCode::UNKNOWN_MEMBER_ID)
    });
    HeartbeatResponse {
        error_code,
        ..HeartbeatResponse::default()
    }
}

pub(super) fn leave(context: &Context<'_>, request: &LeaveGroupRequest) -> LeaveGroupResponse {
    let coordinator = context.cluster.coordinator();
    if let Err(error_code) = coordinator.check(&request.group_id, context.node) {
        return LeaveGroupResponse {
            error_code,
            ..LeaveGroupResponse::default()
        };
    }
    let leave = |member: &str, instance: Option<&str>| {
        coordinator
            .with(&request.group_id, Missing::Leave, |entry| {
                entry.group.leave(member, instance, Instant::now())
            })
            .unwrap_or(ErrorCode::UNKNOWN_MEMBER_ID)
    };
    if context.version < 3 {
        return LeaveGroupResponse {
            error_code: leave(&request.member_id, None),
            ..LeaveGroupResponse::default()
        };
    }
    let members = request.members.iter();
    LeaveGroupResponse {
        members: members
            .map(
                |MemberIdentity {
                     member_id,
                     group_instance_id,
                     ..
                 }| MemberResponse {
                    member_id: member_id.clone(),
                    group_instance_id: group_instance_id.clone(),
                    error_code: leave(member_id, group_instance_id.as_deref()),
                },
            )
            .collect(),
        ..LeaveGroupResponse::default()
    }
}

/// A random UUID as Java prints it; members' ids end with one.
fn hyphenated() -> String {
    let bits = u128::from_be_bytes(random_id().0);
    let part = |shift: u32, digits: u32| (bits >> shift) & ((1 << (4 * digits)) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 8),
        part(80, 4),
        part(64, 4),
        part(48, 4),
        part(0, 12),
    )
}

fn millis(duration: i32) -> Duration {
    Duration::from_millis(u64::try_from(duration).unwrap_or(0))
}

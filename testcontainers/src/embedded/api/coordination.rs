//! Who coordinates what, and which groups there are.

use kafka_wire::ErrorCode;
use kafka_wire::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use kafka_wire::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use kafka_wire::messages::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};

use super::Context;
use crate::embedded::coordinator::{Entry, Missing};
use crate::embedded::group::State;

pub(super) fn find(
    context: &Context<'_>,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    if context.version >= 4 {
        let keys = request.coordinator_keys.into_iter();
        return FindCoordinatorResponse {
            coordinators: keys
                .map(|key| found(context, key, request.key_type))
                .collect(),
            ..FindCoordinatorResponse::default()
        };
    }
    let found = found(context, request.key, request.key_type);
    FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..FindCoordinatorResponse::default()
    }
}

fn found(context: &Context<'_>, key: String, key_type: i8) -> Coordinator {
    let failed = |key, error_code: ErrorCode| Coordinator {
        key,
        node_id: -1,
        port: -1,
        error_code,
        error_message: error_code.name().map(str::to_owned),
        ..Coordinator::default()
    };
    let node = match key_type {
        0 => context.cluster.coordinator().node_of(&key),
        1 => context.cluster.transactions().node_of(&key),
        _ => return failed(key, ErrorCode::INVALID_REQUEST),
    };
    let endpoint = node.and_then(|node| Some((node, context.cluster.endpoint(node)?)));
    let Some((node_id, address)) = endpoint else {
        return failed(key, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    };
    Coordinator {
        key,
        node_id,
        host: address.ip().to_string(),
        port: address.port().into(),
        ..Coordinator::default()
    }
}

pub(super) fn describe(
    context: &Context<'_>,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    let groups = request.groups.into_iter().map(|group_id| {
        let mut group = described(context, group_id);
        if request.include_authorized_operations && group.error_code.is_ok() {
            group.authorized_operations = GROUP_OPERATIONS;
        }
        group
    });
    DescribeGroupsResponse {
        groups: groups.collect(),
        ..DescribeGroupsResponse::default()
    }
}

fn described(context: &Context<'_>, group_id: String) -> DescribedGroup {
    if let Err(error_code) = context
        .cluster
        .coordinator()
        .check_any(&group_id, context.node)
    {
        return DescribedGroup {
            error_code,
            group_id,
            ..DescribedGroup::default()
        };
    }
    let group = context
        .cluster
        .coordinator()
        .with(&group_id, Missing::Leave, |entry| {
            // Groups of the other kind have a request of their own.
            entry.modern.is_none().then(|| state_of(entry))
        });
    match group.flatten() {
        Some(group) => DescribedGroup { group_id, ..group },
        None if context.version >= 6 => DescribedGroup {
            error_code: ErrorCode::GROUP_ID_NOT_FOUND,
            error_message: Some(format!("there is no group {group_id}")),
            group_state: DEAD.into(),
            group_id,
            ..DescribedGroup::default()
        },
        None => DescribedGroup {
            group_state: DEAD.into(),
            group_id,
            ..DescribedGroup::default()
        },
    }
}

fn state_of(entry: &Entry) -> DescribedGroup {
    let group = &entry.group;
    // Before everybody knows, there is no protocol that holds for all.
    let protocol = group.protocol().filter(|_| group.state() == State::Stable);
    let members = group.members().iter().map(|member| DescribedGroupMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance.clone(),
        client_id: member.client_id.clone(),
        client_host: CLIENT_HOST.into(),
        member_metadata: protocol.map(|it| member.metadata(it)).unwrap_or_default(),
        member_assignment: member.assignment.clone(),
    });
    DescribedGroup {
        group_state: group.state().name().into(),
        protocol_type: group.protocol_type().into(),
        protocol_data: protocol.unwrap_or_default().into(),
        members: members.collect(),
        ..DescribedGroup::default()
    }
}

pub(super) fn list(context: &Context<'_>, request: &ListGroupsRequest) -> ListGroupsResponse {
    let wanted = |filter: &[String], value: &str| {
        filter.is_empty() || filter.iter().any(|it| it.eq_ignore_ascii_case(value))
    };
    let coordinator = context.cluster.coordinator();
    let mut groups = Vec::new();
    coordinator.for_each(|id, entry| {
        let state = entry.state();
        let (kind, protocol) = match entry.modern {
            Some(_) => (CONSUMER, CONSUMER.to_owned()),
            None => (CLASSIC, entry.group.protocol_type().to_owned()),
        };
        let is_ours = coordinator.node_of(id) == Some(context.node);
        if is_ours && wanted(&request.states_filter, state) && wanted(&request.types_filter, kind) {
            groups.push(ListedGroup {
                group_id: id.to_owned(),
                protocol_type: protocol,
                group_state: state.to_owned(),
                group_type: kind.to_owned(),
            });
        }
    });
    ListGroupsResponse {
        groups,
        ..ListGroupsResponse::default()
    }
}

const CLASSIC: &str = "classic";
const CONSUMER: &str = "consumer";
const DEAD: &str = "Dead";

/// Everybody is on this machine.
pub(super) const CLIENT_HOST: &str = "/127.0.0.1";

/// Without an authorizer everything is allowed: bits of read, delete, describe, and both of configurations.
pub(super) const GROUP_OPERATIONS: i32 = 0b1101_0100_1000;

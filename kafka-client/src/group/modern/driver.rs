//! The task of a member of the protocol of KIP-848.

use std::sync::Arc;

use kafka_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use kafka_wire::{ErrorCode, Request as _, Uuid};
use tokio::time::{Duration, Instant};

use super::{Member, Step};
use crate::consumer::membership::Identity;
use crate::consumer::state::State;
use crate::error::Error;
use crate::group::driver::{Desk, News};
use crate::group::offsets::Offsets;

/// Runs until it is dropped.
pub(crate) async fn run(mut desk: Desk) {
    let mut member = Member::new(
        desk.offsets.group().clone(),
        desk.shared.config.client_rack.clone(),
        Uuid(std::array::from_fn(|_| fastrand::u8(..))).to_string(),
        desk.shared.backoff(),
        Instant::now(),
    );
    let mut bells = desk.bells();
    loop {
        bells.heard();
        look(&desk, &mut member).await;
        let picture = desk.shared.cluster.metadata();
        let name = |id| picture.name_of(id).cloned();
        match member.next(Instant::now(), name) {
            Step::Wait(until) => desk.wait(until, &mut bells).await,
            step => carry_out(&mut desk, &mut member, step).await,
        }
        let identity = member.identity();
        desk.shared
            .with(|state| state.membership.set_identity(identity));
    }
}

async fn look(desk: &Desk, member: &mut Member) {
    let News {
        topics,
        is_expired,
        has_revoked,
    } = desk.look(member.identity()).await;
    member.subscribe(&topics);
    if is_expired {
        member.abandoned();
    }
    if has_revoked {
        member.revoked();
    }
}

async fn carry_out(desk: &mut Desk, member: &mut Member, step: Step) {
    match step {
        Step::Wait(_) => {}
        Step::Heartbeat(request) => {
            let answer = desk.ask(&request, LONGEST_HEARTBEAT).await;
            let outcome = member.beat(answer, Instant::now());
            desk.settle(outcome, member.identity());
        }
        Step::Revoke(partitions) => desk.shared.with(|state| state.revoke(&partitions)),
        Step::Abandon => {
            desk.shared.with(State::lost);
            member.left();
        }
        Step::Assign(partitions) => desk.assign(partitions, member.identity()),
        Step::Leave => {
            let limit = desk.shared.cluster.config().request_timeout;
            let deadline = Instant::now() + limit;
            let _ = crate::group::driver::leave(&desk.offsets, member.identity(), deadline).await;
            member.left();
        }
    }
}

/// Tells the coordinator that the member goes: for good, or as a static member for as long as its session lasts.
pub(crate) async fn leave(offsets: &Offsets, identity: &Identity) -> Result<(), Error> {
    let group = offsets.group();
    if identity.generation < 0 {
        return Ok(());
    }
    let connection: Arc<_> = offsets.coordinator().await?;
    let request = ConsumerGroupHeartbeatRequest {
        group_id: group.id.clone(),
        member_id: identity.member_id.clone(),
        member_epoch: if group.instance_id.is_some() {
            LEAVES_FOR_A_WHILE
        } else {
            LEAVES
        },
        instance_id: group.instance_id.clone(),
        ..Default::default()
    };
    let answer = connection.call(&request).await?;
    match answer.error_code.check() {
        // Whom the coordinator does not know has left.
        Ok(()) | Err(ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::GROUP_ID_NOT_FOUND) => Ok(()),
        Err(code) => Err(Error::Refused {
            api: ConsumerGroupHeartbeatRequest::name(),
            subject: group.id.clone(),
            code,
            message: answer.error_message,
        }),
    }
}

/// The epoch of whoever leaves.
const LEAVES: i32 = -1;
/// The epoch of a static member that will be back.
const LEAVES_FOR_A_WHILE: i32 = -2;
/// A coordinator that takes longer is asked again; its session timeout is not known here.
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(15);

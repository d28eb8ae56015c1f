//! Asks leaders whether their logs still have what was read under others (KIP-320).

use std::sync::Arc;

use kafka_wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::Instant;

use crate::cluster::pool::Purpose;
use crate::consumer::position::{Position, Validation};
use crate::consumer::shared::Shared;
use crate::consumer::state::refused;
use crate::error::Error;

/// Asks `node`, which leads them, about places.
pub(super) async fn validate(shared: Arc<Shared>, node: i32, asked: Vec<Validation>) {
    let answers = match ask(&shared, node, &asked).await {
        Ok(answers) => answers,
        Err(error) => {
            shared.cluster.refresh();
            return failed(&shared, &asked, &error);
        }
    };
    let now = Instant::now();
    let mut stale = false;
    shared.with(|state| {
        for (asked, answer) in asked.iter().zip(answers) {
            match answer {
                Ok(end) => state.validated(asked, end),
                Err(code) => {
                    stale |= code.is_stale_metadata();
                    let name = &asked.partition;
                    let error = refused(OffsetForLeaderEpochRequest::name(), name, code);
                    state.failed(name, asked.generation, error, now);
                }
            }
        }
    });
    if stale {
        shared.cluster.refresh();
    }
}

fn failed(shared: &Shared, asked: &[Validation], error: &Error) {
    tracing::debug!(error = %crate::error::chain(error), "cannot validate positions");
    let now = Instant::now();
    shared.with(|state| {
        for one in asked {
            state.failed(&one.partition, one.generation, error.clone(), now);
        }
    });
}

/// For each place the end of its epoch. Before version 3 only brokers may ask: then every place counts as valid.
async fn ask(
    shared: &Shared,
    node: i32,
    asked: &[Validation],
) -> Result<Vec<Result<Position, ErrorCode>>, Error> {
    let connection = shared.cluster.broker(node, Purpose::General).await?;
    let version = connection.version_of::<OffsetForLeaderEpochRequest>();
    if version.is_err() || version.is_ok_and(|version| version < FIRST_FOR_CONSUMERS) {
        let places = asked.iter();
        let places = places.map(|one| Ok(Position::told(one.offset, one.leader_epoch)));
        return Ok(places.collect());
    }
    let request = OffsetForLeaderEpochRequest {
        // -1 for consumers.
        replica_id: -1,
        topics: topics(asked),
    };
    let answer = connection.call(&request).await?;
    let ends = asked.iter().map(|one| {
        let topics = answer.topics.iter();
        let topics = topics.filter(|topic| *topic.topic == *one.partition.topic);
        let mut told = topics.flat_map(|topic| &topic.partitions);
        let told = told.find(|told| told.partition == one.partition.partition);
        told.map_or(Err(ErrorCode::UNKNOWN_SERVER_ERROR), end)
    });
    Ok(ends.collect())
}

fn end(told: &EpochEndOffset) -> Result<Position, ErrorCode> {
    told.error_code.check()?;
    Ok(Position::told(told.end_offset, told.leader_epoch))
}

fn topics(asked: &[Validation]) -> Vec<OffsetForLeaderTopic> {
    let mut merged: Vec<OffsetForLeaderTopic> = Vec::new();
    for one in asked {
        let name = &one.partition;
        let partition = OffsetForLeaderPartition {
            partition: name.partition,
            current_leader_epoch: one.leader.epoch,
            leader_epoch: one.leader_epoch,
        };
        match merged.iter_mut().find(|topic| *topic.topic == *name.topic) {
            Some(topic) => topic.partitions.push(partition),
            None => merged.push(OffsetForLeaderTopic {
                topic: name.topic.to_string(),
                partitions: vec![partition],
            }),
        }
    }
    merged
}

/// First version that consumers may send without the right to act on the cluster (KIP-320).
const FIRST_FOR_CONSUMERS: i16 = 3;

//! Questions for positions: the ends of a log from its leader, committed offsets from the group's coordinator.
//!
//! An answer counts only if the partition is still in the generation that asked.

use std::sync::Arc;

use kafka_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::Instant;

use crate::cluster::pool::Purpose;
use crate::consumer::config::wire_ms;
use crate::consumer::position::{Lookup, Origin};
use crate::consumer::shared::Shared;
use crate::consumer::state::refused;
use crate::error::Error;
use crate::group::offsets::Offsets;

/// Asks `node`, which leads them, for the ends of logs.
pub(super) async fn ends(shared: Arc<Shared>, node: i32, lookups: Vec<Lookup>) {
    match ask(&shared, node, &lookups).await {
        Ok(answers) => take_ends(&shared, &lookups, &answers),
        Err(error) => {
            shared.cluster.refresh();
            failed(&shared, &lookups, &error);
        }
    }
}

/// Asks the coordinator for committed offsets.
pub(super) async fn committed(shared: Arc<Shared>, offsets: Offsets, lookups: Vec<Lookup>) {
    let partitions: Vec<_> = lookups
        .iter()
        .map(|lookup| lookup.partition.clone())
        .collect();
    let deadline = Instant::now() + shared.cluster.config().request_timeout;
    match offsets.fetch(&partitions, deadline).await {
        Ok(answers) => shared.with(|state| {
            for (lookup, answer) in lookups.iter().zip(answers) {
                match answer {
                    Some(offset) => state.found(lookup, offset),
                    None => state.not_committed(lookup),
                }
            }
        }),
        Err(error) => failed(&shared, &lookups, &error),
    }
}

fn failed(shared: &Shared, lookups: &[Lookup], error: &Error) {
    tracing::debug!(error = %crate::error::chain(error), "cannot find positions");
    let now = Instant::now();
    shared.with(|state| {
        for lookup in lookups {
            state.failed(&lookup.partition, lookup.generation, error.clone(), now);
        }
    });
}

/// The answers, each with its topic.
async fn ask(
    shared: &Shared,
    node: i32,
    lookups: &[Lookup],
) -> Result<Vec<(String, ListOffsetsPartitionResponse)>, Error> {
    let connection = shared.cluster.broker(node, Purpose::General).await?;
    let picture = shared.cluster.metadata();
    let topics = lookups.iter().map(|lookup| {
        let name = &lookup.partition;
        let known = picture.partition(&name.topic, name.partition);
        let partition = ListOffsetsPartition {
            partition_index: name.partition,
            current_leader_epoch: known.map_or(-1, |known| known.leader_epoch),
            timestamp: timestamp(lookup.origin),
        };
        ListOffsetsTopic {
            name: name.topic.to_string(),
            partitions: vec![partition],
        }
    });
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: shared.config.isolation.level(),
        topics: merged(topics),
        timeout_ms: wire_ms(shared.cluster.config().request_timeout),
    };
    let answer = connection.call(&request).await?;
    let answers = answer.topics.into_iter().flat_map(|topic| {
        let name = topic.name;
        let partitions = topic.partitions.into_iter();
        partitions.map(move |partition| (name.clone(), partition))
    });
    Ok(answers.collect())
}

/// One entry per topic: brokers refuse a topic that comes twice.
fn merged(topics: impl Iterator<Item = ListOffsetsTopic>) -> Vec<ListOffsetsTopic> {
    let mut merged: Vec<ListOffsetsTopic> = Vec::new();
    for mut topic in topics {
        match merged.iter_mut().find(|known| known.name == topic.name) {
            Some(known) => known.partitions.append(&mut topic.partitions),
            None => merged.push(topic),
        }
    }
    merged
}

fn take_ends(
    shared: &Shared,
    lookups: &[Lookup],
    answers: &[(String, ListOffsetsPartitionResponse)],
) {
    let now = Instant::now();
    let mut stale = false;
    shared.with(|state| {
        for lookup in lookups {
            let name = &lookup.partition;
            let answer = answers.iter().find(|(topic, answer)| {
                *topic == *name.topic && answer.partition_index == name.partition
            });
            let code = match answer {
                Some((_, answer)) if answer.error_code.is_ok() => {
                    state.found(lookup, answer.offset);
                    continue;
                }
                Some((_, answer)) => answer.error_code,
                None => ErrorCode::UNKNOWN_SERVER_ERROR,
            };
            stale |= code.is_stale_metadata();
            let error = refused(ListOffsetsRequest::name(), name, code);
            state.failed(name, lookup.generation, error, now);
        }
    });
    if stale {
        shared.cluster.refresh();
    }
}

/// How the wire asks for an end of the log.
fn timestamp(origin: Origin) -> i64 {
    match origin {
        Origin::Earliest => -2,
        Origin::Latest | Origin::Committed => -1,
    }
}

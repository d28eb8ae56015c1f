//! Questions for positions: places in a log from its leader, committed offsets from the group's coordinator.
//!
//! An answer counts only if the partition is still in the generation that asked.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_wire::messages::list_offsets::ListOffsetsRequest;
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::Instant;

use crate::cluster::metadata::Metadata;
use crate::consumer::list_offsets::{self, EARLIEST, LATEST, Place, Question};
use crate::consumer::position::{Lookup, Origin, Position};
use crate::consumer::shared::Shared;
use crate::consumer::state::refused;
use crate::error::Error;
use crate::group::offsets::Offsets;

/// Asks `node`, which leads them, for places in logs.
pub(super) async fn ends(shared: Arc<Shared>, node: i32, lookups: Vec<Lookup>) {
    let picture = shared.cluster.metadata();
    match ask(&shared, &picture, node, &lookups).await {
        Ok(answers) => take(&shared, &picture, &lookups, answers),
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
                    Some(committed) => state.found(lookup, committed.position(), None),
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

/// A place for each look-up. Where nothing is as young as wanted, the end of the log stands in: as it was before times were asked for,
/// so that nothing that comes meanwhile is passed over.
async fn ask(
    shared: &Shared,
    picture: &Metadata,
    node: i32,
    lookups: &[Lookup],
) -> Result<Vec<Result<Place, ErrorCode>>, Error> {
    let (cluster, isolation) = (&shared.cluster, shared.config.isolation);
    let now = SystemTime::now();
    let questions = lookups.iter().map(|lookup| {
        let timestamp = timestamp(lookup.origin, now);
        (lookup.partition.clone(), timestamp)
    });
    let questions: Vec<Question> = questions.collect();
    let ends = lookups
        .iter()
        .map(|lookup| (lookup.partition.clone(), LATEST));
    let ends: Vec<Question> = ends.collect();
    let by_time = questions.iter().any(|(_, timestamp)| *timestamp >= 0);
    let ends = if by_time {
        list_offsets::ask(cluster, picture, node, isolation, &ends).await?
    } else {
        Vec::new()
    };
    let mut places = list_offsets::ask(cluster, picture, node, isolation, &questions).await?;
    for (place, end) in places.iter_mut().zip(ends) {
        if place.is_ok_and(|place| place.offset < 0) {
            *place = end;
        }
    }
    Ok(places)
}

fn take(
    shared: &Shared,
    picture: &Metadata,
    lookups: &[Lookup],
    answers: Vec<Result<Place, ErrorCode>>,
) {
    let now = Instant::now();
    let mut stale = false;
    shared.with(|state| {
        for (lookup, answer) in lookups.iter().zip(answers) {
            let name = &lookup.partition;
            match answer {
                Ok(place) => {
                    let known = picture.partition(&name.topic, name.partition);
                    let epoch = known.map(|known| known.leader_epoch);
                    let position = Position::told(place.offset, place.leader_epoch);
                    state.found(lookup, position, epoch.filter(|epoch| *epoch >= 0));
                }
                Err(code) => {
                    stale |= code.is_stale_metadata();
                    let error = refused(ListOffsetsRequest::name(), name, code);
                    state.failed(name, lookup.generation, error, now);
                }
            }
        }
    });
    if stale {
        shared.cluster.refresh();
    }
}

/// How the wire asks for a place in the log.
fn timestamp(origin: Origin, now: SystemTime) -> i64 {
    match origin {
        Origin::Earliest => EARLIEST,
        Origin::Latest | Origin::Committed => LATEST,
        // Negative times have meanings of their own.
        Origin::Timestamp(time) => time.max(0),
        Origin::Ago(age) => {
            let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
            let millis = since.saturating_sub(age).as_millis();
            i64::try_from(millis).unwrap_or(i64::MAX)
        }
    }
}

#[test]
fn an_age_is_a_time_and_never_before_all_times() {
    use std::time::Duration;
    let now = UNIX_EPOCH + Duration::from_secs(100);
    let ago = |age| timestamp(Origin::Ago(age), now);
    assert_eq!(ago(Duration::from_secs(30)), 70_000);
    assert_eq!(ago(Duration::MAX), 0);
    assert_eq!(timestamp(Origin::Timestamp(-2), now), 0);
}

//! `ListOffsets`: one broker is asked where the logs that it leads begin and end, and where a time begins in them.

use kafka_wire::ErrorCode;
use kafka_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};

use crate::cluster::Cluster;
use crate::cluster::metadata::Metadata;
use crate::cluster::pool::Purpose;
use crate::consumer::config::{Isolation, wire_ms};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// What the wire calls the first record in the log.
pub(super) const EARLIEST: i64 = -2;
/// What the wire calls the end of the log, or of what is stable in it.
pub(super) const LATEST: i64 = -1;

/// A place in a log that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its offset; -1 if there is no such place.
    pub(super) offset: i64,
    /// Of the record there; -1 for the ends of the log.
    pub(super) timestamp: i64,
    /// Of the record there, or of the leader; -1 from brokers that do not tell.
    pub(super) leader_epoch: i32,
}

/// A question: a partition, and a time or one of the ends.
pub(super) type Question = (TopicPartition, i64);

/// Asks `node` for places in the logs that it leads, in the picture that we have. The answers are in the order of the questions.
pub(super) async fn ask(
    cluster: &Cluster,
    picture: &Metadata,
    node: i32,
    isolation: Isolation,
    questions: &[Question],
) -> Result<Vec<Result<Place, ErrorCode>>, Error> {
    let connection = cluster.broker(node, Purpose::General).await?;
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: isolation.level(),
        topics: topics(picture, questions),
        timeout_ms: wire_ms(cluster.config().request_timeout),
    };
    let answer = connection.call(&request).await?;
    let places = questions.iter().map(|(partition, _)| {
        let topic = answer.topics.iter();
        let topic = topic.filter(|topic| *topic.name == *partition.topic);
        let mut told = topic.flat_map(|topic| &topic.partitions);
        let told = told.find(|told| told.partition_index == partition.partition);
        told.map_or(Err(ErrorCode::UNKNOWN_SERVER_ERROR), place)
    });
    Ok(places.collect())
}

fn place(told: &ListOffsetsPartitionResponse) -> Result<Place, ErrorCode> {
    told.error_code.check()?;
    Ok(Place {
        offset: told.offset,
        timestamp: told.timestamp,
        leader_epoch: told.leader_epoch,
    })
}

/// One entry per topic: brokers refuse a topic that comes twice.
fn topics(picture: &Metadata, questions: &[Question]) -> Vec<ListOffsetsTopic> {
    let mut merged: Vec<ListOffsetsTopic> = Vec::new();
    for (name, timestamp) in questions {
        let known = picture.partition(&name.topic, name.partition);
        let partition = ListOffsetsPartition {
            partition_index: name.partition,
            current_leader_epoch: known.map_or(-1, |known| known.leader_epoch),
            timestamp: *timestamp,
        };
        match merged.iter_mut().find(|topic| *topic.name == *name.topic) {
            Some(topic) => topic.partitions.push(partition),
            None => merged.push(ListOffsetsTopic {
                name: name.topic.to_string(),
                partitions: vec![partition],
            }),
        }
    }
    merged
}

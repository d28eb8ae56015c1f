//! Questions of the application about logs, whether they are assigned or not: where they begin and end, and where a time begins.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use kafka_wire::messages::list_offsets::ListOffsetsRequest;
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::{Instant, sleep};

use crate::cluster::metadata::Metadata;
use crate::consumer::Consumer;
use crate::consumer::fetcher;
use crate::consumer::list_offsets::{self, EARLIEST, LATEST, Place, Question};
use crate::consumer::shared::{Shared, after};
use crate::consumer::state::refused;
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// A record found by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetAndTimestamp {
    /// The record's offset.
    pub offset: i64,
    /// Its own timestamp, in milliseconds since 1970.
    pub timestamp: i64,
    /// Which leader appended it; `None` from brokers that do not tell.
    pub leader_epoch: Option<i32>,
}

impl Consumer {
    /// For each partition the first record whose timestamp is at least this, in milliseconds since 1970 (negative ones count as 0), in
    /// the order of the questions; `None` if there is none yet. Waits at most `request_timeout`; dropping the future changes nothing.
    ///
    /// # Errors
    /// Of the first partition that cannot be asked about: unknown, not authorized, or without a leader for that long.
    pub async fn offsets_for_times(
        &self,
        times: &[(TopicPartition, i64)],
    ) -> Result<Vec<Option<OffsetAndTimestamp>>, Error> {
        let questions = times.iter();
        let questions = questions.map(|(partition, time)| (partition.clone(), (*time).max(0)));
        let places = ask(&self.shared, questions.collect()).await?;
        let found = places.into_iter().map(|place| {
            (place.offset >= 0).then_some(OffsetAndTimestamp {
                offset: place.offset,
                timestamp: place.timestamp,
                leader_epoch: (place.leader_epoch >= 0).then_some(place.leader_epoch),
            })
        });
        Ok(found.collect())
    }

    /// The first offset that each log still has, in the order of `partitions`.
    ///
    /// # Errors
    /// As [`offsets_for_times`](Consumer::offsets_for_times).
    pub async fn beginning_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<i64>, Error> {
        self.edges(partitions, EARLIEST).await
    }

    /// The offset of the next record that each log will show, in the order of `partitions`: the high watermark; with
    /// [`Isolation::ReadCommitted`](crate::Isolation) the last stable offset.
    ///
    /// # Errors
    /// As [`offsets_for_times`](Consumer::offsets_for_times).
    pub async fn end_offsets(&self, partitions: &[TopicPartition]) -> Result<Vec<i64>, Error> {
        self.edges(partitions, LATEST).await
    }

    async fn edges(&self, partitions: &[TopicPartition], edge: i64) -> Result<Vec<i64>, Error> {
        let questions = partitions.iter().map(|one| (one.clone(), edge));
        let places = ask(&self.shared, questions.collect()).await?;
        Ok(places.into_iter().map(|place| place.offset).collect())
    }
}

/// Asks the leaders, each about its own, until all have answered.
async fn ask(shared: &Shared, questions: Vec<Question>) -> Result<Vec<Place>, Error> {
    let wait = shared.cluster.config().request_timeout;
    let deadline = after(wait);
    let topics: BTreeSet<_> = questions.iter().map(|(one, _)| &one.topic).collect();
    for topic in topics {
        let left = deadline.saturating_duration_since(Instant::now());
        shared.cluster.topic(topic, left).await?;
    }
    let mut backoff = shared.backoff();
    let mut places: Vec<Option<Place>> = vec![None; questions.len()];
    loop {
        let picture = shared.cluster.metadata();
        let Some(error) = ask_once(shared, &picture, &questions, &mut places).await else {
            return Ok(places.into_iter().flatten().collect());
        };
        let pause = backoff.failed();
        if !error.is_retriable() || Instant::now() + pause >= deadline {
            return Err(error);
        }
        shared.cluster.refresh();
        sleep(pause).await;
    }
}

/// One try of all that is not answered yet; what is in the way of the first that was not.
async fn ask_once(
    shared: &Shared,
    picture: &Metadata,
    questions: &[Question],
    places: &mut [Option<Place>],
) -> Option<Error> {
    let mut last = None;
    let mut by_leader: BTreeMap<i32, Vec<(usize, Question)>> = BTreeMap::new();
    let open = questions.iter().zip(places.iter()).enumerate();
    for (number, (question, _)) in open.filter(|(_, (_, place))| place.is_none()) {
        match fetcher::leader(picture, &question.0) {
            Some(node) => by_leader
                .entry(node)
                .or_default()
                .push((number, question.clone())),
            None => last = Some(refuse(&question.0, ErrorCode::LEADER_NOT_AVAILABLE)),
        }
    }
    let asked = by_leader.into_iter().map(|(node, asked)| async move {
        let (numbers, asked): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let (cluster, isolation) = (&shared.cluster, shared.config.isolation);
        let answers = list_offsets::ask(cluster, picture, node, isolation, &asked).await;
        (numbers, answers)
    });
    for (numbers, answers) in join_all(asked).await {
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                last = Some(error);
                continue;
            }
        };
        for (number, answer) in numbers.into_iter().zip(answers) {
            match (answer, places.get_mut(number), questions.get(number)) {
                (Ok(found), Some(place), _) => *place = Some(found),
                (Err(code), _, Some((partition, _))) => last = Some(refuse(partition, code)),
                _ => {}
            }
        }
    }
    last
}

fn refuse(partition: &TopicPartition, code: ErrorCode) -> Error {
    refused(ListOffsetsRequest::name(), partition, code)
}

//! How far a group has read: committed offsets, asked for and stored at its coordinator.
//!
//! One call is tried again within its deadline as long as the coordinator moves, loads or is busy; what else goes wrong is the caller's
//! to know. Commits of one consumer go through its [`committer`](super::committer), one after the other.

mod commit;

pub(crate) use commit::{CommitOffsets, Unstored};

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    OffsetFetchResponse,
};
use kafka_wire::{ErrorCode, Request, Uuid};
use tokio::time::{Instant, sleep, timeout_at};

use crate::cluster::Cluster;
use crate::cluster::coordinator::CoordinatorKind;
use crate::cluster::pool::Purpose;
use crate::consumer::config::GroupConfig;
use crate::consumer::position::Position;
use crate::error::Error;
use crate::group::offset::OffsetAndMetadata;
use crate::net::connection::Connection;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// The offsets of one group.
#[derive(Debug, Clone)]
pub(crate) struct Offsets {
    cluster: Arc<Cluster>,
    group: Arc<GroupConfig>,
}

/// Topic by name or id, and partition: how an answer names a partition.
type Place = (String, Uuid, i32);

impl Offsets {
    /// Of the group that `group` names.
    pub(crate) fn new(cluster: Arc<Cluster>, group: GroupConfig) -> Self {
        let group = Arc::new(group);
        Self { cluster, group }
    }

    /// How errors call the coordinator.
    pub(crate) fn coordinator_name(&self) -> Arc<str> {
        format!("coordinator of group {}", self.group.id).into()
    }

    /// The group and who is in it.
    pub(crate) fn group(&self) -> &GroupConfig {
        &self.group
    }

    /// The connection to the coordinator for short requests.
    pub(crate) async fn coordinator(&self) -> Result<Arc<Connection>, Error> {
        let node = self.coordinator_id().await?;
        let connection = self.cluster.broker(node, Purpose::Coordinator).await;
        if connection.is_err() {
            self.forget_coordinator();
        }
        connection
    }

    /// The broker that coordinates the group.
    pub(crate) async fn coordinator_id(&self) -> Result<i32, Error> {
        self.cluster
            .coordinator(CoordinatorKind::Group, &self.group.id)
            .await
    }

    /// Has the coordinator looked for again: the one we know is not it, or cannot be reached.
    pub(crate) fn forget_coordinator(&self) {
        self.cluster
            .forget_coordinator(CoordinatorKind::Group, &self.group.id);
    }

    /// Committed offsets, in the order of `partitions`; `None` where nothing was committed.
    pub(crate) async fn fetch(
        &self,
        partitions: &[TopicPartition],
        deadline: Instant,
    ) -> Result<Vec<Option<OffsetAndMetadata>>, Error> {
        let mut tries = self.tries(deadline);
        loop {
            let result = timeout_at(deadline, self.try_fetch(partitions)).await;
            match result {
                Ok(Ok(offsets)) => return Ok(offsets),
                Ok(Err(error)) => tries.failed(error).await?,
                Err(_) => return Err(tries.over::<OffsetFetchRequest>()),
            }
        }
    }

    async fn try_fetch(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<OffsetAndMetadata>>, Error> {
        let connection = self.coordinator().await?;
        let version = connection.version_of::<OffsetFetchRequest>()?;
        let picture = self.cluster.metadata();
        let mut by_topic: BTreeMap<(&str, Uuid), Vec<i32>> = BTreeMap::new();
        let id = |topic: &str| picture.topic(topic).map_or(Uuid::ZERO, |topic| topic.id);
        for one in partitions {
            let topic = (&*one.topic, id(&one.topic));
            by_topic.entry(topic).or_default().push(one.partition);
        }
        let request = self.fetch_request(by_topic, version);
        let found = self.committed(connection.call(&request).await?)?;
        let places = partitions
            .iter()
            .map(|one| place(one, id(&one.topic), version >= 10));
        // Without an entry in the answer nothing is known, which is not the same as nothing committed.
        let missing = || self.refused::<OffsetFetchRequest>(ErrorCode::UNKNOWN_SERVER_ERROR);
        let offsets = places.map(|place| {
            let committed = found.get(&place).cloned().ok_or_else(missing)?;
            // Brokers say -1 where nothing was committed.
            Ok(Some(committed).filter(|committed| committed.offset >= 0))
        });
        offsets.collect()
    }

    fn fetch_request(
        &self,
        by_topic: BTreeMap<(&str, Uuid), Vec<i32>>,
        version: i16,
    ) -> OffsetFetchRequest {
        let group_id = self.group.id.clone();
        if version < 8 {
            let topics = by_topic.into_iter().map(|((name, _), partition_indexes)| {
                let name = name.to_owned();
                OffsetFetchRequestTopic {
                    name,
                    partition_indexes,
                }
            });
            return OffsetFetchRequest {
                group_id,
                topics: Some(topics.collect()),
                require_stable: version >= 7,
                ..Default::default()
            };
        }
        let topics = by_topic
            .into_iter()
            .map(|((name, topic_id), partition_indexes)| {
                let name = name.to_owned();
                OffsetFetchRequestTopics {
                    name,
                    topic_id,
                    partition_indexes,
                }
            });
        let group = OffsetFetchRequestGroup {
            group_id,
            topics: Some(topics.collect()),
            ..Default::default()
        };
        OffsetFetchRequest {
            groups: vec![group],
            require_stable: true,
            ..Default::default()
        }
    }

    /// The offsets in an answer of either form.
    fn committed(
        &self,
        answer: OffsetFetchResponse,
    ) -> Result<BTreeMap<Place, OffsetAndMetadata>, Error> {
        let check = |code: ErrorCode| {
            code.check()
                .map_err(|code| self.refused::<OffsetFetchRequest>(code))
        };
        check(answer.error_code)?;
        let mut found = BTreeMap::new();
        for topic in answer.topics {
            for one in topic.partitions {
                check(one.error_code)?;
                let place = (topic.name.clone(), Uuid::ZERO, one.partition_index);
                let position = Position::told(one.committed_offset, one.committed_leader_epoch);
                found.insert(place, with_metadata(position, one.metadata));
            }
        }
        for group in answer.groups {
            check(group.error_code)?;
            for topic in group.topics {
                for one in topic.partitions {
                    check(one.error_code)?;
                    let place = (topic.name.clone(), topic.topic_id, one.partition_index);
                    let position = Position::told(one.committed_offset, one.committed_leader_epoch);
                    found.insert(place, with_metadata(position, one.metadata));
                }
            }
        }
        Ok(found)
    }

    /// The coordinator's no.
    pub(crate) fn refused<R: Request>(&self, code: ErrorCode) -> Error {
        Error::Refused {
            api: R::name(),
            subject: self.group.id.clone(),
            code,
            message: None,
        }
    }

    fn tries(&self, deadline: Instant) -> Tries<'_> {
        let config = self.cluster.config();
        Tries {
            offsets: self,
            deadline,
            started: Instant::now(),
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            last: None,
        }
    }
}

/// Tries of one call.
struct Tries<'a> {
    offsets: &'a Offsets,
    deadline: Instant,
    started: Instant,
    backoff: Backoff,
    last: Option<Error>,
}

impl Tries<'_> {
    /// Waits before the next try, or gives the error back if there is none.
    async fn failed(&mut self, error: Error) -> Result<(), Error> {
        let again = match error.code() {
            Some(code) => may_pass(code),
            None => error.is_retriable(),
        };
        let wait = self.backoff.failed();
        if !again || Instant::now() + wait >= self.deadline {
            return Err(error);
        }
        match error.code() {
            Some(ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE) | None => {
                self.offsets.forget_coordinator();
            }
            Some(code) if code.is_stale_metadata() => self.offsets.cluster.refresh(),
            Some(_) => {}
        }
        self.last = Some(error);
        sleep(wait).await;
        Ok(())
    }

    /// The deadline passed while a try was under way.
    fn over<R: Request>(&mut self) -> Error {
        self.offsets.forget_coordinator();
        self.last.take().unwrap_or_else(|| Error::Timeout {
            api: R::name(),
            broker: self.offsets.coordinator_name(),
            after: self.started.elapsed(),
        })
    }
}

/// Whether the coordinator may say something else soon. A rebalance that is over by then either keeps the member's generation, or
/// answers with `ILLEGAL_GENERATION`. A member whose epoch is behind learns the new one with its next heartbeat (KIP-848).
fn may_pass(code: ErrorCode) -> bool {
    let by_heartbeat = [
        ErrorCode::REBALANCE_IN_PROGRESS,
        ErrorCode::STALE_MEMBER_EPOCH,
    ];
    code.is_retriable() || by_heartbeat.contains(&code)
}

fn with_metadata(position: Position, metadata: Option<String>) -> OffsetAndMetadata {
    OffsetAndMetadata {
        metadata: metadata.unwrap_or_default(),
        ..position.into()
    }
}

fn place(partition: &TopicPartition, id: Uuid, by_id: bool) -> Place {
    if by_id {
        (String::new(), id, partition.partition)
    } else {
        (partition.topic.to_string(), Uuid::ZERO, partition.partition)
    }
}

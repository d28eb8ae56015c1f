//! The task that fetches from one broker: one request at a time, the next one on its way while the application reads the last answer.
//!
//! It has a connection of its own, as a broker that holds a fetch back answers nothing else on that connection. Whatever a broker says
//! of one partition concerns that partition; whatever breaks the connection is tried again after a wait, with fresh metadata.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::messages::fetch::{FetchRequest, FetchResponse, NodeEndpoint, PartitionData};
use kafka_wire::records::CrcCheck;
use kafka_wire::{ErrorCode, Request as _, Uuid};
use tokio::time::{Duration, Instant, sleep};

use crate::cluster::metadata::{Metadata, Partition, address};
use crate::consumer::chunk::Chunk;
use crate::consumer::config::{wire_ms, wire_size};
use crate::consumer::fetch_session::{FetchSession, Key, Place};
use crate::consumer::patience::Patience;
use crate::consumer::position::{Ends, Leader, Position, Wanted};
use crate::consumer::shared::{Shared, after, sleep_until_some};
use crate::consumer::state::{State, refused};
use crate::error::Error;
use crate::net::connection::Connection;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// Fetches from `node` until none of the consumer's partitions is to be read from it. Dropping the future ends everything.
pub(super) async fn run(shared: Arc<Shared>, node: i32) {
    let fetcher = Fetcher {
        backoff: shared.backoff(),
        patience: shared.patience(),
        shared,
        node,
        connection: None,
        session: FetchSession::default(),
        muted_until: None,
        lost_session: false,
    };
    fetcher.run().await;
}

struct Fetcher {
    shared: Arc<Shared>,
    node: i32,
    connection: Option<Arc<Connection>>,
    session: FetchSession,
    backoff: Backoff,
    patience: Patience,
    /// The broker reads nothing of us until then (KIP-219).
    muted_until: Option<Instant>,
    /// The last answer said that the session is gone.
    lost_session: bool,
}

/// What came of one partition.
enum Outcome {
    /// Batches, or their end.
    Chunk(Chunk),
    /// A refusal; to be tried again.
    Refused(ErrorCode),
    /// Another broker leads it now.
    Moved,
    /// The leader wants it to be read from another broker; what came all the same.
    Elsewhere(i32, Chunk),
    /// The log does not have the offset.
    OutOfRange,
    /// The log is the one that was read up to there only.
    Diverged(Position),
}

impl Fetcher {
    async fn run(mut self) {
        let mut bell = self.shared.fetch_bell();
        let mut metadata = self.shared.cluster.changed();
        loop {
            bell.borrow_and_update();
            metadata.borrow_and_update();
            let (now, picture) = (Instant::now(), self.shared.cluster.metadata());
            let leader = |one: &TopicPartition| leadership(&picture, one);
            let (needed, wanted, retry) = self.shared.with(|state| {
                let needed = state.positions.is_source(self.node, now, leader);
                let retry = state.positions.next_retry(now);
                (needed, state.next_fetch(self.node, now, leader), retry)
            });
            if !needed {
                return;
            }
            let muted = self.muted_until.filter(|until| *until > now);
            if wanted.is_empty() || muted.is_some() {
                tokio::select! {
                    _ = bell.changed() => {}
                    _ = metadata.changed() => {}
                    () = sleep_until_some(muted.or(retry)) => {}
                }
                continue;
            }
            match self.fetch(&picture, wanted).await {
                Ok(()) => self.works(),
                Err(error) => self.broke(error).await,
            }
        }
    }

    async fn fetch(&mut self, picture: &Metadata, wanted: Vec<Wanted>) -> Result<(), Error> {
        let connection = self.connect().await?;
        let version = connection.version_of::<FetchRequest>()?;
        let by_id = version >= FIRST_BY_ID;
        let places = wanted.iter().map(|one| place(picture, one, version));
        let places: Vec<_> = places.collect();
        let config = &self.shared.config;
        let max_bytes = wire_size(config.max_partition_fetch_bytes);
        let asked = self.session.next(&places, max_bytes);
        let request = FetchRequest {
            max_wait_ms: wire_ms(config.fetch_max_wait),
            min_bytes: wire_size(config.fetch_min_bytes),
            max_bytes: wire_size(config.fetch_max_bytes),
            isolation_level: config.isolation.level(),
            session_id: asked.session_id,
            session_epoch: asked.session_epoch,
            topics: asked.topics,
            forgotten_topics_data: asked.forgotten,
            rack_id: config.client_rack.clone().unwrap_or_default(),
            ..Default::default()
        };
        let timeout = self.shared.cluster.config().request_timeout;
        let patience = timeout.saturating_add(config.fetch_max_wait);
        let answer = connection.send(&request, patience).await?.await?;
        self.session.answered(answer.error_code, answer.session_id);
        answer.error_code.check().map_err(|code| Error::Refused {
            api: FetchRequest::name(),
            subject: connection.broker().to_string(),
            code,
            message: None,
        })?;
        let keys = places.iter().map(|(key, _)| answer_key(key, by_id));
        let throttled = u64::try_from(answer.throttle_time_ms).unwrap_or(0);
        self.muted_until = Some(Instant::now() + Duration::from_millis(throttled));
        self.take(answer, keys.zip(wanted).collect());
        Ok(())
    }

    async fn connect(&mut self) -> Result<Arc<Connection>, Error> {
        if let Some(connection) = self.connection.as_ref().filter(|open| open.stands()) {
            return Ok(connection.clone());
        }
        self.session.reset();
        let connection = self
            .shared
            .cluster
            .private(self.node, &self.shared.stop)
            .await?;
        Ok(self.connection.insert(connection).clone())
    }

    /// Puts what came into the state. Checksums are computed before the lock is taken.
    fn take(&self, answer: FetchResponse, mut asked: HashMap<AnswerKey, Wanted>) {
        let number = self.shared.number_answer();
        let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
        let records = partitions.filter_map(|data| data.records.as_ref());
        let bytes = records.map(Bytes::len).sum();
        let mut outcomes = Vec::new();
        for topic in answer.responses {
            for data in topic.partitions {
                let key = (topic.topic_id, topic.topic.clone(), data.partition_index);
                // What was not asked for, or comes twice, is left alone.
                if let Some(wanted) = asked.remove(&key) {
                    let mut outcome = self.outcome(&wanted, number, data, &answer.node_endpoints);
                    if let Outcome::Chunk(chunk) | Outcome::Elsewhere(_, chunk) = &mut outcome {
                        chunk.answer_bytes = bytes;
                    }
                    outcomes.push((wanted, outcome));
                }
            }
        }
        self.shared.with(|state| {
            for (wanted, outcome) in outcomes {
                self.settle(state, number, &wanted, outcome);
            }
            // Within a session a partition without news is not mentioned.
            for wanted in asked.into_values() {
                let place = Position {
                    offset: wanted.offset,
                    leader_epoch: wanted.leader_epoch,
                };
                let ends = Ends::UNKNOWN;
                state.positions.fetched(&wanted, ends, Some(place));
            }
        });
    }

    fn settle(&self, state: &mut State, number: u64, wanted: &Wanted, outcome: Outcome) {
        let now = Instant::now();
        match outcome {
            Outcome::Chunk(chunk) => state.fetched(self.node, wanted, chunk),
            Outcome::Elsewhere(node, chunk) => {
                let age = self.shared.cluster.config().metadata_max_age;
                state.fetched(self.node, wanted, chunk);
                state.prefer(wanted, node, after(age));
            }
            Outcome::OutOfRange => state.out_of_range(self.node, wanted, number, now),
            Outcome::Diverged(end) => state.diverged(wanted, end),
            Outcome::Refused(code) => {
                state
                    .positions
                    .give_up_replica(&wanted.partition, self.node);
                let error = refused(FetchRequest::name(), &wanted.partition, code);
                state.failed(&wanted.partition, wanted.generation, error, now);
            }
            Outcome::Moved => {}
        }
    }

    fn outcome(
        &self,
        wanted: &Wanted,
        answer: u64,
        data: PartitionData,
        endpoints: &[NodeEndpoint],
    ) -> Outcome {
        match data.error_code {
            ErrorCode::NONE if data.diverging_epoch.epoch >= 0 => {
                let end = &data.diverging_epoch;
                Outcome::Diverged(Position::told(end.end_offset, end.epoch))
            }
            ErrorCode::NONE => {
                let check = if self.shared.config.check_crcs {
                    CrcCheck::Verify
                } else {
                    CrcCheck::Skip
                };
                let preferred = data.preferred_read_replica;
                let chunk = Chunk::read(wanted, answer, data, check);
                if preferred < 0 || preferred == self.node {
                    Outcome::Chunk(chunk)
                } else {
                    Outcome::Elsewhere(preferred, chunk)
                }
            }
            ErrorCode::OFFSET_OUT_OF_RANGE => Outcome::OutOfRange,
            code => {
                if self.moved(&wanted.partition, &data, endpoints) {
                    return Outcome::Moved;
                }
                if code.is_stale_metadata() {
                    self.shared.cluster.refresh();
                }
                Outcome::Refused(code)
            }
        }
    }

    /// Whether the refusal names a new leader, which is used at once (KIP-951).
    fn moved(
        &self,
        partition: &TopicPartition,
        data: &PartitionData,
        endpoints: &[NodeEndpoint],
    ) -> bool {
        let told = &data.current_leader;
        if told.leader_id < 0 {
            return false;
        }
        let endpoint = endpoints.iter().find(|one| one.node_id == told.leader_id);
        let endpoint = endpoint.map(|one| (one.node_id, address(&one.host, one.port)));
        let new = Partition {
            leader: Some(told.leader_id),
            leader_epoch: told.leader_epoch,
        };
        let cluster = &self.shared.cluster;
        cluster.hint_leader(
            &partition.topic,
            partition.partition,
            new,
            endpoint.as_ref(),
        );
        let now = cluster.metadata();
        leader(&now, partition)
            .is_some_and(|leader| leader != self.node && now.brokers.contains_key(&leader))
    }

    fn works(&mut self) {
        self.lost_session = false;
        self.backoff.reset();
        self.patience.reset();
    }

    async fn broke(&mut self, error: Error) {
        let is_session = error.code().is_some_and(is_session_error);
        if is_session && !self.lost_session {
            // Brokers have room for so many sessions: this one made way, and the next fetch begins another.
            self.lost_session = true;
            return;
        }
        if !is_session {
            self.connection = None;
            self.session.reset();
            self.shared.cluster.refresh();
            self.shared.with(|state| state.give_up_replicas(self.node));
        }
        tracing::debug!(node = self.node, error = %crate::error::chain(&error), "fetch failed");
        if self.patience.failed(&error, Instant::now()) {
            self.shared.with(|state| state.error(error));
        }
        sleep(self.backoff.failed()).await;
    }
}

/// Topic by id or by name, and partition: how an answer names a partition.
type AnswerKey = (Uuid, String, i32);

fn answer_key(key: &Key, by_id: bool) -> AnswerKey {
    if by_id {
        (key.topic_id, String::new(), key.partition)
    } else {
        (Uuid::ZERO, key.topic.to_string(), key.partition)
    }
}

fn place(picture: &Metadata, wanted: &Wanted, version: i16) -> (Key, Place) {
    let name = &wanted.partition;
    let known = picture.partition(&name.topic, name.partition);
    let key = Key {
        topic: name.topic.clone(),
        topic_id: picture
            .topic(&name.topic)
            .map_or(Uuid::ZERO, |topic| topic.id),
        partition: name.partition,
    };
    let place = Place {
        offset: wanted.offset,
        leader_epoch: known.map_or(-1, |known| known.leader_epoch),
        last_fetched_epoch: wanted
            .leader_epoch
            .filter(|_| version >= FIRST_WITH_EPOCHS)
            .unwrap_or(-1),
    };
    (key, place)
}

/// Who leads a partition, and since when; `None` during an election, or if it is not known.
pub(super) fn leadership(picture: &Metadata, partition: &TopicPartition) -> Option<Leader> {
    let topic = picture.topic(&partition.topic)?;
    let known = picture.partition(&partition.topic, partition.partition)?;
    Some(Leader {
        node: known.leader?,
        epoch: known.leader_epoch,
        topic_id: topic.id,
    })
}

/// Who leads a partition; `None` during an election, or if it is not known.
pub(super) fn leader(picture: &Metadata, partition: &TopicPartition) -> Option<i32> {
    picture
        .partition(&partition.topic, partition.partition)?
        .leader
}

fn is_session_error(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            | ErrorCode::INVALID_FETCH_SESSION_EPOCH
            | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
    )
}

/// First version of the request that names topics by id (KIP-516).
const FIRST_BY_ID: i16 = 13;
/// First version of the request that tells the leader epoch of the last record read (KIP-595).
const FIRST_WITH_EPOCHS: i16 = 12;

//! `Produce`: appends batches.
//!
//! The checks and their error codes are those of Kafka's `UnifiedLog`, after those of `validation.rs`. A batch with an error changes nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use kafka_wire::ErrorCode;
use kafka_wire::messages::produce::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use kafka_wire::records::{BatchHeader, TimestampType};

use super::Context;
use super::validation::{Refusal, validated};
use crate::embedded::log::Stamp;
use crate::embedded::partition::{NotHere, PartitionState, Role};
use crate::embedded::producers::Verdict;
use crate::embedded::topics::Topic;
use crate::embedded::transaction::{Participant, Writer};
use crate::embedded::transactions::Table;

pub(super) fn answer(context: &Context<'_>, request: ProduceRequest) -> ProduceResponse {
    let mut write = Write {
        context,
        acks: request.acks,
        transactional_id: request.transactional_id,
        up: context.cluster.up(),
        endpoints: Vec::new(),
    };
    let topics = request.topic_data.into_iter();
    let responses = topics.map(|topic| write.topic(topic)).collect();
    ProduceResponse {
        responses,
        node_endpoints: write.endpoints,
        ..ProduceResponse::default()
    }
}

/// The first error of an answer, for a producer that gets none.
pub(super) fn first_error(response: &ProduceResponse) -> Option<ErrorCode> {
    let topics = response.responses.iter();
    let mut codes =
        topics.flat_map(|topic| topic.partition_responses.iter().map(|it| it.error_code));
    codes.find(|code| !code.is_ok())
}

/// One request in the works.
struct Write<'a> {
    context: &'a Context<'a>,
    acks: i16,
    transactional_id: Option<String>,
    /// The nodes that count as in sync.
    up: Vec<i32>,
    /// Where the leaders are that the answer names.
    endpoints: Vec<NodeEndpoint>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy)]
struct Appended {
    base_offset: i64,
    /// -1 if the producer's timestamps count.
    append_time: i64,
    log_start_offset: i64,
}

impl Write<'_> {
    fn topic(&mut self, data: TopicProduceData) -> TopicProduceResponse {
        let by_id = self.context.version >= 13;
        let (topic, unknown) = {
            let topics = self.context.cluster.topics();
            if by_id {
                (
                    topics.with_id(data.topic_id).cloned(),
                    ErrorCode::UNKNOWN_TOPIC_ID,
                )
            } else {
                let topic = topics.named(&data.name).cloned();
                (topic, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
            }
        };
        let partitions = data.partition_data.into_iter();
        let responses = partitions.map(|partition| {
            let index = partition.index;
            let appended = match &topic {
                Some(topic) => self.partition(topic, partition),
                None => Err(unknown.into()),
            };
            self.response(index, appended)
        });
        let partition_responses = responses.collect();
        TopicProduceResponse {
            name: data.name,
            topic_id: data.topic_id,
            partition_responses,
        }
    }

    fn response(
        &mut self,
        index: i32,
        appended: Result<Appended, Refusal>,
    ) -> PartitionProduceResponse {
        match appended {
            Ok(appended) => PartitionProduceResponse {
                index,
                base_offset: appended.base_offset,
                log_append_time_ms: appended.append_time,
                log_start_offset: appended.log_start_offset,
                ..PartitionProduceResponse::default()
            },
            Err(refusal) => PartitionProduceResponse {
                index,
                error_code: refusal.code,
                base_offset: -1,
                error_message: refusal.message,
                record_errors: refusal.records,
                current_leader: self.hint(refusal.leader),
                ..PartitionProduceResponse::default()
            },
        }
    }

    /// Since version 10 a producer is told who leads instead (KIP-951).
    fn hint(&mut self, elsewhere: Option<NotHere>) -> LeaderIdAndEpoch {
        let Some(elsewhere) = elsewhere.filter(|it| {
            self.context.version >= 10 && it.code == ErrorCode::NOT_LEADER_OR_FOLLOWER
        }) else {
            return LeaderIdAndEpoch::default();
        };
        let leader_id = elsewhere.leader.unwrap_or(-1);
        if let Some(address) = self.context.cluster.endpoint(leader_id) {
            self.name(leader_id, address);
        }
        LeaderIdAndEpoch {
            leader_id,
            leader_epoch: elsewhere.leader_epoch,
        }
    }

    fn name(&mut self, node_id: i32, address: SocketAddr) {
        if self.endpoints.iter().any(|it| it.node_id == node_id) {
            return;
        }
        self.endpoints.push(NodeEndpoint {
            node_id,
            host: address.ip().to_string(),
            port: address.port().into(),
            ..NodeEndpoint::default()
        });
    }

    fn partition(&self, topic: &Topic, data: PartitionProduceData) -> Result<Appended, Refusal> {
        if !(-1..=1).contains(&self.acks) {
            return Err(ErrorCode::INVALID_REQUIRED_ACKS.into());
        }
        let partition = topic
            .partition(data.index)
            .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let records = data.records.unwrap_or_default();
        let (batch, latest) = validated(self.context, topic, &records)?;
        let header = batch.header();

        // Nobody ends the transaction before the batch is in the log.
        let transactions = self.context.cluster.transactions();
        let is_transactional = header.attributes.is_transactional();
        let mut table = is_transactional.then(|| transactions.open());
        let mut state = partition.lock();
        state
            .check(self.context.node, -1, Role::Leader)
            .map_err(|elsewhere| Refusal {
                leader: Some(elsewhere),
                ..elsewhere.code.into()
            })?;
        let participant = Participant::Partition(topic.id, data.index);
        self.may_write(table.as_deref_mut(), participant, &state, header)?;
        self.check_replicas(topic, &state.replicas)?;
        let log_start_offset = state.log.start();
        match state.producers.check(header) {
            Verdict::Append => {}
            Verdict::Refuse(code) => return Err(code.into()),
            Verdict::Duplicate(written) => {
                return Ok(Appended {
                    base_offset: written.first_offset,
                    // Kafka says so even if the timestamp is the producer's.
                    append_time: written.timestamp,
                    log_start_offset,
                });
            }
        }
        self.reserve(batch.bytes())?;
        let append_time = self.append_time(topic);
        let leader_epoch = state.leader_epoch;
        let stamp = stamp(header, leader_epoch, append_time, latest);
        let base_offset = state.log.append(batch.bytes(), header, stamp);
        let timestamp = stamp
            .max_timestamp
            .map_or(latest, |(_, timestamp)| timestamp);
        state.producers.record(header, base_offset, timestamp);
        if is_transactional {
            let (id, epoch) = (header.producer_id, header.producer_epoch);
            state.stability.written(id, epoch, base_offset);
        }
        state.wake();
        Ok(Appended {
            base_offset,
            append_time,
            log_start_offset,
        })
    }

    /// Whether a batch fits the producer's transaction; `table` is there if the batch belongs to one.
    fn may_write(
        &self,
        table: Option<&mut Table>,
        participant: Participant,
        state: &PartitionState,
        header: &BatchHeader,
    ) -> Result<(), ErrorCode> {
        match table {
            Some(table) => self.join(table, participant, state, header),
            None if state.stability.has_open(header.producer_id) => {
                Err(ErrorCode::INVALID_TXN_STATE)
            }
            None => Ok(()),
        }
    }

    /// A batch of a transaction: since version 12 its partition joins it thereby, before it must have joined (KIP-890).
    fn join(
        &self,
        table: &mut Table,
        participant: Participant,
        state: &PartitionState,
        header: &BatchHeader,
    ) -> Result<(), ErrorCode> {
        let writer = Writer {
            id: header.producer_id,
            epoch: header.producer_epoch,
        };
        let id = self.transactional_id.as_deref();
        let id = id.ok_or(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)?;
        if state.stability.is_open(writer.id, writer.epoch) {
            return Ok(());
        }
        if self.context.version < FIRST_OF_V2 {
            let verified = table.known(id)?.verify(writer, participant);
            return verified.map_err(|code| self.understood(code));
        }
        let transactions = self.context.cluster.transactions();
        if transactions.node_of(id).is_none() {
            return Err(ErrorCode::NOT_ENOUGH_REPLICAS);
        }
        let added = transactions.add(table, id, writer, [participant]);
        added.map_err(|code| self.understood(code))?;
        if header.base_sequence != 0 && !state.producers.knows(writer.id) {
            return Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        }
        Ok(())
    }

    /// What the coordinator says, in the words that producers know.
    fn understood(&self, code: ErrorCode) -> ErrorCode {
        match code {
            ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
            ErrorCode::TRANSACTION_ABORTABLE if self.context.version < FIRST_WITH_ABORTABLE => {
                ErrorCode::INVALID_TXN_STATE
            }
            code => code,
        }
    }

    /// -1 if the producer's timestamps count.
    fn append_time(&self, topic: &Topic) -> i64 {
        if topic.settings.log_append_time {
            self.context.cluster.now_ms()
        } else {
            -1
        }
    }

    /// With `acks=all`, enough replicas must live.
    fn check_replicas(&self, topic: &Topic, replicas: &[i32]) -> Result<(), Refusal> {
        if self.acks != -1 {
            return Ok(());
        }
        let in_sync = replicas.iter().filter(|node| self.up.contains(node));
        let in_sync = in_sync.count();
        let needed = usize::try_from(topic.settings.min_insync_replicas).unwrap_or(0);
        if in_sync < needed.min(replicas.len()) {
            return Err(ErrorCode::NOT_ENOUGH_REPLICAS.into());
        }
        Ok(())
    }

    fn reserve(&self, batch: &Bytes) -> Result<(), Refusal> {
        let limit = self.context.cluster.config().storage_max_bytes;
        if self.context.cluster.meter().reserve(batch.len(), limit) {
            return Ok(());
        }
        Err(Refusal {
            message: Some(format!(
                "the embedded broker keeps at most {limit} bytes of records"
            )),
            ..ErrorCode::KAFKA_STORAGE_ERROR.into()
        })
    }
}

/// Timestamps are written in where the topic wants its own, or the producer's highest is not the highest.
fn stamp(header: &BatchHeader, leader_epoch: i32, append_time: i64, latest: i64) -> Stamp {
    let max_timestamp = if append_time >= 0 {
        Some((TimestampType::LogAppend, append_time))
    } else {
        let is_right = header.max_timestamp == latest
            && header.attributes.timestamp_type() == TimestampType::Create;
        (!is_right).then_some((TimestampType::Create, latest))
    };
    Stamp {
        leader_epoch,
        max_timestamp,
    }
}

/// The partition joins the transaction by itself from here on (KIP-890).
const FIRST_OF_V2: i16 = 12;
const FIRST_WITH_ABORTABLE: i16 = 11;

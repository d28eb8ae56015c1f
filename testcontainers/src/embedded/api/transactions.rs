//! A transaction as its coordinator is asked: who writes, where to, how it ends. The rules are in [`crate::embedded::transaction`].

use kafka_wire::ErrorCode;
use kafka_wire::messages::add_offsets_to_txn::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};
use kafka_wire::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult, AddPartitionsToTxnTopic, AddPartitionsToTxnTopicResult,
};
use kafka_wire::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use kafka_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

use super::Context;
use crate::embedded::stability::End;
use crate::embedded::transaction::{Init, Participant, Protocol, Writer};
use crate::embedded::transactions::timeout;

/// A new id for whoever has no transactional id; the next epoch for whoever has.
pub(super) fn init(
    context: &Context<'_>,
    request: &InitProducerIdRequest,
) -> InitProducerIdResponse {
    let ready = match request.transactional_id.as_deref() {
        None => Ok(Writer {
            id: context.cluster.next_producer_id(),
            epoch: 0,
        }),
        Some(id) => register(context, id, request),
    };
    let (error_code, writer) = match ready {
        Ok(writer) => (ErrorCode::NONE, writer),
        Err(code) => (fenced_before(context, 4, code), NOBODY),
    };
    InitProducerIdResponse {
        error_code,
        producer_id: writer.id,
        producer_epoch: writer.epoch,
        ..InitProducerIdResponse::default()
    }
}

fn register(
    context: &Context<'_>,
    id: &str,
    request: &InitProducerIdRequest,
) -> Result<Writer, ErrorCode> {
    let known = match (request.producer_id, request.producer_epoch) {
        (-1, -1) => None,
        (-1, _) | (_, -1) => return Err(ErrorCode::INVALID_REQUEST),
        (id, epoch) => Some(Writer { id, epoch }),
    };
    let cluster = context.cluster;
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let most = cluster.config().transaction_max_timeout;
    let timeout = timeout(request.transaction_timeout_ms, most)
        .ok_or(ErrorCode::INVALID_TRANSACTION_TIMEOUT)?;
    cluster.transactions().check(id, context.node)?;
    let fresh_id = || cluster.next_producer_id();
    let mut table = cluster.transactions().open();
    match table.entry(id, fresh_id).init(known, timeout, fresh_id)? {
        Init::Ready(writer) => Ok(writer),
        Init::Abort(ending) => {
            cluster.conclude(&ending);
            Err(ErrorCode::CONCURRENT_TRANSACTIONS)
        }
    }
}

pub(super) fn add_partitions(
    context: &Context<'_>,
    request: AddPartitionsToTxnRequest,
) -> AddPartitionsToTxnResponse {
    if context.version >= 4 {
        let transactions = request.transactions.into_iter();
        let results = transactions.map(|it| {
            let writer = Writer {
                id: it.producer_id,
                epoch: it.producer_epoch,
            };
            let adding = Adding {
                id: &it.transactional_id,
                writer,
                only_verify: it.verify_only,
            };
            AddPartitionsToTxnResult {
                topic_results: adding.add(context, &it.topics),
                transactional_id: it.transactional_id,
            }
        });
        return AddPartitionsToTxnResponse {
            results_by_transaction: results.collect(),
            ..AddPartitionsToTxnResponse::default()
        };
    }
    let adding = Adding {
        id: &request.v3_and_below_transactional_id,
        writer: Writer {
            id: request.v3_and_below_producer_id,
            epoch: request.v3_and_below_producer_epoch,
        },
        only_verify: false,
    };
    AddPartitionsToTxnResponse {
        results_by_topic_v3_and_below: adding.add(context, &request.v3_and_below_topics),
        ..AddPartitionsToTxnResponse::default()
    }
}

/// Partitions on their way into a transaction.
struct Adding<'a> {
    id: &'a str,
    writer: Writer,
    /// Whether they have to be in it already.
    only_verify: bool,
}

impl Adding<'_> {
    /// All of them, or none.
    fn add(
        &self,
        context: &Context<'_>,
        topics: &[AddPartitionsToTxnTopic],
    ) -> Vec<AddPartitionsToTxnTopicResult> {
        let pairs = topics.iter();
        let pairs =
            pairs.flat_map(|it| it.partitions.iter().map(|index| (it.name.as_str(), *index)));
        let known: Vec<_> = pairs
            .map(|(topic, index)| participant(context, topic, index))
            .collect();
        let outcomes: Vec<ErrorCode> = if known.iter().all(Result::is_ok) {
            let participants: Vec<_> = known.into_iter().flatten().collect();
            self.outcomes(context, &participants)
        } else {
            let codes = known.into_iter();
            codes
                .map(|it| it.err().unwrap_or(ErrorCode::OPERATION_NOT_ATTEMPTED))
                .collect()
        };
        let mut outcomes = outcomes.into_iter();
        let topics = topics.iter().map(|topic| {
            let partitions = topic.partitions.iter();
            let results = partitions.map(|index| AddPartitionsToTxnPartitionResult {
                partition_index: *index,
                partition_error_code: fenced_before(
                    context,
                    2,
                    outcomes.next().unwrap_or_default(),
                ),
            });
            AddPartitionsToTxnTopicResult {
                name: topic.name.clone(),
                results_by_partition: results.collect(),
            }
        });
        topics.collect()
    }

    fn outcomes(&self, context: &Context<'_>, participants: &[Participant]) -> Vec<ErrorCode> {
        let transactions = context.cluster.transactions();
        let mut table = transactions.open();
        let code = |outcome: Result<(), ErrorCode>| outcome.err().unwrap_or_default();
        let checked = transactions.check(self.id, context.node);
        if self.only_verify {
            let verify = participants.iter().map(|participant| {
                checked?;
                table.known(self.id)?.verify(self.writer, *participant)
            });
            return verify.map(code).collect();
        }
        let added = checked.and_then(|()| {
            let participants = participants.iter().copied();
            transactions.add(&mut table, self.id, self.writer, participants)
        });
        vec![code(added); participants.len()]
    }
}

fn participant(context: &Context<'_>, topic: &str, index: i32) -> Result<Participant, ErrorCode> {
    let topics = context.cluster.topics();
    let topic = topics.named(topic);
    topic
        .filter(|topic| topic.partition(index).is_some())
        .map(|topic| Participant::Partition(topic.id, index))
        .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

pub(super) fn add_offsets(
    context: &Context<'_>,
    request: &AddOffsetsToTxnRequest,
) -> AddOffsetsToTxnResponse {
    let transactions = context.cluster.transactions();
    let id = &request.transactional_id;
    let writer = Writer {
        id: request.producer_id,
        epoch: request.producer_epoch,
    };
    let slot = context.cluster.coordinator().slot_of(&request.group_id);
    let added = transactions.check(id, context.node).and_then(|()| {
        let participants = [Participant::Offsets(slot)];
        let mut table = transactions.open();
        transactions.add(&mut table, id, writer, participants)
    });
    AddOffsetsToTxnResponse {
        error_code: fenced_before(context, 2, added.err().unwrap_or_default()),
        ..AddOffsetsToTxnResponse::default()
    }
}

pub(super) fn end(context: &Context<'_>, request: &EndTxnRequest) -> EndTxnResponse {
    match ended(context, request) {
        Ok(next) if context.version >= 5 => EndTxnResponse {
            producer_id: next.id,
            producer_epoch: next.epoch,
            ..EndTxnResponse::default()
        },
        Ok(_) => EndTxnResponse::default(),
        Err(code) => EndTxnResponse {
            error_code: fenced_before(context, 2, code),
            ..EndTxnResponse::default()
        },
    }
}

fn ended(context: &Context<'_>, request: &EndTxnRequest) -> Result<Writer, ErrorCode> {
    let cluster = context.cluster;
    let id = &request.transactional_id;
    cluster.transactions().check(id, context.node)?;
    let writer = Writer {
        id: request.producer_id,
        epoch: request.producer_epoch,
    };
    let end = if request.committed {
        End::Commit
    } else {
        End::Abort
    };
    let protocol = if context.version >= 5 {
        Protocol::V2
    } else {
        Protocol::V1
    };
    let mut table = cluster.transactions().open();
    let fresh_id = || cluster.next_producer_id();
    let (next, ending) = table.known(id)?.end(writer, end, protocol, fresh_id)?;
    if let Some(ending) = ending {
        cluster.conclude(&ending);
    }
    Ok(next)
}

/// Clients of versions before `first` do not know `PRODUCER_FENCED` (KIP-588).
fn fenced_before(context: &Context<'_>, first: i16, code: ErrorCode) -> ErrorCode {
    if code == ErrorCode::PRODUCER_FENCED && context.version < first {
        return ErrorCode::INVALID_PRODUCER_EPOCH;
    }
    code
}

/// Where there is no producer to name.
const NOBODY: Writer = Writer { id: -1, epoch: -1 };

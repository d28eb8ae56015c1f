//! `TxnOffsetCommit`: where a group goes on once a transaction is committed.

use kafka_wire::ErrorCode;
use kafka_wire::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};

use super::Context;
use crate::embedded::coordinator::{Committed, Missing};
use crate::embedded::group::Identity;
use crate::embedded::topics::Topic;
use crate::embedded::transaction::{Participant, Writer};
use crate::embedded::transactions::Table;

pub(super) fn commit(
    context: &Context<'_>,
    mut request: TxnOffsetCommitRequest,
) -> TxnOffsetCommitResponse {
    let topics = std::mem::take(&mut request.topics);
    // Nobody ends the transaction meanwhile.
    let mut table = context.cluster.transactions().open();
    let has_known = topics.iter().any(|topic| {
        let known = context.cluster.topics().named(&topic.name).cloned();
        let mut partitions = topic.partitions.iter();
        known
            .is_some_and(|known| partitions.any(|it| known.partition(it.partition_index).is_some()))
    });
    let refused = if has_known {
        may_commit(context, &mut table, &request).err()
    } else {
        None
    };
    let topics = topics.into_iter().map(|asked| {
        let topic = context.cluster.topics().named(&asked.name).cloned();
        let partitions = asked.partitions.into_iter().map(|partition| {
            let partition_index = partition.partition_index;
            let outcome = match &topic {
                Some(topic) if topic.partition(partition_index).is_some() => {
                    refused.map_or_else(|| remember(context, &request, topic, partition), Err)
                }
                _ => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            };
            TxnOffsetCommitResponsePartition {
                partition_index,
                error_code: outcome.err().unwrap_or_default(),
            }
        });
        TxnOffsetCommitResponseTopic {
            partitions: partitions.collect(),
            name: asked.name,
        }
    });
    TxnOffsetCommitResponse {
        topics: topics.collect(),
        ..TxnOffsetCommitResponse::default()
    }
}

/// First the transaction has to be right, then the member.
fn may_commit(
    context: &Context<'_>,
    table: &mut Table,
    request: &TxnOffsetCommitRequest,
) -> Result<(), ErrorCode> {
    let coordinator = context.cluster.coordinator();
    coordinator.check(&request.group_id, context.node)?;
    let participant = Participant::Offsets(coordinator.slot_of(&request.group_id));
    let writer = Writer {
        id: request.producer_id,
        epoch: request.producer_epoch,
    };
    let id = &request.transactional_id;
    let joined = if context.version >= FIRST_OF_V2 {
        let transactions = context.cluster.transactions();
        transactions.add(table, id, writer, [participant])
    } else {
        let transaction = table.known(id);
        transaction.and_then(|it| it.verify(writer, participant))
    };
    joined.map_err(|code| understood(context, code))?;
    let who = Identity {
        member: &request.member_id,
        instance: request.group_instance_id.as_deref(),
        generation: request.generation_id,
    };
    let allowed = coordinator.with(&request.group_id, Missing::Leave, |entry| {
        let Some(modern) = &entry.modern else {
            return entry.group.commit_in_transaction(who);
        };
        if who.generation < 0 && who.member.is_empty() && who.instance.is_none() {
            return Ok(());
        }
        let allowed = if who.generation < 0 {
            modern.commits(who.member, who.generation)
        } else {
            modern.knows(who.member, who.generation)
        };
        allowed.map_err(|code| match code {
            // The request is older than epochs of members.
            ErrorCode::STALE_MEMBER_EPOCH => ErrorCode::ILLEGAL_GENERATION,
            code => code,
        })
    });
    match allowed {
        Some(allowed) => allowed,
        // A consumer without a group protocol makes its group by committing.
        None if who.generation < 0 => Ok(()),
        None => Err(ErrorCode::ILLEGAL_GENERATION),
    }
}

/// What the transaction's coordinator says, in the words of the group's.
fn understood(context: &Context<'_>, code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::TRANSACTION_ABORTABLE if context.version < FIRST_WITH_ABORTABLE => {
            ErrorCode::INVALID_TXN_STATE
        }
        code => code,
    }
}

fn remember(
    context: &Context<'_>,
    request: &TxnOffsetCommitRequest,
    topic: &Topic,
    asked: TxnOffsetCommitRequestPartition,
) -> Result<(), ErrorCode> {
    let config = context.cluster.config();
    let metadata = asked.committed_metadata.unwrap_or_default();
    if metadata.len() > config.offset_metadata_max_bytes {
        return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
    }
    let missing = Missing::Create {
        initial_delay: config.initial_rebalance_delay,
    };
    let committed = Committed {
        offset: asked.committed_offset,
        leader_epoch: asked.committed_leader_epoch,
        metadata,
    };
    let key = (topic.id, asked.partition_index);
    let coordinator = context.cluster.coordinator();
    coordinator.with(&request.group_id, missing, |entry| {
        let pending = entry.pending.entry(request.producer_id).or_default();
        pending.insert(key, committed);
    });
    Ok(())
}

/// The group joins the transaction by itself from here on (KIP-890).
const FIRST_OF_V2: i16 = 5;
const FIRST_WITH_ABORTABLE: i16 = 4;

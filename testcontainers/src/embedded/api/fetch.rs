//! `Fetch`: reads batches, and waits for them.

mod asked;

use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::fetch::{
    AbortedTransaction, EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse,
    LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use tokio::time::{Instant, timeout_at};

use super::Context;
use crate::embedded::epochs::EpochEnd;
use crate::embedded::fetch_session::{Key, Outcome, Plan, Position};
use crate::embedded::log::{Oversize, Read};
use crate::embedded::partition::{NotHere, PartitionState, Role};
use crate::embedded::topics::Topic;
use asked::asked;

pub(super) async fn answer(context: &Context<'_>, request: FetchRequest) -> FetchResponse {
    let fetch = Fetch::new(context, &request);
    let deadline = Instant::now() + millis(request.max_wait_ms);
    let Ok(node) = context.cluster.node(context.node) else {
        return failed(ErrorCode::UNKNOWN_SERVER_ERROR);
    };
    let opened = node
        .sessions()
        .open(asked(context, request), Instant::now());
    let plan = match opened {
        Ok(plan) => plan,
        Err(code) => return failed(code),
    };
    let mut found = fetch.read(&plan);
    while !fetch.is_enough(&found) {
        // A permit that was left from before only makes us look once more.
        if timeout_at(deadline, context.waiter.notified())
            .await
            .is_err()
        {
            found = fetch.read(&plan);
            break;
        }
        found = fetch.read(&plan);
    }
    let outcomes: Vec<Outcome> = found.iter().map(Found::outcome).collect();
    let (session_id, named) = node.sessions().close(&plan, &outcomes);
    let named = named.into_iter().zip(plan.partitions).zip(found);
    let named = named.filter_map(|((is_named, (key, _)), found)| is_named.then_some((key, found)));
    response(context, session_id, named)
}

/// What all partitions of a request have in common.
struct Fetch<'a> {
    context: &'a Context<'a>,
    min_bytes: usize,
    max_bytes: usize,
    /// The limit of the answer is below zero.
    is_negative: bool,
    max_wait: Duration,
    isolation: Isolation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isolation {
    ReadUncommitted,
    ReadCommitted,
}

/// What was read of one partition.
struct Found {
    code: ErrorCode,
    /// Who leads, if that is the error.
    leader: Option<NotHere>,
    high_watermark: i64,
    last_stable_offset: i64,
    log_start_offset: i64,
    /// Whose records do not count, as far as committed ones are asked for.
    aborted: Vec<AbortedTransaction>,
    diverging: Option<EpochEnd>,
    read: Read,
    isolation: Isolation,
}

impl<'a> Fetch<'a> {
    fn new(context: &'a Context<'a>, request: &FetchRequest) -> Self {
        let most = context.cluster.config().fetch_max_bytes;
        let max_bytes = size(request.max_bytes).min(most);
        Self {
            context,
            min_bytes: size(request.min_bytes).min(max_bytes),
            max_bytes,
            is_negative: request.max_bytes < 0,
            max_wait: millis(request.max_wait_ms),
            isolation: match request.isolation_level {
                0 => Isolation::ReadUncommitted,
                _ => Isolation::ReadCommitted,
            },
        }
    }

    /// Whether there is nothing to wait for.
    fn is_enough(&self, found: &[Found]) -> bool {
        let bytes: usize = found.iter().map(|it| it.read.len()).sum();
        let is_special = found.iter().any(|it| it.outcome().is_special);
        self.max_wait.is_zero() || found.is_empty() || is_special || bytes >= self.min_bytes
    }

    /// Reads every partition of the plan, until the bytes are used up; whoever is read is waited for.
    fn read(&self, plan: &Plan) -> Vec<Found> {
        let mut left = self.max_bytes;
        let mut is_empty = true;
        let mut all = Vec::with_capacity(plan.partitions.len());
        for (key, position) in &plan.partitions {
            // The first batch of an answer comes whole whatever its size.
            let oversize = if is_empty {
                Oversize::Whole
            } else {
                Oversize::Nothing
            };
            let limit = size(position.max_bytes).min(left);
            let found = self
                .checked(*position)
                .and_then(|()| self.partition(key, *position, limit, oversize))
                .unwrap_or_else(|elsewhere| self.nothing(elsewhere));
            is_empty &= found.read.len() == 0;
            left = left.saturating_sub(found.read.len());
            all.push(found);
        }
        all
    }

    /// Kafka does not expect limits below zero.
    fn checked(&self, position: Position) -> Result<(), NotHere> {
        if self.is_negative || position.max_bytes < 0 {
            return Err(unknown(ErrorCode::UNKNOWN_SERVER_ERROR));
        }
        Ok(())
    }

    fn partition(
        &self,
        key: &Key,
        position: Position,
        limit: usize,
        oversize: Oversize,
    ) -> Result<Found, NotHere> {
        let topic = self.topic(key).map_err(unknown)?;
        let partition = topic
            .partition(key.partition)
            .ok_or(unknown(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))?;
        let mut state = partition.lock();
        // Since version 11 a consumer may read from any replica (KIP-392).
        let role = if self.context.version >= 11 {
            Role::Replica
        } else {
            Role::Leader
        };
        state.check(self.context.node, position.leader_epoch, role)?;
        state.wait(self.context.waiter);
        Ok(self.state(&mut state, position, limit, oversize))
    }

    fn state(
        &self,
        state: &mut PartitionState,
        position: Position,
        limit: usize,
        oversize: Oversize,
    ) -> Found {
        let (start, end) = (state.log.start(), state.log.end());
        let mut found = Found {
            code: ErrorCode::NONE,
            leader: None,
            high_watermark: end,
            last_stable_offset: state.last_stable_offset(),
            log_start_offset: start,
            aborted: Vec::new(),
            diverging: None,
            read: Read::default(),
            isolation: self.isolation,
        };
        if position.last_fetched_epoch >= 0 {
            let known = state.log.epochs().end_of(position.last_fetched_epoch, end);
            if known == EpochEnd::UNKNOWN {
                return self.nothing(unknown(ErrorCode::OFFSET_OUT_OF_RANGE));
            }
            if known.epoch < position.last_fetched_epoch || known.end_offset < position.offset {
                found.diverging = Some(known);
                return found;
            }
        }
        if !(start..=end).contains(&position.offset) {
            return self.nothing(unknown(ErrorCode::OFFSET_OUT_OF_RANGE));
        }
        let readable = match self.isolation {
            Isolation::ReadUncommitted => position.offset..end,
            Isolation::ReadCommitted => position.offset..found.last_stable_offset,
        };
        if self.isolation == Isolation::ReadCommitted && !readable.is_empty() {
            found.aborted = aborted(state, position.offset);
        }
        found.read = state.log.read(readable, limit, oversize);
        found
    }

    fn topic(&self, key: &Key) -> Result<Arc<Topic>, ErrorCode> {
        let topics = self.context.cluster.topics();
        if key.topic_id.is_zero() {
            let topic = topics.named(&key.topic).cloned();
            return topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        topics
            .with_id(key.topic_id)
            .cloned()
            .ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
    }

    /// What is found where nothing can be read.
    fn nothing(&self, elsewhere: NotHere) -> Found {
        Found {
            code: elsewhere.code,
            leader: Some(elsewhere),
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            aborted: Vec::new(),
            diverging: None,
            read: Read::default(),
            isolation: self.isolation,
        }
    }
}

impl Found {
    fn outcome(&self) -> Outcome {
        Outcome {
            has_records: self.read.len() > 0,
            is_special: !self.code.is_ok() || self.diverging.is_some(),
            high_watermark: self.high_watermark,
            log_start_offset: self.log_start_offset,
        }
    }

    /// The leader to tell, where the version has a place for it (KIP-951).
    fn hint(&self, version: i16) -> Option<NotHere> {
        let tells = matches!(
            self.code,
            ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH
        );
        self.leader.filter(|_| tells && version >= 16)
    }

    fn into_data(self, partition_index: i32, version: i16) -> PartitionData {
        let hint = self.hint(version);
        // Where Kafka does not even look for the log it does not say null.
        let is_listed = match self.code {
            ErrorCode::NONE => self.isolation == Isolation::ReadCommitted,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID => true,
            _ => false,
        };
        PartitionData {
            partition_index,
            error_code: self.code,
            high_watermark: self.high_watermark,
            last_stable_offset: self.last_stable_offset,
            log_start_offset: self.log_start_offset,
            aborted_transactions: is_listed.then_some(self.aborted),
            records: Some(self.read.into_bytes()),
            diverging_epoch: self.diverging.map_or_else(EpochEndOffset::default, |end| {
                EpochEndOffset {
                    epoch: end.epoch,
                    end_offset: end.end_offset,
                }
            }),
            current_leader: hint.map_or_else(LeaderIdAndEpoch::default, |leader| {
                LeaderIdAndEpoch {
                    leader_id: leader.leader.unwrap_or(-1),
                    leader_epoch: leader.leader_epoch,
                }
            }),
            ..PartitionData::default()
        }
    }
}

/// The aborted transactions that a reader from `offset` on may meet.
fn aborted(state: &PartitionState, offset: i64) -> Vec<AbortedTransaction> {
    let aborted = state.stability.aborted_from(offset);
    aborted
        .map(|aborted| AbortedTransaction {
            producer_id: aborted.producer_id,
            first_offset: aborted.first_offset,
        })
        .collect()
}

/// The answer; partitions of a topic that follow each other are told together.
fn response(
    context: &Context<'_>,
    session_id: i32,
    named: impl Iterator<Item = (Key, Found)>,
) -> FetchResponse {
    let mut response = FetchResponse {
        session_id,
        ..FetchResponse::default()
    };
    for (key, found) in named {
        if let Some(leader) = found.hint(context.version).and_then(|hint| hint.leader) {
            name_node(context, leader, &mut response.node_endpoints);
        }
        let data = found.into_data(key.partition, context.version);
        match response.responses.last_mut() {
            Some(last) if *last.topic == *key.topic && last.topic_id == key.topic_id => {
                last.partitions.push(data);
            }
            _ => response.responses.push(FetchableTopicResponse {
                topic: key.topic.to_string(),
                topic_id: key.topic_id,
                partitions: vec![data],
            }),
        }
    }
    response
}

fn name_node(context: &Context<'_>, node_id: i32, endpoints: &mut Vec<NodeEndpoint>) {
    let Some(address) = context.cluster.endpoint(node_id) else {
        return;
    };
    if !endpoints.iter().any(|it| it.node_id == node_id) {
        endpoints.push(NodeEndpoint {
            node_id,
            host: address.ip().to_string(),
            port: address.port().into(),
            ..NodeEndpoint::default()
        });
    }
}

fn failed(error_code: ErrorCode) -> FetchResponse {
    FetchResponse {
        error_code,
        ..FetchResponse::default()
    }
}

fn unknown(code: ErrorCode) -> NotHere {
    NotHere {
        code,
        leader: None,
        leader_epoch: -1,
    }
}

fn size(bytes: i32) -> usize {
    usize::try_from(bytes).unwrap_or(0)
}

fn millis(duration: i32) -> Duration {
    Duration::from_millis(u64::try_from(duration).unwrap_or(0))
}

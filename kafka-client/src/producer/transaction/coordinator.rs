//! What a transactional producer asks of its coordinator, and of the group's for offsets.
//!
//! A question is asked again, of whoever coordinates by then, until its deadline; only refusals for good and the deadline come back.

use std::sync::Arc;
use std::time::Duration;

use kafka_wire::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use kafka_wire::messages::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use kafka_wire::messages::end_txn::EndTxnRequest;
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_wire::{ErrorCode, Request};
use tokio::time::{Instant, sleep, timeout_at};

use super::TransactionConfig;
use super::standing::Protocol;
use crate::cluster::Cluster;
use crate::cluster::coordinator::CoordinatorKind;
use crate::cluster::pool::Purpose;
use crate::error::Error;
use crate::group::metadata::GroupMetadata;
use crate::net::connection::Connection;
use crate::producer::config::ProducerConfig;
use crate::producer::sequence::Identity;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// The way to the coordinator of one transactional id. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Coordinator {
    cluster: Arc<Cluster>,
    config: Arc<ProducerConfig>,
    id: Arc<str>,
    timeout: Duration,
}

/// Whom a question goes to.
#[derive(Debug, Clone, Copy)]
struct Whom<'a> {
    kind: CoordinatorKind,
    key: &'a str,
}

impl Coordinator {
    /// The way to the coordinator of `transaction.id`.
    pub(crate) fn new(
        cluster: Arc<Cluster>,
        config: Arc<ProducerConfig>,
        transaction: &TransactionConfig,
    ) -> Self {
        Self {
            cluster,
            config,
            id: transaction.id.as_str().into(),
            timeout: transaction.timeout,
        }
    }

    /// Registers, or with `known` registers anew: fences whoever has the id, aborts what is left open and gives out an identity.
    pub(crate) async fn register(
        &self,
        known: Option<Identity>,
    ) -> Result<(Identity, Protocol), Error> {
        let request = InitProducerIdRequest {
            transactional_id: Some(self.id.to_string()),
            transaction_timeout_ms: i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX),
            producer_id: known.map_or(-1, |known| known.id),
            producer_epoch: known.map_or(-1, |known| known.epoch),
            ..Default::default()
        };
        let (answer, connection) = self
            .ask(self.own(), i16::MAX, &request, |answer| answer.error_code)
            .await?;
        let identity = Identity {
            id: answer.producer_id,
            epoch: answer.producer_epoch,
        };
        Ok((identity, protocol(&connection)))
    }

    /// Tells of partitions that will be written to (v1).
    pub(crate) async fn enlist(
        &self,
        identity: Identity,
        partitions: &[(Arc<str>, i32)],
    ) -> Result<(), Error> {
        let mut topics: Vec<AddPartitionsToTxnTopic> = Vec::new();
        for (topic, partition) in partitions {
            match topics.iter_mut().find(|known| *known.name == **topic) {
                Some(known) => known.partitions.push(*partition),
                None => topics.push(AddPartitionsToTxnTopic {
                    name: topic.to_string(),
                    partitions: vec![*partition],
                }),
            }
        }
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.id.to_string(),
            v3_and_below_producer_id: identity.id,
            v3_and_below_producer_epoch: identity.epoch,
            v3_and_below_topics: topics,
            ..Default::default()
        };
        let code = |answer: &<AddPartitionsToTxnRequest as Request>::Response| {
            let topics = answer.results_by_topic_v3_and_below.iter();
            worst(topics.flat_map(|topic| {
                let results = topic.results_by_partition.iter();
                results.map(|result| result.partition_error_code)
            }))
        };
        self.ask(self.own(), OF_CLIENTS, &request, code).await?;
        Ok(())
    }

    /// Makes offsets part of the transaction: they are committed with it, on behalf of a member of the group if there is one.
    pub(crate) async fn add_offsets(
        &self,
        identity: Identity,
        protocol: Protocol,
        offsets: &[(TopicPartition, i64)],
        group: &GroupMetadata,
    ) -> Result<(), Error> {
        if protocol == Protocol::V1 {
            let request = AddOffsetsToTxnRequest {
                transactional_id: self.id.to_string(),
                producer_id: identity.id,
                producer_epoch: identity.epoch,
                group_id: group.id.clone(),
            };
            self.ask(self.own(), i16::MAX, &request, |answer| answer.error_code)
                .await?;
        }
        let most = match protocol {
            Protocol::V1 => OFFSETS_BEFORE_V2,
            Protocol::V2 => i16::MAX,
        };
        let request = self.offsets_request(identity, offsets, group);
        let code = |answer: &<TxnOffsetCommitRequest as Request>::Response| {
            let topics = answer.topics.iter();
            worst(topics.flat_map(|topic| topic.partitions.iter().map(|it| it.error_code)))
        };
        let whom = Whom {
            kind: CoordinatorKind::Group,
            key: &group.id,
        };
        self.ask(whom, most, &request, code).await?;
        Ok(())
    }

    fn offsets_request(
        &self,
        identity: Identity,
        offsets: &[(TopicPartition, i64)],
        group: &GroupMetadata,
    ) -> TxnOffsetCommitRequest {
        let mut topics: Vec<TxnOffsetCommitRequestTopic> = Vec::new();
        for (place, offset) in offsets {
            let partition = TxnOffsetCommitRequestPartition {
                partition_index: place.partition,
                committed_offset: *offset,
                committed_metadata: Some(String::new()),
                ..Default::default()
            };
            match topics.iter_mut().find(|known| *known.name == *place.topic) {
                Some(known) => known.partitions.push(partition),
                None => topics.push(TxnOffsetCommitRequestTopic {
                    name: place.topic.to_string(),
                    partitions: vec![partition],
                }),
            }
        }
        TxnOffsetCommitRequest {
            transactional_id: self.id.to_string(),
            group_id: group.id.clone(),
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            generation_id: group.generation,
            member_id: group.member_id.clone(),
            group_instance_id: group.instance_id.clone(),
            topics,
        }
    }

    /// Ends the transaction. In v2 the answer brings the identity of the next one.
    pub(crate) async fn end(
        &self,
        identity: Identity,
        protocol: Protocol,
        committed: bool,
    ) -> Result<Identity, Error> {
        let request = EndTxnRequest {
            transactional_id: self.id.to_string(),
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            committed,
        };
        let most = match protocol {
            Protocol::V1 => END_BEFORE_V2,
            Protocol::V2 => i16::MAX,
        };
        let (answer, _) = self
            .ask(self.own(), most, &request, |answer| answer.error_code)
            .await?;
        if protocol == Protocol::V1 || answer.producer_id < 0 {
            return Ok(identity);
        }
        Ok(Identity {
            id: answer.producer_id,
            epoch: answer.producer_epoch,
        })
    }

    fn own(&self) -> Whom<'_> {
        Whom {
            kind: CoordinatorKind::Transaction,
            key: &self.id,
        }
    }

    async fn ask<R: Request>(
        &self,
        whom: Whom<'_>,
        most: i16,
        request: &R,
        code: impl Fn(&R::Response) -> ErrorCode,
    ) -> Result<(R::Response, Arc<Connection>), Error> {
        let deadline = Instant::now() + self.config.max_block;
        let mut backoff = Backoff::new(self.config.retry_backoff, self.config.retry_backoff_max);
        loop {
            let asked = timeout_at(deadline, self.ask_once(whom, most, request, &code)).await;
            let error = match asked {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => return Err(self.late::<R>(whom)),
            };
            if !error.is_retriable() {
                return Err(error);
            }
            if error.code() != Some(ErrorCode::CONCURRENT_TRANSACTIONS) {
                // Whoever it was, somebody else may be it now.
                self.cluster.forget_coordinator(whom.kind, whom.key);
            }
            let wait = backoff.failed();
            if Instant::now() + wait >= deadline {
                return Err(error);
            }
            sleep(wait).await;
        }
    }

    async fn ask_once<R: Request>(
        &self,
        whom: Whom<'_>,
        most: i16,
        request: &R,
        code: impl Fn(&R::Response) -> ErrorCode,
    ) -> Result<(R::Response, Arc<Connection>), Error> {
        let node = self.cluster.coordinator(whom.kind, whom.key).await?;
        let connection = self.cluster.broker(node, Purpose::Coordinator).await?;
        let version = connection.version_up_to::<R>(most)?;
        let answer = connection.call_in(request, version).await?;
        code(&answer).check().map_err(|code| Error::Refused {
            api: R::name(),
            subject: format!("transactional id {}", self.id),
            code,
            message: None,
        })?;
        Ok((answer, connection))
    }

    fn late<R: Request>(&self, whom: Whom<'_>) -> Error {
        Error::Timeout {
            api: R::name(),
            broker: format!("the coordinator of {}", whom.key).into(),
            after: self.config.max_block,
        }
    }
}

/// Transactions v2 need the cluster's word and this broker's versions.
fn protocol(connection: &Connection) -> Protocol {
    let ends_with_epoch = connection
        .version_of::<EndTxnRequest>()
        .is_ok_and(|version| version > END_BEFORE_V2);
    if ends_with_epoch && connection.feature("transaction.version") >= 2 {
        Protocol::V2
    } else {
        Protocol::V1
    }
}

/// One code for an answer with many: one that will not pass, else one that may, else success.
fn worst(codes: impl Iterator<Item = ErrorCode>) -> ErrorCode {
    let failed = codes.filter(|code| !code.is_ok());
    failed
        .max_by_key(|code| {
            (
                !code.is_retriable(),
                *code != ErrorCode::OPERATION_NOT_ATTEMPTED,
            )
        })
        .unwrap_or(ErrorCode::NONE)
}

/// Newer versions of `AddPartitionsToTxn` are for brokers.
const OF_CLIENTS: i16 = 3;
/// Newer versions of `EndTxn` are transactions v2.
const END_BEFORE_V2: i16 = 4;
/// Newer versions of `TxnOffsetCommit` are transactions v2.
const OFFSETS_BEFORE_V2: i16 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_many_codes_decides() {
        let of = |codes: &[ErrorCode]| worst(codes.iter().copied());
        assert_eq!(of(&[ErrorCode::NONE]), ErrorCode::NONE);
        assert_eq!(
            of(&[
                ErrorCode::NONE,
                ErrorCode::OPERATION_NOT_ATTEMPTED,
                ErrorCode::TOPIC_AUTHORIZATION_FAILED,
                ErrorCode::CONCURRENT_TRANSACTIONS,
            ]),
            ErrorCode::TOPIC_AUTHORIZATION_FAILED
        );
    }
}

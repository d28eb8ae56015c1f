//! Which APIs the embedded broker offers, and who answers them.
//!
//! A handler gets a request as a structure and gives the answer as one: bytes are read and written here. What cannot be answered at all
//! ends the connection, as in Kafka.

mod consumer_groups;
mod coordination;
mod fetch;
mod groups;
mod metadata;
mod offsets;
mod positions;
mod produce;
mod topics;
mod transactional_offsets;
mod transactions;
mod validation;
mod versions;

use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use kafka_wire::messages::add_partitions_to_txn::AddPartitionsToTxnRequest;
use kafka_wire::messages::api_versions::ApiVersionsRequest;
use kafka_wire::messages::consumer_group_describe::ConsumerGroupDescribeRequest;
use kafka_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use kafka_wire::messages::create_topics::CreateTopicsRequest;
use kafka_wire::messages::delete_topics::DeleteTopicsRequest;
use kafka_wire::messages::describe_groups::DescribeGroupsRequest;
use kafka_wire::messages::end_txn::EndTxnRequest;
use kafka_wire::messages::fetch::FetchRequest;
use kafka_wire::messages::find_coordinator::FindCoordinatorRequest;
use kafka_wire::messages::heartbeat::HeartbeatRequest;
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::join_group::JoinGroupRequest;
use kafka_wire::messages::leave_group::LeaveGroupRequest;
use kafka_wire::messages::list_groups::ListGroupsRequest;
use kafka_wire::messages::list_offsets::ListOffsetsRequest;
use kafka_wire::messages::metadata::MetadataRequest;
use kafka_wire::messages::offset_commit::OffsetCommitRequest;
use kafka_wire::messages::offset_fetch::OffsetFetchRequest;
use kafka_wire::messages::offset_for_leader_epoch::OffsetForLeaderEpochRequest;
use kafka_wire::messages::produce::ProduceRequest;
use kafka_wire::messages::sync_group::SyncGroupRequest;
use kafka_wire::messages::txn_offset_commit::TxnOffsetCommitRequest;
use kafka_wire::{
    ApiKey, DecodeError, EncodeError, ErrorCode, Frame, Request, RequestHeader, decode_request,
    encode_response,
};
use tokio::sync::Notify;

use super::cluster::Cluster;

/// Who asks whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) cluster: &'a Arc<Cluster>,
    /// The node that was asked.
    pub(super) node: i32,
    /// Version of the request.
    pub(super) version: i16,
    /// Empty if the client does not say.
    pub(super) client_id: &'a str,
    /// Notified when something happens that a request of this connection waits for.
    pub(super) waiter: &'a Arc<Notify>,
}

/// Why a request gets no answer but the end of its connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("the API or its version is not offered")]
    NotOffered,
    #[error("{0}")]
    Malformed(#[from] DecodeError),
    /// The producer wants no answer, so that this is the only way to tell.
    #[error("a write with acks=0 failed: {0}")]
    WriteFailed(ErrorCode),
    /// The version has no place for what is to be said.
    #[error("{0}")]
    Unspeakable(#[from] EncodeError),
}

/// The answer to a request; `None` if it wants none.
pub(super) async fn answer(
    context: &Context<'_>,
    header: &RequestHeader,
    body: &Bytes,
) -> Result<Option<Frame>, Unanswered> {
    let call = Call {
        context,
        correlation_id: header.correlation_id,
        body,
    };
    match ApiKey(header.request_api_key) {
        ApiKey::PRODUCE => return call.produce(),
        ApiKey::FETCH => call.reply::<FetchRequest>(&fetch::answer(context, call.read()?).await),
        ApiKey::LIST_OFFSETS => call.with::<ListOffsetsRequest>(positions::list),
        ApiKey::METADATA => call.with::<MetadataRequest>(metadata::answer),
        ApiKey::OFFSET_COMMIT => call.with::<OffsetCommitRequest>(offsets::commit),
        ApiKey::OFFSET_FETCH => call.with::<OffsetFetchRequest>(offsets::fetch),
        ApiKey::FIND_COORDINATOR => call.with::<FindCoordinatorRequest>(coordination::find),
        ApiKey::JOIN_GROUP => {
            call.reply::<JoinGroupRequest>(&groups::join(context, call.read()?).await)
        }
        ApiKey::HEARTBEAT => {
            call.with::<HeartbeatRequest>(|context, request| groups::heartbeat(context, &request))
        }
        ApiKey::LEAVE_GROUP => {
            call.with::<LeaveGroupRequest>(|context, request| groups::leave(context, &request))
        }
        ApiKey::SYNC_GROUP => {
            call.reply::<SyncGroupRequest>(&groups::sync(context, call.read()?).await)
        }
        ApiKey::DESCRIBE_GROUPS => call.with::<DescribeGroupsRequest>(coordination::describe),
        ApiKey::LIST_GROUPS => {
            call.with::<ListGroupsRequest>(|context, request| coordination::list(context, &request))
        }
        ApiKey::API_VERSIONS => call.versions(),
        ApiKey::CREATE_TOPICS => call.with::<CreateTopicsRequest>(topics::create),
        ApiKey::DELETE_TOPICS => call.with::<DeleteTopicsRequest>(topics::delete),
        ApiKey::OFFSET_FOR_LEADER_EPOCH => {
            call.with::<OffsetForLeaderEpochRequest>(positions::epoch_ends)
        }
        ApiKey::CONSUMER_GROUP_HEARTBEAT => {
            call.with::<ConsumerGroupHeartbeatRequest>(consumer_groups::heartbeat)
        }
        ApiKey::CONSUMER_GROUP_DESCRIBE => {
            call.with::<ConsumerGroupDescribeRequest>(consumer_groups::describe)
        }
        key => call.in_transaction(key),
    }
    .map(Some)
}

/// The APIs that [`answer`] knows.
pub(super) const OFFERED: [ApiKey; 24] = [
    ApiKey::PRODUCE,
    ApiKey::FETCH,
    ApiKey::LIST_OFFSETS,
    ApiKey::METADATA,
    ApiKey::OFFSET_COMMIT,
    ApiKey::OFFSET_FETCH,
    ApiKey::FIND_COORDINATOR,
    ApiKey::JOIN_GROUP,
    ApiKey::HEARTBEAT,
    ApiKey::LEAVE_GROUP,
    ApiKey::SYNC_GROUP,
    ApiKey::DESCRIBE_GROUPS,
    ApiKey::LIST_GROUPS,
    ApiKey::API_VERSIONS,
    ApiKey::CREATE_TOPICS,
    ApiKey::DELETE_TOPICS,
    ApiKey::INIT_PRODUCER_ID,
    ApiKey::OFFSET_FOR_LEADER_EPOCH,
    ApiKey::ADD_PARTITIONS_TO_TXN,
    ApiKey::ADD_OFFSETS_TO_TXN,
    ApiKey::END_TXN,
    ApiKey::TXN_OFFSET_COMMIT,
    ApiKey::CONSUMER_GROUP_HEARTBEAT,
    ApiKey::CONSUMER_GROUP_DESCRIBE,
];

/// A request on its way to its handler.
#[derive(Clone, Copy)]
struct Call<'a> {
    context: &'a Context<'a>,
    correlation_id: i32,
    body: &'a Bytes,
}

impl Call<'_> {
    /// What transactions are made of.
    fn in_transaction(&self, key: ApiKey) -> Result<Frame, Unanswered> {
        match key {
            ApiKey::INIT_PRODUCER_ID => self.with::<InitProducerIdRequest>(|context, request| {
                transactions::init(context, &request)
            }),
            ApiKey::ADD_PARTITIONS_TO_TXN => {
                self.with::<AddPartitionsToTxnRequest>(transactions::add_partitions)
            }
            ApiKey::ADD_OFFSETS_TO_TXN => {
                self.with::<AddOffsetsToTxnRequest>(|context, request| {
                    transactions::add_offsets(context, &request)
                })
            }
            ApiKey::END_TXN => {
                self.with::<EndTxnRequest>(|context, request| transactions::end(context, &request))
            }
            ApiKey::TXN_OFFSET_COMMIT => {
                self.with::<TxnOffsetCommitRequest>(transactional_offsets::commit)
            }
            _ => Err(Unanswered::NotOffered),
        }
    }

    /// Reads, answers, writes.
    fn with<R: Request>(
        &self,
        handler: impl FnOnce(&Context<'_>, R) -> R::Response,
    ) -> Result<Frame, Unanswered> {
        self.reply::<R>(&handler(self.context, self.read()?))
    }

    fn read<R: Request>(&self) -> Result<R, Unanswered> {
        if !R::stable_versions().contains(&self.context.version) {
            return Err(Unanswered::NotOffered);
        }
        Ok(decode_request(self.body, self.context.version)?)
    }

    fn reply<R: Request>(&self, response: &R::Response) -> Result<Frame, Unanswered> {
        Ok(encode_response::<R>(
            response,
            self.context.version,
            self.correlation_id,
        )?)
    }

    fn produce(&self) -> Result<Option<Frame>, Unanswered> {
        let request: ProduceRequest = self.read()?;
        let acks = request.acks;
        let response = produce::answer(self.context, request);
        if acks != 0 {
            return self.reply::<ProduceRequest>(&response).map(Some);
        }
        match produce::first_error(&response) {
            None => Ok(None),
            Some(code) => Err(Unanswered::WriteFailed(code)),
        }
    }

    /// A version above ours is answered as version 0, so that the client learns which ones there are (KIP-511).
    fn versions(&self) -> Result<Frame, Unanswered> {
        if self.context.version > *ApiVersionsRequest::VERSIONS.end() {
            let response = versions::unsupported();
            return Ok(encode_response::<ApiVersionsRequest>(
                &response,
                0,
                self.correlation_id,
            )?);
        }
        self.with::<ApiVersionsRequest>(versions::answer)
    }
}

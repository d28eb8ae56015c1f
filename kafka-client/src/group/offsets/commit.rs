//! Storing offsets: what is sent, what its answer means, and what is tried again.

use std::collections::BTreeMap;

use kafka_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_wire::{ErrorCode, Uuid};
use tokio::time::{Instant, timeout_at};

use crate::consumer::membership::Identity;
use crate::error::Error;
use crate::group::offset::OffsetAndMetadata;
use crate::group::offsets::{Offsets, may_pass, place};
use crate::topic_partition::TopicPartition;

/// Offsets to store.
pub(crate) type CommitOffsets = BTreeMap<TopicPartition, OffsetAndMetadata>;

/// Partitions whose offsets were not stored, and why.
pub(crate) type Unstored = BTreeMap<TopicPartition, ErrorCode>;

impl Offsets {
    /// Stores offsets on behalf of `identity`, and says which were not stored. What may pass is tried again within the deadline; if the
    /// member's epoch is behind the coordinator's, as `current` says who the member is by then (KIP-848).
    ///
    /// # Errors
    /// The coordinator could not be asked. What was stored before stays stored.
    pub(crate) async fn commit(
        &self,
        mut identity: Identity,
        mut offsets: CommitOffsets,
        deadline: Instant,
        current: impl Fn() -> Option<Identity>,
    ) -> Result<Unstored, Error> {
        let mut tries = self.tries(deadline);
        let mut unstored = Unstored::new();
        while !offsets.is_empty() {
            let asked = timeout_at(deadline, self.try_commit(&identity, &offsets)).await;
            let asked = asked.map_err(|_| tries.over::<OffsetCommitRequest>())?;
            let refused = match asked {
                Ok(refused) => refused,
                Err(error) => {
                    tries.failed(error).await?;
                    continue;
                }
            };
            offsets.retain(|partition, _| refused.get(partition).copied().is_some_and(may_pass));
            let Some(code) = offsets.keys().find_map(|one| refused.get(one).copied()) else {
                unstored.extend(refused);
                break;
            };
            let lasting = refused.iter().filter(|(_, code)| !may_pass(**code));
            unstored.extend(lasting.map(|(one, code)| (one.clone(), *code)));
            let over = tries
                .failed(self.refused::<OffsetCommitRequest>(code))
                .await;
            match current().filter(|now| now.member_id == identity.member_id) {
                Some(now) if over.is_ok() => {
                    if code == ErrorCode::STALE_MEMBER_EPOCH {
                        identity = now;
                    }
                }
                // Out of time, or no member any more.
                _ => {
                    let left = offsets.keys();
                    unstored.extend(left.filter_map(|one| Some((one.clone(), *refused.get(one)?))));
                    break;
                }
            }
        }
        Ok(unstored)
    }

    async fn try_commit(
        &self,
        identity: &Identity,
        offsets: &CommitOffsets,
    ) -> Result<Unstored, Error> {
        let connection = self.coordinator().await?;
        let by_id = connection.version_of::<OffsetCommitRequest>()? >= 10;
        let picture = self.cluster.metadata();
        let id = |topic: &str| picture.topic(topic).map_or(Uuid::ZERO, |topic| topic.id);
        let request = self.commit_request(identity, offsets, id);
        let answer = connection.call(&request).await?;
        let mut told = BTreeMap::new();
        for topic in answer.topics {
            for one in topic.partitions {
                let place = (topic.name.clone(), topic.topic_id, one.partition_index);
                told.insert(place, one.error_code);
            }
        }
        let codes = offsets.keys().map(|one| {
            let code = told.get(&place(one, id(&one.topic), by_id)).copied();
            // Nobody knows what became of what the answer does not mention.
            (one.clone(), code.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR))
        });
        Ok(codes.filter(|(_, code)| !code.is_ok()).collect())
    }

    fn commit_request(
        &self,
        identity: &Identity,
        offsets: &CommitOffsets,
        id: impl Fn(&str) -> Uuid,
    ) -> OffsetCommitRequest {
        let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
        for (partition, committed) in offsets {
            let entry = OffsetCommitRequestPartition {
                partition_index: partition.partition,
                committed_offset: committed.offset,
                committed_leader_epoch: committed.leader_epoch.unwrap_or(-1),
                committed_metadata: Some(committed.metadata.clone()),
            };
            topics.entry(&partition.topic).or_default().push(entry);
        }
        let topics = topics
            .into_iter()
            .map(|(name, partitions)| OffsetCommitRequestTopic {
                name: name.to_owned(),
                topic_id: id(name),
                partitions,
            });
        OffsetCommitRequest {
            group_id: self.group.id.clone(),
            generation_id_or_member_epoch: identity.generation,
            member_id: identity.member_id.clone(),
            group_instance_id: self.instance_id(identity),
            topics: topics.collect(),
            ..Default::default()
        }
    }

    /// The lasting name belongs to members only.
    fn instance_id(&self, identity: &Identity) -> Option<String> {
        let is_member = !identity.member_id.is_empty();
        self.group.instance_id.clone().filter(|_| is_member)
    }
}

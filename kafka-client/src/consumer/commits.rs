//! Offsets of the group, as the application stores and asks for them.

use kafka_wire::ErrorCode;
use tokio::time::Instant;

use crate::consumer::shared::after;
use crate::consumer::{Consumer, no_group};
use crate::error::Error;
use crate::group::committer::Commit;
use crate::group::offset::OffsetAndMetadata;
use crate::topic_partition::TopicPartition;

impl Consumer {
    /// Stores offsets for the group: of each partition the next one to read, alone or with leader epoch and metadata. Tried again for
    /// as long as a request may take (`request_timeout`), if the coordinator moves, loads or rebalances. Positions and fetching are not
    /// concerned, whatever comes of it. Dropping the future does not take the commit back.
    ///
    /// # Errors
    /// [`ErrorCode::ILLEGAL_GENERATION`] or [`ErrorCode::UNKNOWN_MEMBER_ID`] if the partitions are not this member's any more,
    /// [`ErrorCode::INVALID_GROUP_ID`] without a group, or why the coordinator could not be asked.
    pub async fn commit<O>(&mut self, offsets: &[(TopicPartition, O)]) -> Result<(), Error>
    where
        O: Into<OffsetAndMetadata> + Clone,
    {
        self.commit_async(offsets).await
    }

    /// The same without waiting: the commit is on its way when this returns, whether the result is awaited or dropped. Commits that
    /// are handed in while others are under way go together, so that any number of them costs little.
    ///
    /// Offsets are stored in the order in which they were handed in: what comes later is what stays.
    pub fn commit_async<O>(&mut self, offsets: &[(TopicPartition, O)]) -> Commit
    where
        O: Into<OffsetAndMetadata> + Clone,
    {
        let deadline = after(self.shared.cluster.config().request_timeout);
        self.hand_in(offsets.to_vec(), deadline)
    }

    /// Stores everything that the application has finished: all that was handed out before the last call of `poll`, with leader
    /// epochs.
    ///
    /// # Errors
    /// As [`commit`](Consumer::commit).
    pub async fn commit_finished(&mut self) -> Result<(), Error> {
        let deadline = after(self.shared.cluster.config().request_timeout);
        self.commit_finished_until(deadline).await
    }

    pub(super) async fn commit_finished_until(&mut self, deadline: Instant) -> Result<(), Error> {
        let finished = self.shared.with(|state| state.finished());
        if finished.is_empty() {
            return Ok(());
        }
        self.hand_in(finished, deadline).await
    }

    fn hand_in<O: Into<OffsetAndMetadata>>(
        &mut self,
        offsets: Vec<(TopicPartition, O)>,
        deadline: Instant,
    ) -> Commit {
        self.start();
        let tasks = self.tasks.as_ref();
        let Some(committer) = tasks.and_then(|tasks| tasks.committer.as_ref()) else {
            return Commit::failed(no_group("OffsetCommit"));
        };
        match self.shared.with(|state| state.membership.commits_as()) {
            Some(identity) => committer.commit(identity, offsets, deadline),
            None => Commit::failed(no_member()),
        }
    }

    /// What the group has stored for partitions, in their order; `None` for those without an offset. Offsets that wait for the end of a
    /// transaction are waited for, `request_timeout` at most.
    ///
    /// # Errors
    /// As [`commit`](Consumer::commit).
    pub async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<OffsetAndMetadata>>, Error> {
        let Some(offsets) = &self.offsets else {
            return Err(no_group("OffsetFetch"));
        };
        let wait = self.shared.cluster.config().request_timeout;
        let deadline = after(wait);
        for topic in partitions.iter().map(|partition| &partition.topic) {
            // Topics are asked for by their id.
            self.shared.cluster.topic(topic, wait).await?;
        }
        offsets.fetch(partitions, deadline).await
    }
}

/// The error for what only a member can do, for a consumer that is none now.
fn no_member() -> Error {
    Error::Refused {
        api: "OffsetCommit",
        subject: "the consumer".into(),
        code: ErrorCode::UNKNOWN_MEMBER_ID,
        message: Some("it is not a member of its group now".into()),
    }
}

//! Commits in line: those on behalf of the same identity go together, of each partition the newest. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use kafka_wire::ErrorCode;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::consumer::membership::Identity;
use crate::error::Error;
use crate::group::offset::OffsetAndMetadata;
use crate::group::offsets::{CommitOffsets, Unstored};
use crate::topic_partition::TopicPartition;

/// What came of a request.
pub(super) type Outcome = Result<Arc<Unstored>, Error>;

/// Commits that go together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) identity: Identity,
    pub(super) offsets: CommitOffsets,
    /// The latest of all deadlines: whoever has an earlier one stops waiting by himself.
    pub(super) deadline: Instant,
    pub(super) outcome: watch::Sender<Option<Outcome>>,
}

/// Batches in line, oldest first. There are as many as the member has had identities since the line last moved.
#[derive(Debug, Default)]
pub(super) struct Line {
    batches: VecDeque<Batch>,
    is_closed: bool,
}

impl Line {
    /// Puts offsets in line, and says where their outcome will be told; nobody tells it once the line is closed.
    pub(super) fn add(
        &mut self,
        identity: Identity,
        offsets: Vec<(TopicPartition, OffsetAndMetadata)>,
        deadline: Instant,
    ) -> watch::Receiver<Option<Outcome>> {
        let last = self.batches.back_mut();
        if let Some(last) = last.filter(|last| last.identity == identity) {
            last.offsets.extend(offsets);
            last.deadline = last.deadline.max(deadline);
            return last.outcome.subscribe();
        }
        let (outcome, receiver) = watch::channel(None);
        if !self.is_closed {
            self.batches.push_back(Batch {
                identity,
                offsets: offsets.into_iter().collect(),
                deadline,
                outcome,
            });
        }
        receiver
    }

    /// The oldest.
    pub(super) fn next(&mut self) -> Option<Batch> {
        self.batches.pop_front()
    }

    /// Nobody will serve it any more.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.batches.clear();
    }
}

/// Orders codes: what will not pass goes before what may.
pub(super) fn may_pass_over(code: ErrorCode) -> bool {
    code.is_retriable()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn member(generation: i32) -> Identity {
        Identity {
            member_id: "m".into(),
            generation,
        }
    }

    fn offsets(list: &[(i32, i64)]) -> Vec<(TopicPartition, OffsetAndMetadata)> {
        let offsets = list.iter();
        offsets
            .map(|(partition, offset)| (TopicPartition::new("t", *partition), (*offset).into()))
            .collect()
    }

    fn told(batch: &Batch) -> Vec<(i32, i64)> {
        let offsets = batch.offsets.iter();
        offsets
            .map(|(one, committed)| (one.partition, committed.offset))
            .collect()
    }

    #[test]
    fn what_waits_goes_together_and_the_newest_counts() {
        let now = Instant::now();
        let mut line = Line::default();
        let first = line.add(member(1), offsets(&[(0, 5), (1, 9)]), now);
        // Going back is allowed, too.
        let second = line.add(member(1), offsets(&[(0, 3)]), now + Duration::from_secs(1));
        let batch = line.next().unwrap();
        assert_eq!(told(&batch), [(0, 3), (1, 9)]);
        assert_eq!(batch.deadline, now + Duration::from_secs(1));
        batch.outcome.send_replace(Some(Ok(Arc::default())));
        assert!(first.borrow().is_some() && second.borrow().is_some());
        assert!(line.next().is_none());
    }

    #[test]
    fn another_generation_goes_alone() {
        let now = Instant::now();
        let mut line = Line::default();
        let _ = line.add(member(1), offsets(&[(0, 5)]), now);
        let _ = line.add(member(2), offsets(&[(0, 7)]), now);
        assert_eq!(told(&line.next().unwrap()), [(0, 5)]);
        assert_eq!(told(&line.next().unwrap()), [(0, 7)]);
    }

    #[test]
    fn a_closed_line_tells_everybody() {
        let now = Instant::now();
        let mut line = Line::default();
        let before = line.add(member(1), offsets(&[(0, 5)]), now);
        line.close();
        let after = line.add(member(1), offsets(&[(0, 6)]), now);
        assert!(before.has_changed().is_err() && after.has_changed().is_err());
    }
}

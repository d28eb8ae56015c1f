//! What is known of one assigned partition. Pure.

use kafka_wire::Uuid;
use tokio::time::Instant;

use crate::consumer::patience::Patience;
use crate::consumer::position::replica::Preferred;
use crate::consumer::position::{Ends, Leader, Origin, Position, Wanted};
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) generation: u64,
    /// The generation in which the position was last set, instead of moved.
    pub(super) line: u64,
    /// What the application gets next; `None` until it is known.
    pub(super) position: Option<Position>,
    pub(super) next: Next,
    /// The leader epoch under which what is fetched next was in the log; `None` if no leader was asked.
    pub(super) validated: Option<i32>,
    /// The topic's id when it was first fetched; zero before.
    pub(super) topic_id: Uuid,
    /// Whom the leader wants us to read from.
    pub(super) preferred: Option<Preferred>,
    pub(super) paused: bool,
    pub(super) ends: Ends,
    /// Completed fetches since the assignment.
    pub(super) fetches: u64,
    /// When it was last fetched, in fetches of all partitions: the one that waits longest goes first.
    pub(super) served: u64,
    pub(super) trouble: Option<Trouble>,
}

/// What has to be done next to go on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The position has to be found out.
    Find { origin: Origin, asked: bool },
    /// A leader has to be asked whether its log reaches from here on like the one that was read.
    Validate { at: Position, asked: bool },
    /// This place has to be fetched.
    Fetch(Position),
    /// The application has to take what was fetched, and then see an error or a gap.
    Take,
    /// Nothing, until a seek.
    Nothing,
}

/// Questions about a partition that fail.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) not_before: Instant,
    pub(super) backoff: Backoff,
    pub(super) patience: Patience,
}

impl Entry {
    pub(super) fn new(generation: u64, position: Option<Position>, next: Next) -> Self {
        Self {
            generation,
            line: generation,
            position,
            next,
            validated: None,
            topic_id: Uuid::ZERO,
            preferred: None,
            paused: false,
            ends: Ends::UNKNOWN,
            fetches: 0,
            served: 0,
            trouble: None,
        }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.trouble
            .as_ref()
            .is_none_or(|trouble| trouble.not_before <= now)
    }

    pub(super) fn wanted(&self, name: &TopicPartition, place: Position) -> Wanted {
        Wanted {
            partition: name.clone(),
            generation: self.generation,
            offset: place.offset,
            leader_epoch: place.leader_epoch,
        }
    }

    /// Whom to fetch from: the leader, or whom it named.
    pub(super) fn source(&self, now: Instant, leader: Option<Leader>) -> Option<i32> {
        let leader = leader?;
        let preferred = self.preferred.filter(|preferred| preferred.until > now);
        Some(preferred.map_or(leader.node, |preferred| preferred.node))
    }

    /// Whether a leader has to be asked something that was not asked yet.
    pub(super) fn waits_for_leader(&self) -> bool {
        let asks = matches!(
            self.next,
            Next::Find { asked: false, .. } | Next::Validate { asked: false, .. }
        );
        asks || matches!(self.next, Next::Fetch(_))
    }

    /// What was not told is left as it was.
    pub(super) fn learn(&mut self, ends: Ends) {
        if ends.high_watermark >= 0 {
            self.ends.high_watermark = ends.high_watermark;
        }
        if ends.last_stable >= 0 {
            self.ends.last_stable = ends.last_stable;
        }
    }

    /// When there is something to try again, or elsewhere.
    pub(super) fn times(&self) -> impl Iterator<Item = Instant> {
        let retry = self.trouble.as_ref().map(|trouble| trouble.not_before);
        let leader = self.preferred.map(|preferred| preferred.until);
        retry.into_iter().chain(leader)
    }
}

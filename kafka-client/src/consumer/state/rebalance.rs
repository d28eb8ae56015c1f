//! What the group does to a consumer's state: it assigns partitions, wants some back, or gives them to others.

use tokio::time::{Duration, Instant};

use crate::consumer::Event;
use crate::consumer::position::Origin;
use crate::consumer::state::State;
use crate::topic_partition::TopicPartition;

impl State {
    /// The group wants partitions back. The application is told, and stops reading them then; whether it has come back since is asked
    /// for with [`Membership::take_revoked`](crate::consumer::membership::Membership::take_revoked).
    pub(crate) fn revoke(&mut self, partitions: &[TopicPartition]) {
        if !self.membership.is_subscribed() {
            self.membership.nothing_to_revoke();
            return;
        }
        let mut told = Vec::new();
        for partition in partitions {
            if self.take_back(partition) {
                self.forget(partition);
            } else if self.positions.is_assigned(partition) {
                told.push(partition.clone());
            }
        }
        if told.is_empty() {
            self.membership.nothing_to_revoke();
            return;
        }
        self.membership.revoking(told.clone());
        self.tell(Ok(Event::Revoked(told)));
    }

    /// The group has given the member up, and its partitions to others.
    pub(crate) fn lost(&mut self) {
        if !self.membership.is_subscribed() {
            return;
        }
        self.pending
            .retain(|next| !matches!(next, Ok(Event::Revoked(_))));
        self.membership.revocation_over();
        let mut partitions: Vec<_> = self.positions.assignment().cloned().collect();
        partitions.retain(|partition| !self.take_back(partition));
        self.forget_assignment();
        if !partitions.is_empty() {
            self.tell(Ok(Event::Lost(partitions)));
        }
    }

    /// The group has assigned `partitions` and no others. What the consumer has of them already goes on where it is; the application is
    /// told of the rest.
    pub(crate) fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        if !self.membership.is_subscribed() {
            return;
        }
        self.membership.revocation_over();
        let is_new = |partition: &TopicPartition| !self.positions.is_assigned(partition);
        let new: Vec<_> = partitions.into_iter().filter(is_new).collect();
        for partition in &new {
            self.positions
                .add_from(partition.clone(), Origin::Committed);
        }
        self.changed_assignment();
        self.tell(Ok(Event::Assigned(new)));
    }

    /// Takes the application for dead if it has been away from `poll` for longer than `interval`, and its partitions from it; true if that is
    /// so since this call.
    pub(crate) fn expire(&mut self, interval: Duration, now: Instant) -> bool {
        let expiry = self.membership.expiry(interval);
        let is_expired = expiry.is_some_and(|expiry| expiry <= now);
        if is_expired {
            self.lost();
            self.membership.expire();
        }
        is_expired
    }

    /// Takes a partition out of an assignment that the application has not been told of; true if it was in one.
    fn take_back(&mut self, partition: &TopicPartition) -> bool {
        let mut found = false;
        self.pending.retain_mut(|next| {
            let Ok(Event::Assigned(partitions)) = next else {
                return true;
            };
            let before = partitions.len();
            partitions.retain(|assigned| assigned != partition);
            found |= partitions.len() < before;
            partitions.len() == before || !partitions.is_empty()
        });
        found
    }

    /// A partition is not this consumer's any more.
    pub(crate) fn forget(&mut self, partition: &TopicPartition) {
        self.positions.remove(partition);
        self.buffer.discard(partition);
        self.changes.fetch = true;
    }
}

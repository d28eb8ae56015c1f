//! What the group does to a consumer's state: it assigns partitions, wants them back, or gives them to others.

use crate::consumer::Event;
use crate::consumer::position::Origin;
use crate::consumer::state::State;
use crate::topic_partition::TopicPartition;

impl State {
    /// The group rebalances: partitions have to be given up. Nothing is fetched any more; the application is told, and asked for
    /// with [`Membership::revoked`].
    pub(crate) fn revoke(&mut self) {
        if !self.membership.is_subscribed() {
            self.membership.nothing_to_revoke();
            return;
        }
        if self.take_back_assigned() || self.positions.is_empty() {
            self.forget_assignment();
            self.membership.nothing_to_revoke();
            return;
        }
        self.membership.revoking();
        let partitions = self.positions.assignment().cloned().collect();
        self.tell(Ok(Event::Revoked(partitions)));
    }

    /// The group has given the member up, and its partitions to others.
    pub(crate) fn lost(&mut self) {
        if !self.membership.is_subscribed() {
            return;
        }
        self.pending
            .retain(|next| !matches!(next, Ok(Event::Revoked(_))));
        self.membership.revocation_over();
        let unknown = self.take_back_assigned();
        let partitions: Vec<_> = self.positions.assignment().cloned().collect();
        self.forget_assignment();
        if !unknown && !partitions.is_empty() {
            self.tell(Ok(Event::Lost(partitions)));
        }
    }

    /// The group has assigned partitions.
    pub(crate) fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        if !self.membership.is_subscribed() {
            return;
        }
        self.membership.revocation_over();
        self.forget_assignment();
        for partition in &partitions {
            self.positions
                .add_from(partition.clone(), Origin::Committed);
        }
        self.changed_assignment();
        self.tell(Ok(Event::Assigned(partitions)));
    }

    /// Takes an assignment back that the application has not been told of; true if there was one.
    fn take_back_assigned(&mut self) -> bool {
        let before = self.pending.len();
        self.pending
            .retain(|next| !matches!(next, Ok(Event::Assigned(_))));
        self.pending.len() < before
    }
}

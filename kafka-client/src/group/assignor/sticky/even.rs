//! Balance among members that all read the same: everybody gets the same number of partitions, some one more.

#![allow(
    clippy::indexing_slicing,
    reason = "places of members are counted by the table, and never come from the wire"
)]

use crate::group::assignor::sticky::{Slot, Table};

/// Divides all partitions; all topics have the same readers.
pub(super) fn balance(table: &mut Table<'_>) {
    let Some(readers) = table.topics.first().map(|topic| topic.readers.clone()) else {
        return;
    };
    let mut has: Vec<Vec<Slot>> = vec![Vec::new(); table.members.len()];
    let mut total = 0_usize;
    for (slot, owner) in table.slots() {
        total += 1;
        if let Some(owner) = owner {
            has[owner].push(slot);
        }
    }
    let least = total / readers.len();
    let mut one_more = total % readers.len();
    let mut room = vec![0_usize; table.members.len()];
    // Who already has more than the least gets one more before others do: it keeps one more.
    let (rich, poor): (Vec<usize>, Vec<usize>) =
        readers.iter().partition(|one| has[**one].len() > least);
    for member in rich.into_iter().chain(poor) {
        let share = least + usize::from(one_more > 0);
        one_more = one_more.saturating_sub(1);
        room[member] = share.saturating_sub(has[member].len());
        table.trim(member, &has[member], share);
    }
    let free = table.slots().filter(|(_, owner)| owner.is_none());
    let free = free.map(|(slot, _)| slot).collect();
    table.deal(free, &readers, &mut room);
}

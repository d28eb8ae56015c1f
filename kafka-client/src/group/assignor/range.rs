//! `range`: of each topic, every member gets a run of neighbouring partitions; the first members get one more if it does not divide.
//!
//! With racks (KIP-881), partitions are first given to members that are near to them, each up to its share, and what is left as runs
//! to those whose share is not full. Topics with as many partitions and the same readers are treated as one in that first step, so
//! that the same number of each goes to the same member. Shares, and with them balance, are the same with and without racks.

use std::collections::{BTreeMap, BTreeSet};

use crate::group::assignor::{Candidate, Division, Topic, Topics, give, nothing, ordered, readers};

/// Divides the partitions of topics.
pub(super) fn divide(candidates: &[Candidate], topics: &Topics) -> Division {
    let members = ordered(candidates);
    let shares = readers(&members).into_iter().filter_map(|(name, readers)| {
        let readers = readers.iter().filter_map(|place| members.get(*place));
        Some(Shares::new(name, topics.get(name)?, readers.copied()))
    });
    let mut shares: Vec<_> = shares.collect();
    if shares.iter().any(Shares::needs_racks) {
        match_racks(&mut shares);
    }
    let mut division = nothing(candidates);
    for mut of_topic in shares {
        of_topic.assign_runs(|_, _, _| true);
        for (reader, number) in of_topic.taken() {
            give(&mut division, reader, of_topic.name, number);
        }
    }
    division
}

/// Gives partitions to members near to them, topics with as many partitions and the same readers together.
fn match_racks(shares: &mut [Shares<'_>]) {
    let mut alike: BTreeMap<_, Vec<&mut Shares<'_>>> = BTreeMap::new();
    for of_topic in shares {
        let readers: Vec<_> = of_topic.readers.iter().map(Reader::id).collect();
        let key = (readers, of_topic.topic.partitions);
        alike.entry(key).or_default().push(of_topic);
    }
    for mut topics in alike.into_values() {
        match topics.as_mut_slice() {
            [alone] if alone.needs_racks() => alone.assign_runs(Shares::is_near),
            [_] => {}
            together => match_together(together),
        }
    }
}

/// Each number of all these topics goes to the first member that is near to all of them and has room in all of them.
fn match_together(topics: &mut [&mut Shares<'_>]) {
    let [first, ..] = topics else {
        return;
    };
    let (readers, numbers) = (first.readers.len(), first.topic.numbers());
    let mut with_room: Vec<usize> = (0..readers).collect();
    for number in numbers {
        let suits = |place: &&usize| {
            let mut topics = topics.iter();
            topics.all(|topic| topic.room(**place) > 0 && topic.is_near(**place, number))
        };
        let Some(&place) = with_room.iter().find(suits) else {
            continue;
        };
        for topic in topics.iter_mut() {
            topic.assign(place, &[number]);
        }
        if topics.iter().all(|topic| topic.room(place) == 0) {
            with_room.retain(|other| *other != place);
        }
    }
}

/// One topic, and what its readers have got of it.
#[derive(Debug)]
struct Shares<'a> {
    name: &'a str,
    topic: &'a Topic,
    readers: Vec<Reader<'a>>,
    left: BTreeSet<usize>,
    /// What every reader gets.
    least: usize,
    /// How many readers may still get one more.
    more: usize,
}

#[derive(Debug)]
struct Reader<'a> {
    member: &'a Candidate,
    got: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn id(&self) -> (&'a str, Option<&'a str>) {
        (&self.member.member_id, self.member.rack.as_deref())
    }
}

impl<'a> Shares<'a> {
    /// `readers` has one at least.
    fn new(name: &'a str, topic: &'a Topic, readers: impl Iterator<Item = &'a Candidate>) -> Self {
        let got = Vec::new;
        let readers: Vec<_> = readers
            .map(|member| Reader { member, got: got() })
            .collect();
        let count = readers.len().max(1);
        Self {
            name,
            topic,
            left: topic.numbers().collect(),
            least: topic.partitions / count,
            more: topic.partitions % count,
            readers,
        }
    }

    /// Whether it matters who gets which partition: readers are in racks of the replicas, and not all partitions are in all of them.
    fn needs_racks(&self) -> bool {
        let all: BTreeSet<_> = self.topic.racks.iter().flatten().collect();
        let mut racks = self.readers.iter().filter_map(|one| one.id().1);
        racks.any(|rack| self.topic.racks.iter().any(|of| of.contains(rack)))
            && self.topic.racks.iter().any(|of| of.len() < all.len())
    }

    fn is_near(&self, place: usize, number: usize) -> bool {
        let reader = self.readers.get(place);
        reader.is_some_and(|one| self.topic.is_near(number, one.id().1))
    }

    /// How many partitions a reader may still get.
    fn room(&self, place: usize) -> usize {
        let got = self.readers.get(place).map_or(0, |one| one.got.len());
        (self.least + usize::from(self.more > 0)).saturating_sub(got)
    }

    fn assign(&mut self, place: usize, numbers: &[usize]) {
        let Some(reader) = self.readers.get_mut(place) else {
            return;
        };
        reader.got.extend(numbers);
        if reader.got.len() > self.least {
            self.more = self.more.saturating_sub(1);
        }
        for number in numbers {
            self.left.remove(number);
        }
    }

    /// To each reader in turn, as many as it may get, in order, of those that it may have.
    fn assign_runs(&mut self, may: impl Fn(&Self, usize, usize) -> bool) {
        for place in 0..self.readers.len() {
            let left = self.left.iter().copied();
            let run = left.filter(|number| may(self, place, *number));
            let run: Vec<_> = run.take(self.room(place)).collect();
            if !run.is_empty() {
                self.assign(place, &run);
            }
        }
    }

    /// What everybody has got, each reader's in order.
    fn taken(&mut self) -> Vec<(&'a Candidate, usize)> {
        let mut taken = Vec::new();
        for reader in &mut self.readers {
            reader.got.sort_unstable();
            taken.extend(reader.got.iter().map(|number| (reader.member, *number)));
        }
        taken
    }
}

#[cfg(test)]
mod tests;

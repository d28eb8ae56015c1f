//! `sticky`: as balanced as can be, and of all such divisions one that moves the fewest partitions. [`cooperative`] divides alike.
//!
//! # What is promised
//! The sum of the squares of what members have is as small as it can be. So no member could hand a partition, directly or through
//! others, to one that has two less than it; all members that read the same topics differ by one at most. Among the divisions with
//! that sum, one with the fewest partitions taken from an owner is chosen, so dividing a result again moves nothing. Then, as far as
//! that costs neither, partitions go to members near to them (KIP-881), and topics are spread over members.
//!
//! # How
//! If all members that have anything to read read the same ([`even`]), sizes are known at once: time is in proportion to
//! `members × topics + partitions × log(partitions)`, and where few members have room, or are near, to `free partitions × members`.
//! Otherwise ([`general`]) a greedy division is improved until it cannot be: `partitions × readers of a topic` for the first, and some
//! times `subscriptions × improvements` for the second, which is bounded. At the bound, which groups with hundreds of members and
//! thousands of topics may reach, nobody could hand a partition directly to one that has two less, but some partition may have moved
//! without need.
//!
//! # Who owned what
//! The claim from the latest generation holds. If two members make it, neither owns the partition: one of them missed that it lost it,
//! and nobody knows which. Partitions that do not exist, and topics that the member does not read any more, are not owned.
//!
//! [`cooperative`]: super::cooperative

mod even;
mod general;
pub(super) mod user_data;

use std::borrow::Cow;

use crate::group::assignor::{
    Candidate, Division, Partitions, Topic, Topics, give, nothing, ordered, readers,
};

/// Divides the partitions of topics; what members owned stands in their user data.
pub(super) fn divide(candidates: &[Candidate], topics: &Topics) -> Division {
    let members = ordered(candidates);
    let claims: Vec<_> = members.iter().map(|one| user_data::claim(one)).collect();
    let mut table = Table::new(members, topics, &claims);
    table.balance();
    table.division(candidates)
}

/// What a member says it owned.
#[derive(Debug, PartialEq)]
pub(super) struct Claim<'a> {
    /// The generation that gave it these partitions; [`UNKNOWN_GENERATION`] is older than any.
    pub(super) generation: i32,
    /// Partitions by topic, as they came from the member.
    pub(super) partitions: Cow<'a, Partitions>,
}

/// Members, topics that somebody reads, and who has which partition.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// In Kafka's order. Everywhere else a member is its place here.
    pub(super) members: Vec<&'a Candidate>,
    pub(super) topics: Vec<Divided<'a>>,
}

/// One topic.
#[derive(Debug)]
pub(super) struct Divided<'a> {
    pub(super) name: &'a str,
    topic: &'a Topic,
    /// Who reads it, in order; one at least.
    readers: Vec<usize>,
    /// By partition: who has it.
    pub(super) owners: Vec<Option<usize>>,
}

/// A partition: places of topic and number in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    topic: usize,
    number: usize,
}

impl<'a> Table<'a> {
    /// Everybody has what it owned. One claim for each member.
    pub(super) fn new(
        members: Vec<&'a Candidate>,
        topics: &'a Topics,
        claims: &[Claim<'_>],
    ) -> Self {
        let divided = readers(&members).into_iter().filter_map(|(name, readers)| {
            let topic = topics.get(name).filter(|topic| topic.partitions > 0)?;
            let mut owners = owners(name, topic.partitions, claims);
            for owner in &mut owners {
                *owner = owner.filter(|one| readers.binary_search(one).is_ok());
            }
            Some(Divided {
                name,
                topic,
                readers,
                owners,
            })
        });
        Self {
            topics: divided.collect(),
            members,
        }
    }

    /// Divides all partitions.
    pub(super) fn balance(&mut self) {
        let Some(first) = self.topics.first() else {
            return;
        };
        let mut others = self.topics.iter();
        if others.all(|topic| topic.readers == first.readers) {
            even::balance(self);
        } else {
            general::balance(self);
        }
    }

    /// Who has what, for the leader.
    pub(super) fn division(&self, candidates: &[Candidate]) -> Division {
        let mut division = nothing(candidates);
        for topic in &self.topics {
            for (number, owner) in topic.owners.iter().enumerate() {
                if let Some(member) = owner.and_then(|place| self.members.get(place)) {
                    give(&mut division, member, topic.name, number);
                }
            }
        }
        division
    }

    fn slots(&self) -> impl Iterator<Item = (Slot, Option<usize>)> {
        let topics = self.topics.iter().enumerate();
        topics.flat_map(|(topic, divided)| {
            let owners = divided.owners.iter().enumerate();
            owners.map(move |(number, owner)| (Slot { topic, number }, *owner))
        })
    }

    fn set_owner(&mut self, slot: Slot, owner: Option<usize>) {
        let topic = self.topics.get_mut(slot.topic);
        if let Some(place) = topic.and_then(|topic| topic.owners.get_mut(slot.number)) {
            *place = owner;
        }
    }

    fn is_near(&self, slot: Slot, member: usize) -> bool {
        let rack = self.members.get(member).map(|one| one.rack.as_deref());
        let topic = self.topics.get(slot.topic);
        topic.is_some_and(|one| one.topic.is_near(slot.number, rack.flatten()))
    }

    /// Has a member give up all but `keep` of what it has: first what is far from it, and of all topics alike.
    fn trim(&mut self, member: usize, has: &[Slot], keep: usize) {
        if has.len() <= keep {
            return;
        }
        let topics = has.chunk_by(|one, next| one.topic == next.topic);
        let ranked = topics.flat_map(|of_topic| of_topic.iter().enumerate());
        let mut worth: Vec<_> = ranked
            .map(|(rank, slot)| (!self.is_near(*slot, member), rank, *slot))
            .collect();
        worth.sort_unstable();
        for (_, _, slot) in worth.split_off(keep) {
            self.set_owner(slot, None);
        }
    }

    /// Deals free partitions to `readers` in turn, to each as many as it has room for: first to those that are near to them.
    fn deal(&mut self, mut free: Vec<Slot>, readers: &[usize], room: &mut [usize]) {
        let mut turn = 0;
        for only_near in [true, false] {
            free.retain(|slot| {
                let (before, after) = readers.split_at(turn);
                let mut places = (turn..).zip(after).chain((0..).zip(before));
                let next = places.find(|(_, reader)| {
                    room.get(**reader).is_some_and(|room| *room > 0)
                        && (!only_near || self.is_near(*slot, **reader))
                });
                let Some((place, &reader)) = next else {
                    return true;
                };
                turn = (place + 1) % readers.len();
                if let Some(room) = room.get_mut(reader) {
                    *room -= 1;
                }
                self.set_owner(*slot, Some(reader));
                false
            });
        }
    }
}

/// Who owned each partition of a topic.
fn owners(name: &str, partitions: usize, claims: &[Claim<'_>]) -> Vec<Option<usize>> {
    // The latest generation that claims it, and the one member that does.
    let mut latest: Vec<Option<(i32, Option<usize>)>> = vec![None; partitions];
    for (member, claim) in claims.iter().enumerate() {
        for number in claim.partitions.get(name).into_iter().flatten() {
            let place = usize::try_from(*number).ok();
            let Some(latest) = place.and_then(|place| latest.get_mut(place)) else {
                continue;
            };
            match latest {
                Some((generation, _)) if *generation > claim.generation => {}
                Some((generation, owner)) if *generation == claim.generation => {
                    *owner = owner.filter(|other| *other == member);
                }
                _ => *latest = Some((claim.generation, Some(member))),
            }
        }
    }
    let owners = latest.into_iter();
    owners
        .map(|latest| latest.and_then(|(_, owner)| owner))
        .collect()
}

/// Of a member that does not say which generation it was in.
pub(super) const UNKNOWN_GENERATION: i32 = -1;

#[cfg(test)]
mod tests;

//! `cooperative-sticky`: [`sticky`](super::sticky), in two steps where a partition moves (KIP-429).
//!
//! Members go on reading during a rebalance, so a partition that somebody holds may not be given to another at once. It is withheld: its
//! holder sees that it was not assigned it again, gives it up and joins again, and nobody holds it in the rebalance that follows. That
//! one moves nothing else, because what members then hold is part of the division that was sought.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{Buf as _, Bytes};

use crate::group::assignor::sticky::{Claim, Table, UNKNOWN_GENERATION};
use crate::group::assignor::{Candidate, Division, Previous, Topics, ordered};

/// Divides the partitions of topics, without those that have to be given up first.
pub(super) fn divide(candidates: &[Candidate], topics: &Topics) -> Division {
    let members = ordered(candidates);
    let claims: Vec<_> = members.iter().map(|one| claim(one)).collect();
    let mut table = Table::new(members, topics, &claims);
    let before = table.topics.iter().map(|topic| topic.owners.clone());
    let before: Vec<_> = before.collect();
    table.balance();
    withhold(&mut table, &before, &claims);
    table.division(candidates)
}

/// Takes partitions from those who did not own them while others hold them, rightly or not.
fn withhold(table: &mut Table<'_>, before: &[Vec<Option<usize>>], claims: &[Claim<'_>]) {
    for (topic, before) in table.topics.iter_mut().zip(before) {
        let mut holders: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (member, claim) in claims.iter().enumerate() {
            for number in claim.partitions.get(topic.name).into_iter().flatten() {
                holders.entry(*number).or_default().push(member);
            }
        }
        let owners = (0..).zip(topic.owners.iter_mut().zip(before));
        for (number, (owner, before)) in owners {
            let mut holders = holders.get(&number).into_iter().flatten();
            if owner != before && holders.any(|holder| *owner != Some(*holder)) {
                *owner = None;
            }
        }
    }
}

/// What a member holds. The generation is in the subscription since its version 2, before that in the user data.
fn claim(candidate: &Candidate) -> Claim<'_> {
    let mut user_data = candidate.user_data.as_deref().unwrap_or_default();
    let generation = candidate
        .generation
        .or_else(|| user_data.try_get_i32().ok());
    Claim {
        generation: generation.unwrap_or(UNKNOWN_GENERATION),
        partitions: Cow::Borrowed(&candidate.owned),
    }
}

/// The generation alone, for leaders that know no later version of the subscription.
pub(super) fn user_data(previous: Option<Previous<'_>>) -> Bytes {
    let generation = previous.map_or(UNKNOWN_GENERATION, |previous| previous.generation);
    Bytes::copy_from_slice(&generation.to_be_bytes())
}

#[cfg(test)]
mod tests;

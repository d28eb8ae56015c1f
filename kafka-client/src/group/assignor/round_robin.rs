//! `roundrobin`: the partitions of all topics, in order, are dealt to members in turn; whoever does not read the topic is passed over.

use crate::group::assignor::{Candidate, Division, Topics, give, nothing, ordered, readers};

/// Divides the partitions of topics.
pub(super) fn divide(candidates: &[Candidate], topics: &Topics) -> Division {
    let members = ordered(candidates);
    let mut division = nothing(candidates);
    // Whose turn it is: a place among the members. The readers of a topic are places too, so a search finds the next of them.
    let mut turn = 0;
    for (topic, readers) in readers(&members) {
        let Some(known) = topics.get(topic) else {
            continue;
        };
        for number in known.numbers() {
            let next = readers.partition_point(|reader| *reader < turn);
            let Some(&reader) = readers.get(next).or_else(|| readers.first()) else {
                break;
            };
            if let Some(member) = members.get(reader) {
                give(&mut division, member, topic, number);
            }
            turn = reader + 1;
        }
    }
    division
}

#[cfg(test)]
mod tests;

//! Who should have what: the two assignors of a broker.

use std::collections::{BTreeMap, BTreeSet};

use kafka_wire::Uuid;

use super::Partitions;

/// How a group divides. Kafka: `group.consumer.assignors`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::embedded) enum Assignor {
    /// As many partitions for each as can be, and as few moves.
    #[default]
    Uniform,
    /// Of each topic, neighbouring partitions for each, so that partitions with the same number go together.
    Range,
}

/// Who is to get something.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) id: &'a str,
    pub(super) instance: Option<&'a str>,
    /// What exists of what it subscribes to.
    pub(super) topics: BTreeSet<Uuid>,
}

/// Partitions of each member.
pub(super) type Target = BTreeMap<String, Partitions>;

impl Assignor {
    /// `None` for a name that nobody has.
    pub(in crate::embedded) fn named(name: &str) -> Option<Self> {
        match name {
            "uniform" => Some(Self::Uniform),
            "range" => Some(Self::Range),
            _ => None,
        }
    }

    pub(in crate::embedded) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// What most members want.
    pub(super) fn preferred(wishes: impl Iterator<Item = Self>) -> Self {
        let (range, uniform): (Vec<_>, Vec<_>) = wishes.partition(|it| *it == Self::Range);
        if range.len() > uniform.len() {
            Self::Range
        } else {
            Self::Uniform
        }
    }

    /// Divides topics, which have so many partitions; `before` is who should have had what.
    pub(super) fn assign(
        self,
        members: &[Subject<'_>],
        topics: &BTreeMap<Uuid, i32>,
        before: &Target,
    ) -> Target {
        match self {
            Self::Uniform => uniform(members, topics, before),
            Self::Range => range(members, topics),
        }
    }
}

fn uniform(members: &[Subject<'_>], topics: &BTreeMap<Uuid, i32>, before: &Target) -> Target {
    let mut free: Partitions = topics
        .iter()
        .flat_map(|(id, count)| (0..*count).map(|index| (*id, index)))
        .collect();
    let mut target = Target::new();
    for member in members {
        let kept = before.get(member.id).into_iter().flatten().copied();
        let kept = kept.filter(|it| member.topics.contains(&it.0) && free.remove(it));
        target.insert(member.id.to_owned(), kept.collect());
    }
    for partition in free {
        if let Some((id, _)) = least_of(members, &target, partition.0) {
            target.entry(id.to_owned()).or_default().insert(partition);
        }
    }
    while let Some((from, to, partition)) = better_place(members, &target) {
        if let Some(giver) = target.get_mut(&from) {
            giver.remove(&partition);
        }
        target.entry(to).or_default().insert(partition);
    }
    target
}

fn load(target: &Target, id: &str) -> usize {
    target.get(id).map_or(0, BTreeSet::len)
}

/// The subscriber of a topic that has the least, and how much that is.
fn least_of<'a>(
    members: &'a [Subject<'_>],
    target: &Target,
    topic: Uuid,
) -> Option<(&'a str, usize)> {
    let subscribers = members.iter().filter(|it| it.topics.contains(&topic));
    subscribers
        .map(|member| (member.id, load(target, member.id)))
        .min_by_key(|(_, load)| *load)
}

/// A partition whose move makes two members more equal: who has it, who should. Each move lowers the sum of squares, so that they end.
fn better_place(members: &[Subject<'_>], target: &Target) -> Option<(String, String, (Uuid, i32))> {
    let mut givers: Vec<_> = members.iter().collect();
    givers.sort_by_key(|member| std::cmp::Reverse(load(target, member.id)));
    givers.into_iter().find_map(|giver| {
        let has = load(target, giver.id);
        // One topic after the other, the last partition of each.
        giver.topics.iter().find_map(|topic| {
            let of_topic = (*topic, i32::MIN)..=(*topic, i32::MAX);
            let partition = *target.get(giver.id)?.range(of_topic).next_back()?;
            let (taker, gets) = least_of(members, target, *topic)?;
            let is_better = gets + 1 < has;
            is_better.then(|| (giver.id.to_owned(), taker.to_owned(), partition))
        })
    })
}

fn range(members: &[Subject<'_>], topics: &BTreeMap<Uuid, i32>) -> Target {
    let mut members: Vec<_> = members.iter().collect();
    // Static members keep their place whatever id they come back with.
    members.sort_by_key(|it| (it.instance.is_none(), it.instance.unwrap_or(it.id)));
    let mut target: Target = members
        .iter()
        .map(|member| (member.id.to_owned(), Partitions::new()))
        .collect();
    for (topic, count) in topics {
        let subscribers = members.iter().filter(|it| it.topics.contains(topic));
        let subscribers: Vec<_> = subscribers.collect();
        let total = i32::try_from(subscribers.len()).unwrap_or(i32::MAX);
        let (Some(each), Some(more)) = (count.checked_div(total), count.checked_rem(total)) else {
            continue;
        };
        let mut next = 0;
        for (place, member) in (0..).zip(subscribers) {
            let end = next + each + i32::from(place < more);
            let partitions = (next..end).map(|index| (*topic, index));
            target
                .entry(member.id.to_owned())
                .or_default()
                .extend(partitions);
            next = end;
        }
    }
    target
}

//! Balance among members that read different topics: a flow of partitions from topics to members, improved until nothing improves it.
//!
//! Partitions of one topic are alike here; only how many of them each reader has counts, and how many of those it owned before. The
//! price of a division is the sum of the squares of what members have, and next, far below it, the number of partitions that members
//! have beyond what they owned. A greedy division ([`Flow::place`], [`Flow::level`]) comes first. Then [`Flow::refine`] looks for
//! a round trip through topics and members, along which partitions change hands, that lowers the price, until there is none: with
//! convex prices that is the lowest of all (cycle cancelling, as in any textbook on minimum-cost flows).

#![allow(
    clippy::indexing_slicing,
    reason = "places of members, topics and readers are counted here, and never come from the wire"
)]

use std::cmp::Reverse;

use crate::group::assignor::sticky::{Divided, Slot, Table};

/// Divides all partitions.
pub(super) fn balance(table: &mut Table<'_>) {
    balance_within(table, EFFORT);
}

fn balance_within(table: &mut Table<'_>, effort: usize) {
    let mut flow = Flow::new(table);
    flow.place();
    flow.level();
    flow.refine(effort);
    // Does nothing unless the effort did not suffice.
    flow.level();
    flow.carry_out(table);
}

#[derive(Debug)]
struct Flow {
    topics: Vec<Stream>,
    /// How many partitions each member has.
    loads: Vec<i64>,
}

/// How many partitions of one topic each reader has; lists are as long as `readers`.
#[derive(Debug)]
struct Stream {
    readers: Vec<usize>,
    had: Vec<i64>,
    has: Vec<i64>,
    free: usize,
}

impl Stream {
    fn new(topic: &Divided<'_>) -> Self {
        let mut had = vec![0; topic.readers.len()];
        let mut free = 0;
        for owner in &topic.owners {
            match owner.and_then(|owner| topic.readers.binary_search(&owner).ok()) {
                Some(place) => had[place] += 1,
                None => free += 1,
            }
        }
        Self {
            readers: topic.readers.clone(),
            has: had.clone(),
            had,
            free,
        }
    }

    /// Whom one more is to go to: has the least, then got less than it had.
    fn taker(&self, loads: &[i64]) -> Option<usize> {
        (0..self.readers.len()).min_by_key(|at| {
            let (has, had) = (self.has[*at], self.had[*at]);
            (loads[self.readers[*at]], has >= had, has)
        })
    }

    /// Who is to give one: has the most, then got more than it had.
    fn giver(&self, loads: &[i64]) -> Option<usize> {
        let givers = (0..self.readers.len()).filter(|at| self.has[*at] > 0);
        givers.min_by_key(|at| {
            let (has, had) = (self.has[*at], self.had[*at]);
            (Reverse(loads[self.readers[*at]]), has <= had, Reverse(has))
        })
    }
}

impl Flow {
    fn new(table: &Table<'_>) -> Self {
        let topics: Vec<_> = table.topics.iter().map(Stream::new).collect();
        let mut loads = vec![0; table.members.len()];
        for topic in &topics {
            for (reader, has) in topic.readers.iter().zip(&topic.has) {
                loads[*reader] += has;
            }
        }
        Self { topics, loads }
    }

    /// Free partitions go to whoever has the least, those with the fewest readers first.
    fn place(&mut self) {
        let mut order: Vec<_> = self.topics.iter_mut().collect();
        order.sort_by_key(|topic| topic.readers.len());
        for topic in order {
            for _ in 0..topic.free {
                if let Some(to) = topic.taker(&self.loads) {
                    topic.has[to] += 1;
                    self.loads[topic.readers[to]] += 1;
                }
            }
        }
    }

    /// Moves partitions between readers of a topic that differ by more than one, until none do.
    fn level(&mut self) {
        let mut moved = true;
        while moved {
            moved = false;
            for topic in &mut self.topics {
                while let (Some(from), Some(to)) =
                    (topic.giver(&self.loads), topic.taker(&self.loads))
                {
                    let (giver, taker) = (topic.readers[from], topic.readers[to]);
                    if self.loads[giver] < self.loads[taker] + 2 {
                        break;
                    }
                    topic.has[from] -= 1;
                    topic.has[to] += 1;
                    self.loads[giver] -= 1;
                    self.loads[taker] += 1;
                    moved = true;
                }
            }
        }
    }

    /// Lowers the price until nothing does, or `effort` looks at single hops are spent.
    fn refine(&mut self, mut effort: usize) {
        while let Some(trips) = self.round_trips(&mut effort) {
            for (from, to) in trips {
                self.shift(from, to);
            }
        }
    }

    /// Round trips that each lower the price, the hops of all in one: Bellman and Ford's search, from everywhere at once, until it
    /// bites its own tail.
    fn round_trips(&self, effort: &mut usize) -> Option<Vec<(Node, Node)>> {
        let hops = self.hops();
        let mut search = Search::new(self.loads.len() + self.topics.len() + 1);
        while search.relax(&hops) {
            *effort = effort.checked_sub(hops.len())?;
            let trips = search.tails();
            if !trips.is_empty() {
                let node = |index| self.node(index);
                let hops = trips.into_iter();
                return Some(hops.map(|(from, to)| (node(from), node(to))).collect());
            }
        }
        None
    }

    /// Every way that one partition can go: from its topic to a reader, or back; and what each member has, one more or one less.
    fn hops(&self) -> Vec<Hop> {
        let members = self.loads.len();
        let pool = members + self.topics.len();
        let balance = i64::try_from(2 * pool + 4).unwrap_or(i64::MAX);
        let mut hops = Vec::new();
        let mut hop = |from, to, price| hops.push(Hop { from, to, price });
        for (index, topic) in self.topics.iter().enumerate() {
            let of_topic = members + index;
            for (at, reader) in topic.readers.iter().enumerate() {
                let (has, had) = (topic.has[at], topic.had[at]);
                hop(of_topic, *reader, i64::from(has >= had));
                if has > 0 {
                    hop(*reader, of_topic, -i64::from(has > had));
                }
            }
        }
        for (member, load) in self.loads.iter().enumerate() {
            hop(member, pool, balance * (2 * load + 1));
            if *load > 0 {
                hop(pool, member, -balance * (2 * load - 1));
            }
        }
        hops
    }

    fn node(&self, index: usize) -> Node {
        match index.checked_sub(self.loads.len()) {
            None => Node::Member(index),
            Some(topic) if topic < self.topics.len() => Node::Topic(topic),
            Some(_) => Node::Pool,
        }
    }

    fn shift(&mut self, from: Node, to: Node) {
        let (topic, member, change) = match (from, to) {
            (Node::Member(member), Node::Pool) => return self.loads[member] += 1,
            (Node::Pool, Node::Member(member)) => return self.loads[member] -= 1,
            (Node::Topic(topic), Node::Member(member)) => (topic, member, 1),
            (Node::Member(member), Node::Topic(topic)) => (topic, member, -1),
            _ => return,
        };
        let topic = &mut self.topics[topic];
        if let Ok(at) = topic.readers.binary_search(&member) {
            topic.has[at] += change;
        }
    }

    /// Members keep of each topic what they had, as far as they still have as many; the rest is dealt.
    fn carry_out(&self, table: &mut Table<'_>) {
        let mut room = vec![0; self.loads.len()];
        for (index, topic) in self.topics.iter().enumerate() {
            let mut had: Vec<Vec<Slot>> = vec![Vec::new(); self.loads.len()];
            for (number, owner) in table.topics[index].owners.iter().enumerate() {
                if let Some(owner) = owner {
                    had[*owner].push(Slot {
                        topic: index,
                        number,
                    });
                }
            }
            for (reader, has) in topic.readers.iter().zip(&topic.has) {
                let has = usize::try_from(*has).unwrap_or(0);
                room[*reader] = has.saturating_sub(had[*reader].len());
                table.trim(*reader, &had[*reader], has);
            }
            let owners = table.topics[index].owners.iter().enumerate();
            let free = owners.filter(|(_, owner)| owner.is_none());
            let free = free.map(|(number, _)| Slot {
                topic: index,
                number,
            });
            let free = free.collect();
            table.deal(free, &self.topics[index].readers, &mut room);
        }
    }
}

/// Where a partition passes on its way.
#[derive(Debug, Clone, Copy)]
enum Node {
    Member(usize),
    Topic(usize),
    /// Where all flows end.
    Pool,
}

#[derive(Debug)]
struct Hop {
    from: usize,
    to: usize,
    price: i64,
}

/// The cheapest ways found so far.
#[derive(Debug)]
struct Search {
    price: Vec<i64>,
    /// The hop before, on the cheapest way to each node.
    before: Vec<Option<usize>>,
}

impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            price: vec![0; nodes],
            before: vec![None; nodes],
        }
    }

    /// Goes one hop further; whether anything got cheaper.
    fn relax(&mut self, hops: &[Hop]) -> bool {
        let mut cheaper = false;
        for hop in hops {
            let price = self.price[hop.from] + hop.price;
            if price < self.price[hop.to] {
                self.price[hop.to] = price;
                self.before[hop.to] = Some(hop.from);
                cheaper = true;
            }
        }
        cheaper
    }

    /// The hops of all ways that lead back to themselves: going round them gets cheaper every time. No two have a node in common.
    fn tails(&self) -> Vec<(usize, usize)> {
        let mut hops = Vec::new();
        let mut seen_from: Vec<Option<usize>> = vec![None; self.before.len()];
        for start in 0..self.before.len() {
            let mut node = start;
            while seen_from[node].is_none() {
                seen_from[node] = Some(start);
                let Some(before) = self.before[node] else {
                    break;
                };
                node = before;
                if seen_from[node] == Some(start) {
                    hops.extend(self.round(node));
                }
            }
        }
        hops
    }

    fn round(&self, start: usize) -> Vec<(usize, usize)> {
        let mut hops = Vec::new();
        let mut node = start;
        while let Some(before) = self.before[node] {
            hops.push((before, node));
            node = before;
            if node == start {
                break;
            }
        }
        hops
    }
}

/// Looks at single hops; some tenths of a second on a machine of today.
const EFFORT: usize = 200_000_000;

//! What was fetched and not handed over yet, by broker, in the order of the answers. Pure.
//!
//! At most two answers of a broker are here, on their way or in the application's hands: see [`Buffer::answers`]. That is the memory
//! bound of a consumer: per broker twice `fetch_max_bytes`, and what one batch may be larger.

use std::collections::{BTreeMap, VecDeque};

use crate::consumer::chunk::Chunk;
use crate::topic_partition::TopicPartition;

/// Chunks in line for the application.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    queues: BTreeMap<i32, VecDeque<Chunk>>,
    /// The broker that was served last; the next one gets its turn.
    last: i32,
    /// The answer that the application reads now.
    reading: Option<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    node: i32,
    answer: u64,
    bytes: usize,
}

/// What to do with a chunk now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is next.
    Take,
    /// Not now.
    Keep,
    /// Nobody wants it any more.
    Drop,
}

impl Buffer {
    /// Puts a chunk of `node` in line.
    pub(crate) fn push(&mut self, node: i32, chunk: Chunk) {
        self.queues.entry(node).or_default().push_back(chunk);
    }

    /// Puts a chunk back that was not used up.
    pub(crate) fn put_back(&mut self, node: i32, chunk: Chunk) {
        self.queues.entry(node).or_default().push_front(chunk);
    }

    /// The next chunk to hand over, and the broker it is from. Brokers take turns.
    pub(crate) fn next(
        &mut self,
        mut judge: impl FnMut(&Chunk) -> Verdict,
    ) -> Option<(i32, Chunk)> {
        let after = self.queues.range(self.last.saturating_add(1)..);
        let before = self.queues.range(..=self.last);
        let turns: Vec<i32> = after.chain(before).map(|(node, _)| *node).collect();
        for node in turns {
            let Some(queue) = self.queues.get_mut(&node) else {
                continue;
            };
            let mut place = 0;
            while let Some(chunk) = queue.get(place) {
                match judge(chunk) {
                    Verdict::Keep => place += 1,
                    Verdict::Drop => drop(queue.remove(place)),
                    Verdict::Take => {
                        self.last = node;
                        return queue.remove(place).map(|chunk| (node, chunk));
                    }
                }
            }
        }
        None
    }

    /// The application reads the answer that a chunk came with.
    pub(crate) fn read(&mut self, node: i32, chunk: &Chunk) {
        self.reading = Some(Reading {
            node,
            answer: chunk.answer,
            bytes: chunk.answer_bytes,
        });
    }

    /// Bytes of the answers that are held: as long as anything of an answer is, all of it stays in memory.
    pub(crate) fn bytes(&self) -> usize {
        let reading = self.reading.iter().map(|one| (one.answer, one.bytes));
        let chunks = self.queues.values().flatten();
        let waiting = chunks.map(|chunk| (chunk.answer, chunk.answer_bytes));
        let answers: BTreeMap<u64, usize> = reading.chain(waiting).collect();
        answers.values().sum()
    }

    /// The application is done with what it read. The broker concerned, if there was one.
    pub(crate) fn done_reading(&mut self) -> Option<i32> {
        self.reading.take().map(|reading| reading.node)
    }

    /// How many answers of `node` are held: waiting here, or read by the application.
    pub(crate) fn answers(&self, node: i32) -> usize {
        let reading = self.reading.filter(|reading| reading.node == node);
        let mut last = reading.map(|reading| reading.answer);
        let mut count = usize::from(last.is_some());
        for chunk in self.queues.get(&node).into_iter().flatten() {
            if last != Some(chunk.answer) {
                count += 1;
                last = Some(chunk.answer);
            }
        }
        count
    }

    /// Partitions with chunks of `node`.
    pub(crate) fn partitions(&self, node: i32) -> impl Iterator<Item = &TopicPartition> {
        let chunks = self.queues.get(&node).into_iter().flatten();
        chunks.map(|chunk| &chunk.partition)
    }

    /// Drops what was fetched of a partition.
    pub(crate) fn discard(&mut self, partition: &TopicPartition) {
        for queue in self.queues.values_mut() {
            queue.retain(|chunk| chunk.partition != *partition);
        }
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        self.queues.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::position::Wanted;

    fn chunk(partition: i32, answer: u64) -> Chunk {
        let asked = Wanted {
            partition: TopicPartition::new("t", partition),
            generation: 0,
            offset: 0,
            leader_epoch: None,
        };
        Chunk::out_of_range(&asked, answer)
    }

    fn filled(chunks: &[(i32, i32, u64)]) -> Buffer {
        let mut buffer = Buffer::default();
        for &(node, partition, answer) in chunks {
            buffer.push(node, chunk(partition, answer));
        }
        buffer
    }

    fn take(buffer: &mut Buffer) -> Option<(i32, i32)> {
        let (node, chunk) = buffer.next(|_| Verdict::Take)?;
        Some((node, chunk.partition.partition))
    }

    #[test]
    fn brokers_take_turns_and_answers_keep_their_order() {
        let mut buffer = filled(&[(1, 0, 1), (1, 1, 1), (2, 2, 1), (1, 0, 2)]);
        let order: Vec<_> = std::iter::from_fn(|| take(&mut buffer)).collect();
        assert_eq!(order, [(1, 0), (2, 2), (1, 1), (1, 0)]);
    }

    #[test]
    fn what_has_to_wait_lets_others_pass() {
        let mut buffer = filled(&[(1, 0, 1), (1, 1, 1)]);
        let judge = |chunk: &Chunk| match chunk.partition.partition {
            0 => Verdict::Keep,
            _ => Verdict::Take,
        };
        assert_eq!(buffer.next(judge).unwrap().1.partition.partition, 1);
        assert!(buffer.next(judge).is_none());
        assert_eq!(take(&mut buffer), Some((1, 0)), "it is still there");
    }

    #[test]
    fn what_nobody_wants_is_dropped() {
        let mut buffer = filled(&[(1, 0, 1), (1, 1, 1)]);
        assert!(buffer.next(|_| Verdict::Drop).is_none());
        assert_eq!(buffer.answers(1), 0);
    }

    #[test]
    fn an_answer_counts_until_the_application_is_done_with_it() {
        let mut buffer = filled(&[(1, 0, 1), (1, 1, 2)]);
        assert_eq!((buffer.answers(1), buffer.answers(2)), (2, 0));
        let (node, read) = buffer.next(|_| Verdict::Take).unwrap();
        buffer.read(node, &read);
        assert_eq!(buffer.answers(1), 2, "one is read, one waits");
        assert_eq!(buffer.done_reading(), Some(1));
        assert_eq!(buffer.answers(1), 1);
    }

    #[test]
    fn bytes_are_those_of_whole_answers_each_once() {
        let mut buffer = Buffer::default();
        for (partition, answer, bytes) in [(0, 1, 100), (1, 1, 100), (0, 2, 30)] {
            let mut chunk = chunk(partition, answer);
            chunk.answer_bytes = bytes;
            buffer.push(1, chunk);
        }
        assert_eq!(buffer.bytes(), 130);
        let (node, read) = buffer.next(|_| Verdict::Take).unwrap();
        buffer.read(node, &read);
        buffer.discard(&TopicPartition::new("t", 1));
        assert_eq!(buffer.bytes(), 130, "it is being read");
        buffer.done_reading();
        assert_eq!(buffer.bytes(), 30);
    }

    #[test]
    fn a_seek_discards_one_partition() {
        let mut buffer = filled(&[(1, 0, 1), (2, 1, 1), (2, 0, 1)]);
        buffer.discard(&TopicPartition::new("t", 0));
        assert_eq!(take(&mut buffer), Some((2, 1)));
        assert_eq!(take(&mut buffer), None);
    }
}

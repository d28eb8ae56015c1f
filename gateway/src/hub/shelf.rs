//! Records that were fetched and not given to a client yet, by partition, and their fair division over answers. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::sync::Arc;

use kafka_client::{Error, PartitionRecords, RecordRef, TopicPartition};

/// What one answer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Records.
    pub(crate) records: usize,
    /// Bytes of keys and values; a first record that is larger is given all the same.
    pub(crate) bytes: usize,
    /// Bytes of a key and value above which they are not given, and do not count.
    pub(crate) record_bytes: usize,
}

/// Records of one partition in one answer.
#[derive(Debug, Clone)]
pub(crate) struct Portion {
    /// The partition.
    pub(crate) partition: TopicPartition,
    /// Offset after its last record, -1 when unknown.
    pub(crate) high_watermark: i64,
    /// Why there are no records.
    pub(crate) error: Option<Error>,
    /// How many records.
    pub(crate) count: usize,
    /// The next offset once they are finished.
    pub(crate) until: i64,
    from: i64,
    chunks: Vec<Chunk>,
}

impl Portion {
    /// The records.
    pub(crate) fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        let from = self.from;
        let records = self.chunks.iter().flat_map(|chunk| chunk.records.iter());
        let records = records.map_while(Result::ok);
        records
            .skip_while(move |record| record.offset < from)
            .take(self.count)
    }
}

/// Records of one fetch answer.
#[derive(Debug, Clone)]
struct Chunk {
    records: Arc<PartitionRecords>,
    count: usize,
    bytes: usize,
    /// Whether it can be read to its end.
    is_whole: bool,
}

/// The records held, by partition assigned.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    lanes: BTreeMap<TopicPartition, Lane>,
    /// Whose turn it is to be first.
    turn: usize,
}

#[derive(Debug, Default)]
struct Lane {
    chunks: VecDeque<Chunk>,
    /// Records below were given already.
    next: i64,
    error: Option<Error>,
}

impl Shelf {
    /// These partitions are ours now, and no others.
    pub(super) fn assign(&mut self, partitions: impl IntoIterator<Item = TopicPartition>) {
        self.lanes = partitions
            .into_iter()
            .map(|partition| (partition, Lane::default()))
            .collect();
    }

    /// The partitions assigned of the topics that `wanted` takes.
    pub(super) fn partitions(&self, wanted: impl Fn(&str) -> bool) -> Vec<TopicPartition> {
        let partitions = self.lanes.keys();
        partitions
            .filter(|partition| wanted(&partition.topic))
            .cloned()
            .collect()
    }

    /// Takes what was fetched. True if the partition now has enough for an answer.
    pub(super) fn push(&mut self, records: PartitionRecords, limits: Limits) -> bool {
        let Some(lane) = self.lanes.get_mut(records.topic_partition()) else {
            return false;
        };
        let mut chunk = Chunk {
            count: 0,
            bytes: 0,
            is_whole: true,
            records: Arc::new(records),
        };
        // Walked now: the consumer wants to know before the next `poll` if a record cannot be read.
        for record in chunk.records.iter() {
            match record {
                Ok(record) => {
                    chunk.count += 1;
                    chunk.bytes += size(&record, limits.record_bytes);
                }
                Err(_) => chunk.is_whole = false,
            }
        }
        lane.error = None;
        lane.chunks.push_back(chunk);
        lane.is_stocked(limits)
    }

    /// Whether the partition has enough for an answer.
    pub(super) fn is_stocked(&self, partition: &TopicPartition, limits: Limits) -> bool {
        self.lanes
            .get(partition)
            .is_some_and(|lane| lane.is_stocked(limits))
    }

    /// Whether there is a record of these partitions.
    pub(super) fn has_records(&self, partitions: &[TopicPartition]) -> bool {
        partitions.iter().any(|partition| {
            let lane = self.lanes.get(partition);
            lane.is_some_and(|lane| lane.records().next().is_some())
        })
    }

    /// Something is wrong with a partition; `None` if nothing is any more.
    pub(super) fn set_error(&mut self, partition: &TopicPartition, error: Option<Error>) {
        if let Some(lane) = self.lanes.get_mut(partition) {
            lane.error = error;
        }
    }

    /// What is wrong with a partition.
    pub(super) fn error(&self, partition: &TopicPartition) -> Option<&Error> {
        self.lanes.get(partition)?.error.as_ref()
    }

    /// Goes on at `offset`: what is held of the partition is dropped.
    pub(super) fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        if let Some(lane) = self.lanes.get_mut(partition) {
            lane.chunks.clear();
            lane.next = offset;
        }
    }

    /// Takes records of `partitions` for one answer: one of each in turn until a limit is reached. All of
    /// `partitions` that are assigned are in the result, in order, also without records.
    pub(super) fn take(&mut self, partitions: &[TopicPartition], limits: Limits) -> Vec<Portion> {
        let mut cursors: Vec<Cursor<'_>> = partitions
            .iter()
            .filter_map(|partition| Some(Cursor::new(partition, self.lanes.get(partition)?)))
            .collect();
        let first = self.turn.checked_rem(cursors.len()).unwrap_or_default();
        self.turn = self.turn.wrapping_add(1);
        cursors.rotate_left(first);
        divide(&mut cursors, limits);
        cursors.rotate_right(first);
        let portions: Vec<Portion> = cursors.into_iter().map(Cursor::into_portion).collect();
        for portion in &portions {
            if let Some(lane) = self.lanes.get_mut(&portion.partition) {
                lane.next = portion.until;
                lane.drop_finished();
            }
        }
        portions
    }

    /// Undoes a [`take`](Shelf::take), the last one: its records are first again.
    pub(super) fn put_back(&mut self, portions: &[Portion]) {
        for portion in portions {
            let Some(lane) = self.lanes.get_mut(&portion.partition) else {
                continue;
            };
            lane.next = portion.from;
            for chunk in portion.chunks.iter().rev() {
                let is_held = lane
                    .chunks
                    .iter()
                    .any(|held| Arc::ptr_eq(&held.records, &chunk.records));
                if !is_held {
                    lane.chunks.push_front(chunk.clone());
                }
            }
        }
    }
}

impl Lane {
    fn is_stocked(&self, limits: Limits) -> bool {
        let (mut count, mut bytes) = (0, 0);
        for chunk in &self.chunks {
            count += chunk.count;
            bytes += chunk.bytes;
        }
        count >= limits.records || bytes >= limits.bytes
    }

    fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        let records = self.chunks.iter().flat_map(|chunk| chunk.records.iter());
        records
            .map_while(Result::ok)
            .skip_while(|record| record.offset < self.next)
    }

    fn drop_finished(&mut self) {
        while self
            .chunks
            .pop_front_if(|chunk| chunk.records.next_offset() <= self.next)
            .is_some()
        {}
    }
}

/// Where the division has come to in one partition.
struct Cursor<'a> {
    partition: &'a TopicPartition,
    lane: &'a Lane,
    records: Peekable<Box<dyn Iterator<Item = RecordRef<'a>> + 'a>>,
    count: usize,
    until: i64,
}

/// Gives each cursor one record after the other.
fn divide(cursors: &mut [Cursor<'_>], limits: Limits) {
    let (mut records, mut bytes) = (0, 0);
    let mut is_moving = true;
    while is_moving {
        is_moving = false;
        for cursor in &mut *cursors {
            if records == limits.records {
                return;
            }
            let Some(size) = cursor.next_size(limits.record_bytes) else {
                continue;
            };
            if records > 0 && bytes + size > limits.bytes {
                continue;
            }
            cursor.step();
            records += 1;
            bytes += size;
            is_moving = true;
        }
    }
}

impl<'a> Cursor<'a> {
    fn new(partition: &'a TopicPartition, lane: &'a Lane) -> Cursor<'a> {
        let records: Box<dyn Iterator<Item = RecordRef<'a>> + 'a> = Box::new(lane.records());
        Cursor {
            partition,
            lane,
            records: records.peekable(),
            count: 0,
            until: lane.next,
        }
    }

    fn next_size(&mut self, cap: usize) -> Option<usize> {
        self.records.peek().map(|record| size(record, cap))
    }

    fn step(&mut self) {
        if let Some(record) = self.records.next() {
            self.count += 1;
            self.until = record.offset + 1;
        }
    }

    fn into_portion(mut self) -> Portion {
        // Behind the last record there may be markers and hidden records; they are finished with it. Not so behind
        // one that cannot be read: there is an error then, and the partition stays where it is.
        if self.records.peek().is_none()
            && let Some(last) = self.lane.chunks.back()
            && last.is_whole
        {
            self.until = self.until.max(last.records.next_offset());
        }
        let used = self.lane.chunks.iter();
        Portion {
            partition: self.partition.clone(),
            high_watermark: -1,
            error: self.lane.error.clone().filter(|_| self.count == 0),
            count: self.count,
            until: self.until,
            from: self.lane.next,
            chunks: used.cloned().collect(),
        }
    }
}

/// Bytes that a record takes of an answer; of one that is not given with its value, none.
fn size(record: &RecordRef<'_>, cap: usize) -> usize {
    let bytes = |field: Option<&[u8]>| field.map_or(0, <[u8]>::len);
    let size = bytes(record.key) + bytes(record.value);
    if size > cap { 0 } else { size }
}

#[cfg(test)]
mod tests;

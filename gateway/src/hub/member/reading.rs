//! The consumer of an http-get member: what it has fetched, what of it was given, and what is committed.

use std::collections::HashSet;
use std::time::Duration;

use kafka_client::{Consumer, Error, Event, TopicPartition};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Failure, Patience, Wish};
use crate::hub::finished::Unstored;
use crate::hub::shelf::{Limits, Portion, Shelf};
use crate::hub::source::Opened;
use crate::hub::{CLOSE_PATIENCE, COMMIT_PATIENCE, Offsets, chain};

/// A consumer with what it has fetched.
#[derive(Debug)]
pub(super) struct Reading {
    consumer: Consumer,
    patience: Patience,
    shelf: Shelf,
    pub(super) is_assigned: bool,
    /// How often partitions were assigned.
    assignments: u64,
    paused: HashSet<TopicPartition>,
    unstored: Unstored,
    /// What went wrong with the whole of it last.
    failure: Option<Error>,
}

impl Reading {
    pub(super) fn new(opened: Opened, patience: Patience) -> Reading {
        let mut reading = Reading {
            consumer: opened.consumer,
            patience,
            shelf: Shelf::default(),
            is_assigned: false,
            assignments: 0,
            paused: HashSet::new(),
            unstored: Unstored::default(),
            failure: None,
        };
        if let Some(partitions) = opened.assigned {
            reading.assigned(partitions);
        }
        reading
    }

    /// Waits for an event, at most `wait`, and acts on it; false if there was none. Dropping the future loses nothing.
    pub(super) async fn turn(&mut self, wait: Duration) -> bool {
        match self.consumer.poll(wait).await {
            Ok(None) => {
                if wait == IDLE_TURN {
                    self.store().await;
                }
                return false;
            }
            Ok(Some(Event::Records(records))) => {
                let partition = records.topic_partition().clone();
                if self.shelf.push(records, self.patience.enough) {
                    self.consumer.pause(&partition);
                    self.paused.insert(partition);
                }
            }
            Ok(Some(Event::Assigned(partitions))) => self.assigned(partitions),
            Ok(Some(Event::Revoked(_))) => {
                let due = self.unassigned();
                self.commit(&due).await;
            }
            Ok(Some(Event::Lost(_))) => drop(self.unassigned()),
            Ok(Some(Event::PartitionError { partition, error })) => {
                tracing::warn!(%partition, error = chain(&error), "a partition cannot be read");
                self.shelf.set_error(&partition, Some(error));
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "reading meets a difficulty");
                self.failure = Some(error);
            }
        }
        true
    }

    fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        self.shelf.assign(partitions);
        self.paused.clear();
        self.is_assigned = true;
        self.assignments += 1;
        self.failure = None;
    }

    /// The partitions are going. What may still be committed for them, before the next `poll`.
    fn unassigned(&mut self) -> Vec<(TopicPartition, i64)> {
        self.shelf.assign([]);
        self.paused.clear();
        self.is_assigned = false;
        let due = self.unstored.due();
        self.unstored.clear();
        due
    }

    /// Waits until there are records, or there are certainly none.
    pub(super) async fn gather(&mut self, wish: &Wish) -> Result<Vec<Portion>, Failure> {
        let wait_until = Instant::now() + wish.wait;
        let give_up = Instant::now() + self.patience.join;
        'assignment: loop {
            // A fetch that was on its way may have found nothing before the request came; the next one has not.
            let fetches = if self.is_assigned { 2 } else { 1 };
            self.join(give_up.max(wait_until)).await?;
            let partitions = self
                .shelf
                .partitions(|topic| wish.topics.iter().any(|one| one == topic));
            let enough: Vec<u64> = self
                .fetches(&partitions)
                .map(|before| before + fetches)
                .collect();
            let assignment = self.assignments;
            loop {
                // In this order: what a fetch brought that counts here is taken in after it was counted.
                let is_settled = self.is_settled(&partitions, &enough);
                self.take_in(&partitions).await;
                if !self.is_assigned || self.assignments != assignment {
                    continue 'assignment;
                }
                let now = Instant::now();
                if self.shelf.has_records(&partitions)
                    || (is_settled && now >= wait_until)
                    || now >= give_up.max(wait_until)
                {
                    return self.divide(&partitions, &enough, wish.limits);
                }
                let wait = if is_settled { wait_until - now } else { TICK };
                self.turn(wait.min(IDLE_TURN / 2)).await;
            }
        }
    }

    async fn join(&mut self, deadline: Instant) -> Result<(), Failure> {
        while !self.is_assigned {
            let _ = timeout_at(deadline, self.turn(IDLE_TURN / 2)).await;
            let is_late = !self.is_assigned && Instant::now() >= deadline;
            let failure = &mut self.failure;
            if let Some(error) = failure.take_if(|error| is_late || !error.is_retriable()) {
                return Err(Failure::Kafka(error));
            }
            if is_late {
                return Err(Failure::Join);
            }
        }
        Ok(())
    }

    /// Takes what is there already: all of one fetch, though not all that a fast producer writes meanwhile.
    async fn take_in(&mut self, partitions: &[TopicPartition]) {
        for _ in 0..partitions.len() + OTHER_EVENTS {
            if !self.turn(Duration::ZERO).await {
                return;
            }
        }
    }

    /// How often each partition was fetched.
    fn fetches(&self, partitions: &[TopicPartition]) -> impl Iterator<Item = u64> {
        let partitions = partitions.iter();
        partitions.map(|partition| self.consumer.fetches(partition))
    }

    /// Whether each partition was fetched often enough, or cannot be: if a fetch that was sent after the request came
    /// brought nothing, then there was nothing when it came.
    fn is_settled(&mut self, partitions: &[TopicPartition], enough: &[u64]) -> bool {
        let mut is_settled = true;
        for (partition, enough) in partitions.iter().zip(enough) {
            if self.consumer.fetches(partition) >= *enough {
                self.shelf.set_error(partition, None);
            } else if self.shelf.error(partition).is_none() {
                is_settled = false;
            }
        }
        is_settled
    }

    /// The answer; a failure if no partition can be read.
    fn divide(
        &mut self,
        partitions: &[TopicPartition],
        enough: &[u64],
        limits: Limits,
    ) -> Result<Vec<Portion>, Failure> {
        if !self.shelf.has_records(partitions) {
            for (partition, enough) in partitions.iter().zip(enough) {
                let is_silent = self.consumer.fetches(partition) < *enough;
                if is_silent && self.shelf.error(partition).is_none() {
                    self.shelf
                        .set_error(partition, Some(self.silence(partition)));
                }
            }
        }
        let mut portions = self.shelf.take(partitions, limits);
        let mut errors = portions.iter().map(|portion| portion.error.clone());
        if let Some(Some(error)) = errors.next()
            && errors.all(|error| error.is_some())
        {
            return Err(Failure::Kafka(error));
        }
        for portion in &mut portions {
            let known = self.consumer.high_watermark(&portion.partition);
            portion.high_watermark = known.unwrap_or(-1);
        }
        self.resume();
        Ok(portions)
    }

    fn silence(&self, partition: &TopicPartition) -> Error {
        self.failure.clone().unwrap_or_else(|| Error::Timeout {
            api: "Fetch",
            broker: format!("the leader of {partition}").into(),
            after: self.patience.join,
        })
    }

    /// Partitions that have not enough any more are fetched again.
    fn resume(&mut self) {
        let enough = self.patience.enough;
        let is_hungry = |partition: &TopicPartition| !self.shelf.is_stocked(partition, enough);
        for partition in self.paused.extract_if(is_hungry) {
            self.consumer.resume(&partition);
        }
    }

    /// An answer did not get to its client: its records are first again.
    pub(super) fn put_back(&mut self, portions: &[Portion]) {
        self.shelf.put_back(portions);
    }

    /// An answer was written.
    pub(super) async fn written(&mut self, portions: &[Portion], commits: bool) {
        if !commits {
            return;
        }
        let given = portions.iter().filter(|portion| portion.count > 0);
        let offsets = given.map(|portion| (portion.partition.clone(), portion.until));
        self.unstored.add(offsets.collect());
        self.store().await;
    }

    /// Stores what is finished. What cannot be stored now is tried again with the next answer, and once in a while.
    async fn store(&mut self) {
        let due = self.unstored.due();
        if self.commit(&due).await {
            self.unstored.stored(due);
        }
    }

    async fn commit(&mut self, offsets: &[(TopicPartition, i64)]) -> bool {
        if offsets.is_empty() {
            return true;
        }
        match timeout(COMMIT_PATIENCE, self.consumer.commit(offsets)).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => tracing::warn!(error = chain(&error), "offsets are not committed"),
            Err(_) => tracing::warn!("the group's coordinator does not answer to a commit"),
        }
        false
    }

    /// Stores offsets that the client chose, and goes on from them.
    pub(super) async fn move_to(&mut self, offsets: Offsets) -> Result<(), Error> {
        let list: Vec<_> = offsets.into_iter().collect();
        self.consumer.commit(&list).await?;
        for (partition, offset) in &list {
            self.consumer.seek(partition, *offset);
            self.shelf.seek(partition, *offset);
        }
        self.resume();
        Ok(())
    }

    pub(super) async fn close(mut self) {
        self.store().await;
        if let Err(error) = self.consumer.close(CLOSE_PATIENCE).await {
            tracing::warn!(error = chain(&error), "the group was not left in order");
        }
    }
}

/// Events besides records that may be in line.
const OTHER_EVENTS: usize = 64;

/// Time between two looks at whether a fetch without records has ended.
const TICK: Duration = Duration::from_millis(10);

/// Time between two looks at what is left to do while nothing happens.
pub(super) const IDLE_TURN: Duration = Duration::from_secs(1);

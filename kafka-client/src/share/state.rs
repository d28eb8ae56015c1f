//! All that a share consumer knows: what it reads, what was fetched, what the application holds and said. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kafka_wire::Uuid;

use super::ShareEvent;
use super::config::Acknowledging;
use super::held::{Acknowledgement, Held, Said};
use super::records::ShareRecords;
use super::session::{Place, Words};
use crate::error::Error;
use crate::topic_partition::TopicPartition;

/// What everybody who has to do with one share consumer shares.
#[derive(Debug)]
pub(super) struct State {
    topics: Vec<String>,
    /// Partitions to read, with the ids of their topics.
    assignment: BTreeMap<TopicPartition, Uuid>,
    /// What was fetched and not handed over.
    ready: VecDeque<ShareRecords>,
    /// Told before any records.
    pending: VecDeque<Result<ShareEvent, Error>>,
    /// What the application has from the last `poll`.
    with_application: Option<WithApplication>,
    /// What was said and not sent, by broker.
    words: BTreeMap<i32, Words>,
    /// Requests with words that were not answered.
    unanswered: usize,
    /// The first refusal since somebody asked.
    unacknowledged: Option<Error>,
    silence: Acknowledgement,
    is_waiting: bool,
    is_closing: bool,
    changes: Changes,
}

/// Records with the application.
#[derive(Debug)]
struct WithApplication {
    partition: TopicPartition,
    place: Place,
    /// The broker that holds the locks.
    node: i32,
    held: Held,
}

/// Who has to look at the state again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Changes {
    /// The application.
    pub(super) ready: bool,
    /// The tasks.
    pub(super) work: bool,
}

/// What there is to do for the broker of some partitions.
#[derive(Debug)]
pub(super) enum Work {
    /// Nothing now.
    None,
    /// Fetch from these, and say this.
    Fetch(BTreeSet<Place>, Words),
    /// Say this, and fetch nothing.
    Say(Words),
    /// Say this, and end the session.
    Close(Words),
}

impl State {
    /// Nothing to read yet.
    pub(super) fn new(acknowledging: Acknowledging) -> Self {
        Self {
            topics: Vec::new(),
            assignment: BTreeMap::new(),
            ready: VecDeque::new(),
            pending: VecDeque::new(),
            with_application: None,
            words: BTreeMap::new(),
            unanswered: 0,
            unacknowledged: None,
            silence: match acknowledging {
                Acknowledging::Implicit => Acknowledgement::Accept,
                Acknowledging::Explicit => Acknowledgement::Release,
            },
            is_waiting: false,
            is_closing: false,
            changes: Changes::default(),
        }
    }

    /// Who has to be woken since the last call.
    pub(super) fn changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// What the application wants to read.
    pub(super) fn subscribe(&mut self, topics: Vec<String>) {
        self.topics = topics;
        self.changes.work = true;
    }

    /// The same; nothing when it is being closed.
    pub(super) fn topics(&self) -> &[String] {
        if self.is_closing { &[] } else { &self.topics }
    }

    /// The group says what to read.
    pub(super) fn assign(&mut self, assignment: BTreeMap<TopicPartition, Uuid>) {
        self.assignment = assignment;
        self.changes.work = true;
    }

    /// What to read.
    pub(super) fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.assignment.keys()
    }

    /// The application waits for records, or does not.
    pub(super) fn set_waiting(&mut self, is_waiting: bool) {
        self.is_waiting = is_waiting;
        self.changes.work |= is_waiting;
    }

    /// The application is back: what it holds is settled.
    pub(super) fn came_back(&mut self) {
        if let Some(last) = self.with_application.take() {
            let said = last.held.finish(self.silence);
            self.say(last.node, last.place, said);
        }
    }

    /// Says something of a record with the application.
    pub(super) fn acknowledge(
        &mut self,
        partition: &TopicPartition,
        offset: i64,
        what: Acknowledgement,
    ) -> bool {
        let last = self.with_application.as_mut();
        let of_it = last.filter(|last| last.partition == *partition);
        of_it.is_some_and(|last| last.held.say(offset, what))
    }

    /// Sends what was said so far.
    pub(super) fn send_said(&mut self) {
        if let Some(last) = &mut self.with_application {
            let (node, place, said) = (last.node, last.place, last.held.take_said());
            self.say(node, place, said);
        }
    }

    fn say(&mut self, node: i32, place: Place, said: Vec<Said>) {
        if !said.is_empty() {
            let of_node = self.words.entry(node).or_default();
            of_node.entry(place).or_default().extend(said);
            self.changes.work = true;
        }
    }

    /// Whether everything that was said has its answer.
    pub(super) fn is_settled(&self) -> bool {
        self.words.is_empty() && self.unanswered == 0
    }

    /// The first refusal since the last call.
    pub(super) fn take_unacknowledged(&mut self) -> Option<Error> {
        self.unacknowledged.take()
    }

    /// The end: sessions and membership are to be given up, and with them what was not handed over.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
        self.ready.clear();
        self.changes.work = true;
    }

    /// Whether it is being closed.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// The next event; `None` if there is nothing to tell.
    pub(super) fn next(&mut self) -> Option<Result<ShareEvent, Error>> {
        if let Some(next) = self.pending.pop_front() {
            return Some(next);
        }
        let records = self.ready.pop_front()?;
        self.with_application = Some(WithApplication {
            partition: records.topic_partition().clone(),
            place: records.place,
            node: records.node,
            held: Held::new(&records.acquired),
        });
        Some(Ok(ShareEvent::Records(records)))
    }

    /// What to do for `node`, which leads the partitions that `leads` says.
    pub(super) fn work(&mut self, node: i32, leads: impl Fn(&TopicPartition) -> bool) -> Work {
        let words = self.take_words(node);
        if self.is_closing {
            return Work::Close(words);
        }
        // What is fetched is locked, so nothing is fetched ahead.
        if self.is_waiting && self.ready.is_empty() {
            let led = self
                .assignment
                .iter()
                .filter(|(partition, _)| leads(partition));
            let wanted: BTreeSet<_> = led.map(|(one, id)| (*id, one.partition)).collect();
            if !wanted.is_empty() {
                return Work::Fetch(wanted, words);
            }
        }
        if words.is_empty() {
            Work::None
        } else {
            Work::Say(words)
        }
    }

    fn take_words(&mut self, node: i32) -> Words {
        let words = self.words.remove(&node).unwrap_or_default();
        self.unanswered += usize::from(!words.is_empty());
        words
    }

    /// A request with words was answered, well or not.
    pub(super) fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.changes.ready = true;
    }

    /// Records came.
    pub(super) fn fetched(&mut self, records: ShareRecords) {
        self.ready.push_back(records);
        self.changes.ready = true;
    }

    /// What was said of records of a partition was not taken.
    pub(super) fn refused(&mut self, partition: TopicPartition, error: Error) {
        self.unacknowledged.get_or_insert_with(|| error.clone());
        self.tell(Ok(ShareEvent::Unacknowledged { partition, error }));
    }

    /// A partition cannot be read now.
    pub(super) fn partition_error(&mut self, partition: TopicPartition, error: Error) {
        self.tell(Ok(ShareEvent::PartitionError { partition, error }));
    }

    /// Something went wrong that the application should know.
    pub(super) fn error(&mut self, error: Error) {
        self.tell(Err(error));
    }

    fn tell(&mut self, next: Result<ShareEvent, Error>) {
        if self.pending.len() < MAX_PENDING {
            self.pending.push_back(next);
            self.changes.ready = true;
        }
    }
}

/// Errors in line for an application that does not ask; more are dropped.
const MAX_PENDING: usize = 64;

//! Who read what, and whether that is as it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;

use crate::member::Kind;

/// What all members said.
#[derive(Debug, Default)]
pub(crate) struct Account {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    /// By partition and offset, who read it, in order.
    readers: BTreeMap<(i32, i64), Vec<usize>>,
    /// Members that were killed.
    killed: BTreeSet<usize>,
    /// Whose client each member is, by its number.
    kinds: Vec<Kind>,
}

impl Account {
    /// A number for a new member.
    pub(crate) fn new_member(&self, kind: Kind) -> usize {
        let mut books = self.books.lock().unwrap();
        books.kinds.push(kind);
        books.kinds.len() - 1
    }

    /// A member read a record.
    pub(crate) fn read(&self, member: usize, partition: i32, offset: i64) {
        let mut books = self.books.lock().unwrap();
        books
            .readers
            .entry((partition, offset))
            .or_default()
            .push(member);
    }

    /// A member is being killed: what it read may be read again.
    pub(crate) fn killed(&self, member: usize) {
        self.books.lock().unwrap().killed.insert(member);
    }

    /// How many records nobody has read.
    pub(crate) fn unread(&self, ends: &[i64]) -> i64 {
        let books = self.books.lock().unwrap();
        ends.iter().sum::<i64>() - i64::try_from(books.readers.len()).unwrap()
    }

    /// The first such record of each partition.
    pub(crate) fn first_unread(&self, ends: &[i64]) -> String {
        let books = self.books.lock().unwrap();
        let mut missing = String::new();
        for (partition, end) in (0..).zip(ends) {
            if let Some(offset) =
                (0..*end).find(|offset| !books.readers.contains_key(&(partition, *offset)))
            {
                write!(missing, " {partition}@{offset}/{end}").unwrap();
            }
        }
        missing
    }

    /// The result in words, if all is well.
    ///
    /// # Panics
    /// A record was read that was never sent, or read again after a member of ours had it that was not killed.
    pub(crate) fn verdict(&self, ends: &[i64]) -> String {
        let books = self.books.lock().unwrap();
        let (mut after_kill, mut foreign) = (0, 0);
        let mut unexplained = Vec::new();
        for ((partition, offset), readers) in &books.readers {
            let end = ends[usize::try_from(*partition).unwrap()];
            assert!(*offset < end, "{partition}@{offset} was never sent");
            for earlier in &readers[..readers.len() - 1] {
                match books.kinds[*earlier] {
                    _ if books.killed.contains(earlier) => after_kill += 1,
                    // What others commit, and when, is theirs to answer for.
                    Kind::Java | Kind::Librdkafka => foreign += 1,
                    Kind::Ours => unexplained.push((*partition, *offset, readers.clone())),
                }
            }
        }
        assert!(
            unexplained.is_empty(),
            "{} records were read again although a member of ours had them and was not killed: {:?}",
            unexplained.len(),
            &unexplained[..unexplained.len().min(10)],
        );
        format!(
            "{} records sent, all read; again after a kill {after_kill}, again after a living member of another client {foreign}, of ours 0; \
            {} members in all",
            ends.iter().sum::<i64>(),
            books.kinds.len(),
        )
    }
}

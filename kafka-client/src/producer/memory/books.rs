//! Who has which bytes of the budget, and who is next. Pure: no waiting, no allocation of buffers.

use std::collections::VecDeque;

use bytes::BytesMut;
use tokio::sync::oneshot;

use super::Buffer;

/// The account of a budget.
#[derive(Debug)]
pub(super) struct Books {
    free: usize,
    /// Bytes that somebody has although they were not there.
    owed: usize,
    /// Buffers that were used before and are still paid for; the last one in is the warmest.
    spare: Vec<Spare>,
    /// First come, first served.
    line: VecDeque<Waiting>,
    next_id: u64,
}

#[derive(Debug)]
struct Spare {
    bytes: BytesMut,
    paid: usize,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    capacity: usize,
    to: oneshot::Sender<Buffer>,
}

/// A buffer that somebody gets.
#[derive(Debug)]
pub(super) struct Loan {
    /// Bytes of the budget that it costs.
    pub(super) paid: usize,
    /// It itself, if there was one.
    pub(super) used: Option<BytesMut>,
}

impl Books {
    /// All is free.
    pub(super) fn new(total: usize) -> Self {
        Self {
            free: total,
            owed: 0,
            spare: Vec::new(),
            line: VecDeque::new(),
            next_id: 0,
        }
    }

    /// Whether somebody waits.
    pub(super) fn is_short(&self) -> bool {
        !self.line.is_empty()
    }

    /// Bytes that nobody has.
    pub(super) fn free(&self) -> usize {
        self.free
    }

    /// Bytes in use beyond the budget.
    pub(super) fn owed(&self) -> usize {
        self.owed
    }

    /// Takes `bytes` even if they are not there.
    pub(super) fn overdraw(&mut self, bytes: usize) {
        if !self.pay_from_all(bytes) {
            self.owed += bytes - self.free;
            self.free = 0;
        }
    }

    /// Bytes of the buffers that are kept.
    pub(super) fn spare_bytes(&self) -> usize {
        self.spare.iter().map(|spare| spare.paid).sum()
    }

    /// Pays for `bytes`, if they are there and nobody was first.
    pub(super) fn pay(&mut self, bytes: usize) -> bool {
        !self.is_short() && self.pay_from_all(bytes)
    }

    /// A buffer of about `capacity` bytes, if nobody was first.
    pub(super) fn lend(&mut self, capacity: usize) -> Option<Loan> {
        if self.is_short() {
            return None;
        }
        self.loan(capacity)
    }

    /// Puts somebody in line who wants a buffer of `capacity` bytes.
    pub(super) fn wait(&mut self, capacity: usize, to: oneshot::Sender<Buffer>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.line.push_back(Waiting { id, capacity, to });
        id
    }

    /// Somebody goes out of the line, served or not.
    pub(super) fn leave(&mut self, id: u64) {
        self.line.retain(|waiting| waiting.id != id);
    }

    /// `bytes` are free again.
    pub(super) fn refund(&mut self, bytes: usize) {
        let repaid = bytes.min(self.owed);
        self.owed -= repaid;
        self.free += bytes - repaid;
    }

    /// A used buffer comes back, paid for with `paid` bytes.
    pub(super) fn keep(&mut self, bytes: BytesMut, paid: usize) {
        if bytes.capacity() <= paid && self.spare.len() < MOST_SPARE && self.owed == 0 {
            self.spare.push(Spare { bytes, paid });
        } else {
            self.refund(paid);
        }
    }

    /// Lets go of all used buffers.
    pub(super) fn drop_spare(&mut self) {
        self.free += self.spare_bytes();
        self.spare.clear();
    }

    /// Those who can be served, in their order, and what each gets.
    pub(super) fn serve(&mut self) -> Vec<(oneshot::Sender<Buffer>, Loan)> {
        let mut served = Vec::new();
        while let Some(next) = self.line.front() {
            let capacity = next.capacity;
            let Some(loan) = self.loan(capacity) else {
                break;
            };
            if let Some(next) = self.line.pop_front() {
                served.push((next.to, loan));
            }
        }
        served
    }

    fn loan(&mut self, capacity: usize) -> Option<Loan> {
        let fits = capacity..=capacity.saturating_mul(MOST_WASTE);
        let mut spare = self.spare.iter();
        if let Some(place) = spare.rposition(|spare| fits.contains(&spare.bytes.capacity())) {
            let Spare { bytes, paid } = self.spare.swap_remove(place);
            return Some(Loan {
                paid,
                used: Some(bytes),
            });
        }
        self.pay_from_all(capacity).then_some(Loan {
            paid: capacity,
            used: None,
        })
    }

    /// Pays for `bytes`, with used buffers if need be.
    fn pay_from_all(&mut self, bytes: usize) -> bool {
        if self.free < bytes {
            self.drop_spare();
        }
        let enough = self.free >= bytes;
        if enough {
            self.free -= bytes;
        }
        enough
    }
}

/// A used buffer may be this much larger than asked for.
const MOST_WASTE: usize = 4;
/// Used buffers kept.
const MOST_SPARE: usize = 1024;

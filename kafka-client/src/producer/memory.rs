//! The producer's memory: a budget of bytes, and buffers that were used before.
//!
//! Every buffer of a batch is paid for from the budget before it is allocated, and as long as it lives. Buffers come back when the
//! socket has let go of them; they are kept for the next batch until somebody needs their bytes more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a producer may hold.
#[derive(Debug)]
pub(crate) struct Memory {
    total: usize,
    /// One permit for each free byte; first come, first served.
    free: Arc<Semaphore>,
    spare: Mutex<Vec<Buffer>>,
    waiting: AtomicUsize,
}

/// Bytes of the budget; they go back when it is dropped.
pub(crate) type Permit = OwnedSemaphorePermit;

/// A buffer and what it cost.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// To be filled from its start. What lies in it is of no meaning, and saves whoever fills it from clearing it first.
    pub(crate) bytes: BytesMut,
    /// As many bytes as the buffer can hold without growing.
    pub(crate) permit: Permit,
}

impl Memory {
    /// A budget of `total` bytes.
    pub(crate) fn new(total: usize) -> Self {
        let total = total.min(Semaphore::MAX_PERMITS);
        Self {
            total,
            free: Arc::new(Semaphore::new(total)),
            spare: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Bytes of the budget, if they are free now.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Permit> {
        let permits = u32::try_from(bytes).ok()?;
        let take = || self.free.clone().try_acquire_many_owned(permits).ok();
        take().or_else(|| {
            self.drop_spare();
            take()
        })
    }

    /// Bytes of the budget, waited for. Dropping the future takes nothing.
    pub(crate) async fn take(&self, bytes: usize) -> Option<Permit> {
        let permits = u32::try_from(bytes.min(self.total)).ok()?;
        let _counted = Waiting::new(&self.waiting);
        self.drop_spare();
        self.free.clone().acquire_many_owned(permits).await.ok()
    }

    /// Whether somebody waits for memory: then lingering would be in vain.
    pub(crate) fn is_short(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// A buffer of at least `capacity` bytes, a used one if there is one of about that size; `None` if the budget does not allow it.
    pub(crate) fn buffer(&self, capacity: usize) -> Option<Buffer> {
        let spare = {
            let mut spare = self.spare();
            let fits = |buffer: &Buffer| {
                (capacity..=capacity.saturating_mul(MOST_WASTE)).contains(&buffer.bytes.capacity())
            };
            // The last one in is the warmest.
            let found = spare.iter().rposition(fits);
            found.map(|place| spare.swap_remove(place))
        };
        spare.or_else(|| {
            self.try_take(capacity)
                .map(|permit| Buffer::new(capacity, permit))
        })
    }

    /// Takes a buffer back, if nobody else holds it any more, and keeps it unless the memory is needed.
    pub(crate) fn give_back(&self, bytes: Bytes, permit: Permit) {
        let Ok(bytes) = bytes.try_into_mut() else {
            return;
        };
        let mut spare = self.spare();
        // Whoever begins to wait from here on empties the list after us.
        if !self.is_short() && bytes.capacity() <= permit.num_permits() && spare.len() < MOST_SPARE
        {
            spare.push(Buffer { bytes, permit });
        }
    }

    /// Lets go of the used buffers.
    pub(crate) fn drop_spare(&self) {
        let dropped = std::mem::take(&mut *self.spare());
        drop(dropped);
    }

    /// Whether used buffers are kept.
    pub(crate) fn has_spare(&self) -> bool {
        !self.spare().is_empty()
    }

    /// Bytes in use: what waits to be sent or acknowledged, with the room that batches have still to fill.
    pub(crate) fn used(&self) -> usize {
        let spare: usize = self
            .spare()
            .iter()
            .map(|buffer| buffer.permit.num_permits())
            .sum();
        self.total
            .saturating_sub(self.free.available_permits())
            .saturating_sub(spare)
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Buffer>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    /// A new one of `capacity` bytes that `permit` has paid for.
    pub(crate) fn new(capacity: usize, permit: Permit) -> Self {
        Self {
            bytes: BytesMut::with_capacity(capacity),
            permit,
        }
    }
}

/// Counts somebody who waits, for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The capacity of a new batch's buffer: `limit` halved as often as leaves room for `expected` bytes, so that a buffer that has to
/// grow after all doubles up to the limit and not beyond. At least `least`.
pub(crate) fn capacity_for(expected: usize, least: usize, limit: usize) -> usize {
    let mut capacity = limit;
    while capacity.div_ceil(2) >= expected.max(LEAST_BUFFER) {
        capacity = capacity.div_ceil(2);
    }
    capacity.max(least)
}

/// A used buffer may be this much larger than asked for.
const MOST_WASTE: usize = 4;
/// Used buffers kept.
const MOST_SPARE: usize = 1024;
/// Smaller buffers are not worth the trouble.
const LEAST_BUFFER: usize = 512;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn used_buffer(memory: &Memory, capacity: usize) {
        let mut buffer = memory.buffer(capacity).unwrap();
        buffer.bytes.extend_from_slice(b"old");
        memory.give_back(buffer.bytes.freeze(), buffer.permit);
    }

    #[test]
    fn the_budget_is_never_exceeded() {
        let memory = Memory::new(1000);
        let first = memory.buffer(600).unwrap();
        assert!(memory.buffer(600).is_none());
        assert_eq!(memory.used(), 600);
        drop(first);
        assert!(memory.buffer(600).is_some());
    }

    #[test]
    fn used_buffers_come_again_and_do_not_count_meanwhile() {
        let memory = Memory::new(1000);
        used_buffer(&memory, 600);
        assert_eq!(memory.used(), 0);
        let again = memory.buffer(500).unwrap();
        assert_eq!(again.bytes.capacity(), 600);
        assert_eq!(memory.used(), 600);
    }

    #[test]
    fn used_buffers_give_way() {
        let memory = Memory::new(1000);
        used_buffer(&memory, 900);
        let small = memory.buffer(200).unwrap();
        assert_eq!(small.bytes.capacity(), 200, "900 would be a waste");
        assert!(memory.buffer(800).is_some());
    }

    #[test]
    fn a_buffer_that_a_socket_still_holds_is_not_used_again() {
        let memory = Memory::new(1000);
        let buffer = memory.buffer(600).unwrap();
        let bytes = buffer.bytes.freeze();
        let socket = bytes.clone();
        memory.give_back(bytes, buffer.permit);
        assert!(memory.spare().is_empty());
        drop(socket);
    }

    #[tokio::test]
    async fn whoever_waits_gets_what_comes_back() {
        let memory = Arc::new(Memory::new(1000));
        let held = memory.buffer(600).unwrap();
        let waiting = tokio::spawn({
            let memory = memory.clone();
            async move { memory.take(700).await.map(|permit| permit.num_permits()) }
        });
        while !memory.is_short() {
            tokio::task::yield_now().await;
        }
        memory.give_back(held.bytes.freeze(), held.permit);
        let taken = tokio::time::timeout(Duration::from_secs(5), waiting);
        assert_eq!(taken.await.unwrap().unwrap(), Some(700));
        assert!(!memory.is_short());
    }

    #[test]
    fn capacities_are_fractions_of_the_limit() {
        assert_eq!(capacity_for(0, 0, 16384), 512);
        assert_eq!(capacity_for(600, 0, 16384), 1024);
        assert_eq!(capacity_for(16000, 0, 16384), 16384);
        assert_eq!(capacity_for(99_999, 0, 16384), 16384);
        assert_eq!(capacity_for(500_001, 0, 1_000_000), 1_000_000);
        assert_eq!(capacity_for(400_000, 0, 1_000_000), 500_000);
        assert_eq!(capacity_for(0, 70_000, 16384), 70_000, "one large record");
    }
}

//! The producer's memory: a budget of bytes, and buffers that were used before.
//!
//! Every buffer of a batch is paid for from the budget before it is allocated, and as long as it lives. Buffers come back when the
//! socket has let go of them; whoever has waited longest gets them as they are, and otherwise they are kept for the next batch until
//! somebody needs their bytes more. So a producer at its bound allocates nothing, and writes to memory that is still in the cache.

mod books;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::oneshot;

use self::books::{Books, Loan};

/// What a producer may hold.
#[derive(Debug)]
pub(crate) struct Memory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    total: usize,
    books: Mutex<Books>,
}

/// A buffer and what it cost.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// To be filled from its start. What lies in it is of no meaning, and saves whoever fills it from clearing it first.
    pub(crate) bytes: BytesMut,
    /// As many bytes as the buffer can hold without growing.
    pub(crate) permit: Permit,
}

/// Bytes of the budget; they go back when it is dropped.
pub(crate) struct Permit {
    bytes: usize,
    shared: Arc<Shared>,
}

impl Memory {
    /// A budget of `total` bytes.
    pub(crate) fn new(total: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                total,
                books: Mutex::new(Books::new(total)),
            }),
        }
    }

    /// Bytes of the budget, if they are free now and nobody waits for them.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Permit> {
        let taken = self.shared.books().pay(bytes);
        taken.then(|| self.shared.permit(bytes))
    }

    /// Bytes that are needed whether they are free or not: for what was taken already, and has to be sent in two batches.
    pub(crate) fn take_anyway(&self, bytes: usize) -> Permit {
        self.shared.books().overdraw(bytes);
        self.shared.permit(bytes)
    }

    /// A buffer of `capacity` bytes or more, of all there are at most, waited for: first come, first served. Dropping the future takes nothing.
    pub(crate) async fn take(&self, capacity: usize) -> Option<Buffer> {
        let (to, buffer) = oneshot::channel();
        let capacity = capacity.min(self.shared.total);
        let mut id = 0;
        self.shared.change(|books| id = books.wait(capacity, to));
        let _in_line = InLine {
            id,
            shared: &self.shared,
        };
        buffer.await.ok()
    }

    /// Whether somebody waits for memory: then lingering would be in vain.
    pub(crate) fn is_short(&self) -> bool {
        self.shared.books().is_short()
    }

    /// A buffer of at least `capacity` bytes, a used one if there is one of about that size; `None` if the budget does not allow it, or
    /// others wait.
    pub(crate) fn buffer(&self, capacity: usize) -> Option<Buffer> {
        let loan = self.shared.books().lend(capacity)?;
        Some(self.shared.buffer(loan))
    }

    /// Takes a buffer back, if nobody else holds it any more: for whoever waits, or else for the next batch.
    pub(crate) fn give_back(&self, bytes: Bytes, permit: Permit) {
        if let Ok(bytes) = bytes.try_into_mut() {
            self.shared
                .change(|books| books.keep(bytes, permit.spend()));
        }
    }

    /// Lets go of the used buffers.
    pub(crate) fn drop_spare(&self) {
        self.shared.change(Books::drop_spare);
    }

    /// Whether used buffers are kept.
    pub(crate) fn has_spare(&self) -> bool {
        self.shared.books().spare_bytes() > 0
    }

    /// Bytes in use: what waits to be sent or acknowledged, with the room that batches have still to fill. More than the budget only
    /// by what was taken although it was not there.
    pub(crate) fn used(&self) -> usize {
        let books = self.shared.books();
        self.shared.total + books.owed() - books.free() - books.spare_bytes()
    }
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the books, and serves those who can be served then.
    fn change(self: &Arc<Self>, change: impl FnOnce(&mut Books)) {
        let served = {
            let mut books = self.books();
            change(&mut books);
            books.serve()
        };
        // Outside the lock: a buffer that nobody wants any more comes back through it.
        for (to, loan) in served {
            let _ = to.send(self.buffer(loan));
        }
    }

    fn permit(self: &Arc<Self>, bytes: usize) -> Permit {
        Permit {
            bytes,
            shared: self.clone(),
        }
    }

    fn buffer(self: &Arc<Self>, loan: Loan) -> Buffer {
        Buffer {
            permit: self.permit(loan.paid),
            // Zeroed rather than empty: the system does that for nothing, and page by page as they are written to.
            bytes: loan.used.unwrap_or_else(|| BytesMut::zeroed(loan.paid)),
        }
    }
}

impl Permit {
    /// Joins another one of the same budget to this.
    pub(crate) fn merge(&mut self, other: Self) {
        self.bytes += other.spend();
    }

    /// How many.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// `bytes` of it, or all if there are not as many.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.shared.permit(bytes)
    }

    /// Gives back what is beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.bytes -= surplus;
        drop(self.shared.permit(surplus));
    }

    /// The bytes, which the caller accounts for from now on.
    fn spend(mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.shared.change(|books| books.refund(self.bytes));
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.bytes).finish()
    }
}

/// A place in line, given up when it is dropped.
struct InLine<'a> {
    id: u64,
    shared: &'a Arc<Shared>,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.shared.change(|books| books.leave(self.id));
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

/// Smaller buffers are not worth the trouble.
const LEAST_BUFFER: usize = 512;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn used_buffer(memory: &Memory, capacity: usize) {
        let mut buffer = memory.buffer(capacity).unwrap();
        buffer.bytes.fill(7);
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
    fn what_is_taken_although_it_is_not_there_is_repaid_first() {
        let memory = Memory::new(1000);
        let buffer = memory.buffer(990).unwrap();
        let small = memory.buffer(10).unwrap();
        let forced = memory.take_anyway(61);
        assert_eq!(memory.used(), 1061);
        memory.give_back(small.bytes.freeze(), small.permit);
        assert_eq!(memory.used(), 1051);
        assert!(!memory.has_spare() && memory.try_take(1).is_none());
        drop(buffer);
        assert_eq!(memory.used(), 61);
        drop(forced);
        assert_eq!(memory.used(), 0);
        assert!(memory.buffer(1000).is_some());
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
        assert!(!memory.has_spare());
        drop(socket);
    }

    #[tokio::test]
    async fn whoever_waits_gets_what_comes_back() {
        let memory = Arc::new(Memory::new(1000));
        let held = memory.buffer(600).unwrap();
        let waiting = tokio::spawn({
            let memory = memory.clone();
            async move { memory.take(700).await.map(|buffer| buffer.bytes.capacity()) }
        });
        while !memory.is_short() {
            tokio::task::yield_now().await;
        }
        memory.give_back(held.bytes.freeze(), held.permit);
        let taken = tokio::time::timeout(Duration::from_secs(5), waiting);
        assert_eq!(taken.await.unwrap().unwrap(), Some(700));
        assert!(!memory.is_short());
    }

    #[tokio::test]
    async fn whoever_waits_gets_a_used_buffer_as_it_is() {
        let memory = Memory::new(1000);
        let mut held = memory.buffer(600).unwrap();
        held.bytes.fill(7);
        let mut waiting = Box::pin(memory.take(500));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        memory.give_back(held.bytes.freeze(), held.permit);
        let taken = waiting.await.unwrap();
        assert!(taken.bytes.iter().all(|&byte| byte == 7));
        assert_eq!(memory.used(), 600);
    }

    #[tokio::test]
    async fn nobody_overtakes_those_who_wait() {
        let memory = Memory::new(1000);
        let held = memory.buffer(600).unwrap();
        let mut large = Box::pin(memory.take(900));
        let mut small = Box::pin(memory.take(100));
        assert!(futures_util::poll!(&mut large).is_pending());
        assert!(futures_util::poll!(&mut small).is_pending());
        assert!(memory.buffer(100).is_none() && memory.try_take(100).is_none());
        drop(held);
        let large = large.await.unwrap();
        assert_eq!(small.await.unwrap().bytes.capacity(), 100);
        drop(large);
        assert!(memory.buffer(100).is_some());
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_leaves_nothing_behind() {
        let memory = Memory::new(1000);
        let held = memory.buffer(600).unwrap();
        let mut impatient = Box::pin(memory.take(900));
        let mut patient = Box::pin(memory.take(400));
        assert!(futures_util::poll!(&mut impatient).is_pending());
        assert!(futures_util::poll!(&mut patient).is_pending());
        drop(impatient);
        let patient = patient.await.unwrap();
        let mut served = Box::pin(memory.take(600));
        assert!(futures_util::poll!(&mut served).is_pending());
        drop(held);
        // It was served, and never looked.
        drop(served);
        drop(patient);
        assert_eq!(memory.used(), 0);
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

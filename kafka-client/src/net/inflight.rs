//! Requests sent on one connection and not answered yet.
//!
//! A broker answers in the order it was asked, so the oldest request is the only one an answer may belong to. Nothing here does
//! I/O: the connection's task feeds it and acts on what it says.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Requests waiting for their answer, oldest first. `T` is whatever the caller wants back.
#[derive(Debug)]
pub(crate) struct Inflight<T> {
    waiting: VecDeque<Waiting<T>>,
    next_id: i32,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    /// What the caller gave.
    pub(crate) request: T,
    /// How long an answer may take.
    pub(crate) timeout: Duration,
    id: i32,
    deadline: Instant,
}

impl<T> Inflight<T> {
    /// Nothing was sent yet.
    pub(crate) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            next_id: 0,
        }
    }

    /// A correlation id that no waiting request has.
    pub(crate) fn next_id(&mut self) -> i32 {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1) & i32::MAX;
        id
    }

    /// A request under `id` is on its way.
    pub(crate) fn sent(&mut self, id: i32, request: T, timeout: Duration, now: Instant) {
        self.waiting.push_back(Waiting {
            request,
            timeout,
            id,
            deadline: now + timeout,
        });
    }

    /// The request that the answer with correlation id `id` belongs to; `None` if it is not the oldest.
    pub(crate) fn answered(&mut self, id: i32) -> Option<T> {
        if self.waiting.front()?.id != id {
            return None;
        }
        self.waiting.pop_front().map(|oldest| oldest.request)
    }

    /// When the first of them runs out of time; `None` while nothing waits.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }

    /// When the last of them does.
    pub(crate) fn last_deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).max()
    }

    /// Takes a request whose time is up at `now`, if there is one.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Waiting<T>> {
        let late = self
            .waiting
            .iter()
            .position(|waiting| waiting.deadline <= now)?;
        self.waiting.remove(late)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// All that still wait, oldest first: their connection has ended.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.waiting.drain(..).map(|waiting| waiting.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    fn send<T>(inflight: &mut Inflight<T>, request: T, timeout: Duration, now: Instant) -> i32 {
        let id = inflight.next_id();
        inflight.sent(id, request, timeout, now);
        id
    }

    #[tokio::test]
    async fn answers_come_back_in_order() {
        let now = Instant::now();
        let mut inflight = Inflight::new();
        let first = send(&mut inflight, "produce", TIMEOUT, now);
        let second = send(&mut inflight, "fetch", TIMEOUT, now);

        assert_eq!(
            inflight.answered(second),
            None,
            "the oldest is still waiting"
        );
        assert_eq!(inflight.answered(first), Some("produce"));
        assert_eq!(inflight.answered(second), Some("fetch"));
        assert_eq!(inflight.answered(second), None, "nothing waits");
    }

    #[tokio::test]
    async fn expires_at_its_deadline_and_not_before() {
        let now = Instant::now();
        let mut inflight = Inflight::new();
        send(&mut inflight, "patient", TIMEOUT, now);
        send(&mut inflight, "hasty", TIMEOUT / 2, now);

        assert_eq!(inflight.deadline(), Some(now + TIMEOUT / 2));
        assert!(
            inflight
                .expire(now + TIMEOUT / 2 - Duration::from_millis(1))
                .is_none()
        );
        assert_eq!(inflight.expire(now + TIMEOUT / 2).unwrap().request, "hasty");
        assert_eq!(inflight.drain().collect::<Vec<_>>(), ["patient"]);
    }

    #[tokio::test]
    async fn correlation_ids_stay_positive() {
        let mut inflight = Inflight::<()>::new();
        inflight.next_id = i32::MAX;
        assert_eq!(inflight.next_id(), i32::MAX);
        assert_eq!(inflight.next_id(), 0);
    }
}

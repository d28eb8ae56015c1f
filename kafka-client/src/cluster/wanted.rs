//! The topics that each refresh asks for: those in use. Pure.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Topics by name, and who uses them.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    topics: BTreeMap<Arc<str>, Want>,
}

#[derive(Debug)]
struct Want {
    last_used: Instant,
    /// Users that keep it as long as they live.
    kept: usize,
    /// Those among them that wait until it can be used.
    awaited: usize,
}

/// Why a topic is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is read, say.
    Use,
    /// Somebody waits until it can be used.
    Wait,
}

/// Keeps a topic among the wanted ones until it is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    wanted: Arc<Mutex<Wanted>>,
    topic: Arc<str>,
    reason: Reason,
}

impl Wanted {
    /// A topic is used at `now`.
    pub(crate) fn used(&mut self, topic: &str, now: Instant) {
        self.entry(topic, now);
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.keys()
    }

    /// Those among them that somebody waits for.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = &Arc<str>> {
        let awaited = self.topics.iter().filter(|(_, want)| want.awaited > 0);
        awaited.map(|(name, _)| name)
    }

    /// Lets go of the topics that nobody keeps and nobody has used for `limit`; their names.
    pub(crate) fn expire(&mut self, limit: Duration, now: Instant) -> Vec<Arc<str>> {
        let is_idle =
            |_: &Arc<str>, want: &mut Want| want.kept == 0 && now >= want.last_used + limit;
        let expired = self.topics.extract_if(.., is_idle);
        expired.map(|(name, _)| name).collect()
    }

    /// Keeps a topic from expiring.
    pub(crate) fn keep(wanted: &Arc<Mutex<Self>>, topic: &str, reason: Reason) -> Kept {
        let mut all = lock(wanted);
        let (name, want) = all.entry(topic, Instant::now());
        want.kept += 1;
        want.awaited += usize::from(reason == Reason::Wait);
        Kept {
            wanted: wanted.clone(),
            topic: name,
            reason,
        }
    }

    fn entry(&mut self, topic: &str, now: Instant) -> (Arc<str>, &mut Want) {
        let known = self
            .topics
            .get_key_value(topic)
            .map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| topic.into());
        let want = self.topics.entry(name.clone()).or_insert(Want {
            last_used: now,
            kept: 0,
            awaited: 0,
        });
        want.last_used = now;
        (name, want)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut wanted = lock(&self.wanted);
        let (_, want) = wanted.entry(&self.topic, Instant::now());
        want.kept = want.kept.saturating_sub(1);
        if self.reason == Reason::Wait {
            want.awaited = want.awaited.saturating_sub(1);
        }
    }
}

/// A lock whatever happened under it before.
pub(crate) fn lock(wanted: &Mutex<Wanted>) -> MutexGuard<'_, Wanted> {
    wanted.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(5);

    fn names(wanted: &Mutex<Wanted>) -> Vec<String> {
        lock(wanted).names().map(ToString::to_string).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_goes_when_nobody_used_it_for_long_and_not_before() {
        let mut wanted = Wanted::default();
        let start = Instant::now();
        wanted.used("early", start);
        wanted.used("late", start + LIMIT / 2);
        assert!(wanted.expire(LIMIT, start + LIMIT / 2).is_empty());
        let expired = wanted.expire(LIMIT, start + LIMIT);
        assert_eq!(expired.len(), 1);
        assert_eq!(&*expired[0], "early");
        assert_eq!(wanted.names().count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_that_is_kept_stays_and_its_time_begins_when_it_is_let_go() {
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let kept = Wanted::keep(&wanted, "t", Reason::Use);
        tokio::time::advance(LIMIT * 2).await;
        assert!(lock(&wanted).expire(LIMIT, Instant::now()).is_empty());
        drop(kept);
        assert!(lock(&wanted).expire(LIMIT, Instant::now()).is_empty());
        assert_eq!(names(&wanted), ["t"]);
        tokio::time::advance(LIMIT).await;
        assert_eq!(lock(&wanted).expire(LIMIT, Instant::now()).len(), 1);
    }

    #[tokio::test]
    async fn only_who_waits_makes_a_topic_awaited() {
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let _used = Wanted::keep(&wanted, "t", Reason::Use);
        assert_eq!(lock(&wanted).awaited().count(), 0);
        let waiting = Wanted::keep(&wanted, "t", Reason::Wait);
        assert_eq!(lock(&wanted).awaited().count(), 1);
        drop(waiting);
        assert_eq!(lock(&wanted).awaited().count(), 0);
    }
}

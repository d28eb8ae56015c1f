//! The task that stores a consumer's offsets: one request after the other, so that an older one never overtakes a newer one; and on a
//! timer, if it is told to.
//!
//! Whatever is handed in while a request is under way goes together with the next one, of each partition the newest: a line of any
//! length needs no more memory than there are partitions, and ends with one answer. A commit that fails concerns whoever asked for
//! it. Fetching and positions know nothing of it.

mod line;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use kafka_wire::Request as _;
use kafka_wire::messages::offset_commit::OffsetCommitRequest;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};

use crate::consumer::membership::Identity;
use crate::consumer::position::Position;
use crate::consumer::shared::Shared;
use crate::error::Error;
use crate::group::committer::line::{Batch, Line, Outcome, may_pass_over};
use crate::group::offset::OffsetAndMetadata;
use crate::group::offsets::Offsets;
use crate::topic_partition::TopicPartition;

/// Where commits are handed in.
#[derive(Debug, Clone)]
pub(crate) struct Committer {
    offsets: Offsets,
    waiting: Arc<Waiting>,
}

/// Commits that wait for the task.
#[derive(Debug, Default)]
struct Waiting {
    line: Mutex<Line>,
    bell: Notify,
}

/// Offsets on their way to the group's coordinator. Awaiting it tells what came of them; dropping it does not take them back.
#[must_use = "dropping it is fine, but nobody will know what came of the commit"]
pub struct Commit(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl Commit {
    /// One that has failed already.
    pub(crate) fn failed(error: Error) -> Self {
        Self(Box::pin(std::future::ready(Err(error))))
    }
}

impl Future for Commit {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl std::fmt::Debug for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commit").finish_non_exhaustive()
    }
}

impl Committer {
    /// The handle, and the task to spawn.
    pub(crate) fn new(
        shared: Arc<Shared>,
        offsets: Offsets,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let waiting = Arc::new(Waiting::default());
        let committer = Self {
            offsets: offsets.clone(),
            waiting: waiting.clone(),
        };
        let task = Task {
            shared,
            offsets,
            line: Served(waiting),
            stored: HashMap::new(),
        };
        (committer, task.run())
    }

    /// Stores offsets on behalf of `identity`, at the latest by `deadline`. They are in line when this returns.
    pub(crate) fn commit<O: Into<OffsetAndMetadata>>(
        &self,
        identity: Identity,
        offsets: Vec<(TopicPartition, O)>,
        deadline: Instant,
    ) -> Commit {
        let offsets = offsets.into_iter();
        let offsets = offsets.map(|(partition, offset)| (partition, offset.into()));
        let offsets: Vec<_> = offsets.collect();
        let partitions: Vec<_> = offsets.iter().map(|(one, _)| one.clone()).collect();
        let mut outcome = self.waiting.line().add(identity, offsets, deadline);
        self.waiting.bell.notify_one();
        let (started, committer) = (Instant::now(), self.offsets.clone());
        Commit(Box::pin(async move {
            let outcome = timeout_at(deadline, outcome.wait_for(Option::is_some)).await;
            let Ok(outcome) = outcome else {
                return Err(Error::Timeout {
                    api: OffsetCommitRequest::name(),
                    broker: committer.coordinator_name(),
                    after: started.elapsed(),
                });
            };
            // Without an outcome, the task has ended.
            let outcome = outcome.ok().and_then(|outcome| outcome.clone());
            let unstored = outcome.unwrap_or(Err(Error::Closed))?;
            let codes = partitions.iter().filter_map(|one| unstored.get(one));
            match codes.copied().min_by_key(|code| may_pass_over(*code)) {
                Some(code) => Err(committer.refused::<OffsetCommitRequest>(code)),
                None => Ok(()),
            }
        }))
    }
}

impl Waiting {
    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task's hold on the line: when it goes, those who wait are told.
struct Served(Arc<Waiting>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.line().close();
    }
}

struct Task {
    shared: Arc<Shared>,
    offsets: Offsets,
    line: Served,
    /// What the timer has stored, and for whom.
    stored: HashMap<TopicPartition, (Identity, Position)>,
}

impl Task {
    async fn run(mut self) {
        let every = self.shared.config.auto_commit;
        let period = every.unwrap_or(NEVER);
        let mut timer = interval_at(Instant::now() + period, period);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let batch = self.line.0.line().next();
            if let Some(batch) = batch {
                self.store(batch).await;
                continue;
            }
            tokio::select! {
                biased;
                () = self.line.0.bell.notified() => {}
                _ = timer.tick(), if every.is_some() => self.store_finished(period).await,
            }
        }
    }

    async fn store(&self, batch: Batch) {
        let current = || self.shared.with(|state| state.membership.commits_as());
        let result = self
            .offsets
            .commit(batch.identity, batch.offsets, batch.deadline, current);
        let outcome: Outcome = result.await.map(Arc::new);
        // Whoever asked may have lost interest.
        batch.outcome.send_replace(Some(outcome));
    }

    /// Stores what the application has finished since the last time.
    async fn store_finished(&mut self, every: Duration) {
        let (identity, finished) = self
            .shared
            .with(|state| (state.membership.commits_as(), state.finished()));
        let Some(identity) = identity else { return };
        let is_news = |(partition, position): &(TopicPartition, Position)| {
            let stored = self.stored.get(partition);
            stored.is_none_or(|(by, at)| (by, at) != (&identity, position))
        };
        let news: Vec<_> = finished.into_iter().filter(is_news).collect();
        let offsets = news.iter().cloned();
        let offsets = offsets.map(|(partition, position)| (partition, position.into()));
        let deadline = Instant::now() + every.max(LEAST_PATIENCE);
        let current = || self.shared.with(|state| state.membership.commits_as());
        let result = self
            .offsets
            .commit(identity.clone(), offsets.collect(), deadline, current);
        let unstored = match result.await {
            Ok(unstored) => unstored,
            Err(error) => return self.complain(&error),
        };
        if let Some(code) = unstored.values().next() {
            self.complain(&self.offsets.refused::<OffsetCommitRequest>(*code));
        }
        let done = news.into_iter();
        let done = done.filter(|(partition, _)| !unstored.contains_key(partition));
        self.stored
            .extend(done.map(|(partition, position)| (partition, (identity.clone(), position))));
    }

    fn complain(&self, error: &Error) {
        let group = &self.offsets.group().id;
        let error = crate::error::chain(error);
        tracing::warn!(%group, %error, "cannot commit; will be tried again");
    }
}

/// A commit on the timer is given up after the timer's interval, or this if that is longer.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// The period of a timer that is not asked.
const NEVER: Duration = Duration::from_hours(24);

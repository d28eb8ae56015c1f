//! The task that stores a consumer's offsets: one commit after the other, so that an older one never overtakes a newer one; and on a
//! timer, if it is told to.
//!
//! A commit that fails concerns whoever asked for it. Fetching and positions know nothing of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::Request as _;
use kafka_wire::messages::offset_commit::OffsetCommitRequest;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};

use crate::consumer::membership::Identity;
use crate::consumer::shared::Shared;
use crate::error::Error;
use crate::group::offsets::Offsets;
use crate::topic_partition::TopicPartition;

/// Where commits are handed in.
#[derive(Debug, Clone)]
pub(crate) struct Committer {
    /// Bounded: when it is full, whoever commits waits.
    commits: mpsc::Sender<Commit>,
    /// Whom errors name.
    coordinator: Arc<str>,
}

/// Offsets to store.
#[derive(Debug)]
struct Commit {
    identity: Identity,
    offsets: Vec<(TopicPartition, i64)>,
    deadline: Instant,
    done: oneshot::Sender<Result<(), Error>>,
}

impl Committer {
    /// The handle, and the task to spawn.
    pub(crate) fn new(
        shared: Arc<Shared>,
        offsets: Offsets,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (commits, receiver) = mpsc::channel(COMMITS);
        let coordinator = offsets.coordinator_name();
        let committer = Self {
            commits,
            coordinator,
        };
        (committer, run(shared, offsets, receiver))
    }

    /// Stores offsets on behalf of `identity`, at the latest by `deadline`. Dropping the future does not take the commit back.
    pub(crate) async fn commit(
        &self,
        identity: Identity,
        offsets: Vec<(TopicPartition, i64)>,
        deadline: Instant,
    ) -> Result<(), Error> {
        let (done, outcome) = oneshot::channel();
        let commit = Commit {
            identity,
            offsets,
            deadline,
            done,
        };
        let stored = async {
            self.commits.send(commit).await.map_err(|_| Error::Closed)?;
            outcome.await.unwrap_or(Err(Error::Closed))
        };
        // Those before it may have other deadlines.
        let started = Instant::now();
        timeout_at(deadline, stored).await.unwrap_or_else(|_| {
            Err(Error::Timeout {
                api: OffsetCommitRequest::name(),
                broker: self.coordinator.clone(),
                after: started.elapsed(),
            })
        })
    }
}

async fn run(shared: Arc<Shared>, offsets: Offsets, mut commits: mpsc::Receiver<Commit>) {
    let Some(every) = shared.config.auto_commit else {
        while let Some(commit) = commits.recv().await {
            store(&offsets, commit).await;
        }
        return;
    };
    let mut stored = HashMap::new();
    let mut timer = interval_at(Instant::now() + every, every);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            commit = commits.recv() => match commit {
                Some(commit) => store(&offsets, commit).await,
                None => return,
            },
            _ = timer.tick() => store_finished(&shared, &offsets, every, &mut stored).await,
        }
    }
}

async fn store(offsets: &Offsets, commit: Commit) {
    let result = offsets
        .commit(&commit.identity, &commit.offsets, commit.deadline)
        .await;
    // Whoever asked may have lost interest.
    let _ = commit.done.send(result);
}

/// Stores what the application has finished since the last time.
async fn store_finished(
    shared: &Shared,
    offsets: &Offsets,
    every: Duration,
    stored: &mut HashMap<TopicPartition, (Identity, i64)>,
) {
    let (identity, finished) =
        shared.with(|state| (state.membership.commits_as(), state.committable()));
    let Some(identity) = identity else { return };
    let is_news = |(partition, offset): &(TopicPartition, i64)| {
        stored
            .get(partition)
            .is_none_or(|(by, at)| (by, at) != (&identity, offset))
    };
    let news: Vec<_> = finished.into_iter().filter(is_news).collect();
    let deadline = Instant::now() + every.max(LEAST_PATIENCE);
    match offsets.commit(&identity, &news, deadline).await {
        Ok(()) => {
            let done = news.into_iter();
            stored.extend(done.map(|(partition, offset)| (partition, (identity.clone(), offset))));
        }
        Err(error) => {
            let group = &offsets.group().id;
            let error = crate::error::chain(&error);
            tracing::warn!(%group, %error, "cannot commit; will be tried again");
        }
    }
}

/// Commits in line.
const COMMITS: usize = 16;
/// A commit on the timer is given up after the timer's interval, or this if that is longer.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

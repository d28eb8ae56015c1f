//! Who reads what from Kafka, for everybody who hands records to clients.
//!
//! ```text
//! cluster.rs   one client per cluster and identity, shared by configuration (G-17)
//! source.rs    what is read: cluster, group, topics, start; opens a consumer of it
//! member.rs    http-get: one consumer per plugin and group, which lives while requests come
//! shelf.rs     records that such a consumer holds, and their fair division over answers (pure)
//! feed.rs      streams: one consumer per stream, in a task of its own
//! finished.rs  how far clients have come, and what of it is committed (pure)
//! places.rs    how many streams there may be (G-46)
//! lives.rs     streams end when their route or plugin changes (G-65)
//! ```
//!
//! Nothing here knows HTTP, JSON or a mode of a plugin: it deals in records and offsets.

mod cluster;
mod feed;
mod finished;
mod lives;
mod member;
mod places;
mod shelf;
mod source;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use kafka_client::{Client, ConfigError, Error, TopicPartition};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::kafka_consume::KafkaConsume;
use crate::config::plugin::{Plugin, PluginConfig};
use crate::config::snapshot::Snapshot;
use crate::observe::Metrics;
use crate::plugins::Shared;
use cluster::{Clusters, Identity};
use member::{Ends, Member};

pub(crate) use feed::{Feed, News};
pub(crate) use finished::{Ledger, Offsets};
pub(crate) use lives::Lives;
pub(crate) use member::{Failure, Patience, Taken, Wish};
pub(crate) use places::{Place, Places};
pub(crate) use shelf::{Limits, Portion};
pub(crate) use source::{Sizes, Source};

/// All readers of the process.
#[derive(Debug)]
pub(crate) struct Hub {
    shared: Shared,
    /// Names this node in group ids. There is no store to keep it in yet, so it lasts as long as the process.
    node: Uuid,
    clusters: Clusters,
    members: Mutex<HashMap<(Uuid, String), Arc<Member>>>,
    /// The streams that read as a group, to commit on their behalf.
    streams: Arc<Streams>,
    places: Places,
    lives: Lives,
    /// Tasks that hold a consumer.
    tasks: TaskTracker,
    /// Ends the members.
    stop: CancellationToken,
}

impl Hub {
    /// Nobody reads yet.
    pub(crate) fn new(shared: Shared) -> Hub {
        let stream = &shared.settings.stream;
        Hub {
            node: Uuid::new_v4(),
            clusters: Clusters::default(),
            members: Mutex::default(),
            streams: Arc::default(),
            places: Places::new(stream.max, stream.max_per_ip),
            lives: Lives::new(shared.drain.clone()),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            shared,
        }
    }

    /// The id of this node.
    pub(crate) fn node(&self) -> Uuid {
        self.node
    }

    /// Room for streams.
    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// What ends streams.
    pub(crate) fn lives(&self) -> &Lives {
        &self.lives
    }

    /// The client of the cluster that a plugin names.
    pub(crate) fn client(&self, config: &KafkaConsume) -> Result<Client, ConfigError> {
        self.clusters
            .client(Identity::of(config), &self.shared.settings)
    }

    /// Records for one answer, from the member that `plugin` has in the group of `source`; starts it if need be.
    /// Dropping the future takes nothing.
    pub(crate) async fn take(
        &self,
        plugin: &Arc<Plugin>,
        source: &Source,
        wish: Wish,
    ) -> Result<Taken, Failure> {
        // A member that leaves just now is followed by another.
        for _ in 0..ATTEMPTS {
            let member = self.member(plugin, source);
            if let Some(outcome) = member.take(wish.clone()).await {
                return outcome;
            }
        }
        Err(Failure::Closed)
    }

    fn member(&self, plugin: &Arc<Plugin>, source: &Source) -> Arc<Member> {
        let key = (plugin.id, source.group.clone());
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(member) = members.get(&key)
            && member.serves(plugin)
        {
            return Arc::clone(member);
        }
        let (member, actor) = Member::new(
            Arc::clone(plugin),
            source.clone(),
            Patience::of(&self.shared.settings),
            Ends {
                drain: self.shared.drain.clone(),
                stop: self.stop.clone(),
            },
        );
        self.spawn(actor.run());
        let member = Arc::new(member);
        members.insert(key, Arc::clone(&member));
        member
    }

    /// A consumer for one stream; `seek` says where partitions begin that differ from what the group has committed.
    pub(crate) fn feed(&self, source: Source, seek: HashMap<TopicPartition, i64>) -> Feed {
        let group = source.group.clone();
        let (feed, reader) = Feed::new(source, seek);
        self.streams.add(&group, feed.commands());
        let streams = Arc::clone(&self.streams);
        self.spawn(async move {
            reader.run().await;
            streams.forget_ended(&group);
        });
        feed
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let gauge = self.shared.metrics.consumers.clone();
        let work = contained(Arc::clone(&self.shared.metrics), gauge, work);
        self.tasks.spawn(work);
    }

    /// Stores offsets for a group on behalf of whoever is its member here; of nobody if there is none.
    pub(crate) async fn commit(
        &self,
        plugin: &Plugin,
        source: &Source,
        offsets: Offsets,
    ) -> Result<(), Error> {
        let member = {
            let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            members.get(&(plugin.id, source.group.clone())).cloned()
        };
        if let Some(member) = member
            && let Some(outcome) = member.commit(offsets.clone()).await
        {
            return outcome;
        }
        for stream in self.streams.of(&source.group) {
            if let Some(outcome) = feed::commit(&stream, offsets.clone()).await {
                return outcome;
            }
        }
        source.commit(&offsets).await
    }

    /// Lets go of what `snapshot` does not mention any more.
    pub(crate) fn retain(&self, snapshot: &Snapshot) {
        self.lives.retain(snapshot);
        let plugins: HashMap<Uuid, &Arc<Plugin>> = snapshot
            .router
            .iter()
            .flat_map(|entry| &entry.plugins)
            .map(|plugin| (plugin.id, plugin))
            .collect();
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members
            .retain(|(id, _), member| plugins.get(id).is_some_and(|plugin| member.serves(plugin)));
        drop(members);
        let used = plugins.values().filter_map(|plugin| match &plugin.config {
            PluginConfig::KafkaConsume(config) => Some(Identity::of(config)),
            PluginConfig::KafkaUpstream(_) => None,
        });
        self.clusters.retain(&used.collect());
    }

    /// Ends every reader: offsets are committed, groups are left. What has not ended by `deadline` is cut.
    pub(crate) async fn drain(&self, deadline: Instant) {
        self.stop.cancel();
        self.tasks.close();
        if timeout_at(deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                consumers = self.tasks.len(),
                "consumers did not end in time"
            );
        }
        self.clusters.shutdown().await;
    }
}

/// The ways to the readers of streams, by group. They do not keep a reader.
#[derive(Debug, Default)]
struct Streams(Mutex<HashMap<String, Vec<mpsc::WeakSender<feed::Command>>>>);

impl Streams {
    fn add(&self, group: &str, commands: mpsc::WeakSender<feed::Command>) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.entry(group.to_owned()).or_default().push(commands);
    }

    fn of(&self, group: &str) -> Vec<mpsc::Sender<feed::Command>> {
        let streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_group = streams.get(group).into_iter().flatten();
        of_group.filter_map(mpsc::WeakSender::upgrade).collect()
    }

    /// Groups come and go with clients; none is remembered longer than its last stream.
    fn forget_ended(&self, group: &str) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_group) = streams.get_mut(group) {
            of_group.retain(|stream| stream.upgrade().is_some());
            if of_group.is_empty() {
                streams.remove(group);
            }
        }
    }
}

/// Runs a task that `gauge` counts for as long as it lives; a panic in it ends it alone (G-66).
pub(crate) async fn contained(metrics: Arc<Metrics>, gauge: Gauge, work: impl Future<Output = ()>) {
    gauge.inc();
    let _counted = Counted(gauge);
    if AssertUnwindSafe(work).catch_unwind().await.is_err() {
        metrics.panics.inc();
    }
}

/// Also if the task is dropped in the middle.
struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// How often a request looks for another member when one leaves.
const ATTEMPTS: usize = 3;

/// Longest time that storing offsets holds up reading. The commit goes on; if it fails, it is made again later.
const COMMIT_PATIENCE: Duration = Duration::from_secs(2);

/// Longest time that leaving a group may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// An error and its causes in one line, for the log.
fn chain(error: &Error) -> String {
    crate::plugins::failure::chain(error)
}

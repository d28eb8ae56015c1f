//! The task that keeps a consumer going: it finds topics, leaders and positions, and starts a fetch task for each leader.
//!
//! All other tasks of the fetch side are its children and end with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_wire::ErrorCode;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep};

use crate::cluster::metadata::Metadata;
use crate::cluster::wanted::Kept;
use crate::consumer::position::{Lookup, Origin, Validation};
use crate::consumer::shared::{Shared, sleep_until_some};
use crate::consumer::state::refused;
use crate::consumer::{fetcher, lookup, pattern, validation};
use crate::group::offsets::Offsets;
use crate::topic_partition::TopicPartition;

/// Runs until it is dropped.
pub(super) async fn run(shared: Arc<Shared>, offsets: Option<Offsets>) {
    let watching = pattern::run(shared.clone());
    let planner = Planner {
        shared,
        offsets,
        fetchers: Children::default(),
        finders: Children::default(),
        lookups: JoinSet::new(),
        kept: BTreeMap::new(),
    };
    tokio::select! {
        () = planner.run() => {}
        () = watching => {}
    }
}

struct Planner {
    shared: Arc<Shared>,
    /// Where committed offsets are kept; `None` without a group.
    offsets: Option<Offsets>,
    fetchers: Children<i32>,
    /// Tasks that wait for a topic to appear.
    finders: Children<Arc<str>>,
    lookups: JoinSet<()>,
    /// Topics that refreshes have to ask for.
    kept: BTreeMap<Arc<str>, Kept>,
}

impl Planner {
    async fn run(mut self) {
        let mut bell = self.shared.plan_bell();
        let mut metadata = self.shared.cluster.changed();
        loop {
            bell.borrow_and_update();
            metadata.borrow_and_update();
            let (now, picture) = (Instant::now(), self.shared.cluster.metadata());
            self.find_topics(&picture);
            self.find_leaders(&picture, now);
            self.find_positions(&picture, now);
            self.validate_positions(&picture, now);
            self.start_fetchers(&picture, now);
            let retry = self.shared.with(|state| state.positions.next_retry(now));
            tokio::select! {
                _ = bell.changed() => {}
                _ = metadata.changed() => {}
                () = self.fetchers.ended() => {}
                () = self.finders.ended() => {}
                Some(_) = self.lookups.join_next() => {}
                () = sleep_until_some(retry) => {}
            }
        }
    }

    fn find_topics(&mut self, picture: &Metadata) {
        let topics = self.shared.with(|state| state.topics());
        self.kept.retain(|topic, _| topics.contains(topic));
        for topic in topics {
            let keep = || self.shared.cluster.keep(&topic);
            self.kept.entry(topic.clone()).or_insert_with(keep);
            if !is_usable(picture, &topic) && !self.finders.has(&topic) {
                let finder = find(self.shared.clone(), topic.clone());
                self.finders.spawn(topic, finder);
            }
        }
    }

    /// Asks for fresh metadata while a partition has no leader.
    fn find_leaders(&self, picture: &Metadata, now: Instant) {
        let is_led = |one: &TopicPartition| {
            // Whether there is such a topic is another question, and has been asked.
            !is_usable(picture, &one.topic) || fetcher::leader(picture, one).is_some()
        };
        let without = self.shared.with(|state| {
            let without = state.positions.leaderless(now, is_led);
            for (partition, generation) in &without {
                let known = picture.partition(&partition.topic, partition.partition);
                let code = match known {
                    Some(_) => ErrorCode::LEADER_NOT_AVAILABLE,
                    None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                };
                let error = refused("Metadata", partition, code);
                state.failed(partition, *generation, error, now);
            }
            without
        });
        if !without.is_empty() {
            self.shared.cluster.refresh();
        }
    }

    fn find_positions(&mut self, picture: &Metadata, now: Instant) {
        let is_led = |one: &TopicPartition| fetcher::leader(picture, one).is_some();
        let lookups = self
            .shared
            .with(|state| state.positions.lookups(now, is_led));
        let mut by_leader: BTreeMap<i32, Vec<Lookup>> = BTreeMap::new();
        let mut committed = Vec::new();
        for lookup in lookups {
            match (lookup.origin, fetcher::leader(picture, &lookup.partition)) {
                (Origin::Committed, _) => committed.push(lookup),
                (_, Some(node)) => by_leader.entry(node).or_default().push(lookup),
                (_, None) => {}
            }
        }
        for (node, lookups) in by_leader {
            self.lookups
                .spawn(lookup::ends(self.shared.clone(), node, lookups));
        }
        match self.offsets.clone() {
            _ if committed.is_empty() => {}
            Some(offsets) => {
                let shared = self.shared.clone();
                self.lookups
                    .spawn(lookup::committed(shared, offsets, committed));
            }
            None => self.shared.with(|state| {
                let nothing = committed.iter();
                nothing.for_each(|lookup| state.not_committed(lookup));
            }),
        }
    }

    /// Asks new leaders whether their logs have what was read (KIP-320).
    fn validate_positions(&mut self, picture: &Metadata, now: Instant) {
        let leader = |one: &TopicPartition| fetcher::leadership(picture, one);
        let validations = self.shared.with(|state| {
            state.see(leader);
            state.positions.validations(now, leader)
        });
        let mut by_leader: BTreeMap<i32, Vec<Validation>> = BTreeMap::new();
        for validation in validations {
            let node = validation.leader.node;
            by_leader.entry(node).or_default().push(validation);
        }
        for (node, validations) in by_leader {
            self.lookups
                .spawn(validation::validate(self.shared.clone(), node, validations));
        }
    }

    fn start_fetchers(&mut self, picture: &Metadata, now: Instant) {
        let leader = |one: &TopicPartition| fetcher::leadership(picture, one);
        let sources = self
            .shared
            .with(|state| state.positions.sources(now, leader));
        for node in sources {
            if !self.fetchers.has(&node) {
                self.fetchers
                    .spawn(node, fetcher::run(self.shared.clone(), node));
            }
        }
    }
}

fn is_usable(picture: &Metadata, topic: &str) -> bool {
    let known = picture.topic(topic);
    known.is_some_and(|known| known.error.is_ok() && !known.partitions.is_empty())
}

/// Waits until `topic` can be used, or nobody wants it any more; tells the application what is in the way.
async fn find(shared: Arc<Shared>, topic: Arc<str>) {
    let (mut backoff, mut patience) = (shared.backoff(), shared.patience());
    let wait = shared.cluster.config().request_timeout;
    loop {
        let Err(error) = shared.cluster.topic(&topic, wait).await else {
            return;
        };
        if !shared.with(|state| state.topics().contains(&topic)) {
            return;
        }
        // What may pass was waited for; what will not is told again once in a while.
        if error.is_retriable() || patience.failed(&error, Instant::now()) {
            shared.with(|state| state.topic_error(&topic, &error));
        }
        sleep(backoff.failed()).await;
    }
}

/// Tasks that have a name and end by themselves, or with their owner.
struct Children<K> {
    tasks: JoinSet<()>,
    names: HashMap<Id, K>,
}

impl<K> Default for Children<K> {
    fn default() -> Self {
        Self {
            tasks: JoinSet::new(),
            names: HashMap::new(),
        }
    }
}

impl<K: PartialEq> Children<K> {
    fn has(&self, name: &K) -> bool {
        self.names.values().any(|known| known == name)
    }

    fn spawn(&mut self, name: K, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.tasks.spawn(task);
        self.names.insert(handle.id(), name);
    }

    /// Waits until one has ended; for ever if there is none.
    async fn ended(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return std::future::pending().await,
        };
        self.names.remove(&id);
    }
}

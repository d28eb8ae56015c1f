//! One produce request: from batches to bytes in line for the socket, and to its answer.
//!
//! The batches travel with the request and come back with its answer, so whatever ends the request ends them too.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use kafka_wire::records::{Codecs, Compression};
use kafka_wire::{ErrorCode, Request as _, Uuid};

use super::sink::Route;
use crate::cluster::Cluster;
use crate::cluster::pool::Purpose;
use crate::error::Error;
use crate::net::pending::Pending;
use crate::producer::batch::Batch;
use crate::producer::config::{Acks, ProducerConfig};
use crate::producer::metrics::BatchSent;
use crate::producer::sequence::Identity;
use crate::producer::topics::Partition;
use crate::producer::transaction::{Enlistment, Protocol, Standing};

/// A batch and where it belongs.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Where it belongs.
    pub(super) partition: Arc<Partition>,
    /// The batch.
    pub(super) batch: Batch,
}

impl Parcel {
    /// What an observer hears of it.
    fn sent(&self, node: i32, config: &ProducerConfig) -> BatchSent<'_> {
        let Self { partition, batch } = self;
        let started = batch.deadline - config.delivery_timeout;
        BatchSent {
            topic: &partition.topic,
            partition: partition.number,
            node,
            records: batch.records,
            bytes: batch.len(),
            attempt: batch.attempts,
            age: started.elapsed(),
        }
    }
}

/// What goes to one broker in one request.
pub(super) struct Load {
    /// The way to it.
    pub(super) route: Route,
    /// One batch each of some partitions.
    pub(super) parcels: Vec<Parcel>,
    /// Compressors, lent by the broker's sink.
    pub(super) codecs: Box<Codecs>,
    /// The transaction it is part of.
    pub(super) standing: Option<Arc<Standing>>,
}

/// Something that the sender waited for.
pub(super) enum Event {
    /// A request is in line for its socket, or could not be: the sink may fill the next one.
    Sent {
        /// The way to the broker.
        route: Route,
        /// Compressors, given back.
        codecs: Box<Codecs>,
        /// Batches that could not be made into bytes.
        spoiled: Vec<Parcel>,
        /// The way to the answer, or what went wrong before anything was sent.
        outcome: Result<Sent, (Vec<Parcel>, Error)>,
    },
    /// An answer, or what came instead.
    Answered {
        /// The way to the broker.
        route: Route,
        /// The batches.
        parcels: Vec<Parcel>,
        /// Topics by id: newer answers do not name them.
        topics: HashMap<Uuid, Arc<str>>,
        /// What came of them.
        answer: Result<ProduceResponse, Error>,
    },
    /// An identity, or why there is none.
    Identity(Result<Identity, Error>),
    /// The coordinator was told of partitions.
    Enlisted {
        /// Which.
        partitions: Vec<Arc<Partition>>,
        /// Holds up the transaction's end.
        enlistment: Enlistment,
        /// Whether it took them into the transaction.
        outcome: Result<(), Error>,
    },
}

/// What came of sending.
pub(super) enum Sent {
    /// An answer will come.
    Awaited(Work),
    /// None will come (`acks=0`): that is all there is to know.
    Unanswered(Vec<Parcel>),
}

/// Something under way.
pub(super) type Work = Pin<Box<dyn Future<Output = Event> + Send>>;

/// Makes the request, gets a connection and puts the one in line for the other.
pub(super) async fn send(cluster: Arc<Cluster>, config: Arc<ProducerConfig>, load: Load) -> Event {
    let route = load.route;
    let (mut load, bytes) = seal(load, &config).await;
    let mut parcels = Vec::with_capacity(load.parcels.len());
    let mut sealed = Vec::with_capacity(load.parcels.len());
    let mut spoiled = Vec::new();
    for (parcel, bytes) in load.parcels.drain(..).zip(bytes) {
        match bytes {
            Some(bytes) => {
                parcels.push(parcel);
                sealed.push(bytes);
            }
            None => spoiled.push(parcel),
        }
    }
    find_again(&cluster, &config, &parcels).await;
    let (mut request, topics) = request(&cluster, &config, &parcels, sealed);
    let standing = load.standing.as_deref();
    let versions = versions(&parcels, standing);
    request.transactional_id = standing.map(|standing| standing.id.to_string());
    let outcome = dispatch(&cluster, &config, route, request, versions).await;
    if outcome.is_ok()
        && let Some(observer) = &config.observer
    {
        for parcel in &parcels {
            observer.batch_sent(&parcel.sent(route.node, &config));
        }
    }
    let outcome = match outcome {
        Ok(Some(pending)) => Ok(Sent::Awaited(Box::pin(async move {
            let answer = pending.await;
            Event::Answered {
                route,
                parcels,
                topics,
                answer,
            }
        }))),
        Ok(None) => Ok(Sent::Unanswered(parcels)),
        Err(error) => Err((parcels, error)),
    };
    Event::Sent {
        route,
        codecs: load.codecs,
        spoiled,
        outcome,
    }
}

/// The versions of the request that can carry what it has to.
fn versions(parcels: &[Parcel], standing: Option<&Standing>) -> RangeInclusive<i16> {
    let zstd = |parcel: &Parcel| parcel.partition.compression == Compression::Zstd;
    let least = if parcels.iter().any(zstd) {
        ZSTD_SINCE
    } else {
        0
    };
    match standing.map(Standing::protocol) {
        Some(Protocol::V1) => least..=BEFORE_TRANSACTIONS_V2,
        _ => least..=i16::MAX,
    }
}

/// Compresses and checksums; what takes long is done where it holds up nobody. `None` for a batch that cannot be made.
async fn seal(load: Load, config: &ProducerConfig) -> (Load, Vec<Option<Bytes>>) {
    let owned = config.acks == Acks::None;
    let parcels = load.parcels.iter();
    let compressed = parcels.filter(|parcel| parcel.partition.compression != Compression::None);
    let bytes: usize = compressed.map(|parcel| parcel.batch.len()).sum();
    if bytes < WORTH_A_THREAD {
        return seal_all(load, owned);
    }
    match tokio::task::spawn_blocking(move || seal_all(load, owned)).await {
        Ok(sealed) => sealed,
        // Only a runtime that shuts down drops the work; its batches have failed with it.
        Err(_) => std::future::pending().await,
    }
}

fn seal_all(mut load: Load, owned: bool) -> (Load, Vec<Option<Bytes>>) {
    let (codecs, transactional) = (&mut load.codecs, load.standing.is_some());
    let mut seal = |parcel: &mut Parcel| {
        let Parcel { partition, batch } = parcel;
        match batch.seal(partition.compression, transactional, codecs) {
            Ok(bytes) if owned => Some(batch.give_away(bytes)),
            Ok(bytes) => Some(bytes),
            Err(error) => {
                tracing::error!(topic = %partition.topic, %error, "cannot make a record batch");
                None
            }
        }
    };
    let sealed = load.parcels.iter_mut().map(&mut seal).collect();
    (load, sealed)
}

/// Tells the cluster which topics are in use. One that was not used for long is not known any more, and is found again.
async fn find_again(cluster: &Arc<Cluster>, config: &ProducerConfig, parcels: &[Parcel]) {
    let topics = parcels.iter().map(|parcel| &parcel.partition.topic);
    for topic in topics.collect::<BTreeSet<_>>() {
        if !cluster.want(topic) {
            // What is wrong with it, the broker says.
            let _ = cluster.topic(topic, config.request_timeout).await;
        }
    }
}

fn request(
    cluster: &Cluster,
    config: &ProducerConfig,
    parcels: &[Parcel],
    sealed: Vec<Bytes>,
) -> (ProduceRequest, HashMap<Uuid, Arc<str>>) {
    let metadata = cluster.metadata();
    let mut topics = HashMap::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut topic_data: Vec<TopicProduceData> = Vec::new();
    for (parcel, bytes) in parcels.iter().zip(sealed) {
        let name = &parcel.partition.topic;
        let place = *places.entry(name).or_insert_with(|| {
            let topic_id = metadata.topic(name).map_or(Uuid::ZERO, |topic| topic.id);
            topics.insert(topic_id, name.clone());
            topic_data.push(TopicProduceData {
                name: name.to_string(),
                topic_id,
                ..Default::default()
            });
            topic_data.len() - 1
        });
        if let Some(topic) = topic_data.get_mut(place) {
            topic.partition_data.push(PartitionProduceData {
                index: parcel.partition.number,
                records: Some(bytes),
            });
        }
    }
    let timeout_ms = i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX);
    let request = ProduceRequest {
        acks: config.acks.wire(),
        timeout_ms,
        topic_data,
        ..Default::default()
    };
    (request, topics)
}

/// The way to the answer of a request in one of `versions`; `None` if there will be none.
async fn dispatch(
    cluster: &Cluster,
    config: &ProducerConfig,
    route: Route,
    request: ProduceRequest,
    versions: RangeInclusive<i16>,
) -> Result<Option<Pending<ProduceRequest>>, Error> {
    let purpose = Purpose::Produce(route.connection);
    let connection = cluster.broker(route.node, purpose).await?;
    let version = connection.version_up_to::<ProduceRequest>(*versions.end())?;
    if version < *versions.start() {
        return Err(Error::Refused {
            api: ProduceRequest::name(),
            subject: connection.broker().to_string(),
            code: ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
            message: Some("the broker is older than zstd".into()),
        });
    }
    if config.acks == Acks::None {
        connection.send_only(&request).await?;
        return Ok(None);
    }
    let pending = connection.send_in(&request, version, config.request_timeout);
    Ok(Some(pending.await?))
}

/// Asks any broker for an identity.
pub(super) async fn identify(cluster: Arc<Cluster>) -> Event {
    let ask = async {
        let connection = cluster.any().await?;
        let request = InitProducerIdRequest {
            transaction_timeout_ms: i32::MAX,
            ..Default::default()
        };
        let answer = connection.call(&request).await?;
        answer.error_code.check().map_err(|code| Error::Refused {
            api: InitProducerIdRequest::name(),
            subject: "an idempotent producer".into(),
            code,
            message: None,
        })?;
        Ok(Identity {
            id: answer.producer_id,
            epoch: answer.producer_epoch,
        })
    };
    Event::Identity(ask.await)
}

/// Newer versions of `Produce` put partitions into the transaction by themselves (KIP-890).
const BEFORE_TRANSACTIONS_V2: i16 = 11;
/// First version of `Produce` that may carry zstd (KIP-110).
const ZSTD_SINCE: i16 = 7;
/// Bytes whose compression takes long enough to be done on another thread.
const WORTH_A_THREAD: usize = 32 << 10;

//! This client at the same work as its peers, to be measured beside them: same words, same line.
//!
//! `bench_peer produce|consume|latency ours BOOTSTRAP TOPIC SIZE COUNT PARTITIONS`
//!
//! The topic exists already and has PARTITIONS partitions.
//! - produce: COUNT records of SIZE bytes, acks=all, idempotent, two connections, linger 20 ms, batches up to 1 MB, the default buffer (32 MiB: more only
//!   spreads the work over more memory than the processor's caches hold); ends when every record's result has been seen.
//! - consume: COUNT records from the beginning, all partitions assigned, no group; every value's length is read.
//! - latency: COUNT records one after the other, linger 0, each result awaited.
//!
//! The work is a task of the runtime, as it is in a server.
//!
//! One line comes out: what client size records seconds Mrec/s MB/s `cpu_us_per_rec` `p50_us` `p99_us` `max_us`

use std::collections::VecDeque;
use std::error::Error;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Event, Producer, ProducerConfig,
    ProducerRecord, Start, TopicPartition,
};
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const BATCH: usize = 1_000_000;
const LINGER: Duration = Duration::from_millis(20);
/// To the one broker: its two cores take two requests at a time.
const CONNECTIONS: NonZeroU8 = NonZeroU8::new(2).unwrap();
/// Deliveries that wait at a time.
const WINDOW: usize = 500_000;

struct Work {
    bootstrap: String,
    topic: String,
    size: usize,
    count: usize,
    partitions: i32,
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, what, who, bootstrap, topic, size, count, partitions] = args.as_slice() else {
        return Err(
            "usage: bench_peer produce|consume|latency ours BOOTSTRAP TOPIC SIZE COUNT PARTITIONS"
                .into(),
        );
    };
    let work = Work {
        bootstrap: bootstrap.clone(),
        topic: topic.clone(),
        size: size.parse()?,
        count: count.parse()?,
        partitions: partitions.parse()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let size = work.size;
    let task = what.clone();
    let figures = runtime.block_on(runtime.spawn(async move {
        match task.as_str() {
            "produce" => produce(&work).await,
            "consume" => consume(&work).await,
            "latency" => latency(&work).await,
            _ => Err(format!("no such work: {task}").into()),
        }
    }))??;
    figures.print(what, who, size)
}

fn client(work: &Work) -> Outcome<Client> {
    Ok(Client::new(ClientConfig {
        bootstrap: vec![work.bootstrap.clone()],
        ..Default::default()
    })?)
}

/// Knows its topic already, as rskafka's partition clients do.
async fn producer(work: &Work, linger: Duration) -> Outcome<Producer> {
    let config = ProducerConfig {
        linger,
        batch_size: BATCH,
        connections: CONNECTIONS,
        ..Default::default()
    };
    let client = client(work)?;
    client.partition_count(&work.topic).await?;
    Ok(Producer::new(&client, config)?)
}

/// Partitions in turn, for ever.
fn in_turn(work: &Work) -> impl Iterator<Item = Option<i32>> + use<> {
    (0..work.partitions).cycle().map(Some)
}

async fn produce(work: &Work) -> Outcome<Figures> {
    let producer = producer(work, LINGER).await?;
    let payload = vec![b'x'; work.size];
    let meter = Meter::start()?;
    let mut waiting = VecDeque::with_capacity(1 << 20);
    for partition in in_turn(work).take(work.count) {
        let record = ProducerRecord {
            partition,
            ..ProducerRecord::to(&work.topic, &payload)
        };
        waiting.push_back(producer.send(record).await?);
        if waiting.len() > WINDOW
            && let Some(oldest) = waiting.pop_front()
        {
            oldest.await?;
        }
    }
    producer.flush().await;
    for delivery in waiting {
        delivery.await?;
    }
    meter.done(work.count)
}

async fn consume(work: &Work) -> Outcome<Figures> {
    let mut consumer = Consumer::new(&client(work)?, ConsumerConfig::default())?;
    let meter = Meter::start()?;
    let topic: Arc<str> = work.topic.as_str().into();
    consumer.assign((0..work.partitions).map(|partition| {
        let topic = topic.clone();
        (TopicPartition { topic, partition }, Start::Earliest)
    }));
    let (mut seen, mut bytes) = (0, 0);
    while seen < work.count {
        match consumer.poll(Duration::from_secs(5)).await? {
            Some(Event::Records(records)) => {
                for record in &records {
                    bytes += record?.value.map_or(0, <[u8]>::len);
                    seen += 1;
                }
            }
            Some(Event::PartitionError { error, .. }) => return Err(error.into()),
            _ => {}
        }
    }
    std::hint::black_box(bytes);
    meter.done(seen)
}

async fn latency(work: &Work) -> Outcome<Figures> {
    let producer = producer(work, Duration::ZERO).await?;
    let payload = vec![b'x'; work.size];
    let mut meter = Meter::start()?;
    for partition in in_turn(work).take(work.count) {
        let record = ProducerRecord {
            partition,
            ..ProducerRecord::to(&work.topic, &payload)
        };
        let start = Instant::now();
        producer.send(record).await?.await?;
        meter.latencies.push(start.elapsed());
    }
    meter.done(work.count)
}

/// Measures from its making to `done`.
struct Meter {
    start: Instant,
    cpu: f64,
    latencies: Vec<Duration>,
}

impl Meter {
    fn start() -> Outcome<Self> {
        Ok(Self {
            start: Instant::now(),
            cpu: cpu()?,
            latencies: Vec::new(),
        })
    }

    fn done(self, records: usize) -> Outcome<Figures> {
        Ok(Figures {
            records,
            seconds: self.start.elapsed().as_secs_f64(),
            cpu: cpu()? - self.cpu,
            latencies: self.latencies,
        })
    }
}

/// What was done, and at what cost.
struct Figures {
    records: usize,
    seconds: f64,
    cpu: f64,
    latencies: Vec<Duration>,
}

impl Figures {
    fn print(mut self, what: &str, who: &str, size: usize) -> Outcome<()> {
        self.latencies.sort_unstable();
        let at = |percent: usize| {
            let last = self.latencies.len().saturating_sub(1);
            let latency = self.latencies.get(last * percent / 100);
            latency.map_or(0, Duration::as_micros)
        };
        let records = f64::from(u32::try_from(self.records)?);
        let size_bytes = f64::from(u32::try_from(size)?);
        println!(
            "{what} {who} {size} {} {:.2}s {:.3} {:.0} {:.3} {} {} {}",
            self.records,
            self.seconds,
            records / self.seconds / 1e6,
            records * size_bytes / self.seconds / 1e6,
            self.cpu * 1e6 / records,
            at(50),
            at(99),
            at(100),
        );
        Ok(())
    }
}

/// User and system CPU seconds of this process so far, of Linux.
fn cpu() -> Outcome<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next().unwrap_or_default().parse::<f64>();
    Ok((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

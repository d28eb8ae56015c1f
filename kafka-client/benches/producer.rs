//! What a record costs a producer: to the caller who hands it in, and to the sender that takes batches to a broker.
//!
//! `cargo bench -p kafka-client --bench producer`; criterion's "elem/s" are records. The broker is in this process and stores nothing: it
//! answers every request with success, so that what is measured is ours but for two system calls a request.
//!
//! - accumulator: `send` alone, into batches so large that none is sent meanwhile; each record's timestamp is read from the clock.
//! - sender: the same, and sending them, and the outcome of each.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "bench code: a failure is a failed bench; criterion's macros make functions without docs"
)]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kafka_client::{Client, ClientConfig, Delivery, Producer, ProducerConfig, ProducerRecord};
use kafka_testcontainers::embedded::{Broker, Config, Control, Seen};
use kafka_wire::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduceResponse,
};
use tokio::runtime::Runtime;
use tokio::time::Instant;

criterion_group!(benches, accumulator, sender);
criterion_main!(benches);

const TOPIC: &str = "bench";
const PARTITIONS: usize = 6;
/// Bytes of records handed in at a time: far less than the buffer holds.
const BYTES: usize = 8 << 20;
/// Longer than any measurement.
const LINGER: Duration = Duration::from_mins(2);
const SIZES: [usize; 2] = [100, 1024];

/// A producer and its broker, on a runtime of their own.
struct Bench {
    runtime: Runtime,
    producer: Producer,
    _broker: Broker,
}

impl Bench {
    fn new(batch_size: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let (producer, broker) = runtime.block_on(async {
            let broker = Broker::start(Config::nodes(1)).await.unwrap();
            let partitions = i32::try_from(PARTITIONS).unwrap();
            broker.create_topic(TOPIC, partitions, -1).unwrap();
            broker.control(answer);
            let client = Client::new(ClientConfig {
                bootstrap: vec![broker.bootstrap()],
                ..Default::default()
            });
            let config = ProducerConfig {
                linger: LINGER,
                delivery_timeout: 2 * LINGER,
                batch_size,
                max_request_size: batch_size.max(1 << 20),
                ..Default::default()
            };
            let producer = Producer::new(&client.unwrap(), config).unwrap();
            // The topic is known and the connection stands from here on.
            let first = producer.send(ProducerRecord::to(TOPIC, b"first"));
            let first = first.await.unwrap();
            producer.flush().await;
            first.await.unwrap();
            (producer, broker)
        });
        Self {
            runtime,
            producer,
            _broker: broker,
        }
    }

    /// As often as criterion wants it.
    fn time(&self, rounds: u64, size: usize, part: Part) -> Duration {
        let value = vec![b'x'; size];
        let mut total = Duration::ZERO;
        for _ in 0..rounds {
            self.runtime.block_on(async {
                let start = Instant::now();
                let deliveries = self.fill(&value).await;
                let filled = start.elapsed();
                self.producer.flush().await;
                for delivery in deliveries {
                    delivery.await.unwrap();
                }
                total += match part {
                    Part::Filling => filled,
                    Part::All => start.elapsed(),
                };
            });
        }
        total
    }

    async fn fill(&self, value: &[u8]) -> Vec<Delivery> {
        let count = BYTES / value.len();
        let mut deliveries = Vec::with_capacity(count);
        for number in 0..count {
            let record = ProducerRecord {
                partition: i32::try_from(number % PARTITIONS).ok(),
                ..ProducerRecord::to(TOPIC, value)
            };
            deliveries.push(self.producer.send(record).await.unwrap());
        }
        deliveries
    }
}

/// What is timed.
#[derive(Clone, Copy)]
enum Part {
    /// Handing records in.
    Filling,
    /// That, sending them and learning what became of each.
    All,
}

/// Success for every batch, and nothing is stored.
fn answer(seen: &Seen<'_>) -> Control {
    if !seen.is::<ProduceRequest>() {
        return Control::Pass;
    }
    let request = seen.request::<ProduceRequest>().unwrap();
    let topic = |topic: &TopicProduceData| TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partition_responses: topic
            .partition_data
            .iter()
            .map(|data| PartitionProduceResponse {
                index: data.index,
                ..Default::default()
            })
            .collect(),
    };
    let response = ProduceResponse {
        responses: request.topic_data.iter().map(topic).collect(),
        ..Default::default()
    };
    seen.answer::<ProduceRequest>(&response).unwrap()
}

fn accumulator(criterion: &mut Criterion) {
    let bench = Bench::new(2 * BYTES / PARTITIONS);
    for size in SIZES {
        let name = format!("accumulator, {size} B");
        run(
            criterion,
            &name,
            "send alone",
            (&bench, size, Part::Filling),
        );
    }
}

fn sender(criterion: &mut Criterion) {
    for batch_size in [16 << 10, 1 << 20] {
        let bench = Bench::new(batch_size);
        for size in SIZES {
            let name = format!("sender, {size} B");
            let batches = format!("batches of {} KiB", batch_size >> 10);
            run(criterion, &name, &batches, (&bench, size, Part::All));
        }
    }
}

fn run(
    criterion: &mut Criterion,
    name: &str,
    case: &str,
    (bench, size, part): (&Bench, usize, Part),
) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(u64::try_from(BYTES / size).unwrap()));
    group.sample_size(20);
    group.bench_function(case, |bencher| {
        bencher.iter_custom(|rounds| bench.time(rounds, size, part));
    });
}

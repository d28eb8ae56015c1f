//! Sends the events of three customers, each to its customer's partition, and prints what became of every record:
//! `cargo run -p kafka-client --example produce_keyed -- localhost:9092 my-topic`.

use std::error::Error;
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Compression, Producer, ProducerConfig, ProducerRecord, SendErrorKind,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(server), Some(topic)) = (args.next(), args.next()) else {
        return Err("usage: produce_keyed HOST:PORT TOPIC".into());
    };
    let client = Client::new(ClientConfig {
        bootstrap: vec![server],
        ..Default::default()
    })?;
    // Records of one customer have one key, so they go to one partition and keep their order. Where that is, Kafka's Java client
    // agrees; for librdkafka's way see `Partitioner`.
    let config = ProducerConfig {
        compression: Compression::Zstd,
        linger: Duration::from_millis(20),
        ..Default::default()
    };
    let producer = Producer::new(&client, config)?;

    let mut events = Vec::new();
    for step in ["registered", "ordered", "paid"] {
        for customer in ["ada", "grace", "edsger"] {
            events.push((customer, step));
        }
    }
    // What says something of a record without being part of it goes into headers.
    let headers: [(&str, Option<&[u8]>); 2] = [
        ("content-type", Some(b"text/plain")),
        ("source", Some(b"produce_keyed")),
    ];
    let records = events.iter().map(|(customer, step)| ProducerRecord {
        key: Some(customer.as_bytes()),
        headers: &headers,
        ..ProducerRecord::to(&topic, step.as_bytes())
    });
    let deliveries = producer.send_all(records).await?;

    // Each record has its own outcome: one that fails does not take the others with it.
    for ((customer, step), delivery) in events.iter().zip(deliveries) {
        match delivery.await {
            Ok(at) => println!(
                "{customer} {step}: {topic}-{} @ {}",
                at.partition, at.offset
            ),
            Err(error) if error.possibly_written => println!("{customer} {step}: unsure: {error}"),
            Err(error) => match &error.kind {
                SendErrorKind::TooLargeForTopic { size, .. } => {
                    println!("{customer} {step}: {size} bytes are too many");
                }
                _ => println!("{customer} {step}: {error}"),
            },
        }
    }

    let sent = producer.stats().total;
    println!(
        "{} records in {} batches, {} bytes",
        sent.records_written, sent.batches_written, sent.bytes_written
    );
    producer.close(Duration::from_secs(5)).await?;
    Ok(())
}

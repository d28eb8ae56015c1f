//! Sends ten records and prints where each is: `cargo run -p kafka-client --example produce -- localhost:9092 my-topic`.

use std::error::Error;
use std::time::Duration;

use kafka_client::{Client, ClientConfig, Producer, ProducerConfig, ProducerRecord};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(server), Some(topic)) = (args.next(), args.next()) else {
        return Err("usage: produce HOST:PORT TOPIC".into());
    };
    let client = Client::new(ClientConfig {
        bootstrap: vec![server],
        ..Default::default()
    })?;
    let producer = Producer::new(&client, ProducerConfig::default())?;

    // Records are taken at once and sent together; each delivery tells what became of its record.
    let mut deliveries = Vec::new();
    for number in 0..10 {
        let value = format!("record {number}");
        let record = ProducerRecord::to(&topic, value.as_bytes());
        deliveries.push(producer.send(record).await?);
    }
    for delivery in deliveries {
        let delivered = delivery.await?;
        println!("{topic}-{} @ {}", delivered.partition, delivered.offset);
    }
    producer.close(Duration::from_secs(5)).await?;
    Ok(())
}

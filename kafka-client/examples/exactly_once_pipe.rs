//! Reads numbers from one topic and writes their squares to another, each exactly once, whatever is killed meanwhile:
//! `cargo run -p kafka-client --example exactly_once_pipe -- localhost:9092 numbers squares`.
//!
//! The offsets that were read are committed in the transaction that holds what was made of them (KIP-447).

use std::error::Error;
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Event, GroupConfig, Isolation, OffsetReset,
    PartitionRecords, ProducerConfig, ProducerRecord, Transaction, TransactionConfig,
    TransactionalProducer,
};

const IDLE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(server), Some(from), Some(to)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: exactly_once_pipe HOST:PORT FROM TO".into());
    };
    let client = Client::new(ClientConfig {
        bootstrap: vec![server],
        ..Default::default()
    })?;
    let mut consumer = Consumer::new(
        &client,
        ConsumerConfig {
            group: Some(GroupConfig {
                id: "squares".into(),
                ..Default::default()
            }),
            // The transaction commits them.
            auto_commit: None,
            isolation: Isolation::ReadCommitted,
            reset: OffsetReset::Earliest,
            ..Default::default()
        },
    )?;
    consumer.subscribe([from]);
    let transactions = TransactionConfig {
        id: format!("squares-{}", std::process::id()),
        ..Default::default()
    };
    let config = ProducerConfig::default();
    let mut producer = TransactionalProducer::start(&client, transactions, config).await?;

    while let Some(event) = consumer.poll(IDLE).await? {
        let Event::Records(records) = event else {
            continue;
        };
        let mut transaction = producer.begin().await?;
        let next = squares(&transaction, &records, &to).await?;
        let Some(group) = consumer.group_metadata() else {
            // The partition is somebody else's by now, and so are these records.
            transaction.abort().await?;
            continue;
        };
        let offsets = [(records.topic_partition().clone(), next)];
        transaction.send_offsets(&offsets, &group).await?;
        transaction.commit().await?;
        println!("{} up to {next}", records.topic_partition());
    }
    producer.close(IDLE).await?;
    consumer.close(IDLE).await?;
    Ok(())
}

/// Sends what becomes of the records; the offset after the last of them.
async fn squares(
    transaction: &Transaction<'_>,
    records: &PartitionRecords,
    to: &str,
) -> Result<i64, Box<dyn Error>> {
    let mut next = 0;
    for record in records {
        let record = record?;
        let number: i64 = std::str::from_utf8(record.value.unwrap_or_default())?.parse()?;
        let square = (number * number).to_string();
        drop(
            transaction
                .send(ProducerRecord::to(to, square.as_bytes()))
                .await?,
        );
        next = record.offset + 1;
    }
    Ok(next)
}

//! Moves money between two accounts, all or nothing: `cargo run -p kafka-client --example transactions -- localhost:9092 accounts`.
//!
//! Read it back with `--isolation-level read_committed`: the second transfer is not there.

use std::error::Error;
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, ProducerConfig, ProducerRecord, Transaction, TransactionConfig,
    TransactionalProducer,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(server), Some(topic)) = (args.next(), args.next()) else {
        return Err("usage: transactions HOST:PORT TOPIC".into());
    };
    let client = Client::new(ClientConfig {
        bootstrap: vec![server],
        ..Default::default()
    })?;
    // Whoever starts with this id fences the one that had it, so give each instance of a service its own.
    let transactions = TransactionConfig {
        id: "transfers-1".into(),
        ..Default::default()
    };
    let config = ProducerConfig::default();
    let mut producer = TransactionalProducer::start(&client, transactions, config).await?;

    let transaction = producer.begin().await?;
    transfer(&transaction, &topic, 100).await?;
    transaction.commit().await?;
    println!("100 moved");

    let transaction = producer.begin().await?;
    transfer(&transaction, &topic, 1_000_000).await?;
    transaction.abort().await?;
    println!("1000000 not moved");

    producer.close(Duration::from_secs(5)).await?;
    Ok(())
}

async fn transfer(
    transaction: &Transaction<'_>,
    topic: &str,
    amount: i64,
) -> Result<(), Box<dyn Error>> {
    for (account, change) in [("alice", -amount), ("bob", amount)] {
        let change = change.to_string();
        let record = ProducerRecord {
            key: Some(account.as_bytes()),
            ..ProducerRecord::to(topic, change.as_bytes())
        };
        // The commit waits for all of them and fails if one has: their deliveries need no looking at.
        drop(transaction.send(record).await?);
    }
    Ok(())
}

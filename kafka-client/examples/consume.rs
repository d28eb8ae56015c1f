//! Reads partitions assigned by hand, from the start and on, and prints what comes.
//!
//! `consume BOOTSTRAP TOPIC [SECONDS]`; ends after so many seconds without a record (default 5).

use std::error::Error;
use std::time::Duration;

use kafka_client::{Client, ClientConfig, Consumer, ConsumerConfig, Event, Start, TopicPartition};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(bootstrap), Some(topic)) = (args.next(), args.next()) else {
        return Err("usage: consume BOOTSTRAP TOPIC [SECONDS]".into());
    };
    let patience = Duration::from_secs(args.next().map_or(Ok(5), |seconds| seconds.parse())?);

    let client = Client::new(ClientConfig {
        bootstrap: bootstrap.split(',').map(ToOwned::to_owned).collect(),
        ..Default::default()
    })?;
    let partitions = i32::try_from(client.partition_count(&topic).await?)?;
    let mut consumer = Consumer::new(&client, ConsumerConfig::default())?;
    consumer.assign((0..partitions).map(|partition| {
        let partition = TopicPartition::new(topic.as_str(), partition);
        (partition, Start::Earliest)
    }));

    while let Some(event) = consumer.poll(patience).await? {
        match event {
            Event::Records(records) => {
                let partition = records.topic_partition();
                for record in &records {
                    let record = record?;
                    let value = record.value.unwrap_or_default();
                    println!("{partition}@{}: {}", record.offset, value.escape_ascii());
                }
            }
            // Other partitions go on. One whose records cannot be read goes on after a `seek`.
            Event::PartitionError { partition, error } => eprintln!("{partition}: {error}"),
            // These come to members of groups only.
            Event::Assigned(_) | Event::Revoked(_) | Event::Lost(_) => {}
        }
    }
    consumer.close(Duration::from_secs(5)).await?;
    client.shutdown().await;
    Ok(())
}

//! Reads a topic as a member of a group, prints what comes, and commits what was printed. Start it twice: the two share the partitions.
//!
//! `consume_group BOOTSTRAP TOPIC GROUP [SECONDS]`; leaves the group on Ctrl-C, or after so many seconds without an event.

use std::error::Error;
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Event, GroupConfig, OffsetReset,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(bootstrap), Some(topic), Some(group)) = (args.next(), args.next(), args.next())
    else {
        return Err("usage: consume_group BOOTSTRAP TOPIC GROUP [SECONDS]".into());
    };
    let patience = args
        .next()
        .map(|seconds| seconds.parse().map(Duration::from_secs));
    let patience = patience.transpose()?.unwrap_or(Duration::MAX);

    let client = Client::new(ClientConfig {
        bootstrap: bootstrap.split(',').map(ToOwned::to_owned).collect(),
        ..Default::default()
    })?;
    let config = ConsumerConfig {
        group: Some(GroupConfig {
            id: group,
            ..Default::default()
        }),
        reset: OffsetReset::Earliest,
        ..Default::default()
    };
    let mut consumer = Consumer::new(&client, config)?;
    consumer.subscribe([topic]);

    loop {
        // Dropping a `poll` that waits loses nothing.
        let event = tokio::select! {
            event = consumer.poll(patience) => event?,
            _ = tokio::signal::ctrl_c() => break,
        };
        match event {
            None => break,
            Some(Event::Records(records)) => {
                let partition = records.topic_partition().clone();
                for record in &records {
                    let record = record?;
                    let value = record.value.unwrap_or_default();
                    println!("{partition}@{}: {}", record.offset, value.escape_ascii());
                }
                // Finished: the next to read is stored. A failure stops nothing; the next commit covers it.
                if let Err(error) = consumer.commit(&[(partition, records.next_offset())]).await {
                    eprintln!("cannot commit: {error}");
                }
            }
            Some(Event::Assigned(partitions)) => eprintln!("assigned {partitions:?}"),
            // Everything was committed as it was printed; the next `poll` lets them go.
            Some(Event::Revoked(partitions)) => eprintln!("revoked {partitions:?}"),
            Some(Event::Lost(partitions)) => eprintln!("lost {partitions:?}"),
            Some(Event::PartitionError { partition, error }) => eprintln!("{partition}: {error}"),
        }
    }
    // Leaves the group, so that the others need not wait for the session to end.
    consumer.close(Duration::from_secs(5)).await?;
    client.shutdown().await;
    Ok(())
}

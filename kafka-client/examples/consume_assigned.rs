//! Reads every partition of a topic from a point in time on, up to where it ended when the example began, and says how far each is behind.
//!
//! `consume_assigned BOOTSTRAP TOPIC [SECONDS]`; begins with records that are so many seconds old (default 3600; `0` for everything).

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kafka_client::{Client, ClientConfig, Consumer, ConsumerConfig, Event, Start, TopicPartition};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(bootstrap), Some(topic)) = (args.next(), args.next()) else {
        return Err("usage: consume_assigned BOOTSTRAP TOPIC [SECONDS]".into());
    };
    let seconds = args.next().map_or(Ok(3600), |seconds| seconds.parse())?;

    let client = Client::new(ClientConfig {
        bootstrap: bootstrap.split(',').map(ToOwned::to_owned).collect(),
        ..Default::default()
    })?;
    let count = i32::try_from(client.partition_count(&topic).await?)?;
    let partitions = (0..count).map(|number| TopicPartition::new(topic.as_str(), number));
    let partitions: Vec<_> = partitions.collect();
    let mut consumer = Consumer::new(&client, ConsumerConfig::default())?;

    let begins = consumer.beginning_offsets(&partitions).await?;
    let ends = consumer.end_offsets(&partitions).await?;
    let time = begin(seconds)?;
    let times: Vec<_> = partitions.iter().map(|one| (one.clone(), time)).collect();
    let found = consumer.offsets_for_times(&times).await?;
    let mut open = BTreeMap::new();
    for (((partition, found), begin), end) in partitions.iter().zip(found).zip(begins).zip(ends) {
        // Where nothing is as young, there is nothing to read.
        let offset = found.map_or(end, |found| found.offset);
        eprintln!("{partition}: {begin} to {end}, reading from {offset}");
        if offset < end {
            open.insert(partition.clone(), end);
        }
    }

    // An offset would do as well: this asks again, and begins at the end where nothing is as young.
    let starts = partitions.iter().cloned();
    consumer.assign(starts.map(|one| (one, Start::Timestamp(time))));
    while !open.is_empty() {
        match consumer.poll(Duration::from_secs(30)).await? {
            Some(Event::Records(records)) => {
                let partition = records.topic_partition();
                let count = records.iter().flatten().count();
                let next = records.next_offset();
                let lag = consumer.lag(partition).unwrap_or_default();
                println!("{partition}: {count} records up to {next}, {lag} to go");
                if open.get(partition).is_some_and(|end| next >= *end) {
                    open.remove(partition);
                }
            }
            // Other partitions go on; this one would after a `seek`.
            Some(Event::PartitionError { partition, error }) => {
                eprintln!("{partition}: {error}");
                open.remove(&partition);
            }
            // The others come to members of groups only.
            Some(_) => {}
            None => return Err("no records for half a minute".into()),
        }
    }
    consumer.close(Duration::from_secs(5)).await?;
    client.shutdown().await;
    Ok(())
}

/// So many seconds ago, in milliseconds since 1970; 0 seconds stand for the beginning of time.
fn begin(seconds: u64) -> Result<i64, Box<dyn Error>> {
    if seconds == 0 {
        return Ok(0);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let begin = now.saturating_sub(Duration::from_secs(seconds));
    Ok(i64::try_from(begin.as_millis())?)
}

//! A worker on a queue: takes records of a topic that no other member of the group has, and says of each what became of it.
//!
//! `cargo run -p kafka-client --example share_group -- BOOTSTRAP GROUP TOPIC`; Kafka 4.2 or later. Ends with ctrl-c. New groups begin at
//! the end of the topic, unless their setting `share.auto.offset.reset` says otherwise.

use std::error::Error;
use std::time::Duration;

use kafka_client::{
    Acknowledgement, Acknowledging, Client, ClientConfig, ShareConfig, ShareConsumer, ShareEvent,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, group, topic] = args.as_slice() else {
        return Err("usage: share_group BOOTSTRAP GROUP TOPIC".into());
    };
    let client = Client::new(ClientConfig {
        bootstrap: vec![bootstrap.clone()],
        ..Default::default()
    })?;
    let config = ShareConfig {
        group: group.clone(),
        acknowledging: Acknowledging::Explicit,
        ..Default::default()
    };
    let mut consumer = ShareConsumer::new(&client, config)?;
    consumer.subscribe([topic.clone()]);
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let event = tokio::select! {
            event = consumer.poll(Duration::from_secs(1)) => event?,
            _ = &mut stop => break,
        };
        match event {
            Some(ShareEvent::Records(records)) => {
                let partition = records.topic_partition().clone();
                for record in &records {
                    let record = record?;
                    let word = work(record.value, record.delivery_count);
                    println!("{partition} {}: {word:?}", record.offset);
                    consumer.acknowledge(&partition, record.offset, word);
                }
            }
            Some(other) => eprintln!("{other:?}"),
            None => {}
        }
    }
    // What was said is sent, and what was not is released.
    consumer.close(Duration::from_secs(10)).await?;
    Ok(())
}

/// Values that are not text never will be; empty ones are worth another try, but not a third one.
fn work(value: Option<&[u8]>, delivery_count: i16) -> Acknowledgement {
    match value.map(std::str::from_utf8) {
        Some(Ok(text)) if !text.is_empty() => Acknowledgement::Accept,
        Some(Ok(_)) | None if delivery_count < 3 => Acknowledgement::Release,
        _ => Acknowledgement::Reject,
    }
}

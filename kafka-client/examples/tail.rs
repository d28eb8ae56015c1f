//! Prints records as they come, in a format of choice: what `kcat -C` does.
//!
//! `tail -b BOOTSTRAP -t TOPIC [-p PARTITION] [-o OFFSET] [-c COUNT] [-e] [-f FORMAT]`
//!
//! - `-p` one partition; all without it.
//! - `-o` where to begin: `beginning`, `end`, an offset, `-N` for the last N records of each partition, `s@MILLISECONDS` for a time. Default: `end`.
//! - `-c` ends after so many records, `-e` once every partition is read to its end.
//! - `-f` with `%t` topic, `%p` partition, `%o` offset, `%T` timestamp, `%k` key, `%s` value, `%K` and `%S` their lengths (-1 for null),
//!   `%h` headers, `\n`, `\t`, `%%`. Default: `%s\n`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use kafka_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Event, RecordRef, Start, TopicPartition,
};

const USAGE: &str = "usage: tail -b BOOTSTRAP -t TOPIC [-p PARTITION] [-o beginning|end|OFFSET|-N|s@MS] \
                     [-c COUNT] [-e] [-f FORMAT]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1)).ok_or(USAGE)?;
    let client = Client::new(ClientConfig {
        bootstrap: options
            .bootstrap
            .split(',')
            .map(ToOwned::to_owned)
            .collect(),
        ..Default::default()
    })?;
    let count = i32::try_from(client.partition_count(&options.topic).await?)?;
    let partitions = match options.partition {
        Some(partition) => partition..partition + 1,
        None => 0..count,
    };
    let partitions = partitions.map(|number| TopicPartition::new(&*options.topic, number));
    let partitions: Vec<_> = partitions.collect();

    let mut consumer = Consumer::new(&client, ConsumerConfig::default())?;
    let begins = consumer.beginning_offsets(&partitions).await?;
    let ends = consumer.end_offsets(&partitions).await?;
    let bounds = begins.into_iter().zip(&ends);
    let starts = bounds.map(|(begin, end)| options.start(begin, *end));
    let starts: Option<Vec<_>> = starts.collect();
    consumer.assign(partitions.iter().cloned().zip(starts.ok_or(USAGE)?));
    let ends = partitions.into_iter().zip(ends).collect();
    print(&mut consumer, &options, ends).await?;
    consumer.close(Duration::from_secs(5)).await?;
    client.shutdown().await;
    Ok(())
}

/// Prints until there are enough records, or all that there were at first.
async fn print(
    consumer: &mut Consumer,
    options: &Options,
    mut open: BTreeMap<TopicPartition, i64>,
) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let mut left = options.count;
    loop {
        // Positions move without records, too: over gaps, and where there is nothing to read.
        open.retain(|partition, end| consumer.position(partition).is_none_or(|at| at < *end));
        if left == 0 || (options.exit_at_end && open.is_empty()) {
            return Ok(());
        }
        // Dropping a `poll` that waits loses nothing.
        let event = tokio::select! {
            event = consumer.poll(Duration::from_millis(200)) => event?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        match event {
            Some(Event::Records(records)) => {
                for record in records.iter().take(left) {
                    left -= 1;
                    let partition = records.topic_partition();
                    write_record(&mut out, &options.format, partition, &record?)?;
                }
                out.flush()?;
            }
            Some(Event::PartitionError { partition, error }) => eprintln!("{partition}: {error}"),
            _ => {}
        }
    }
}

fn write_record(
    out: &mut impl Write,
    format: &str,
    partition: &TopicPartition,
    record: &RecordRef<'_>,
) -> io::Result<()> {
    let length = |bytes: Option<&[u8]>| bytes.map_or("-1".into(), |bytes| bytes.len().to_string());
    let mut rest = format.chars();
    while let Some(letter) = rest.next() {
        if letter != '%' && letter != '\\' {
            write!(out, "{letter}")?;
            continue;
        }
        match (letter, rest.next()) {
            ('%', Some('t')) => write!(out, "{}", partition.topic)?,
            ('%', Some('p')) => write!(out, "{}", partition.partition)?,
            ('%', Some('o')) => write!(out, "{}", record.offset)?,
            ('%', Some('T')) => write!(out, "{}", record.timestamp)?,
            ('%', Some('k')) => out.write_all(record.key.unwrap_or_default())?,
            ('%', Some('s')) => out.write_all(record.value.unwrap_or_default())?,
            ('%', Some('K')) => write!(out, "{}", length(record.key))?,
            ('%', Some('S')) => write!(out, "{}", length(record.value))?,
            ('%', Some('h')) => write_headers(out, record)?,
            ('\\', Some('n')) => writeln!(out)?,
            ('\\', Some('t')) => write!(out, "\t")?,
            (_, Some(other)) => write!(out, "{other}")?,
            (_, None) => write!(out, "{letter}")?,
        }
    }
    Ok(())
}

fn write_headers(out: &mut impl Write, record: &RecordRef<'_>) -> io::Result<()> {
    for (place, (name, value)) in record.headers.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let value = value.map_or("NULL".into(), |value| value.escape_ascii().to_string());
        write!(out, "{comma}{name}={value}")?;
    }
    Ok(())
}

struct Options {
    bootstrap: String,
    topic: String,
    partition: Option<i32>,
    offset: String,
    count: usize,
    exit_at_end: bool,
    format: String,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            bootstrap: String::new(),
            topic: String::new(),
            partition: None,
            offset: "end".into(),
            count: usize::MAX,
            exit_at_end: false,
            format: "%s\\n".into(),
        };
        while let Some(name) = args.next() {
            match name.as_str() {
                "-b" => options.bootstrap = args.next()?,
                "-t" => options.topic = args.next()?,
                "-p" => options.partition = Some(args.next()?.parse().ok()?),
                "-o" => options.offset = args.next()?,
                "-c" => options.count = args.next()?.parse().ok()?,
                "-e" => options.exit_at_end = true,
                "-f" => options.format = args.next()?,
                _ => return None,
            }
        }
        let is_complete = !options.bootstrap.is_empty() && !options.topic.is_empty();
        is_complete.then_some(options)
    }

    /// Where to begin in a log with these ends; `None` if the option is no place.
    fn start(&self, begin: i64, end: i64) -> Option<Start> {
        match self.offset.as_str() {
            "beginning" => Some(Start::Earliest),
            "end" => Some(Start::Latest),
            place => {
                if let Some(time) = place.strip_prefix("s@") {
                    return Some(Start::Timestamp(time.parse().ok()?));
                }
                let number: i64 = place.parse().ok()?;
                let from_end = end.saturating_add(number).max(begin);
                Some(Start::Offset(if number < 0 { from_end } else { number }))
            }
        }
    }
}

//! Which frames are kept: the best of each kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use kafka_testcontainers::proxy::{Direction, Tapped};
use kafka_wire::ApiKey;
use kafka_wire::messages::fetch::FetchRequest;
use kafka_wire::messages::produce::ProduceRequest;
use kafka_wire::records::{Batches, CrcCheck};
use kafka_wire::{decode_request, decode_request_header, decode_response};

/// Frames by the name of their file.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    frames: BTreeMap<String, Vec<u8>>,
    seen: usize,
}

impl Kept {
    /// Keeps a frame if it is better than the one of its kind so far.
    pub(crate) fn see(&mut self, tapped: &Tapped) {
        // Without a name it is not of Kafka's API: raw SASL tokens.
        let Some(api) = ApiKey(tapped.api_key).name() else {
            return;
        };
        self.seen += 1;
        let suffix = match tapped.direction {
            Direction::Up => "request",
            Direction::Down => "response",
        };
        let name = format!(
            "{api}-v{}{}.{suffix}",
            tapped.api_version,
            compression(tapped)
        );
        let bytes = on_the_wire(tapped);
        let best = self.frames.get(&name);
        if bytes.len() <= MOST && best.is_none_or(|best| is_better(bytes.len(), best.len())) {
            self.frames.insert(name, bytes);
        }
    }

    /// How many frames of how many APIs.
    pub(crate) fn summary(&self) -> String {
        let apis = self.frames.keys().filter_map(|name| name.split('-').next());
        let apis: BTreeSet<_> = apis.collect();
        let bytes: usize = self.frames.values().map(Vec::len).sum();
        format!(
            "{} APIs, {} frames of {} seen, {bytes} bytes",
            apis.len(),
            self.frames.len(),
            self.seen
        )
    }

    /// Makes them the only frames in `folder`.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        for (name, bytes) in &self.frames {
            fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}

/// Whether a frame of `new` bytes is worth more than one of `old`.
fn is_better(new: usize, old: usize) -> bool {
    if old <= ENOUGH {
        (old + 1..=ENOUGH).contains(&new)
    } else {
        new < old
    }
}

/// With its length in front, and without the machine's folders.
fn on_the_wire(tapped: &Tapped) -> Vec<u8> {
    let length = i32::try_from(tapped.frame.len()).unwrap_or(i32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&tapped.frame);
    let folder = std::env::temp_dir();
    let folder = folder.as_os_str().as_encoded_bytes();
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(folder) {
            let path = rest.iter_mut().take_while(|byte| byte.is_ascii_graphic());
            path.filter(|byte| **byte != b'/')
                .for_each(|byte| *byte = b'x');
        }
        at += 1;
    }
    bytes
}

/// `.gzip` for frames that carry such a batch; empty for all others.
fn compression(tapped: &Tapped) -> String {
    let name = records(tapped).and_then(|records| {
        let batch = Batches::new(records, CrcCheck::Skip).next()?.ok()?;
        batch.header().attributes.compression().ok()
    });
    name.map_or(String::new(), |name| format!(".{name}"))
}

/// The records of the first partition that has some.
fn records(tapped: &Tapped) -> Option<bytes::Bytes> {
    let version = tapped.api_version;
    match (ApiKey(tapped.api_key), tapped.direction) {
        (ApiKey::PRODUCE, Direction::Up) => {
            let (_, body) = decode_request_header(&tapped.frame).ok()?;
            let request = decode_request::<ProduceRequest>(&body, version).ok()?;
            let topics = request.topic_data.into_iter();
            topics
                .flat_map(|topic| topic.partition_data)
                .find_map(|it| it.records)
        }
        (ApiKey::FETCH, Direction::Down) => {
            let (_, response) = decode_response::<FetchRequest>(&tapped.frame, version).ok()?;
            let topics = response.responses.into_iter();
            let found = topics
                .flat_map(|topic| topic.partitions)
                .filter_map(|it| it.records);
            found.into_iter().find(|records| !records.is_empty())
        }
        _ => None,
    }
}

/// A frame up to here is small enough to be read by eye: more of it is better.
const ENOUGH: usize = 400;

/// Nothing longer is kept.
const MOST: usize = 4096;

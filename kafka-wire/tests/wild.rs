//! Frames from the wild: what foreign clients and Apache Kafka's own broker said to each other, byte for byte.
//!
//! They lie in `tests/data/frames`, a folder per client, a file per API, version and direction, with the length in front. Every one is
//! cut by the frame door, read to its last byte and written again; the bytes have to be the same, whoever wrote them. Then each
//! is cut short everywhere and spoiled everywhere. How they were recorded, and how to do it again: `tests/data/README.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::alloc::System;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use kafka_wire::messages::APIS;
use kafka_wire::messages::api_versions::ApiVersionsRequest;
use kafka_wire::messages::fetch::FetchRequest;
use kafka_wire::messages::produce::ProduceRequest;
use kafka_wire::messages::share_fetch::ShareFetchRequest;
use kafka_wire::records::{Batches, Codecs, CrcCheck, DecompressLimits, RecordError};
use kafka_wire::{
    ApiKey, DecodeError, DecodeReason, ErrorCode, Message, Request, decode_request,
    decode_request_header, decode_response, encode_request, encode_response, split_frame,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[path = "interpreter/tables.rs"]
mod tables;

use tables::for_every_request;

#[global_allocator]
static METER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Frames that go on after their message, by how many bytes, which Kafka's broker never looks at. What comes before is checked like all else.
///
/// librdkafka (2.16) ends this request with two tag sections, as if there were one more structure around it.
const GOES_ON: &[(&str, usize)] = &[("librdkafka/AlterUserScramCredentials-v0.request", 1)];

/// Versions that neither the broker nor the table has. A client of tomorrow asks for them, and is told which there are (KIP-511).
const OF_TOMORROW: &[(&str, i16)] = &[("ApiVersions", 5)];

/// What was recorded, about: a lost folder shall not pass for success.
const AT_LEAST: Counts = Counts {
    clients: 11,
    apis: 72,
    versions: 210,
    frames: 1_250,
};

/// How many there are of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    clients: usize,
    apis: usize,
    /// Of all APIs together.
    versions: usize,
    frames: usize,
}

/// A frame of the wild.
#[derive(Debug)]
struct Captured {
    /// `kcat/Fetch-v11.gzip.response`.
    name: String,
    client: String,
    api: String,
    version: i16,
    is_request: bool,
    /// Without the length.
    frame: Bytes,
}

impl Captured {
    fn load(path: &Path) -> Self {
        let file = path.file_name().unwrap().to_str().unwrap();
        let client = path.parent().unwrap().file_name().unwrap();
        let client = client.to_str().unwrap().to_owned();
        let name = format!("{client}/{file}");
        let (api, rest) = file.split_once("-v").expect(&name);
        let (version, _) = rest.split_once('.').expect(&name);
        let mut bytes = BytesMut::from(&fs::read(path).unwrap()[..]);
        let frame = split_frame(&mut bytes, 1 << 20).unwrap().expect(&name);
        assert!(bytes.is_empty(), "{name} goes on after its frame");
        Self {
            client,
            api: api.to_owned(),
            version: version.parse().expect(&name),
            is_request: Path::new(file)
                .extension()
                .is_some_and(|kind| kind == "request"),
            frame,
            name,
        }
    }

    /// The message of API `R` in it.
    fn read<R: Request>(&self) -> Result<Either<R>, DecodeError> {
        read(&self.frame, self.version, self.is_request)
    }
}

/// All of them, by name.
fn captured() -> Vec<Captured> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/frames");
    let entries = |folder: &Path| {
        let mut entries: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        entries
    };
    let clients = entries(&folder);
    let files = clients.iter().flat_map(|client| entries(client));
    files.map(|file| Captured::load(&file)).collect()
}

/// Those of versions that the table has, each ending with its message.
fn known() -> Vec<Captured> {
    let mut captured = captured();
    captured.retain(|it| !OF_TOMORROW.contains(&(it.api.as_str(), it.version)));
    for it in &mut captured {
        if let Some((_, more)) = GOES_ON.iter().find(|(name, _)| *name == it.name) {
            it.frame.truncate(it.frame.len() - more);
        }
    }
    captured
}

/// A request with what its header says, or an answer with the correlation id.
#[derive(Debug, PartialEq)]
enum Either<R: Request> {
    Request(i32, Option<String>, R),
    Response(i32, R::Response),
}

impl<R: Request> Either<R> {
    /// As a frame without its length.
    fn write(&self, version: i16) -> Bytes {
        let frame = match self {
            Self::Request(id, client_id, request) => {
                encode_request(request, version, *id, client_id.as_deref())
            }
            Self::Response(id, response) => encode_response::<R>(response, version, *id),
        };
        let bytes = frame.unwrap().to_bytes();
        split_frame(&mut BytesMut::from(&bytes[..]), 1 << 20)
            .unwrap()
            .unwrap()
    }
}

fn read<R: Request>(
    frame: &Bytes,
    version: i16,
    is_request: bool,
) -> Result<Either<R>, DecodeError> {
    if is_request {
        let (header, body) = decode_request_header(frame)?;
        let request = decode_request::<R>(&body, version)?;
        Ok(Either::Request(
            header.correlation_id,
            header.client_id,
            request,
        ))
    } else {
        let (id, response) = decode_response::<R>(frame, version)?;
        Ok(Either::Response(id, response))
    }
}

/// One test at a time: the meter counts the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_frame_is_read_to_its_last_byte_and_written_the_same() {
    let _alone = alone();
    let captured = known();
    let mut report = Report::default();
    for_every_request!(there_and_back(&captured, &mut report));
    assert_eq!(report.findings, Vec::<String>::new());
    assert_eq!(report.checked, captured.len(), "APIs that the table lacks");

    let distinct = |what: &dyn Fn(&Captured) -> String| {
        let distinct: BTreeSet<_> = captured.iter().map(what).collect();
        distinct.len()
    };
    let counts = Counts {
        clients: distinct(&|it| it.client.clone()),
        apis: distinct(&|it| it.api.clone()),
        versions: distinct(&|it| format!("{} {}", it.api, it.version)),
        frames: captured.len(),
    };
    println!("{counts:?}");
    for (client, apis, frames) in by_client(&captured) {
        println!("{client}: {frames} frames of {apis} APIs");
    }
    assert!(counts.clients >= AT_LEAST.clients, "{counts:?}");
    assert!(counts.apis >= AT_LEAST.apis, "{counts:?}");
    assert!(counts.versions >= AT_LEAST.versions, "{counts:?}");
    assert!(counts.frames >= AT_LEAST.frames, "{counts:?}");
}

fn by_client(captured: &[Captured]) -> Vec<(&str, usize, usize)> {
    let mut clients: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for it in captured {
        let (apis, frames) = clients.entry(&it.client).or_default();
        apis.insert(&it.api);
        *frames += 1;
    }
    let clients = clients.into_iter();
    clients
        .map(|(client, (apis, frames))| (client, apis.len(), frames))
        .collect()
}

/// What is wrong with the frames of an API.
#[derive(Debug, Default)]
struct Report {
    checked: usize,
    findings: Vec<String>,
}

fn there_and_back<R: Request>(captured: &[Captured], report: &mut Report) {
    for it in captured.iter().filter(|it| it.api == R::name()) {
        report.checked += 1;
        if let Err(finding) = check_frame::<R>(it) {
            report.findings.push(format!("{}: {finding}", it.name));
        }
    }
}

fn check_frame<R: Request>(it: &Captured) -> Result<(), String> {
    if it.is_request {
        let (header, _) = decode_request_header(&it.frame).map_err(|error| error.to_string())?;
        let said = (header.request_api_key, header.request_api_version);
        assert_eq!(said, (R::KEY, it.version), "{}", it.name);
    }
    let message = it.read::<R>().map_err(|error| error.to_string())?;
    let written = message.write(it.version);
    if written == it.frame {
        return Ok(());
    }
    Err(format!(
        "{:?} is written as {written:?}, {message:?}",
        it.frame
    ))
}

#[test]
fn bytes_after_a_message_are_an_error_that_says_how_many() {
    let _alone = alone();
    let captured = captured();
    for &(name, more) in GOES_ON {
        let it = captured.iter().find(|it| it.name == name).expect(name);
        let mut refused = None;
        for_every_request!(refusal(it, &mut refused));
        let refused = refused.expect("an error");
        assert_eq!(refused.reason, DecodeReason::Trailing(more), "{name}");
        assert_eq!(refused.api, format!("{}Request", it.api));
    }
}

fn refusal<R: Request>(it: &Captured, refused: &mut Option<DecodeError>) {
    if it.api == R::name() {
        *refused = it.read::<R>().err();
    }
}

/// The records of all partitions in a frame.
fn records(it: &Captured) -> Vec<Bytes> {
    let found: Vec<Option<Bytes>> = match (it.api.as_str(), it.is_request) {
        ("Produce", true) => {
            let Ok(Either::Request(_, _, request)) = it.read::<ProduceRequest>() else {
                panic!("{}", it.name)
            };
            let topics = request.topic_data.into_iter();
            let partitions = topics.flat_map(|topic| topic.partition_data);
            partitions.map(|partition| partition.records).collect()
        }
        ("Fetch", false) => {
            let Ok(Either::Response(_, response)) = it.read::<FetchRequest>() else {
                panic!("{}", it.name)
            };
            let topics = response.responses.into_iter();
            let partitions = topics.flat_map(|topic| topic.partitions);
            partitions.map(|partition| partition.records).collect()
        }
        ("ShareFetch", false) => {
            let Ok(Either::Response(_, response)) = it.read::<ShareFetchRequest>() else {
                panic!("{}", it.name)
            };
            let topics = response.responses.into_iter();
            let partitions = topics.flat_map(|topic| topic.partitions);
            partitions
                .map(|partition| Some(partition.records))
                .collect()
        }
        _ => Vec::new(),
    };
    let found = found.into_iter().flatten();
    found.filter(|records| !records.is_empty()).collect()
}

/// Walks batches to the end; how many records, and how each batch was compressed.
fn walk(
    records: &Bytes,
    check: CrcCheck,
    codecs: &mut Codecs,
) -> Result<(usize, Vec<String>), RecordError> {
    let (mut count, mut compressions) = (0, Vec::new());
    for batch in Batches::new(records.clone(), check) {
        let batch = batch?;
        let compression = batch.header().attributes.compression()?;
        compressions.push(compression.to_string());
        for record in &batch.open_with(&DecompressLimits::default(), codecs)? {
            let record = record?;
            count += 1;
            // None of them is empty, and walking them is the point.
            count -= record
                .headers
                .iter()
                .filter(|(name, _)| name.is_empty())
                .count();
        }
    }
    Ok((count, compressions))
}

#[test]
fn the_batches_of_every_client_are_walked() {
    let _alone = alone();
    let (mut batches, mut count) = (0, 0);
    let mut codecs = Codecs::default();
    let mut writers = BTreeSet::new();
    for it in captured() {
        for records in records(&it) {
            let (found, compressions) = walk(&records, CrcCheck::Verify, &mut codecs)
                .unwrap_or_else(|error| panic!("{}: {error}", it.name));
            batches += compressions.len();
            count += found;
            if it.is_request {
                writers.extend(compressions.into_iter().map(|by| (it.client.clone(), by)));
            }
        }
    }
    println!("{count} records in {batches} batches; {writers:?}");
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let writers = writers.iter().filter(|(_, by)| by == compression);
        assert!(writers.count() >= 2, "{compression} by two clients");
    }
}

/// What a byte is turned into, two of these in turns: a bit flipped at either end, the values where lengths turn over, its neighbour.
const SPOILED: [fn(u8) -> u8; 6] = [
    |byte| byte ^ 0x01,
    |byte| byte ^ 0x80,
    |_| 0x00,
    |_| 0x7f,
    |_| 0xff,
    |byte| byte.wrapping_add(1),
];

/// What was done to frames.
#[derive(Debug, Default)]
struct Done {
    truncated: usize,
    corrupted: usize,
    parsed: usize,
    dearest: usize,
}

#[test]
fn spoiled_frames_end_in_an_error_or_a_message_and_cost_no_more_than_they_weigh() {
    let _alone = alone();
    // The same answer to two clients is attacked once.
    let mut seen = BTreeSet::new();
    let mut captured = known();
    captured.retain(|it| {
        let body = it.frame.slice(it.frame.len().min(8)..);
        seen.insert((it.api.clone(), it.version, it.is_request, body))
    });
    let mut done = Done::default();
    for_every_request!(attack(&captured, &mut done));
    println!("{done:?} of {} frames", captured.len());
    assert!(done.parsed > 0 && done.parsed < done.corrupted);
}

fn attack<R: Request>(captured: &[Captured], done: &mut Done) {
    for it in captured.iter().filter(|it| it.api == R::name()) {
        for length in 0..it.frame.len() {
            let cut = it.frame.slice(..length);
            assert!(
                done.read::<R>(it, &cut).is_none(),
                "{} to {length}",
                it.name
            );
            done.truncated += 1;
        }
        for at in 0..it.frame.len() {
            let byte = it.frame[at];
            let turn = (at + it.frame.len()) % SPOILED.len();
            let spoils = [SPOILED[turn], SPOILED[(turn + 3) % SPOILED.len()]];
            let values = spoils.map(|spoil| spoil(byte));
            for value in values.into_iter().filter(|&value| value != byte) {
                let mut bytes = it.frame.to_vec();
                bytes[at] = value;
                let message = done.read::<R>(it, &bytes.into());
                done.parsed += usize::from(message.is_some());
                done.corrupted += 1;
            }
        }
    }
}

impl Done {
    /// Reads bytes that were one of the captured frames.
    fn read<R: Request>(&mut self, it: &Captured, bytes: &Bytes) -> Option<Either<R>> {
        let region = Region::new(METER);
        let read = read::<R>(bytes, it.version, it.is_request);
        let allocated = region.change().bytes_allocated;
        self.dearest = self.dearest.max(allocated);
        let name = &it.name;
        assert!(
            allocated <= 4 * bytes.len() + 64 * 1024,
            "{name}: {allocated} bytes for {bytes:?}"
        );
        read.map_err(|error| check::<R>(&error, it, bytes)).ok()
    }
}

/// An error says where it is.
fn check<R: Request>(error: &DecodeError, it: &Captured, bytes: &Bytes) {
    let body = if it.is_request {
        R::STRUCTURE.name
    } else {
        R::Response::STRUCTURE.name
    };
    let header = ["RequestHeader", "ResponseHeader"].contains(&error.api);
    assert!(header || error.api == body, "{}: {error}", it.name);
    assert!(
        header || error.version == it.version,
        "{}: {error}",
        it.name
    );
    assert!(error.offset <= bytes.len(), "{}: {error}", it.name);
    // Outside of all fields there are only the tags and the end.
    let is_outside = matches!(
        error.reason,
        DecodeReason::Trailing(_)
            | DecodeReason::TagOrder(_)
            | DecodeReason::Truncated
            | DecodeReason::Length(_)
            | DecodeReason::Varint
    );
    assert!(!error.path.is_empty() || is_outside, "{}: {error}", it.name);
}

#[test]
fn spoiled_batches_end_in_an_error_or_in_records() {
    let _alone = alone();
    let (mut walked, mut refused) = (0, 0);
    let mut codecs = Codecs::default();
    for (name, records) in shortest_batches() {
        let (all, _) = walk(&records, CrcCheck::Verify, &mut codecs).unwrap();
        for at in 0..records.len() {
            let mut bytes = records.to_vec();
            bytes[at] ^= 0x11;
            match walk(&bytes.into(), CrcCheck::Skip, &mut codecs) {
                Ok(_) => walked += 1,
                Err(_) => refused += 1,
            }
            // A batch that is not whole is the end, not an error: fetches cut them.
            let (fewer, _) = walk(&records.slice(..at), CrcCheck::Verify, &mut codecs).unwrap();
            assert!(fewer < all, "{name} to {at}");
        }
    }
    println!("{walked} spoiled batches walked, {refused} refused");
    assert!(walked > 0 && refused > 0);
}

/// Of each client and compression the shortest that it wrote, with the name of its frame.
fn shortest_batches() -> Vec<(String, Bytes)> {
    let mut shortest: BTreeMap<(String, Vec<String>), (String, Bytes)> = BTreeMap::new();
    for it in captured().into_iter().filter(|it| it.is_request) {
        for records in records(&it) {
            let (_, compressions) =
                walk(&records, CrcCheck::Verify, &mut Codecs::default()).unwrap();
            let kind = (it.client.clone(), compressions);
            let best = shortest.get(&kind);
            if best.is_none_or(|(_, best)| records.len() < best.len()) {
                shortest.insert(kind, (it.name.clone(), records));
            }
        }
    }
    shortest.into_values().collect()
}

#[test]
fn a_client_of_tomorrow_is_answered_in_version_0() {
    let _alone = alone();
    let mut of_tomorrow = captured();
    of_tomorrow.retain(|it| OF_TOMORROW.contains(&(it.api.as_str(), it.version)));
    let (requests, answers): (Vec<_>, Vec<_>) = of_tomorrow.iter().partition(|it| it.is_request);
    assert!(requests.len() == OF_TOMORROW.len() && requests.len() == answers.len());
    for request in requests {
        let (header, _) = decode_request_header(&request.frame).unwrap();
        assert_eq!(header.request_api_version, request.version);
        assert!(header.client_id.is_some());
    }
    for answer in answers {
        let (_, versions) = decode_response::<ApiVersionsRequest>(&answer.frame, 0).unwrap();
        assert_eq!(versions.error_code, ErrorCode::UNSUPPORTED_VERSION);
        assert!(answer.read::<ApiVersionsRequest>().is_err());
    }
}

#[test]
fn names_of_files_are_names_of_apis() {
    let _alone = alone();
    for it in known() {
        let known = APIS.iter().any(|api| {
            ApiKey::name(api.key) == Some(&it.api) && api.versions.contains(&it.version)
        });
        assert!(known, "{}", it.name);
    }
}

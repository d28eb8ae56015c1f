//! Bytes that mean harm: every truncation and every corruption of one byte, of messages of every API at every version. The doors
//! answer with an error or a message, never with a panic, and never allocate on the word of a length.
//!
//! One test does all the measuring: the meter counts the whole process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::alloc::System;

use bytes::Bytes;
use kafka_wire::group::consumer_protocol::{
    self, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use kafka_wire::messages::list_groups::ListGroupsRequest;
use kafka_wire::{
    Request, decode_request, decode_request_header, decode_response, encode_request,
    encode_response,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[path = "interpreter/definitions.rs"]
mod definitions;
#[path = "interpreter/frames.rs"]
mod frames;
#[path = "interpreter/tables.rs"]
mod tables;
#[path = "interpreter/writer.rs"]
mod writer;

use definitions::Definition;
use frames::Kafka;
use tables::for_every_request;
use writer::Dice;

#[global_allocator]
static METER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Longer bodies say nothing that shorter ones do not.
const LONGEST: usize = 160;

/// What a byte is turned into, below the newest version: every single bit flipped, and the values where lengths turn over.
const SPOILED: [fn(u8) -> u8; 13] = [
    |byte| byte ^ 0x01,
    |byte| byte ^ 0x02,
    |byte| byte ^ 0x04,
    |byte| byte ^ 0x08,
    |byte| byte ^ 0x10,
    |byte| byte ^ 0x20,
    |byte| byte ^ 0x40,
    |byte| byte ^ 0x80,
    |_| 0x00,
    |_| 0x7f,
    |_| 0x80,
    |_| 0xff,
    |byte| byte.wrapping_add(1),
];

#[test]
fn hostile_bytes_end_in_an_error_or_a_message_and_cost_no_more_than_they_weigh() {
    let (_, allocated) = metered(|| Vec::<u8>::with_capacity(1 << 20));
    assert!(
        allocated > limit(600),
        "the meter sees what is allocated on trust"
    );

    let kafka = Kafka::load();
    let mut done = Done::default();
    for_every_request!(attack(&kafka, &mut done));
    attack_consumer_protocol(&kafka, &mut done);
    println!(
        "{} truncations and {} corruptions, of which {} still parsed; the dearest message took {} bytes",
        done.truncated, done.corrupted, done.parsed, done.dearest
    );
    assert!(done.parsed > 0 && done.parsed < done.corrupted);

    an_array_costs_what_its_elements_take();
    a_count_that_lies_costs_no_more_than_the_bytes_behind_it();
}

/// What an honest array of the smallest elements costs is a matter of their size in memory, not of trust: an empty string is one
/// byte on the wire and 24 here. There is never room for twice as many, and what was outgrown on the way is no larger.
fn an_array_costs_what_its_elements_take() {
    let many = 100_000;
    let states = ListGroupsRequest {
        states_filter: vec![String::new(); many],
        types_filter: Vec::new(),
    };
    let frame = encode_request(&states, 5, 0, None)
        .unwrap()
        .to_bytes()
        .slice(4..);
    let (_, body) = decode_request_header(&frame).unwrap();
    let (read, allocated) = metered(|| decode_request::<ListGroupsRequest>(&body, 5));
    assert_eq!(read.unwrap().states_filter.len(), many);
    let elements = many * size_of::<String>();
    assert!(
        (elements..4 * elements).contains(&allocated),
        "{allocated} bytes for {many} empty strings"
    );
}

/// Room for as many elements as the bytes behind the count could be, were they laid out as they are in memory.
fn a_count_that_lies_costs_no_more_than_the_bytes_behind_it() {
    // A count of 99,999 strings, one of which is there; then a null, which an element may not be.
    let mut body = vec![0xa0, 0x8d, 0x06, 0x02, b'x', 0x00];
    body.resize(100_000 + 6, 0xff);
    let body = Bytes::from(body);
    let (read, allocated) = metered(|| decode_request::<ListGroupsRequest>(&body, 5));
    assert_eq!(
        read.unwrap_err().to_string(),
        "ListGroupsRequest v5: states_filter[1]: null where a value is required at byte 5"
    );
    assert!(
        allocated <= body.len() + 1024,
        "{allocated} bytes for {}",
        body.len()
    );
}

/// How a byte is corrupted.
#[derive(Clone, Copy)]
enum How {
    /// Into every other value.
    EveryValue,
    /// Into those of [`SPOILED`].
    SomeValues,
}

fn spoiled(byte: u8, how: How) -> Vec<u8> {
    match how {
        How::EveryValue => (0..=u8::MAX).filter(|&other| other != byte).collect(),
        How::SomeValues => SPOILED.iter().map(|spoil| spoil(byte)).collect(),
    }
}

#[derive(Default)]
struct Done {
    truncated: usize,
    corrupted: usize,
    parsed: usize,
    dearest: usize,
}

fn attack<R: Request>(kafka: &Kafka, done: &mut Done) {
    for version in R::VERSIONS {
        let how = if version == *R::VERSIONS.end() {
            How::EveryValue
        } else {
            How::SomeValues
        };
        let read_request = |frame: &Bytes| {
            let (header, body) = decode_request_header(frame).ok()?;
            // A frame may claim to be of another API or version; whoever reads it goes by that.
            let same = (header.request_api_key, header.request_api_version) == (R::KEY, version);
            if same {
                decode_request::<R>(&body, version).ok()
            } else {
                None
            }
        };
        let write_request = |request: &R| {
            encode_request(request, version, 0, None)
                .unwrap()
                .to_bytes()
                .slice(4..)
        };
        for body in bodies(kafka.find(&format!("{}Request", R::name())), version) {
            let frame = kafka.request_frame(R::name(), version, Some("me"), &body);
            done.attack(&frame, how, read_request, write_request);
        }
        let read_response = |frame: &Bytes| {
            decode_response::<R>(frame, version)
                .ok()
                .map(|(_, response)| response)
        };
        let write_response = |response: &R::Response| {
            encode_response::<R>(response, version, 0)
                .unwrap()
                .to_bytes()
                .slice(4..)
        };
        for body in bodies(kafka.find(&format!("{}Response", R::name())), version) {
            done.attack(
                &kafka.response_frame(R::name(), version, &body),
                how,
                read_response,
                write_response,
            );
        }
    }
}

fn attack_consumer_protocol(kafka: &Kafka, done: &mut Done) {
    for version in consumer_protocol::VERSIONS {
        for body in bodies(kafka.find("ConsumerProtocolSubscription"), version) {
            let bytes = [&version.to_be_bytes()[..], &body].concat().into();
            done.attack(
                &bytes,
                How::EveryValue,
                |bytes| {
                    ConsumerProtocolSubscription::decode(bytes)
                        .ok()
                        .map(|(read, _)| read)
                },
                |read| read.encode(3).unwrap(),
            );
        }
        for body in bodies(kafka.find("ConsumerProtocolAssignment"), version) {
            let bytes = [&version.to_be_bytes()[..], &body].concat().into();
            done.attack(
                &bytes,
                How::EveryValue,
                |bytes| {
                    ConsumerProtocolAssignment::decode(bytes)
                        .ok()
                        .map(|(read, _)| read)
                },
                |read| read.encode(3).unwrap(),
            );
        }
    }
}

impl Done {
    fn attack<T: PartialEq + std::fmt::Debug>(
        &mut self,
        whole: &Bytes,
        how: How,
        read: impl Fn(&Bytes) -> Option<T>,
        write: impl Fn(&T) -> Bytes,
    ) {
        assert!(read(whole).is_some(), "{whole:?}");
        for length in 0..whole.len() {
            let cut = self.measure(&whole.slice(..length), &read);
            assert_eq!(cut, None, "the first {length} of {whole:?}");
            self.truncated += 1;
        }
        for at in 0..whole.len() {
            for spoiled in spoiled(whole[at], how) {
                let mut bytes = whole.to_vec();
                bytes[at] = spoiled;
                let bytes = Bytes::from(bytes);
                self.corrupted += 1;
                let Some(message) = self.measure(&bytes, &read) else {
                    continue;
                };
                self.parsed += 1;
                assert_eq!(
                    read(&write(&message)),
                    Some(message),
                    "byte {at} of {whole:?}"
                );
            }
        }
    }

    fn measure<T>(&mut self, bytes: &Bytes, read: impl Fn(&Bytes) -> T) -> T {
        let (message, allocated) = metered(|| read(bytes));
        assert!(
            allocated <= limit(bytes.len()),
            "{allocated} bytes for {bytes:?}"
        );
        self.dearest = self.dearest.max(allocated);
        message
    }
}

/// A body that is short, and one in which every field holds its default.
fn bodies(definition: &Definition, version: i16) -> [Vec<u8>; 2] {
    let mut rolled = (0..).map(|seed| writer::make(definition, version, 2, &mut Dice(seed)));
    let short = rolled.find(|body| body.len() <= LONGEST).unwrap();
    [short, writer::make_default(definition, version)]
}

/// What `call` gives back, and the bytes allocated on the way.
fn metered<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(METER);
    let result = call();
    (result, region.change().bytes_allocated)
}

/// The most that `length` bytes may cost.
fn limit(length: usize) -> usize {
    4 * length + 64 * 1024
}

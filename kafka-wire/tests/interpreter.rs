//! The table against a second writer: whole frames, made up field by field from Kafka's definitions, go through the doors and come
//! out again byte for byte, at every version of every API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use bytes::Bytes;
use kafka_wire::group::consumer_protocol::{
    self, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use kafka_wire::messages::APIS;
use kafka_wire::{
    Request, decode_request, decode_request_header, decode_response, encode_request,
    encode_response,
};

#[path = "interpreter/definitions.rs"]
mod definitions;
#[path = "interpreter/frames.rs"]
mod frames;
#[path = "interpreter/tables.rs"]
mod tables;
#[path = "interpreter/writer.rs"]
mod writer;

use definitions::Definition;
use frames::{CORRELATION_ID, Kafka};
use tables::for_every_request;
use writer::Dice;

/// Messages made up for each version, beside the one in which every field holds its default.
const ROUNDS: u64 = 40;

#[test]
fn every_request_and_response_comes_back_byte_for_byte() {
    let kafka = Kafka::load();
    let mut done = Done::default();
    for_every_request!(check(&kafka, &mut done));
    let keys: Vec<_> = APIS.iter().map(|api| api.key.0).collect();
    assert_eq!(
        done.keys, keys,
        "the list of this test and that of the table"
    );
    println!(
        "{} APIs, {} versions, {} frames, {} bytes",
        done.keys.len(),
        done.versions,
        done.frames,
        done.bytes
    );
}

#[test]
fn consumer_protocol_comes_back_byte_for_byte() {
    let kafka = Kafka::load();
    for version in consumer_protocol::VERSIONS {
        for body in bodies(kafka.find("ConsumerProtocolSubscription"), version) {
            let bytes = [&version.to_be_bytes()[..], &body].concat().into();
            let (read, sent) = ConsumerProtocolSubscription::decode(&bytes).unwrap();
            assert_eq!((sent, read.encode(version).unwrap()), (version, bytes));
        }
        for body in bodies(kafka.find("ConsumerProtocolAssignment"), version) {
            let bytes = [&version.to_be_bytes()[..], &body].concat().into();
            let (read, sent) = ConsumerProtocolAssignment::decode(&bytes).unwrap();
            assert_eq!((sent, read.encode(version).unwrap()), (version, bytes));
        }
    }
}

#[derive(Default)]
struct Done {
    keys: Vec<i16>,
    versions: usize,
    frames: usize,
    bytes: usize,
}

fn check<R: Request>(kafka: &Kafka, done: &mut Done) {
    let (request, response) = (
        format!("{}Request", R::name()),
        format!("{}Response", R::name()),
    );
    for version in R::VERSIONS {
        for body in bodies(kafka.find(&request), version) {
            done.bytes += body.len();
            done.frames += 1;
            check_request::<R>(kafka, version, &body);
        }
        for body in bodies(kafka.find(&response), version) {
            done.bytes += body.len();
            done.frames += 1;
            check_response::<R>(kafka, version, &body);
        }
        done.versions += 1;
    }
    done.keys.push(R::KEY);
}

fn check_request<R: Request>(kafka: &Kafka, version: i16, body: &[u8]) {
    let context = format!("{} v{version}: {}", R::name(), hex(body));
    let client_id = if body.len().is_multiple_of(2) {
        None
    } else {
        Some("größe")
    };
    let frame = kafka.request_frame(R::name(), version, client_id, body);

    let (header, rest) = decode_request_header(&frame).expect(&context);
    assert_eq!(
        (header.request_api_key, header.request_api_version),
        (R::KEY, version)
    );
    assert_eq!(
        (header.correlation_id, header.client_id.as_deref()),
        (CORRELATION_ID, client_id)
    );
    assert_eq!(rest, body, "{context}");
    let request: R = decode_request(&rest, version).expect(&context);
    let written = encode_request(&request, version, CORRELATION_ID, client_id).expect(&context);
    check_written(&written.to_bytes(), &frame, &context);
    assert_eq!(
        decode_request::<R>(
            &written.to_bytes().slice(frame.len() - body.len() + 4..),
            version
        ),
        Ok(request)
    );
}

fn check_response<R: Request>(kafka: &Kafka, version: i16, body: &[u8]) {
    let context = format!("{} v{version}: {}", R::name(), hex(body));
    let frame = kafka.response_frame(R::name(), version, body);

    let (correlation_id, response) = decode_response::<R>(&frame, version).expect(&context);
    assert_eq!(correlation_id, CORRELATION_ID);
    let written = encode_response::<R>(&response, version, correlation_id).expect(&context);
    check_written(&written.to_bytes(), &frame, &context);
    assert_eq!(
        decode_response::<R>(&written.to_bytes().slice(4..), version),
        Ok((CORRELATION_ID, response))
    );
}

fn check_written(written: &Bytes, frame: &Bytes, context: &str) {
    let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
    assert_eq!(hex(&written[..4]), hex(&length), "{context}");
    assert_eq!(hex(&written[4..]), hex(frame), "{context}");
}

fn bodies(definition: &Definition, version: i16) -> impl Iterator<Item = Vec<u8>> {
    let rolled = (0..ROUNDS).map(move |seed| writer::make(definition, version, 3, &mut Dice(seed)));
    rolled.chain([writer::make_default(definition, version)])
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits
        .map(|digit| char::from_digit(u32::from(digit), 16).unwrap())
        .collect()
}

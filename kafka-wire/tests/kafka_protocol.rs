//! The table against the crate `kafka-protocol`, which was generated from the same definitions by other people: what one of the two
//! writes, the other reads, and writes again byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable, Message};
use kafka_wire::messages::APIS;

#[path = "kafka_protocol/apis.rs"]
mod apis;
#[path = "interpreter/definitions.rs"]
mod definitions;
#[path = "interpreter/writer.rs"]
mod writer;

use definitions::Definition;
use writer::Dice;

/// APIs that the peer does not have.
const THEY_LACK: &[&str] = &["StreamsGroupHeartbeat", "StreamsGroupDescribe"];

/// Messages made up for each version.
const ROUNDS: u64 = 20;

#[test]
fn both_read_and_write_the_same_bytes() {
    let definitions = definitions::load();
    let mut peer = Peer {
        definitions: &definitions,
        compared: 0,
        apis: 0,
        versions: 0,
    };
    apis::for_every_api!(peer);
    println!(
        "{} messages, {} versions, {} bodies",
        peer.apis, peer.versions, peer.compared
    );
    assert_eq!(peer.apis, 2 * (APIS.len() - THEY_LACK.len()));
}

struct Peer<'a> {
    definitions: &'a [Definition],
    apis: usize,
    versions: usize,
    compared: usize,
}

impl Peer<'_> {
    fn check<T: Message + Encodable + Decodable + Default>(&mut self, name: &str) {
        let definition = self
            .definitions
            .iter()
            .find(|definition| definition.name == name)
            .unwrap();
        let ours = recode(name);
        let versions = T::VERSIONS.min.max(definition.valid.first)
            ..=T::VERSIONS.max.min(definition.valid.last);
        assert!(!versions.is_empty(), "{name}");
        for version in versions {
            for seed in 0..ROUNDS {
                let body = writer::make(definition, version, 3, &mut Dice(seed)).into();
                let context = format!("{name} v{version}: {body:?}");
                assert_eq!(ours(&body, version), body, "{context}");
                let mut rest = body.clone();
                let read = T::decode(&mut rest, version).expect(&context);
                assert!(rest.is_empty(), "{context}: {} bytes left", rest.len());
                assert_eq!(written(&read, version).expect(&context), body, "{context}");
                self.compared += 1;
            }
            // Some defaults cannot be written in every version, by them or by us.
            if let Some(default) = written(&T::default(), version) {
                assert_eq!(ours(&default, version), default, "{name} v{version}");
                self.compared += 1;
            }
            self.versions += 1;
        }
        self.apis += 1;
    }
}

fn recode(name: &str) -> impl Fn(&Bytes, i16) -> Bytes {
    let (api, request) = match name.strip_suffix("Request") {
        Some(api) => (api, true),
        None => (name.trim_end_matches("Response"), false),
    };
    let api = APIS
        .iter()
        .find(|entry| entry.key.name() == Some(api))
        .unwrap();
    let recode = if request {
        api.recode_request
    } else {
        api.recode_response
    };
    move |body, version| recode(body, version).unwrap_or_else(|error| panic!("{error}: {body:?}"))
}

fn written(message: &impl Encodable, version: i16) -> Option<Bytes> {
    let mut out = BytesMut::new();
    message.encode(&mut out, version).ok()?;
    Some(out.freeze())
}

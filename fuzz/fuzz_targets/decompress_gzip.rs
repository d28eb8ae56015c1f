//! gzip (RFC 1952) from hostile bytes.
//!
//! Feeds: a byte that says how large pieces are, then gzip members.
//!
//! Asserts what `codecs::check` says. The second way is a decoder that reads its input piece by piece; members before and after
//! show what came out.
#![no_main]

use std::io::Write as _;

use flate2::Compression as Level;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use kafka_fuzz::codecs::{Subject, check, read_all};
use kafka_fuzz::pieces::Pieces;
use kafka_wire::records::Compression;
use libfuzzer_sys::fuzz_target;

const GZIP: Subject = Subject {
    codec: Compression::Gzip,
    in_pieces: |bytes, size, most| read_all(MultiGzDecoder::new(Pieces::new(bytes, size)), most),
    between: |before, members, after| Some([&member(before), members, &member(after)].concat()),
};

fuzz_target!(|data: &[u8]| check(data, &GZIP));

fn member(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

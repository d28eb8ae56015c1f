//! Answers from hostile bytes.
//!
//! Feeds: two bytes that choose API and version, then the body of an answer.
//!
//! Asserts what `request` does, for the other direction.
#![no_main]

use kafka_fuzz::choice::Direction;
use kafka_fuzz::messages::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check(data, Direction::Response));

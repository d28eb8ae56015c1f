//! Requests from hostile bytes.
//!
//! Feeds: two bytes that choose API and version, then a request's body.
//!
//! Asserts: reading allocates no more than `memory::message_limit` allows; what can be read can be written; reading what was written gives
//! the same bytes again (bytes may have more than one form, such as an unknown tag or a long varint, but what we write has one)
//! and is never longer than what came; the way through whole frames ends with the same bytes.
#![no_main]

use kafka_fuzz::choice::Direction;
use kafka_fuzz::messages::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check(data, Direction::Request));

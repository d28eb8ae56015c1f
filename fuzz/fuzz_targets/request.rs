//! Requests from hostile bytes.
//!
//! Feeds: two bytes that choose API and version, then a request's body.
//!
//! Asserts: reading allocates no more than `memory::message_limit` allows for what is really there; a second reader, which has only the rows
//! in common with the table, accepts and refuses the same bytes, and a second writer writes what it read as the table does; what can be
//! read can be written; reading what was written gives the same bytes again (bytes may have more than one form, such as an unknown tag or a long varint, but what we write has one)
//! and is never longer than what came; the way through whole frames ends with the same bytes.
#![no_main]

use kafka_fuzz::choice::Direction;
use kafka_fuzz::messages::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check(data, Direction::Request));

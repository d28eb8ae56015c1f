//! What the fuzz targets share: how bytes choose an API, a second reader and a second writer of messages, doors by type, a meter for memory, and
//! checks of codecs. Never a target itself; see `fuzz_targets/` and `README.md`.
//!
//! Everything here panics as soon as something is not as it should be: that is how libFuzzer learns of it.

pub mod choice;
pub mod codecs;
pub mod doors;
pub mod logins;
pub mod memory;
pub mod messages;
pub mod pieces;
pub mod reader;
pub mod records;
pub mod value;
pub mod writer;

#[path = "../../kafka-wire/tests/interpreter/tables.rs"]
mod tables;

pub(crate) use tables::for_every_request;

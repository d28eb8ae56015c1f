//! Golden bytes: what `kafka-clients` 4.3.1 writes for a value, held against the table in both directions.
//!
//! The bytes are bodies, without header, in hexadecimal; two spaces stand between fields, one between a length and its bytes.

use bytes::{Bytes, BytesMut};

use crate::api::Request;
use crate::frame;
use crate::table::Message;

/// Checks that `hex` and `request` are the same in `version`.
pub(crate) fn request<R: Request>(version: i16, hex: &str, request: &R) {
    check(version, version >= R::FLEXIBLE_SINCE, hex, request);
}

/// Checks that `hex` and the answer to an `R` are the same in `version`.
pub(crate) fn response<R: Request>(version: i16, hex: &str, response: &R::Response) {
    check(version, version >= R::FLEXIBLE_SINCE, hex, response);
}

fn check<M: Message>(version: i16, flexible: bool, hex: &str, message: &M) {
    let name = M::STRUCTURE.name;
    let written = frame::encode_message(message, version, flexible, BytesMut::new()).unwrap();
    let hex: String = hex.split_whitespace().collect();
    assert_eq!(to_hex(&written), hex, "{name} v{version}, written");
    let read: M = frame::decode(&from_hex(&hex), version, flexible, name).unwrap();
    assert_eq!(&read, message, "{name} v{version}, read");
}

/// Bytes as hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits
        .map(|digit| char::from_digit(u32::from(digit), 16).unwrap())
        .collect()
}

/// Hexadecimal digits, spaces between them ignored, as bytes.
pub(crate) fn from_hex(hex: &str) -> Bytes {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

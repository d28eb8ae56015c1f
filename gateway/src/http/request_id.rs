//! The name of a request: 32 hexadecimal digits, random (G-11).

use std::fmt;

use http::HeaderValue;

/// Names one request in its answer and in every log line about it. A client cannot choose it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 32]);

impl RequestId {
    /// A new one.
    pub fn random() -> RequestId {
        let bits = fastrand::u128(..).to_be_bytes();
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bits) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        RequestId(digits)
    }

    /// The digits, lower case.
    pub fn as_str(&self) -> &str {
        // They are digits, so there is no other case.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits as the value of a header.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static(""))
    }
}

const fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[test]
fn is_32_lower_case_digits_and_never_the_same() {
    let id = RequestId::random();
    assert_eq!(id.as_str().len(), 32);
    assert!(
        id.as_str()
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    );
    assert_ne!(id, RequestId::random());
}

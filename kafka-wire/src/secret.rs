//! Bytes that must never be printed.

use std::fmt;

use bytes::Bytes;

/// Bytes of a SASL exchange, or anything else that lets somebody in: they show neither content nor length in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T = Bytes>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(
        format!("{:?}", Secret(Bytes::from_static(b"pw"))),
        "Secret(…)"
    );
}

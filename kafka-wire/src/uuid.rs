//! Kafka's UUIDs: 16 bytes on the wire, 22 characters of base64url for people.

use std::fmt;

/// Names a topic (KIP-516) or a log directory for ever. All zero means "none".
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// No topic at all.
    pub const ZERO: Self = Self([0; 16]);

    /// Whether it names nothing.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

/// As Kafka's tools print it: base64url without padding.
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bits = u128::from_be_bytes(self.0);
        for index in 0..22_u32 {
            // 22 characters carry 132 bits: the last one ends in four zeros.
            let shift = 122_u32.checked_sub(6 * index);
            let six = shift.map_or_else(|| (bits << 4) & 0x3f, |shift| (bits >> shift) & 0x3f);
            let letter = usize::try_from(six)
                .ok()
                .and_then(|six| ALPHABET.get(six))
                .copied()
                .unwrap_or(b'?');
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[test]
fn prints_as_kafka_does() {
    // `Uuid.toString()` of kafka-clients for these bytes.
    let uuid = Uuid([
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32,
        0x10,
    ]);
    assert_eq!(uuid.to_string(), "ASNFZ4mrze_-3LqYdlQyEA");
    assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
}

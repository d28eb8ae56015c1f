//! What must never be printed: three types whose `Debug` shows neither content nor length, in every build.
//!
//! [`Secret`] holds what is on its way to or from the wire, [`SecretText`] what a person or a configuration brought. What is
//! ours alone ([`SecretText`] and the keys made from it) is overwritten when it is dropped; the bytes of a [`Secret`] are shared
//! with the frame they travel in, and are not.

use std::fmt;

use bytes::Bytes;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoder::Encoder;
use crate::error::EncodeFault;
use crate::primitives::{Context, Parsed, Wire};
use crate::rows::Kind;

/// Bytes of a SASL exchange, the value of a setting that may be a password, or whatever else lets somebody in: it shows neither
/// content nor length in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T = Bytes>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Looks like what it hides.
impl<T: Wire> Wire for Secret<T> {
    const KIND: Kind = T::KIND;

    fn decode<'a>(input: &'a [u8], context: Context<'a>) -> Parsed<'a, Self> {
        T::decode(input, context).map(|(rest, hidden)| (rest, Self(hidden)))
    }

    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeFault> {
        self.0.encode(out)
    }
}

/// A password or a token: compared in constant time, overwritten when dropped, never printed.
///
/// Whoever made the `String` it came from has to see to other copies. Default: empty, which no mechanism accepts.
#[derive(Clone, Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over; no copy is made.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for whoever has to send or hash it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Keys and signatures of a hash: compared in constant time, overwritten when dropped, never printed.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<Vec<u8>>);

impl Key {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bitwise difference of two keys of one length; what the longer one has more is left out.
    pub(crate) fn xor(&self, other: &Self) -> Self {
        let pairs = self.bytes().iter().zip(other.bytes());
        Self::new(pairs.map(|(one, two)| one ^ two).collect())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            Secret(Bytes::from_static(b"pw")),
            Secret(Some("pw")),
            SecretText::new("pw"),
            Key::new(b"pw".to_vec())
        );
        assert_eq!(shown, "Secret(…) Secret(…) SecretText(…) Key(…)");
    }

    #[test]
    fn equal_is_only_what_is_equal_to_the_end() {
        assert_eq!(SecretText::new("abc"), SecretText::new("abc"));
        assert_ne!(SecretText::new("abc"), SecretText::new("abd"));
        assert_ne!(Key::new(vec![1, 2]), Key::new(vec![1, 2, 3]));
        assert_ne!(Key::new(vec![]), Key::new(vec![0]));
    }
}

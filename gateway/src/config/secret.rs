//! Text that must never be printed.

use std::fmt;

use serde::Deserialize;

/// A password, key or token. `Debug` hides it in every build, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the wire and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

#[test]
fn debug_hides_the_text() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret:?}"), "********");
    assert_eq!(secret.expose(), "hunter2");
}

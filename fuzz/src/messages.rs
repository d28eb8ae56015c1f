//! What `request` and `response` assert.

use bytes::Bytes;
use kafka_wire::RecodeError;

use crate::choice::{Choice, Direction};
use crate::doors::{recode, transcode};
use crate::memory::{message_limit, metered};

/// Holds a message of the chosen API and version against itself.
pub fn check(data: &[u8], direction: Direction) {
    let Some((choice, body)) = Choice::split(data, direction) else {
        return;
    };
    let (key, version) = (choice.api.key, choice.version);
    let body = Bytes::copy_from_slice(body);
    let (written, allocated) = metered(|| recode(&body, choice));
    let limit = message_limit(
        choice.structure(),
        version,
        choice.is_flexible(),
        body.len(),
    );
    assert!(
        allocated <= limit,
        "{key} v{version}: {allocated} bytes for {}",
        body.len()
    );
    let written = match written {
        Ok(written) => written,
        Err(RecodeError::Decode(error)) => {
            assert_eq!(
                (error.version, error.api),
                (version, choice.structure().name)
            );
            assert!(error.offset <= body.len(), "{error}");
            return;
        }
        Err(error) => panic!("{key} v{version}: read, but not written: {error}"),
    };
    assert!(written.len() <= body.len(), "{key} v{version}: grown");
    assert_eq!(recode(&written, choice).as_ref(), Ok(&written));
    assert_eq!(transcode(&body, choice, version).as_ref(), Ok(&written));
}

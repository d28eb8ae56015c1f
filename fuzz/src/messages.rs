//! What `request` and `response` assert.

use bytes::Bytes;
use kafka_wire::RecodeError;

use crate::choice::{Choice, Direction};
use crate::doors::{recode, transcode};
use crate::memory::{message_limit, metered};
use crate::reader::read;
use crate::writer::write;

/// Holds a message of the chosen API and version against itself, and against the second reader and the second writer.
pub fn check(data: &[u8], direction: Direction) {
    let Some((choice, body)) = Choice::split(data, direction) else {
        return;
    };
    let (key, version) = (choice.api.key, choice.version);
    let (structure, flexible) = (choice.structure(), choice.is_flexible());
    let body = Bytes::copy_from_slice(body);
    let (written, allocated) = metered(|| recode(&body, choice));
    let read = read(structure, &body, version, flexible);
    let limit = message_limit(structure, body.len(), read.element_bytes);
    assert!(
        allocated <= limit,
        "{key} v{version}: {allocated} bytes for {}, of which {} in elements",
        body.len(),
        read.element_bytes
    );
    let written = match written {
        Ok(written) => written,
        Err(RecodeError::Decode(error)) => {
            let can_be_read = read.value.is_some() && read.left == 0;
            assert!(!can_be_read, "{error}, but it can be read");
            assert_eq!((error.version, error.api), (version, structure.name));
            assert!(error.offset <= body.len(), "{error}");
            return;
        }
        Err(error) => panic!("{key} v{version}: read, but not written: {error}"),
    };
    let value = read.value.expect("read by one, refused by the other");
    assert_eq!(read.left, 0, "left by one, read by the other");
    assert_eq!(
        write(structure, &value, version, flexible).as_deref(),
        Ok(&written[..])
    );
    assert!(written.len() <= body.len(), "{key} v{version}: grown");
    assert_eq!(recode(&written, choice).as_ref(), Ok(&written));
    assert_eq!(transcode(&body, choice, version).as_ref(), Ok(&written));
}

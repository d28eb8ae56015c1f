//! Messages made up field by field, and written by a second writer that has only the rows in common with the table.
//!
//! Feeds: bytes that choose API, direction, two versions and the value of every field.
//!
//! Asserts: reading what the second writer wrote and writing it again gives the same bytes. Written at the other version, the value comes
//! out as the second writer writes it there, or is refused with the reason and the field that it gives; at a version that the API does
//! not have, it is refused for the version.
#![no_main]

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use kafka_fuzz::choice::{Choice, Direction, version_of};
use kafka_fuzz::doors::{recode, transcode};
use kafka_fuzz::value::make;
use kafka_fuzz::writer::write;
use kafka_wire::{EncodeReason, RecodeError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = check(&mut Unstructured::new(data));
});

fn check(from: &mut Unstructured<'_>) -> Result<()> {
    let [api, version, other, direction] = from.arbitrary()?;
    let direction = match direction % 2 {
        0 => Direction::Request,
        _ => Direction::Response,
    };
    let choice = Choice::of(api, version, direction);
    let structure = choice.structure();
    let value = make(structure, choice.version, from)?;
    let written = |choice: Choice| {
        write(structure, &value, choice.version, choice.is_flexible()).map(Bytes::from)
    };

    let bytes = written(choice).expect("made for this version");
    assert_eq!(recode(&bytes, choice).as_ref(), Ok(&bytes));

    let other = choice.at(version_of(choice.api, other));
    match (transcode(&bytes, choice, other.version), written(other)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        (Err(RecodeError::Encode(ours)), Err(theirs)) => {
            assert_eq!((ours.path, ours.reason), (theirs.path, theirs.reason));
            assert_eq!((ours.api, ours.version), (structure.name, other.version));
        }
        (ours, theirs) => panic!("{choice:?} as {}: {ours:?}, not {theirs:?}", other.version),
    }

    let (first, last) = choice.api.versions.clone().into_inner();
    for unknown in [first - 1, last + 1] {
        let Err(RecodeError::Encode(error)) = transcode(&bytes, choice, unknown) else {
            panic!("written as version {unknown}, which there is not")
        };
        assert_eq!(error.reason, EncodeReason::Version);
    }
    Ok(())
}

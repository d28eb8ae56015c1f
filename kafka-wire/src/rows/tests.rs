//! What the rows are held against before they compile, and what is reckoned from them.

use super::*;
use crate::messages::APIS;
use crate::messages::fetch::PartitionData;
use crate::messages::metadata::MetadataResponseTopic;
use crate::table::Message as _;

const ROW: Row = Row::new("field", Kind::Int32, Versions::of(&[0]));

#[test]
fn versions_are_read_as_the_schemas_write_them() {
    assert_eq!(Versions::of(&[3]).range(), 3..=i16::MAX);
    assert_eq!(Versions::of(&[8, 10]).range(), 8..=10);
}

#[test]
#[should_panic(expected = "no version")]
fn a_row_without_versions_does_not_compile() {
    Versions::of(&[3, 2]);
}

#[test]
#[should_panic(expected = "no null in this type")]
fn null_in_a_type_without_it_does_not_compile() {
    let nullable = Some(Versions::of(&[0]));
    Structure::new("Test", vec![Row { nullable, ..ROW }].leak());
}

#[test]
#[should_panic(expected = "null without the field")]
fn null_in_a_version_without_the_field_does_not_compile() {
    let row = Row {
        kind: Kind::Nullable(&Kind::String),
        versions: Versions::of(&[3]),
        nullable: Some(Versions::of(&[2])),
        ..ROW
    };
    Structure::new("Test", vec![row].leak());
}

#[test]
#[should_panic(expected = "tags ascend")]
fn a_tag_that_comes_twice_does_not_compile() {
    let row = Row {
        tag: Some(1),
        ..ROW
    };
    Structure::new("Test", vec![row, row].leak());
}

#[test]
fn the_least_element_has_the_fields_that_stay() {
    // Error code, name or null, number of partitions.
    assert_eq!(MetadataResponseTopic::STRUCTURE.min_size(), 2 + 1 + 1);
    // Partition, error code, high watermark, records; not the tagged fields.
    assert_eq!(PartitionData::STRUCTURE.min_size(), 4 + 2 + 8 + 1);
    assert_eq!(Kind::Array(&Kind::Uuid).unit_size(), 16);
    assert_eq!(Kind::String.unit_size(), 1);
}

/// What `primitives.rs` promises about hostile bytes rests on this.
#[test]
fn arrays_stand_no_more_than_four_deep() {
    fn depth(kind: Kind) -> usize {
        match kind {
            Kind::Array(inner) => 1 + depth(*inner),
            Kind::Nullable(inner) => depth(*inner),
            Kind::Structure(structure) => deepest(structure),
            _ => 0,
        }
    }
    fn deepest(structure: &Structure) -> usize {
        let depths = structure.rows.iter().map(|row| depth(row.kind));
        depths.max().unwrap_or_default()
    }
    let messages = APIS.iter().flat_map(|api| [api.request, api.response]);
    assert_eq!(messages.map(deepest).max(), Some(4));
}

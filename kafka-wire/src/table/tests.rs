//! The corners of the notation; the real messages are held against Kafka's definitions elsewhere.
#![allow(
    unnameable_types,
    unreachable_pub,
    reason = "structures of this test alone"
)]

use bytes::Bytes;

use crate::error::{DecodeReason, EncodeReason};
use crate::frame::{decode, encode_message};
use crate::rows::Kind;
use crate::table::Message;

wire_struct! {
    /// Everything a row can say.
    pub struct Every {
        /// In every version, null from 2 on.
        0+ name: Option<String> where null 2+,
        /// Gone after 1.
        0-1 old: i32 = -1,
        /// Dropped where it does not exist.
        ignorable 1+ hint: i16,
        /// A structure that may be absent.
        2+ inner: Option<Inner>,
        /// Keeps its two-byte length.
        classic 1+ plain: String,
    } tagged {
        /// Tag 0, from 2 on.
        0: 2+ epoch: i32 = -1,
        /// Tag 3.
        ignorable 3: 3-3 list: Vec<Inner>,
    }
}

wire_struct! {
    /// An element.
    pub struct Inner {
        /// Its value.
        0+ value: i8,
    } tagged {
        /// A tag in what may itself be tagged.
        0: 3+ note: Option<String>,
    }
}

const FLEXIBLE_SINCE: i16 = 2;

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn check(version: i16, hex: &str, value: &Every) {
    let flexible = version >= FLEXIBLE_SINCE;
    let written = encode_message(value, version, flexible, bytes::BytesMut::new()).unwrap();
    assert_eq!(written, bytes(hex), "writing version {version}");
    assert_eq!(
        &decode::<Every>(&written, version, flexible, "Every").unwrap(),
        value,
        "reading version {version}"
    );
}

fn refused(version: i16, hex: &str) -> (String, usize, DecodeReason) {
    let error =
        decode::<Every>(&bytes(hex), version, version >= FLEXIBLE_SINCE, "Every").unwrap_err();
    (error.path, error.offset, error.reason)
}

fn unwritable(version: i16, value: &Every) -> (String, EncodeReason) {
    let error = encode_message(
        value,
        version,
        version >= FLEXIBLE_SINCE,
        bytes::BytesMut::new(),
    )
    .unwrap_err();
    (error.path, error.reason)
}

fn named(name: &str) -> Every {
    Every {
        name: Some(name.into()),
        ..Default::default()
    }
}

#[test]
fn fields_come_and_go_with_the_version() {
    check(0, "0002 6162  ffffffff", &named("ab"));
    check(
        1,
        "0002 6162  ffffffff  0000  0001 63",
        &Every {
            plain: "c".into(),
            ..named("ab")
        },
    );
    check(
        2,
        "03 6162  0000  ff  0001 63  00",
        &Every {
            plain: "c".into(),
            ..named("ab")
        },
    );
}

#[test]
fn nulls_and_structures_that_may_be_absent() {
    let value = Every {
        inner: Some(Inner {
            value: 5,
            ..Default::default()
        }),
        ..Default::default()
    };
    check(2, "00  0000  01 05 00  0000  00", &value);
}

#[test]
fn tags_are_written_only_if_they_say_something() {
    let value = Every {
        epoch: 7,
        list: vec![Inner {
            value: 1,
            ..Default::default()
        }],
        ..Default::default()
    };
    check(
        3,
        "00 0000 ff 0000  02  00 04 00000007  03 03 02 01 00",
        &value,
    );
    check(3, "00 0000 ff 0000  00", &Every::default());
}

#[test]
fn tags_within_tags_have_sizes_of_their_own() {
    let note = "n".repeat(200);
    let value = Every {
        list: vec![Inner {
            value: 1,
            note: Some(note.clone()),
        }],
        ..Default::default()
    };
    let hex = "6e".repeat(200);
    // Tag 3 with 208 bytes: one element, its value, one tag: number 0 with 202 bytes: a length of two bytes, 200 bytes of text.
    let written = format!("00 0000 ff 0000  01  03 d001  02 01  01 00 ca01 c901 {hex}");
    check(3, &written, &value);
}

#[test]
fn unknown_tags_are_skipped() {
    let read = decode::<Every>(
        &bytes("00 0000 ff 0000  02  00 04 00000007  63 02 abcd"),
        2,
        true,
        "Every",
    )
    .unwrap();
    assert_eq!(
        read,
        Every {
            epoch: 7,
            ..Default::default()
        }
    );
}

#[test]
fn tags_out_of_order_or_twice_are_refused() {
    let (_, _, reason) = refused(2, "00 0000 ff 0000  02  00 04 00000007  00 04 00000007");
    assert_eq!(reason, DecodeReason::TagOrder(0));
}

#[test]
fn a_tag_must_fill_its_bytes() {
    let (path, _, reason) = refused(2, "00 0000 ff 0000  01  00 05 0000000700");
    assert_eq!(
        (path.as_str(), reason),
        ("epoch", DecodeReason::Trailing(1))
    );
}

#[test]
fn a_value_that_the_version_lacks_is_refused_unless_ignorable() {
    assert_eq!(
        unwritable(
            2,
            &Every {
                old: 4,
                ..Default::default()
            }
        ),
        ("old".into(), EncodeReason::NotInVersion)
    );
    assert_eq!(
        unwritable(
            1,
            &Every {
                epoch: 4,
                ..named("")
            }
        ),
        ("epoch".into(), EncodeReason::NotInVersion)
    );
    check(0, "0000  ffffffff", &named(""));
    let hinted = Every {
        hint: 9,
        list: vec![Inner::default()],
        ..named("")
    };
    let written = encode_message(&hinted, 0, false, bytes::BytesMut::new()).unwrap();
    assert_eq!(written, bytes("0000 ffffffff"), "ignorable fields vanish");
}

#[test]
fn null_only_where_the_version_allows_it() {
    assert_eq!(
        unwritable(1, &Every::default()),
        ("name".into(), EncodeReason::Null)
    );
    let (path, offset, reason) = refused(1, "ffff ffffffff 0000 0000");
    assert_eq!((path.as_str(), reason), ("name", DecodeReason::Null));
    assert_eq!(offset, 0, "the field begins here");
}

#[test]
fn what_is_too_long_is_refused_where_it_stands() {
    let long = "x".repeat(0x8000);
    let reason = EncodeReason::TooLong {
        length: 0x8000,
        limit: 0x7fff,
    };
    assert_eq!(
        unwritable(2, &named(&long)),
        ("name".into(), reason.clone())
    );
    let list = vec![
        Inner::default(),
        Inner {
            note: Some(long),
            ..Default::default()
        },
    ];
    let value = Every {
        list,
        ..Default::default()
    };
    assert_eq!(unwritable(3, &value), ("list[1].note".into(), reason));
}

#[test]
fn errors_name_the_field_and_the_place() {
    let (path, offset, reason) = refused(3, "00 0000 ff 0000  01  03 03 02 01 63");
    assert_eq!(
        (path.as_str(), offset, reason),
        ("list[0]", 12, DecodeReason::Truncated)
    );
    let (path, _, reason) = refused(0, "0002 61ff ffffffff");
    assert_eq!((path.as_str(), reason), ("name", DecodeReason::Utf8));
    let (path, _, reason) = refused(0, "7fff 61");
    assert_eq!(
        (path.as_str(), reason),
        ("name", DecodeReason::Length(0x7fff))
    );
    let (path, _, reason) = refused(2, "00 0000 02");
    assert_eq!(
        (path.as_str(), reason),
        ("inner", DecodeReason::Presence(2))
    );
}

#[test]
fn rows_are_data_too() {
    let rows = Every::STRUCTURE.rows;
    let names: Vec<_> = rows.iter().map(|row| row.name).collect();
    assert_eq!(
        names,
        ["name", "old", "hint", "inner", "plain", "epoch", "list"]
    );
    let [name, old, hint, inner, plain, epoch, list] = rows else {
        unreachable!()
    };
    assert_eq!(
        (name.kind, name.nullable.unwrap().first),
        (Kind::Nullable(&Kind::String), 2)
    );
    assert_eq!(
        (old.versions.range(), old.default, old.nullable),
        (0..=1, Some("-1"), None)
    );
    assert!(hint.ignorable && !old.ignorable);
    assert_eq!(
        inner.kind,
        Kind::Nullable(&Kind::Structure(Inner::STRUCTURE))
    );
    assert!(plain.classic && !name.classic);
    assert_eq!((epoch.tag, epoch.versions.first), (Some(0), 2));
    assert_eq!(
        (list.tag, list.kind),
        (Some(3), Kind::Array(&Kind::Structure(Inner::STRUCTURE)))
    );
}

#[test]
fn messages_with_a_throttle_time_tell_it_and_others_have_none() {
    let told = crate::messages::metadata::MetadataResponse {
        throttle_time_ms: 7,
        ..Default::default()
    };
    assert_eq!(told.throttle_time_ms(), 7);
    assert_eq!(Every::default().throttle_time_ms(), 0);
}

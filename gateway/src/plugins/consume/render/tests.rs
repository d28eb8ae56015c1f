use super::*;
use crate::plugins::consume::testing::{STYLE, record};

fn check(
    topics: &[&str],
    partitions: Vec<(&str, i32, i16, Vec<RecordRef<'_>>)>,
    style: &Style,
    expected: &str,
) {
    let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
    let views = partitions
        .into_iter()
        .map(|(topic, partition, errcode, records)| PartitionView {
            topic,
            partition,
            errcode,
            high_watermark: 2,
            records: records.into_iter(),
        });
    let mut out = BytesMut::new();
    push_answer(&mut out, &topics, views.collect(), style);
    assert_eq!(String::from_utf8_lossy(&out), expected);
}

fn check_record(record: RecordRef<'_>, style: &Style, expected: &str) {
    let expected = format!(
        r#"{{"t":{{"partitions":{{"0":{{"errcode":0,"high_watermark":2,"records":[{expected}]}}}}}}}}"#
    );
    check(&["t"], vec![("t", 0, 0, vec![record])], style, &expected);
}

#[test]
fn the_sample_of_the_contract() {
    let value = br#"{"message": "Hello World"}"#;
    check(
        &["my-topic"],
        vec![("my-topic", 0, 0, vec![record(0, None, Some(value))])],
        &STYLE,
        r#"{"my-topic":{"partitions":{"0":{"errcode":0,"high_watermark":2,"records":[{"key":"","offset":0,"timestamp":1700000000000,"value":"{\"message\": \"Hello World\"}"}]}}}}"#,
    );
}

#[test]
fn topics_stand_as_configured_and_every_partition_is_there() {
    check(
        &["b", "a", "none"],
        vec![
            ("a", 2, 0, vec![]),
            ("a", 10, 29, vec![]),
            ("b", 0, 0, vec![]),
        ],
        &STYLE,
        concat!(
            r#"{"b":{"partitions":{"0":{"errcode":0,"high_watermark":2,"records":[]}}},"#,
            r#""a":{"partitions":{"2":{"errcode":0,"high_watermark":2,"records":[]},"10":{"errcode":29,"high_watermark":2,"records":[]}}},"#,
            r#""none":{"partitions":{}}}"#,
        ),
    );
}

#[test]
fn no_records_can_be_an_object_as_the_vendor_prints_it() {
    let style = Style {
        empty_records_object: true,
        ..STYLE
    };
    check(
        &["t"],
        vec![("t", 0, 0, vec![])],
        &style,
        r#"{"t":{"partitions":{"0":{"errcode":0,"high_watermark":2,"records":{}}}}}"#,
    );
}

#[test]
fn a_null_key_is_empty_text_unless_told_otherwise() {
    let null_key = record(1, None, None);
    check_record(
        null_key,
        &STYLE,
        r#"{"key":"","offset":1,"timestamp":1700000000000,"value":null}"#,
    );
    let style = Style {
        null_key_empty: false,
        ..STYLE
    };
    check_record(
        null_key,
        &style,
        r#"{"key":null,"offset":1,"timestamp":1700000000000,"value":null}"#,
    );
}

#[test]
fn g24_what_is_no_text_is_base64_with_its_flag() {
    check_record(
        record(1, Some(b"\xff"), Some(b"\xfe")),
        &STYLE,
        r#"{"key":"/w==","key_base64":true,"offset":1,"timestamp":1700000000000,"value":"/g==","value_base64":true}"#,
    );
}

#[test]
fn a_record_without_a_time_has_time_0() {
    let mut timeless = record(1, Some(b"k"), Some(b"v"));
    timeless.timestamp = -1;
    check_record(
        timeless,
        &STYLE,
        r#"{"key":"k","offset":1,"timestamp":0,"value":"v"}"#,
    );
}

#[test]
fn json_values_are_values_and_what_is_none_stays_text_with_an_error() {
    let style = Style {
        parses_json: true,
        ..STYLE
    };
    check_record(
        record(1, Some(b"k"), Some(b" {\"a\":[1]} ")),
        &style,
        r#"{"key":"k","offset":1,"timestamp":1700000000000,"value":{"a":[1]}}"#,
    );
    check_record(
        record(1, Some(b"k"), Some(b"{")),
        &style,
        r#"{"error":"not JSON","key":"k","offset":1,"timestamp":1700000000000,"value":"{"}"#,
    );
}

#[test]
fn a_record_that_is_too_large_comes_without_its_value() {
    let style = Style {
        record_max_bytes: 4,
        ..STYLE
    };
    check_record(
        record(1, Some(b"k"), Some(b"abcd")),
        &style,
        r#"{"error":"record too large","key":"k","offset":1,"timestamp":1700000000000,"value":null}"#,
    );
    check_record(
        record(1, Some(b"12345"), Some(b"")),
        &style,
        r#"{"error":"record too large","key":"","offset":1,"timestamp":1700000000000,"value":null}"#,
    );
    check_record(
        record(1, Some(b"k"), Some(b"abc")),
        &style,
        r#"{"key":"k","offset":1,"timestamp":1700000000000,"value":"abc"}"#,
    );
}

#[test]
fn errors_of_partitions_are_kafka_s_numbers() {
    let refused = Error::Refused {
        api: "Fetch",
        subject: "t-0".to_owned(),
        code: ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        message: None,
    };
    assert_eq!(errcode(&refused), 29);
    assert_eq!(errcode(&Error::NoBroker { source: None }), 13);
}

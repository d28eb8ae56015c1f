//! The table against Kafka's own definitions: every field of every message at every version.
//!
//! The definitions come out of the jar `kafka-clients`. A row that is wrong, missing or too many is named with its path and version.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use kafka_wire::group::consumer_protocol::{
    self, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use kafka_wire::messages::APIS;
use kafka_wire::rows::{self, Row, Structure};
use kafka_wire::{Api, Message, RequestHeader, ResponseHeader};

#[path = "interpreter/definitions.rs"]
mod definitions;

use definitions::{Definition, Field, Kind, Versions};

/// Requests of Kafka 4.3 that the table does not have, by name.
const LEFT_OUT: &[&str] = &[
    "AllocateProducerIds",
    "AlterPartition",
    "AssignReplicasToDirs",
    "BeginQuorumEpoch",
    "BrokerHeartbeat",
    "BrokerRegistration",
    "ControllerRegistration",
    "DeleteShareGroupState",
    "EndQuorumEpoch",
    "Envelope",
    "FetchSnapshot",
    "InitializeShareGroupState",
    "ReadShareGroupState",
    "ReadShareGroupStateSummary",
    "UpdateRaftVoter",
    "Vote",
    "WriteShareGroupState",
];

/// Structures that Kafka names like a different one of the same API, by our name and Kafka's.
const RENAMED: &[(&str, &str)] = &[
    ("AlteredEntity", "EntryData"),
    ("QuorumTopic", "TopicData"),
    ("QuorumPartition", "PartitionData"),
];

#[test]
fn every_row_is_as_kafka_defines_it() {
    let definitions = definitions::load();
    let find = |name: &str| {
        let definition = definitions
            .iter()
            .find(|definition| definition.name == name);
        definition.unwrap_or_else(|| panic!("Kafka has no {name}"))
    };
    let mut report = Report::default();
    for api in APIS {
        let request = find(&format!("{}Request", api.key));
        assert_eq!(request.latest_unstable, api.latest_unstable, "{}", api.key);
        report.compare_api(api, "request", request, api.request);
        let response = find(&format!("{}Response", api.key));
        report.compare_api(api, "response", response, api.response);
        report.apis += 1;
        report.versions += api.versions.clone().count();
    }
    for structure in [RequestHeader::STRUCTURE, ResponseHeader::STRUCTURE] {
        report.compare(find(structure.name), structure);
    }
    for structure in [
        ConsumerProtocolSubscription::STRUCTURE,
        ConsumerProtocolAssignment::STRUCTURE,
    ] {
        let definition = find(structure.name);
        assert_eq!(definition.valid, versions(&consumer_protocol::VERSIONS));
        assert_eq!(definition.flexible, Versions::NONE);
        report.compare(definition, structure);
    }
    let Report {
        apis,
        versions,
        fields,
        findings,
    } = report;
    println!("{apis} APIs, {versions} versions, {fields} fields compared");
    assert_eq!(findings, Vec::<String>::new());
    assert!(fields > 5_000, "only {fields} fields were compared");
}

#[test]
fn what_is_left_out_is_known() {
    let ours: BTreeSet<_> = APIS.iter().map(|api| api.key.0).collect();
    let mut left_out: Vec<_> = definitions::load()
        .into_iter()
        .filter(|definition| definition.role == "request" && definition.valid != Versions::NONE)
        .filter(|definition| !ours.contains(&definition.api_key.unwrap()))
        .map(|definition| definition.name.trim_end_matches("Request").to_owned())
        .collect();
    left_out.sort();
    assert_eq!(left_out, LEFT_OUT);
}

#[test]
fn the_list_in_the_docs_is_the_table() {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/src/apis.md");
    let mut expected =
        String::from("| key | API | versions | flexible since |\n|---|---|---|---|\n");
    for api in APIS {
        writeln!(expected, "{}", line(api)).unwrap();
    }
    let left_out = LEFT_OUT.join("`, `");
    write!(
        expected,
        "\nNot here, because only brokers and controllers ask each other: `{left_out}`.\n"
    )
    .unwrap();
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(list, &expected).unwrap();
    }
    let stated = std::fs::read_to_string(list).unwrap();
    assert_eq!(stated, expected, "run this test with WRITE_DOCS=1");
}

/// A row of the list: `| 0 | [`Produce`](messages::produce) | 3-13 | 9 |`.
fn line(api: &Api) -> String {
    let name = api.key.name().unwrap();
    let mut module = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !module.is_empty() {
            module.push('_');
        }
        module.push(letter.to_ascii_lowercase());
    }
    let (first, last) = api.versions.clone().into_inner();
    let unstable = if api.latest_unstable {
        format!(" ({last} is unstable)")
    } else {
        String::new()
    };
    let flexible = match api.flexible_since {
        kafka_wire::NEVER => "never".to_owned(),
        since => since.to_string(),
    };
    let key = api.key.0;
    format!("| {key} | [`{name}`](messages::{module}) | {first}-{last}{unstable} | {flexible} |")
}

/// What was compared, and what differs.
#[derive(Debug, Default)]
struct Report {
    apis: usize,
    versions: usize,
    fields: usize,
    findings: Vec<String>,
}

impl Report {
    fn compare_api(
        &mut self,
        api: &Api,
        role: &str,
        definition: &Definition,
        structure: &Structure,
    ) {
        let name = &definition.name;
        assert_eq!(definition.role, role);
        assert_eq!(definition.api_key, Some(api.key.0), "{name}");
        assert_eq!(
            definition.valid,
            versions(&api.versions),
            "{name}: valid versions"
        );
        let flexible = match api.flexible_since {
            kafka_wire::NEVER => Versions::NONE,
            first => Versions {
                first,
                last: i16::MAX,
            },
        };
        assert_eq!(definition.flexible, flexible, "{name}: flexible versions");
        self.compare(definition, structure);
    }

    fn compare(&mut self, definition: &Definition, structure: &Structure) {
        if definition.name != structure.name {
            self.findings
                .push(format!("{} is called {}", definition.name, structure.name));
        }
        let fields = still_valid(&definition.fields, definition.valid);
        for version in definition.valid.first..=definition.valid.last {
            let (mut theirs, mut ours) = (Vec::new(), Vec::new());
            kafka_facts(&fields, &definition.name, version, &mut theirs);
            table_facts(structure, structure.name, version, &mut ours);
            self.fields += theirs.len();
            for at in 0..theirs.len().max(ours.len()) {
                let (theirs, ours) = (theirs.get(at), ours.get(at));
                if theirs != ours {
                    self.findings.push(format!(
                        "v{version}: Kafka has {theirs:?}, the table {ours:?}"
                    ));
                    // What follows a row too many would only say the same again.
                    break;
                }
            }
        }
    }
}

/// What one field is in one version, in words that both sides share.
#[derive(Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of its own in Kafka's schema"
)]
struct Fact {
    /// Where it stands, in lower case without underscores: the two sides write words in different ways.
    path: String,
    wire_type: String,
    present: bool,
    nullable: bool,
    tag: Option<u32>,
    default: String,
    ignorable: bool,
    classic: bool,
}

/// Facts in wire order, tagged fields after all others; the fields of a structure after the field itself.
fn kafka_facts(fields: &[Field], path: &str, version: i16, facts: &mut Vec<Fact>) {
    let mut ordered: Vec<_> = fields.iter().collect();
    ordered.sort_by_key(|field| field.tag.map_or(0, |tag| tag + 1));
    for field in ordered {
        let path = join(path, &field.name);
        let present = field.versions.contain(version);
        assert!(
            field.tag.is_none() || field.tagged == field.versions,
            "{path}: in place in some versions, tagged in others"
        );
        facts.push(Fact {
            path: path.clone(),
            wire_type: kafka_type(&field.kind),
            present,
            nullable: present && field.nullable.contain(version),
            tag: field.tag,
            default: kafka_default(field),
            ignorable: field.ignorable,
            classic: field.flexible == Some(Versions::NONE),
        });
        let mut kind = &field.kind;
        while let Kind::Array(element) = kind {
            kind = element;
        }
        if let (Kind::Structure(_, fields), true) = (kind, present) {
            kafka_facts(fields, &path, version, facts);
        }
    }
}

/// What is left of Kafka's fields in the versions that are still valid: neither fields of older versions nor their nulls.
fn still_valid(fields: &[Field], valid: Versions) -> Vec<Field> {
    let fields = fields.iter().filter(|field| field.versions.meet(valid));
    let clamp = |field: &Field| {
        let mut field = field.clone();
        if !field.nullable.meet(valid) {
            field.nullable = Versions::NONE;
        }
        clamp_kind(&mut field.kind, valid);
        field
    };
    fields.map(clamp).collect()
}

fn clamp_kind(kind: &mut Kind, valid: Versions) {
    match kind {
        Kind::Plain(_) => {}
        Kind::Array(element) => clamp_kind(element, valid),
        Kind::Structure(_, fields) => *fields = still_valid(fields, valid),
    }
}

fn kafka_type(kind: &Kind) -> String {
    match kind {
        Kind::Plain(name) if name == "records" => "bytes".into(),
        Kind::Plain(name) | Kind::Structure(name, _) => name.clone(),
        Kind::Array(element) => format!("[]{}", kafka_type(element)),
    }
}

/// Where Kafka states no default for a field that may be null, ours is null and Kafka's is empty: that is the one liberty the
/// table takes. A tagged field may not: its default decides what is written.
fn kafka_default(field: &Field) -> String {
    let null = field.nullable != Versions::NONE && field.tag.is_none();
    match (field.default.as_deref(), &field.kind) {
        (None, _) if null => "null".into(),
        (None, kind) => zero(&kafka_type(kind)),
        (Some("0x7fffffff"), _) => i32::MAX.to_string(),
        (Some(""), Kind::Plain(name)) => zero(name),
        (Some(stated), _) => stated.to_owned(),
    }
}

fn table_facts(structure: &Structure, path: &str, version: i16, facts: &mut Vec<Fact>) {
    for row in structure.rows {
        let path = join(path, row.name);
        let present = row.versions.contain(version);
        facts.push(Fact {
            path: path.clone(),
            wire_type: table_type(&row.kind),
            present,
            nullable: present
                && row
                    .nullable
                    .is_some_and(|nullable| nullable.contain(version)),
            tag: row.tag,
            default: table_default(row),
            ignorable: row.ignorable,
            classic: row.classic,
        });
        let mut kind = &row.kind;
        while let rows::Kind::Array(inner) | rows::Kind::Nullable(inner) = kind {
            kind = inner;
        }
        if let (rows::Kind::Structure(structure), true) = (kind, present) {
            table_facts(structure, &path, version, facts);
        }
    }
}

fn table_type(kind: &rows::Kind) -> String {
    match kind {
        rows::Kind::Nullable(inner) => table_type(inner),
        rows::Kind::Array(element) => format!("[]{}", table_type(element)),
        rows::Kind::Structure(structure) => kafka_name(structure.name).into(),
        plain => format!("{plain:?}").to_lowercase(),
    }
}

fn kafka_name(ours: &'static str) -> &'static str {
    let renamed = RENAMED.iter().find(|(name, _)| *name == ours);
    renamed.map_or(ours, |(_, theirs)| theirs)
}

fn table_default(row: &Row) -> String {
    match (row.default, row.kind) {
        (None, rows::Kind::Nullable(_)) => "null".into(),
        (None, kind) => zero(&table_type(&kind)),
        (Some("i32::MAX"), _) => i32::MAX.to_string(),
        (Some("i32::MIN"), _) => i32::MIN.to_string(),
        (Some("i64::MAX"), _) => i64::MAX.to_string(),
        (Some(stated), _) => stated.to_owned(),
    }
}

/// What a type is when nobody says anything.
fn zero(wire_type: &str) -> String {
    match wire_type {
        "bool" => "false".into(),
        "int8" | "int16" | "uint16" | "int32" | "int64" | "float64" => "0".into(),
        _ => "empty".into(),
    }
}

fn join(path: &str, name: &str) -> String {
    let name = name.trim_start_matches("r#").replace('_', "");
    format!("{path}.{name}").to_lowercase()
}

fn versions(range: &RangeInclusive<i16>) -> Versions {
    Versions {
        first: *range.start(),
        last: *range.end(),
    }
}

/// A small message with one of each word.
const DEFINITION: &str = r#"{ "type": "response", "apiKey": 17, "name": "Answer", "validVersions": "0-2", "flexibleVersions": "2+",
    "fields": [
        { "name": "ErrorCode", "type": "int16", "versions": "0+" }, // Why not.
        { "name": "MinBytes", "type": "int32", "versions": "1+", "default": "-1", "ignorable": true },
        { "name": "Hint", "type": "string", "versions": "2+", "taggedVersions": "2+", "tag": 0, "nullableVersions": "2+", "default": "null" }
    ] }"#;

const ROWS: [Row; 3] = [
    Row {
        name: "error_code",
        kind: rows::Kind::Int16,
        versions: rows::Versions {
            first: 0,
            last: i16::MAX,
        },
        nullable: None,
        tag: None,
        default: None,
        ignorable: false,
        classic: false,
    },
    Row {
        name: "min_bytes",
        kind: rows::Kind::Int32,
        versions: rows::Versions {
            first: 1,
            last: i16::MAX,
        },
        nullable: None,
        tag: None,
        default: Some("-1"),
        ignorable: true,
        classic: false,
    },
    Row {
        name: "hint",
        kind: rows::Kind::Nullable(&rows::Kind::String),
        versions: rows::Versions {
            first: 2,
            last: i16::MAX,
        },
        nullable: Some(rows::Versions {
            first: 2,
            last: i16::MAX,
        }),
        tag: Some(0),
        default: None,
        ignorable: false,
        classic: false,
    },
];

/// Versions in which the right rows, once `spoil` had them, are found wrong.
fn findings(spoil: impl Fn(&mut Vec<Row>)) -> Vec<String> {
    let mut rows = Vec::from(ROWS);
    spoil(&mut rows);
    let mut report = Report::default();
    report.compare(
        &definitions::parse(DEFINITION).unwrap(),
        &Structure {
            name: "Answer",
            rows: rows.leak(),
        },
    );
    report
        .findings
        .iter()
        .map(|finding| finding[..2].to_owned())
        .collect()
}

#[test]
fn right_rows_are_found_right() {
    assert_eq!(findings(|_| ()), Vec::<String>::new());
}

#[test]
fn each_kind_of_wrong_row_is_found() {
    assert_eq!(
        findings(|rows| rows[0].name = "errorcodes"),
        ["v0", "v1", "v2"]
    );
    assert_eq!(
        findings(|rows| rows[0].kind = rows::Kind::Int32),
        ["v0", "v1", "v2"]
    );
    assert_eq!(findings(|rows| rows[1].default = None), ["v0", "v1", "v2"]);
    assert_eq!(
        findings(|rows| rows[1].ignorable = false),
        ["v0", "v1", "v2"]
    );
    assert_eq!(findings(|rows| rows[0].classic = true), ["v0", "v1", "v2"]);
    assert_eq!(findings(|rows| rows.swap(0, 1)), ["v0", "v1", "v2"]);
    assert_eq!(findings(|rows| rows.truncate(2)), ["v0", "v1", "v2"]);
    assert_eq!(
        findings(|rows| rows.extend(ROWS.into_iter().last())),
        ["v0", "v1", "v2"]
    );
    assert_eq!(findings(|rows| rows[2].tag = Some(1)), ["v0", "v1", "v2"]);
    assert_eq!(findings(|rows| rows[1].versions.first = 2), ["v1"]);
    assert_eq!(findings(|rows| rows[1].versions.last = 1), ["v2"]);
    assert_eq!(findings(|rows| rows[2].nullable = None), ["v2"]);
}

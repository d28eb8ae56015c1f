//! Kafka's own message definitions: the JSON files inside `kafka-clients`, read as they are.
//!
//! Shared by the tests that hold the table against them. Knows nothing of the table.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value as Json;

/// One schema file.
#[derive(Debug)]
pub(crate) struct Definition {
    /// `MetadataRequest`.
    pub(crate) name: String,
    /// `request`, `response`, `header` or `data`.
    pub(crate) role: String,
    /// The API, for requests and responses.
    pub(crate) api_key: Option<i16>,
    /// Versions that exist.
    pub(crate) valid: Versions,
    /// Versions with compact lengths and tags.
    pub(crate) flexible: Versions,
    /// Whether the newest version is still in the making.
    pub(crate) latest_unstable: bool,
    /// In wire order.
    pub(crate) fields: Vec<Field>,
}

/// One field of a structure.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// `TopicId`.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Versions that have it.
    pub(crate) versions: Versions,
    /// Versions in which it may be null.
    pub(crate) nullable: Versions,
    /// Versions in which it is tagged.
    pub(crate) tagged: Versions,
    /// Its tag.
    pub(crate) tag: Option<u32>,
    /// As the file says it: text, number or bool.
    pub(crate) default: Option<String>,
    /// Whether a version without it drops its value.
    pub(crate) ignorable: bool,
    /// `flexibleVersions` of the field itself, where it differs from the message's.
    pub(crate) flexible: Option<Versions>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// `bool`, `int8` and so on, in Kafka's words.
    Plain(String),
    /// `[]T`.
    Array(Box<Kind>),
    /// A structure, by name; its fields.
    Structure(String, Vec<Field>),
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Versions `first` to `last`; empty if `last` is below `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    /// Lowest.
    pub(crate) first: i16,
    /// Highest; `i16::MAX` for `3+`.
    pub(crate) last: i16,
}

impl Versions {
    /// `none`.
    pub(crate) const NONE: Self = Self { first: 0, last: -1 };

    /// Whether both have a version in common.
    #[allow(dead_code, reason = "not every test that shares this file asks")]
    pub(crate) fn meet(self, other: Self) -> bool {
        self.first.max(other.first) <= self.last.min(other.last)
    }

    /// Reads `3+`, `8-10`, `7` or `none`.
    pub(crate) fn parse(text: &str) -> Self {
        let number = |text: &str| {
            text.trim()
                .parse()
                .unwrap_or_else(|_| panic!("version {text:?}"))
        };
        match (text, text.strip_suffix('+'), text.split_once('-')) {
            ("none", _, _) => Self::NONE,
            (_, Some(first), _) => Self {
                first: number(first),
                last: i16::MAX,
            },
            (_, _, Some((first, last))) => Self {
                first: number(first),
                last: number(last),
            },
            _ => Self {
                first: number(text),
                last: number(text),
            },
        }
    }

    /// Whether `version` is one of them.
    pub(crate) fn contain(self, version: i16) -> bool {
        (self.first..=self.last).contains(&version)
    }
}

/// Every definition of the jar, sorted by file name.
pub(crate) fn load() -> Vec<Definition> {
    let jars = kafka_testcontainers::jars::fetch_blocking()
        .unwrap_or_else(|error| panic!("Kafka's jars: {error}"));
    let jar = jars.join(format!(
        "kafka-clients-{}.jar",
        kafka_testcontainers::jars::KAFKA_VERSION
    ));
    let file = File::open(&jar).unwrap_or_else(|error| panic!("{}: {error}", jar.display()));
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut names: Vec<_> = archive.file_names().map(str::to_owned).collect();
    names.retain(|name| {
        name.starts_with("common/message/") && Path::new(name).extension() == Some("json".as_ref())
    });
    names.sort();
    names
        .iter()
        .map(|name| {
            let mut text = String::new();
            archive
                .by_name(name)
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            parse(&text).unwrap_or_else(|problem| panic!("{name}: {problem}"))
        })
        .collect()
}

/// One file.
pub(crate) fn parse(text: &str) -> Result<Definition, String> {
    let json: Json =
        serde_json::from_str(&without_comments(text)).map_err(|error| error.to_string())?;
    let structs = json["commonStructs"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let versions = |key: &str| Versions::parse(json[key].as_str().unwrap_or("none"));
    Ok(Definition {
        name: json["name"].as_str().ok_or("no name")?.to_owned(),
        role: json["type"].as_str().ok_or("no type")?.to_owned(),
        api_key: json["apiKey"].as_i64().and_then(|key| key.try_into().ok()),
        valid: versions("validVersions"),
        flexible: versions("flexibleVersions"),
        latest_unstable: json["latestVersionUnstable"].as_bool().unwrap_or(false),
        fields: fields(&json, &structs),
    })
}

fn fields(parent: &Json, structs: &[Json]) -> Vec<Field> {
    // A message that Kafka gave up has no fields any more.
    let fields = parent["fields"].as_array().into_iter().flatten();
    fields.map(|json| field(json, structs)).collect()
}

fn field(json: &Json, structs: &[Json]) -> Field {
    let versions = |key: &str| json[key].as_str().map(Versions::parse);
    Field {
        name: json["name"].as_str().unwrap().to_owned(),
        kind: kind(json["type"].as_str().unwrap(), json, structs),
        versions: versions("versions").unwrap(),
        nullable: versions("nullableVersions").unwrap_or(Versions::NONE),
        tagged: versions("taggedVersions").unwrap_or(Versions::NONE),
        tag: json["tag"].as_u64().map(|tag| tag.try_into().unwrap()),
        default: match &json["default"] {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        },
        ignorable: json["ignorable"].as_bool().unwrap_or(false),
        flexible: versions("flexibleVersions"),
    }
}

fn kind(name: &str, json: &Json, structs: &[Json]) -> Kind {
    if let Some(element) = name.strip_prefix("[]") {
        return Kind::Array(Box::new(kind(element, json, structs)));
    }
    if !name.starts_with(char::is_uppercase) {
        return Kind::Plain(name.to_owned());
    }
    let shared = structs.iter().find(|shared| shared["name"] == name);
    Kind::Structure(name.to_owned(), fields(shared.unwrap_or(json), structs))
}

/// Kafka's JSON has `//` comments, which are none inside strings.
fn without_comments(text: &str) -> String {
    let strip = |line: &str| {
        let (mut inside, mut escaped) = (false, false);
        for (at, character) in line.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' if inside => escaped = true,
                '"' => inside = !inside,
                '/' if !inside && line[at..].starts_with("//") => return line[..at].to_owned(),
                _ => {}
            }
        }
        line.to_owned()
    };
    text.lines().map(strip).collect::<Vec<_>>().join("\n")
}

#[test]
fn comments_end_where_strings_begin() {
    assert_eq!(
        without_comments("{ // a \"b\"\n\"c\\\"//\": 1 }"),
        "{ \n\"c\\\"//\": 1 }"
    );
}

//! How each type of setting is written, in a file or in the environment, and how it is printed again.

use std::net::SocketAddr;
use std::time::Duration;

use crate::input::{Node, Value};

/// A setting as somebody wrote it, before its type is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// One value as text; from the environment always this.
    Text(String),
    /// A list, from a file.
    List(Vec<String>),
}

impl Raw {
    /// A value of the settings file; `None` for null, which means "the default".
    pub(super) fn of_node(node: &Node) -> Result<Option<Raw>, String> {
        match &node.value {
            Value::Null => Ok(None),
            Value::List(nodes) => nodes
                .iter()
                .map(|node| {
                    scalar(node).ok_or_else(|| "expected a list of single values".to_owned())
                })
                .collect::<Result<_, _>>()
                .map(|items| Some(Raw::List(items))),
            _ => match scalar(node) {
                Some(text) => Ok(Some(Raw::Text(text))),
                None => Err("expected a single value or a list".to_owned()),
            },
        }
    }

    /// The one value.
    fn single(&self) -> Option<&str> {
        match self {
            Raw::Text(text) => Some(text.trim()),
            Raw::List(_) => None,
        }
    }

    /// The values of a list; text is split at commas.
    pub(super) fn items(&self) -> Vec<&str> {
        let items: Vec<&str> = match self {
            Raw::Text(text) => text.split(',').collect(),
            Raw::List(items) => items.iter().map(String::as_str).collect(),
        };
        items
            .into_iter()
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Boolean(value) => Some(value.to_string()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// A type that a setting may have.
pub(super) trait SettingValue: Sized {
    /// What may be written, in a few words.
    const KIND: &'static str;
    /// Reads what was written; the error says what was expected.
    fn read(raw: &Raw) -> Result<Self, String>;
    /// The value as it would be written.
    fn show(&self) -> String;
    /// Whether this is a zero that only makes sense where zero is the default too.
    fn is_zero(&self) -> bool {
        false
    }
}

/// Reads a single value with `parse`.
fn one<T>(raw: &Raw, kind: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    raw.single()
        .and_then(parse)
        .ok_or_else(|| format!("expected {kind}"))
}

impl SettingValue for bool {
    const KIND: &'static str = "true or false";
    fn read(raw: &Raw) -> Result<bool, String> {
        one(raw, Self::KIND, |text| text.parse().ok())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for u64 {
    const KIND: &'static str = "a whole number";
    fn read(raw: &Raw) -> Result<u64, String> {
        one(raw, Self::KIND, |text| text.parse().ok())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for usize {
    const KIND: &'static str = "a whole number, at least 1";
    fn read(raw: &Raw) -> Result<usize, String> {
        one(raw, Self::KIND, |text| {
            text.parse().ok().filter(|&number| number > 0)
        })
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for Duration {
    const KIND: &'static str = "milliseconds, at most 86400000";
    fn read(raw: &Raw) -> Result<Duration, String> {
        one(raw, Self::KIND, |text| {
            let millis: u64 = text.parse().ok().filter(|&millis| millis <= 86_400_000)?;
            Some(Duration::from_millis(millis))
        })
    }
    fn show(&self) -> String {
        self.as_millis().to_string()
    }
    fn is_zero(&self) -> bool {
        Duration::is_zero(self)
    }
}

impl SettingValue for String {
    const KIND: &'static str = "text";
    fn read(raw: &Raw) -> Result<String, String> {
        one(raw, Self::KIND, |text| Some(text.to_owned()))
    }
    fn show(&self) -> String {
        self.clone()
    }
}

impl SettingValue for SocketAddr {
    const KIND: &'static str = "address:port";
    fn read(raw: &Raw) -> Result<SocketAddr, String> {
        one(raw, Self::KIND, |text| text.parse().ok())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for Vec<SocketAddr> {
    const KIND: &'static str = "a list of address:port";
    fn read(raw: &Raw) -> Result<Vec<SocketAddr>, String> {
        let addresses: Result<Vec<SocketAddr>, _> =
            raw.items().into_iter().map(str::parse).collect();
        match addresses {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            _ => Err(format!("expected {}", Self::KIND)),
        }
    }
    fn show(&self) -> String {
        let texts: Vec<String> = self.iter().map(SocketAddr::to_string).collect();
        texts.join(",")
    }
}

impl SettingValue for Vec<String> {
    const KIND: &'static str = "a list of texts";
    fn read(raw: &Raw) -> Result<Vec<String>, String> {
        Ok(raw.items().into_iter().map(str::to_owned).collect())
    }
    fn show(&self) -> String {
        self.join(",")
    }
}

/// A setting with a fixed set of words.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident: $kind:literal { $( $(#[doc = $word_doc:literal])+ $variant:ident = $word:literal, )+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $word_doc])+ $variant, )+ }

        impl SettingValue for $name {
            const KIND: &'static str = $kind;
            fn read(raw: &Raw) -> Result<$name, String> {
                one(raw, Self::KIND, |text| match text {
                    $( $word => Some($name::$variant), )+
                    _ => None,
                })
            }
            fn show(&self) -> String {
                match self { $( $name::$variant => $word, )+ }.to_owned()
            }
        }
    };
}

words! {
    /// Compression of the record batches that are sent.
    Compression: "one of: none, gzip, snappy, lz4, zstd" {
        /// Bytes as they are.
        None = "none",
        /// RFC 1952.
        Gzip = "gzip",
        /// Snappy in Kafka's framing.
        Snappy = "snappy",
        /// LZ4 frames.
        Lz4 = "lz4",
        /// Zstandard.
        Zstd = "zstd",
    }
}

words! {
    /// How the nodes that read for one group divide its partitions.
    Membership: "one of: group, none" {
        /// As members of a Kafka consumer group: each partition has one reader.
        Group = "group",
        /// Not at all: every node reads everything, as the vendor's gateway does.
        None = "none",
    }
}

words! {
    /// How the key of a record chooses its partition.
    Partitioner: "one of: murmur2, crc32" {
        /// As Kafka's Java client.
        Murmur2 = "murmur2",
        /// CRC-32 of the key modulo the partitions, as the vendor's gateway.
        Crc32 = "crc32",
    }
}

//! Event ids that a client can resume from (`sse.resume`, kong-consume.md §3 rule 7). Pure.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kafka_client::TopicPartition;

/// Positions after what was delivered, over all partitions.
#[derive(Debug, Clone, Default)]
pub(super) struct Cursor {
    topics: BTreeMap<String, BTreeMap<String, i64>>,
}

impl Cursor {
    /// Reads the id of an event; `None` if it is none.
    pub(super) fn read(id: &[u8]) -> Option<Cursor> {
        let json = URL_SAFE_NO_PAD.decode(id).ok()?;
        let topics: BTreeMap<String, BTreeMap<String, i64>> = serde_json::from_slice(&json).ok()?;
        let mut partitions = topics.values().flatten();
        partitions
            .all(|(partition, offset)| number(partition).is_some() && *offset >= 0)
            .then_some(Cursor { topics })
    }

    /// Where each partition goes on.
    pub(super) fn positions(&self) -> HashMap<TopicPartition, i64> {
        let topics = self.topics.iter();
        let positions = topics.flat_map(|(topic, partitions)| {
            partitions.iter().filter_map(move |(partition, offset)| {
                Some((
                    TopicPartition::new(topic.as_str(), number(partition)?),
                    *offset,
                ))
            })
        });
        positions.collect()
    }

    /// A record was delivered; the id of its event.
    pub(super) fn delivered(&mut self, topic: &str, partition: i32, next: i64) -> String {
        let partitions = match self.topics.get_mut(topic) {
            Some(partitions) => partitions,
            None => self.topics.entry(topic.to_owned()).or_default(),
        };
        partitions.insert(partition.to_string(), next);
        // Text and numbers always have a JSON.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self.topics).unwrap_or_default())
    }
}

/// A partition as JSON has it: the key of a member.
fn number(partition: &str) -> Option<i32> {
    let number: i32 = partition.parse().ok()?;
    (number >= 0 && number.to_string() == partition).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_the_positions_after_it() {
        let mut cursor = Cursor::default();
        cursor.delivered("a", 0, 5);
        cursor.delivered("b", 11, 7);
        let id = cursor.delivered("a", 0, 6);
        let json = URL_SAFE_NO_PAD.decode(&id).unwrap();
        assert_eq!(json, br#"{"a":{"0":6},"b":{"11":7}}"#);
        let expected = HashMap::from([
            (TopicPartition::new("a", 0), 6),
            (TopicPartition::new("b", 11), 7),
        ]);
        assert_eq!(Cursor::read(id.as_bytes()).unwrap().positions(), expected);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let encoded = |json: &str| URL_SAFE_NO_PAD.encode(json);
        for id in [
            "3".to_owned(),
            "*".to_owned(),
            encoded("[]"),
            encoded(r#"{"a":{"x":1}}"#),
            encoded(r#"{"a":{"01":1}}"#),
            encoded(r#"{"a":{"-1":1}}"#),
            encoded(r#"{"a":{"0":-1}}"#),
            encoded(r#"{"a":{"0":"1"}}"#),
        ] {
            assert!(Cursor::read(id.as_bytes()).is_none(), "{id}");
        }
    }
}

//! POST: the client says how far it has come (kong-consume.md §6).

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use kafka_client::{Client, TopicPartition};
use serde_json::{Map, Value};

use super::Request;
use crate::config::kafka_consume::KafkaConsume;
use crate::http::{Problem, Reply, json};
use crate::hub::Offsets;
use crate::plugins::Call;

/// Commits, or says why not.
pub(super) async fn answer(request: &Request<'_>, call: &mut Call) -> Result<Reply, Problem> {
    if request.commits() {
        return Err(Problem::Conflict(
            "offsets are committed automatically".into(),
        ));
    }
    if !is_json(call) {
        return Err(refused("Content-Type must be application/json"));
    }
    let body = call.body.read().await?;
    let offsets = read(&body, request.config)?;
    let client = request.client(call)?;
    check_partitions(&client, &offsets, request, call).await?;
    let source = request.source(client, call);
    let hub = &request.consume.hub;
    match hub.commit(request.plugin, &source, offsets).await {
        Ok(()) => Ok(json(StatusCode::OK, r#"{"message":"offsets committed"}"#)),
        Err(error) => Err(request.failed(&error, call)),
    }
}

fn is_json(call: &Call) -> bool {
    let kind = call.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

async fn check_partitions(
    client: &Client,
    offsets: &Offsets,
    request: &Request<'_>,
    call: &Call,
) -> Result<(), Problem> {
    for partition in offsets.keys() {
        let count = client.partition_count(&partition.topic).await;
        let count = count.map_err(|error| request.failed(&error, call))?;
        let is_known = usize::try_from(partition.partition).is_ok_and(|number| number < count);
        if !is_known {
            return Err(refused(format!("unknown partition {partition}")));
        }
    }
    Ok(())
}

fn refused(why: impl Into<String>) -> Problem {
    Problem::Refused(why.into().into())
}

/// The offsets in a body of either form.
fn read(body: &[u8], config: &KafkaConsume) -> Result<Offsets, Problem> {
    let body: Value = serde_json::from_slice(body).map_err(|_| refused("the body is not JSON"))?;
    let body = body
        .as_object()
        .ok_or_else(|| refused("the body must be an object"))?;
    let list = body.get("offsets").and_then(Value::as_array);
    let offsets = match list {
        Some(list) if body.len() == 1 => list.iter().map(read_entry).collect(),
        _ => read_tree(body),
    }?;
    if offsets.is_empty() {
        return Err(refused("no offsets"));
    }
    for partition in offsets.keys() {
        let mut topics = config.topics.iter();
        if !topics.any(|topic| *topic.name == *partition.topic) {
            return Err(refused(format!(
                "topic '{}' is not configured",
                partition.topic
            )));
        }
    }
    Ok(offsets)
}

/// `{"topic":"t","partition":0,"offset":12}`.
fn read_entry(entry: &Value) -> Result<(TopicPartition, i64), Problem> {
    let topic = entry.get("topic").and_then(Value::as_str);
    let partition = entry.get("partition").and_then(Value::as_i64);
    let partition = partition.and_then(|number| i32::try_from(number).ok());
    let (Some(topic), Some(partition)) = (topic, partition) else {
        return Err(refused("an offset needs topic and partition"));
    };
    Ok((TopicPartition::new(topic, partition), offset(entry)?))
}

/// `{"t":{"partitions":{"0":{"offset":12}}}}`.
fn read_tree(body: &Map<String, Value>) -> Result<Offsets, Problem> {
    let mut offsets = BTreeMap::new();
    for (topic, of_topic) in body {
        let partitions = of_topic.get("partitions").and_then(Value::as_object);
        let partitions =
            partitions.ok_or_else(|| refused(format!("topic '{topic}' needs partitions")))?;
        for (partition, of_partition) in partitions {
            let number: Result<i32, _> = partition.parse();
            let number =
                number.map_err(|_| refused(format!("partition '{partition}' is not a number")))?;
            offsets.insert(
                TopicPartition::new(topic.as_str(), number),
                offset(of_partition)?,
            );
        }
    }
    Ok(offsets)
}

fn offset(entry: &Value) -> Result<i64, Problem> {
    let offset = entry.get("offset").and_then(Value::as_i64);
    offset
        .filter(|offset| *offset >= 0)
        .ok_or_else(|| refused("offset must be an integer of at least 0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::consume::testing::config;

    fn check(body: &str) -> Result<Offsets, String> {
        let config = config("topics: [{name: t}, {name: offsets}]");
        read(body.as_bytes(), &config).map_err(|problem| match problem {
            Problem::Refused(why) => why.into_owned(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn both_forms_mean_the_same() {
        let expected = Offsets::from([
            (TopicPartition::new("t", 0), 12),
            (TopicPartition::new("t", 1), 7),
        ]);
        let tree = r#"{"t":{"partitions":{"0":{"offset":12},"1":{"offset":7}}}}"#;
        assert_eq!(check(tree), Ok(expected.clone()));
        let list = r#"{"offsets":[{"topic":"t","partition":0,"offset":12},{"topic":"t","partition":1,"offset":7}]}"#;
        assert_eq!(check(list), Ok(expected));
        let named = r#"{"offsets":{"partitions":{"0":{"offset":1}}}}"#;
        assert_eq!(
            check(named),
            Ok(Offsets::from([(TopicPartition::new("offsets", 0), 1)]))
        );
    }

    #[test]
    fn what_cannot_be_committed_is_refused_with_a_reason() {
        for (body, why) in [
            ("", "the body is not JSON"),
            ("[]", "the body must be an object"),
            ("{}", "no offsets"),
            (r#"{"t":1}"#, "topic 't' needs partitions"),
            (
                r#"{"x":{"partitions":{"0":{"offset":1}}}}"#,
                "topic 'x' is not configured",
            ),
            (
                r#"{"t":{"partitions":{"a":{"offset":1}}}}"#,
                "partition 'a' is not a number",
            ),
            (
                r#"{"t":{"partitions":{"0":{"offset":-1}}}}"#,
                "offset must be an integer of at least 0",
            ),
            (
                r#"{"t":{"partitions":{"0":{"offset":"1"}}}}"#,
                "offset must be an integer of at least 0",
            ),
            (
                r#"{"offsets":[{"topic":"t","offset":1}]}"#,
                "an offset needs topic and partition",
            ),
        ] {
            assert_eq!(check(body), Err(why.to_owned()), "{body}");
        }
    }
}

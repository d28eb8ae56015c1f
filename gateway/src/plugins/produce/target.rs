//! Which topics a request is meant for, and under which key (kong-produce.md §4).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::args;
use crate::config::kafka_upstream::KafkaUpstream;
use crate::http::{Problem, check_topic};

/// Most topics of one request.
const MAX_TARGETS: usize = 16;

/// The target topics of a request, each once, all checked before anything is sent. `query` is the request's, as
/// written; `allow_internal` the setting `produce.allow_internal_topics`.
pub(super) fn topics<'a>(
    config: &'a KafkaUpstream,
    query: &'a str,
    allow_internal: bool,
) -> Result<Vec<Cow<'a, str>>, Problem> {
    let asked = match &config.topics_query_arg {
        Some(name) => argument(name, query)?.unwrap_or_default(),
        None => Cow::Borrowed(&[][..]),
    };
    if asked.is_empty() {
        return Ok(vec![Cow::Borrowed(config.topic.as_str())]);
    }
    let list = String::from_utf8(asked.into_owned()).map_err(|_| refused("invalid topic name"))?;
    let mut topics: Vec<Cow<'a, str>> = Vec::new();
    for name in list.split(',').map(str::trim) {
        check_topic(name, allow_internal).map_err(|error| refused(error.to_string()))?;
        if topics.iter().any(|topic| topic == name) {
            continue;
        }
        if topics.len() == MAX_TARGETS {
            return Err(refused(format!("at most {MAX_TARGETS} topics are allowed")));
        }
        topics.push(Cow::Owned(name.to_owned()));
    }
    let is_allowed = |topic: &Cow<'_, str>| {
        let mut allowed = config.allowed_topics.iter().flatten();
        *topic == config.topic || allowed.any(|name| name == topic)
    };
    if topics.iter().all(is_allowed) {
        Ok(topics)
    } else {
        Err(Problem::BadGateway(NOT_ALLOWED.into()))
    }
}

const NOT_ALLOWED: &str = "one or more target topics are not in the allowed topics list";

/// The record key of a request: the bytes of the configured argument; `None` when there is none.
pub(super) fn key<'a>(
    config: &'a KafkaUpstream,
    query: &'a str,
) -> Result<Option<Cow<'a, [u8]>>, Problem> {
    match &config.key_query_arg {
        Some(name) => argument(name, query),
        None => Ok(None),
    }
}

/// The decoded value of the first argument `name`; empty when it has no `=`. Its escapes must be whole.
fn argument<'a>(name: &str, query: &'a str) -> Result<Option<Cow<'a, [u8]>>, Problem> {
    let found = args::raw(query).find(|(written, _)| args::decode(written) == name);
    let Some((_, value)) = found else {
        return Ok(None);
    };
    let value = value.unwrap_or_default();
    if !value.contains(['%', '+']) {
        return Ok(Some(Cow::Borrowed(value.as_bytes())));
    }
    if !escapes_are_whole(value) {
        return Err(refused(format!(
            "argument '{name}' has a broken percent escape"
        )));
    }
    let value = value.replace('+', " ");
    Ok(Some(Cow::Owned(percent_decode_str(&value).collect())))
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        after
            .as_bytes()
            .first_chunk::<2>()
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

fn refused(why: impl Into<Cow<'static, str>>) -> Problem {
    Problem::Refused(why.into())
}

#[cfg(test)]
mod tests;

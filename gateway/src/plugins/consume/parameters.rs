//! Query parameters of a request, honoured only with `consume.request_parameters` (kong-consume.md §1.1). Pure.

use std::time::Duration;

use crate::config::kafka_consume::{KafkaConsume, Mode};
use crate::http::Problem;

/// What the request asks for beyond its configuration. Default: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parameters {
    topics: Option<Vec<String>>,
    /// How long to wait for a first record.
    pub(super) wait: Option<Duration>,
    /// At most so many records.
    pub(super) max: Option<usize>,
}

impl Parameters {
    /// What `query` says; 400 if it cannot be.
    pub(super) fn read(query: &str, config: &KafkaConsume) -> Result<Parameters, Problem> {
        let mut parameters = Parameters::default();
        let is_http_get = config.mode == Mode::HttpGet;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "topics" => parameters.topics = Some(topics(&value, config)?),
                "wait" if is_http_get => {
                    let wait = number(&value, 0, 60_000);
                    let wait =
                        wait.ok_or(Problem::Refused("wait must be between 0 and 60000".into()))?;
                    parameters.wait = Some(Duration::from_millis(wait));
                }
                "max" if is_http_get => {
                    let max = number(&value, 1, 10_000).and_then(|max| usize::try_from(max).ok());
                    let refusal = Problem::Refused("max must be between 1 and 10000".into());
                    parameters.max = Some(max.ok_or(refusal)?);
                }
                _ => {}
            }
        }
        Ok(parameters)
    }

    /// Whether the request wants records of a topic.
    pub(super) fn wants(&self, topic: &str) -> bool {
        let topics = self.topics.as_ref();
        topics.is_none_or(|topics| topics.iter().any(|wanted| wanted == topic))
    }
}

fn topics(value: &str, config: &KafkaConsume) -> Result<Vec<String>, Problem> {
    let names = value.split(',').map(|name| {
        let is_configured = config.topics.iter().any(|topic| topic.name == name);
        let refusal = || Problem::Refused(format!("topic '{name}' is not configured").into());
        is_configured.then(|| name.to_owned()).ok_or_else(refusal)
    });
    names.collect()
}

fn number(value: &str, least: u64, most: u64) -> Option<u64> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| is_plain)?;
    (least..=most).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::consume::testing::config;

    fn check(query: &str) -> Result<Parameters, String> {
        let config = config("topics: [{name: a}, {name: b.c}]");
        Parameters::read(query, &config).map_err(|problem| match problem {
            Problem::Refused(error) => error.into_owned(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn what_is_asked_for_within_bounds_is_given() {
        let found = check("topics=b%2Ec&wait=60000&max=1&other=x").unwrap();
        assert!(found.wants("b.c") && !found.wants("a"));
        assert_eq!(
            (found.wait, found.max),
            (Some(Duration::from_mins(1)), Some(1))
        );
        let found = check("").unwrap();
        assert!(found.wants("b.c") && found.wants("a"));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_by_name() {
        assert_eq!(
            check("topics=a,x").unwrap_err(),
            "topic 'x' is not configured"
        );
        assert_eq!(check("topics=").unwrap_err(), "topic '' is not configured");
        for wait in ["60001", "-1", "", "x", "+1", "99999999999999999999"] {
            let error = check(&format!("wait={}", wait.replace('+', "%2B"))).unwrap_err();
            assert_eq!(error, "wait must be between 0 and 60000", "{wait}");
        }
        for max in ["0", "10001", "1.5"] {
            assert_eq!(
                check(&format!("max={max}")).unwrap_err(),
                "max must be between 1 and 10000"
            );
        }
    }
}

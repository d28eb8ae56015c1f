//! Topics by a pattern that the client matches: against all topics of the cluster, again and again.
//!
//! Brokers can match patterns themselves in the protocol of KIP-848 (RE2, `subscribed_topic_regex`): that is another way of being a
//! member, and stands in [`group::modern`](crate::group::modern).

use std::sync::Arc;

use kafka_wire::messages::metadata::{MetadataRequest, MetadataResponseTopic};
use kafka_wire::{ErrorCode, Request as _};
use regex::Regex;
use tokio::time::{Instant, sleep, timeout};

use crate::config::ConfigError;
use crate::consumer::shared::Shared;
use crate::error::Error;

/// Which topics to read.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    internal: Internal,
}

/// What becomes of the topics in which Kafka keeps its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Internal {
    /// They match no pattern.
    Exclude,
    /// They are topics like others.
    Include,
}

impl Pattern {
    /// A pattern that has to match a name from end to end.
    pub(crate) fn new(pattern: &str, internal: Internal) -> Result<Self, ConfigError> {
        // Alone first: what breaks out of the parentheses is no pattern.
        let regex = Regex::new(pattern).and_then(|_| Regex::new(&format!("^(?:{pattern})$")));
        let regex = regex.map_err(|error| ConfigError::NotAPattern {
            pattern: pattern.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self { regex, internal })
    }

    /// The names among `topics` that it matches.
    pub(crate) fn picks(&self, topics: &[MetadataResponseTopic]) -> Vec<String> {
        let usable = topics.iter().filter(|topic| {
            let is_wanted = self.internal == Internal::Include || !topic.is_internal;
            is_wanted && (topic.error_code.is_ok() || topic.error_code.is_retriable())
        });
        let names = usable.filter_map(|topic| topic.name.as_deref());
        let matching = names.filter(|name| self.regex.is_match(name));
        matching.map(ToOwned::to_owned).collect()
    }
}

/// Runs until it is dropped: whenever there is a pattern, it asks for all topics, and again when metadata is old.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut bell = shared.plan_bell();
    let (mut backoff, mut patience) = (shared.backoff(), shared.patience());
    loop {
        bell.borrow_and_update();
        let Some(pattern) = shared.with(|state| state.pattern()) else {
            let _ = bell.changed().await;
            continue;
        };
        match topics(&shared).await {
            Ok(topics) => {
                (backoff, patience) = (shared.backoff(), shared.patience());
                let picked = pattern.picks(&topics);
                shared.with(|state| state.matched(&pattern, picked));
            }
            Err(error) => {
                if patience.failed(&error, Instant::now()) {
                    shared.with(|state| state.error(error));
                }
                sleep(backoff.failed()).await;
                continue;
            }
        }
        // The bell rings for much that is no new pattern.
        let is_another = async {
            while shared.with(|state| state.is_pattern(&pattern)) {
                let _ = bell.changed().await;
            }
        };
        let _ = timeout(shared.cluster.config().metadata_max_age, is_another).await;
    }
}

async fn topics(shared: &Shared) -> Result<Vec<MetadataResponseTopic>, Error> {
    let connection = shared.cluster.any().await?;
    let request = MetadataRequest {
        topics: None,
        // Nothing is named that could be created. Before version 4 there is no other value.
        allow_auto_topic_creation: true,
        ..Default::default()
    };
    let answer = connection.call(&request).await?;
    let refused = |code: ErrorCode| Error::Refused {
        api: MetadataRequest::name(),
        subject: connection.broker().to_string(),
        code,
        message: None,
    };
    answer.error_code.check().map_err(refused)?;
    Ok(answer.topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, is_internal: bool) -> MetadataResponseTopic {
        MetadataResponseTopic {
            name: Some(name.into()),
            is_internal,
            ..Default::default()
        }
    }

    fn picked(pattern: &str, internal: Internal) -> Vec<String> {
        let pattern = Pattern::new(pattern, internal).unwrap();
        let mut forbidden = topic("a-secret", false);
        forbidden.error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        let all = [
            topic("a-1", false),
            topic("a-12", false),
            topic("ba-1", false),
            topic("__a-1", true),
            forbidden,
        ];
        pattern.picks(&all)
    }

    #[test]
    fn a_pattern_matches_whole_names() {
        assert_eq!(picked("a-.", Internal::Exclude), ["a-1"]);
        assert_eq!(picked("a-.|ba.*", Internal::Exclude), ["a-1", "ba-1"]);
        assert_eq!(picked("^a-.*$", Internal::Exclude), ["a-1", "a-12"]);
    }

    #[test]
    fn internal_topics_match_only_if_they_are_asked_for() {
        assert_eq!(picked(".*a-1", Internal::Exclude), ["a-1", "ba-1"]);
        let all = picked(".*a-1", Internal::Include);
        assert_eq!(all, ["a-1", "ba-1", "__a-1"]);
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for wrong in ["a(", "a)(b", "[", "a)|(?:b"] {
            let error = Pattern::new(wrong, Internal::Exclude).unwrap_err();
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}

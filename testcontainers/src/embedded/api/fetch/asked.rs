//! What a fetch asks for, by names or by ids.

use std::sync::Arc;

use kafka_wire::Uuid;
use kafka_wire::messages::fetch::FetchRequest;

use super::Context;
use crate::embedded::fetch_session::{Asked, Key, Position};

/// What the request says about its session.
pub(super) fn asked(context: &Context<'_>, request: FetchRequest) -> Asked {
    let by_id = context.version >= 13;
    let name = |name: String, topic_id: Uuid| -> (Arc<str>, Uuid) {
        if by_id {
            ("".into(), topic_id)
        } else {
            (name.into(), Uuid::ZERO)
        }
    };
    let mut asked = Asked {
        session_id: request.session_id,
        session_epoch: request.session_epoch,
        by_id,
        ..Asked::default()
    };
    for topic in request.topics {
        let (topic, topic_id, partitions) = {
            let (name, id) = name(topic.topic, topic.topic_id);
            (name, id, topic.partitions)
        };
        asked.partitions.extend(partitions.into_iter().map(|it| {
            let key = Key {
                topic: topic.clone(),
                topic_id,
                partition: it.partition,
            };
            let position = Position {
                offset: it.fetch_offset,
                max_bytes: it.partition_max_bytes,
                leader_epoch: it.current_leader_epoch,
                last_fetched_epoch: it.last_fetched_epoch,
            };
            (key, position)
        }));
    }
    for forgotten in request.forgotten_topics_data {
        let (topic, topic_id) = name(forgotten.topic, forgotten.topic_id);
        asked
            .forgotten
            .extend(forgotten.partitions.into_iter().map(|partition| Key {
                topic: topic.clone(),
                topic_id,
                partition,
            }));
    }
    asked
}

//! Consumer group ids: who shares records with whom (kong-consume.md §5). Pure.

use std::net::IpAddr;

use md5::{Digest as _, Md5};
use uuid::Uuid;

use crate::config::kafka_consume::{GroupMode, KafkaConsume, Mode};

/// Who reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    /// The plugin.
    pub(super) plugin: Uuid,
    /// The client's address. Consumers that are authenticated come before it, once there are any.
    pub(super) client: IpAddr,
    /// This node.
    pub(super) node: Uuid,
}

/// The group id. http-get clients of a plugin compete for records; in the other modes each client of each node gets
/// them all, and two streams of one client share.
pub(super) fn id(config: &KafkaConsume, prefix: &str, reader: &Reader) -> String {
    let is_stream = config.mode != Mode::HttpGet;
    let Reader {
        plugin,
        client,
        node,
    } = reader;
    match (
        config.consumer_group.mode,
        &config.consumer_group.consumer_group_id,
    ) {
        (GroupMode::Manual, Some(id)) if is_stream => format!("{id}.{node}"),
        (GroupMode::Manual, Some(id)) => id.clone(),
        _ if is_stream => format!("{prefix}{}", md5(&format!("{plugin}:{client}:{node}"))),
        _ => format!("{prefix}{}", md5(&plugin.to_string())),
    }
}

fn md5(text: &str) -> String {
    let digest: [u8; 16] = Md5::digest(text.as_bytes()).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::consume::testing::config;

    fn check(mode: &str, group: &str) -> String {
        let reader = Reader {
            plugin: Uuid::from_u128(1),
            client: "192.0.2.1".parse().unwrap(),
            node: Uuid::from_u128(2),
        };
        id(
            &config(&format!("mode: {mode}{group}")),
            "com.konghq.kafka.",
            &reader,
        )
    }

    #[test]
    fn a_random_id_is_the_md5_of_the_plugin_and_in_streams_of_client_and_node() {
        assert_eq!(
            check("http-get", ""),
            "com.konghq.kafka.c96589eefb0828c07179095bcd0cef5f"
        );
        let stream = check("server-sent-events", "");
        assert_eq!(stream, "com.konghq.kafka.59ea4e717185501b6626dbbe27564b08");
        assert_eq!(check("websocket", ""), stream);
    }

    #[test]
    fn a_manual_id_names_the_node_in_streams() {
        let manual = ", consumer_group: {mode: manual, consumer_group_id: g}";
        assert_eq!(check("http-get", manual), "g");
        let expected = "g.00000000-0000-0000-0000-000000000002";
        assert_eq!(check("server-sent-events", manual), expected);
        assert_eq!(check("websocket", manual), expected);
    }
}

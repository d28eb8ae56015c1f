//! `server.properties` of a KRaft node that is broker and controller in one. Pure.
//!
//! Small and quick where Kafka's defaults are meant for production: a killed broker is noticed after 1.5 s, not 9.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Where a node listens, all on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodePorts {
    pub(crate) node: i32,
    /// For clients.
    pub(crate) client: u16,
    /// For clients as the node tells it to them: the port of its proxy, if it has one.
    pub(crate) advertised: u16,
    /// For the other brokers, who do not go through the proxy.
    pub(crate) internal: u16,
    /// For the quorum.
    pub(crate) controller: u16,
    /// For clients that log in.
    pub(crate) sasl: Option<SaslPorts>,
}

/// Where a node listens for clients that log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SaslPorts {
    pub(crate) own: u16,
    /// As the node tells it to clients: the port of its proxy, if it has one.
    pub(crate) advertised: u16,
}

/// The file for `own`, one of `nodes`. `extra` wins over everything written here.
pub(crate) fn server_properties(
    own: &NodePorts,
    nodes: &[NodePorts],
    data: &Path,
    extra: &BTreeMap<String, String>,
) -> String {
    let mut properties = common();
    properties.extend(addresses(own, nodes));
    properties.extend(replication(nodes.len()));
    if nodes.len() > 1 {
        properties.extend(several(own.node));
    }
    properties.insert("log.dirs".into(), data.display().to_string());
    properties.extend(extra.clone());
    render(&properties)
}

fn addresses(own: &NodePorts, nodes: &[NodePorts]) -> Vec<(String, String)> {
    let NodePorts {
        node,
        client,
        advertised,
        internal,
        controller,
        sasl,
    } = own;
    let sasl = |pick: fn(SaslPorts) -> u16| {
        sasl.map_or(String::new(), |ports| {
            format!(",SASL://127.0.0.1:{}", pick(ports))
        })
    };
    let (sasl_own, sasl_advertised) = (sasl(|ports| ports.own), sasl(|ports| ports.advertised));
    let voters: Vec<String> = nodes
        .iter()
        .map(|voter| format!("{}@127.0.0.1:{}", voter.node, voter.controller))
        .collect();
    own_all(&[
        ("node.id", &node.to_string()),
        ("controller.quorum.voters", &voters.join(",")),
        (
            "listeners",
            &format!(
                "PLAINTEXT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}{sasl_own}"
            ),
        ),
        (
            "advertised.listeners",
            &format!(
                "PLAINTEXT://127.0.0.1:{advertised},INTERNAL://127.0.0.1:{internal}{sasl_advertised}"
            ),
        ),
    ])
}

fn common() -> BTreeMap<String, String> {
    own_all(&[
        ("process.roles", "broker,controller"),
        ("controller.listener.names", "CONTROLLER"),
        (
            "listener.security.protocol.map",
            "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT",
        ),
        ("inter.broker.listener.name", "INTERNAL"),
        ("group.initial.rebalance.delay.ms", "0"),
        // The default takes 128 MB at the start, more than the whole heap.
        ("log.cleaner.dedupe.buffer.size", "2097152"),
        ("offsets.topic.num.partitions", "4"),
        ("transaction.state.log.num.partitions", "4"),
        ("share.coordinator.state.topic.num.partitions", "4"),
        // Shorter ones fence healthy brokers on a busy machine.
        ("broker.session.timeout.ms", "1500"),
        ("broker.heartbeat.interval.ms", "300"),
    ])
    .into_iter()
    .collect()
}

/// As many replicas as nodes, up to three, and acks=all bears the loss of one.
fn replication(nodes: usize) -> Vec<(String, String)> {
    let replicas = nodes.min(3);
    let in_sync = replicas.saturating_sub(1).max(1);
    let (replicas, in_sync) = (&replicas.to_string(), &in_sync.to_string());
    own_all(&[
        ("default.replication.factor", replicas),
        ("min.insync.replicas", in_sync),
        ("offsets.topic.replication.factor", replicas),
        ("transaction.state.log.replication.factor", replicas),
        ("transaction.state.log.min.isr", in_sync),
        ("share.coordinator.state.topic.replication.factor", replicas),
        ("share.coordinator.state.topic.min.isr", in_sync),
    ])
}

/// A quorum that elects quickly, and racks, so that a client can prefer one (KIP-392).
fn several(node: i32) -> Vec<(String, String)> {
    own_all(&[
        ("broker.rack", &format!("rack-{node}")),
        (
            "replica.selector.class",
            "org.apache.kafka.common.replica.RackAwareReplicaSelector",
        ),
        ("controller.quorum.fetch.timeout.ms", "1000"),
        ("controller.quorum.election.timeout.ms", "500"),
        ("controller.quorum.election.backoff.max.ms", "300"),
    ])
}

fn own_all(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|&(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// One line per property, in Java's syntax.
fn render(properties: &BTreeMap<String, String>) -> String {
    let mut file = String::new();
    for (key, value) in properties {
        file.extend([key, "=", &escaped(value), "\n"]);
    }
    file
}

/// A backslash escapes, a line end would end the value, and what is not ASCII would be read as Latin-1.
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for unit in value.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'\\') => escaped.push_str(r"\\"),
            Ok(b'\n') => escaped.push_str(r"\n"),
            Ok(b'\r') => escaped.push_str(r"\r"),
            Ok(ascii) if ascii.is_ascii() => escaped.push(char::from(ascii)),
            // Writing to a string cannot fail.
            _ => drop(write!(escaped, "\\u{unit:04x}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(node: i32) -> NodePorts {
        let base = 1000 * u16::try_from(node).unwrap();
        NodePorts {
            node,
            client: base + 1,
            advertised: base + 2,
            internal: base + 3,
            controller: base + 4,
            sasl: None,
        }
    }

    /// Renders the file of node 1 and looks for whole lines in it.
    fn check(nodes: i32, extra: &[(&str, &str)], lines: &[&str]) {
        let nodes: Vec<NodePorts> = (1..=nodes).map(ports).collect();
        let extra = own_all(extra).into_iter().collect();
        let file = server_properties(&nodes[0], &nodes, Path::new("/data/node 1"), &extra);
        for line in lines {
            let (key, _) = line.split_once('=').unwrap();
            let found: Vec<&str> = file
                .lines()
                .filter(|found| found.split_once('=').unwrap().0 == key)
                .collect();
            assert_eq!(found, [*line]);
        }
    }

    #[test]
    fn one_node_keeps_one_replica() {
        check(
            1,
            &[],
            &[
                "node.id=1",
                "log.dirs=/data/node 1",
                "controller.quorum.voters=1@127.0.0.1:1004",
                "offsets.topic.replication.factor=1",
                "min.insync.replicas=1",
            ],
        );
    }

    #[test]
    fn three_nodes_know_each_other_and_bear_the_loss_of_one() {
        check(
            3,
            &[],
            &[
                "controller.quorum.voters=1@127.0.0.1:1004,2@127.0.0.1:2004,3@127.0.0.1:3004",
                "offsets.topic.replication.factor=3",
                "transaction.state.log.min.isr=2",
                "min.insync.replicas=2",
                "broker.rack=rack-1",
            ],
        );
    }

    #[test]
    fn clients_are_sent_to_the_proxy_and_brokers_are_not() {
        check(
            1,
            &[],
            &[
                "listeners=PLAINTEXT://127.0.0.1:1001,INTERNAL://127.0.0.1:1003,CONTROLLER://127.0.0.1:1004",
                "advertised.listeners=PLAINTEXT://127.0.0.1:1002,INTERNAL://127.0.0.1:1003",
                "inter.broker.listener.name=INTERNAL",
            ],
        );
    }

    #[test]
    fn what_the_test_asks_for_wins() {
        check(
            1,
            &[
                ("min.insync.replicas", "7"),
                ("auto.create.topics.enable", "false"),
            ],
            &["min.insync.replicas=7", "auto.create.topics.enable=false"],
        );
    }

    #[test]
    fn a_value_cannot_end_its_line_and_is_not_read_as_latin_1() {
        check(1, &[("a", "x\\d\ny")], &["a=x\\\\d\\ny"]);
        check(
            1,
            &[("a", "pässword 🔑")],
            &["a=p\\u00e4ssword \\ud83d\\udd11"],
        );
    }

    #[test]
    fn who_logs_in_has_a_port_of_its_own() {
        let sasl = SaslPorts {
            own: 1005,
            advertised: 1006,
        };
        let own = NodePorts {
            sasl: Some(sasl),
            ..ports(1)
        };
        let file = server_properties(&own, &[own], Path::new("/data"), &BTreeMap::new());
        let ends: Vec<(&str, &str)> = file
            .lines()
            .filter_map(|line| {
                let (key, value) = line.split_once('=').unwrap();
                Some((key, value.rsplit_once(",SASL://127.0.0.1:")?.1))
            })
            .collect();
        assert_eq!(
            ends,
            [("advertised.listeners", "1006"), ("listeners", "1005")]
        );
    }
}

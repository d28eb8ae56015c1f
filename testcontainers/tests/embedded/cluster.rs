//! Nodes that go and come back, and the embedded broker as the backend of a test cluster.

use std::io::ErrorKind;
use std::time::Duration;

use kafka_testcontainers::embedded::{Broker, Config};
use kafka_testcontainers::{Backend, Cluster, ClusterSpec, NodeError};
use kafka_wire::messages::fetch::FetchRequest;
use kafka_wire::messages::metadata::MetadataRequest;
use kafka_wire::{ErrorCode, Uuid};
use tokio::net::TcpStream;

use crate::client::{Client, batch, fetch_request, one_node, soon, until};

async fn nodes_known(broker: &Broker, node: i32) -> Vec<i32> {
    let mut client = Client::to(broker, node).await;
    let metadata = client.call(12, &MetadataRequest::default()).await;
    metadata.brokers.iter().map(|it| it.node_id).collect()
}

#[tokio::test]
async fn a_killed_leader_is_replaced_with_the_next_epoch_and_nothing_is_lost() {
    let broker = Broker::start(Config::nodes(3)).await.unwrap();
    broker.create_topic("t", 1, 3).unwrap();
    let leader = broker.leader("t", 0).unwrap();
    let mut client = Client::to(&broker, leader).await;
    client.produce("t", batch(&["a"])).await;
    broker.kill(leader).unwrap();
    assert!(client.frame().await.is_none());
    soon(broker.ended(leader)).await.unwrap();
    let refused = TcpStream::connect(broker.addr_of(leader).unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);

    let next = broker.leader("t", 0).unwrap();
    assert_ne!(next, leader);
    assert_eq!(broker.leader_epoch("t", 0), Some(1));
    assert!(!nodes_known(&broker, next).await.contains(&leader));
    let mut client = Client::to(&broker, next).await;
    assert_eq!(client.produce("t", batch(&["b"])).await.base_offset, 1);
    assert_eq!(broker.log("t", 0)[1].leader_epoch, 1);

    let before = broker.addr_of(leader);
    broker.restart(leader).await.unwrap();
    assert_eq!(broker.addr_of(leader), before);
    assert_eq!(nodes_known(&broker, leader).await, [1, 2, 3]);
    assert_eq!(
        broker.leader("t", 0),
        Some(next),
        "leaders do not move back"
    );
}

#[tokio::test]
async fn a_partition_without_replicas_waits_for_its_node() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    let leader = broker.leader("t", 0).unwrap();
    broker.kill(leader).unwrap();
    let mut client = Client::to(&broker, 3 - leader).await;
    let metadata = client.call(12, &MetadataRequest::default()).await;
    let partition = &metadata.topics[0].partitions[0];
    assert_eq!(
        (partition.error_code, partition.leader_id),
        (ErrorCode::LEADER_NOT_AVAILABLE, -1)
    );
    assert_eq!(partition.offline_replicas, [leader]);
    broker.restart(leader).await.unwrap();
    assert_eq!(broker.leader("t", 0), Some(leader));
    assert_eq!(broker.leader_epoch("t", 0), Some(2));
}

#[tokio::test]
async fn leaders_may_move_late() {
    let config = Config {
        failover_delay: Duration::from_millis(50),
        ..Config::nodes(2)
    };
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("t", 1, 2).unwrap();
    let leader = broker.leader("t", 0).unwrap();
    broker.kill(leader).unwrap();
    assert_eq!(broker.leader("t", 0), Some(leader), "nobody has noticed");
    until(|| broker.leader("t", 0) == Some(3 - leader)).await;
}

#[tokio::test]
async fn a_paused_node_keeps_its_connections_and_answers_when_it_goes_on() {
    let broker = one_node().await;
    broker.create_topic("t", 1, 1).unwrap();
    let mut old = Client::to(&broker, 1).await;
    old.topic_id("t").await;
    broker.pause(1).unwrap();
    let mut new = Client::to(&broker, 1).await;
    for client in [&mut old, &mut new] {
        client.send(12, &MetadataRequest::default()).await;
        let silence = tokio::time::timeout(Duration::from_millis(50), client.frame()).await;
        assert!(silence.is_err(), "nothing is answered");
    }
    assert_eq!(broker.requests_seen(3), 1, "nothing is read either");
    broker.resume(1).unwrap();
    for client in [&mut old, &mut new] {
        assert!(client.receive::<MetadataRequest>(12).await.is_some());
    }
}

#[tokio::test]
async fn a_paused_node_is_replaced_after_a_while_and_takes_part_again() {
    let config = Config {
        broker_session_timeout: Duration::from_millis(50),
        ..Config::nodes(2)
    };
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("t", 1, 2).unwrap();
    let leader = broker.leader("t", 0).unwrap();
    broker.pause(leader).unwrap();
    assert_eq!(broker.leader("t", 0), Some(leader));
    until(|| broker.leader("t", 0) == Some(3 - leader)).await;
    assert_eq!(nodes_known(&broker, 3 - leader).await, [3 - leader]);
    broker.resume(leader).unwrap();
    assert_eq!(nodes_known(&broker, leader).await, [1, 2]);
}

#[tokio::test]
async fn a_stopped_node_answers_what_it_was_asked() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    broker.create_topic("t", 1, 2).unwrap();
    let leader = broker.leader("t", 0).unwrap();
    let mut waiting = Client::to(&broker, leader).await;
    let mut idle = Client::to(&broker, leader).await;
    idle.topic_id("t").await;
    let mut request = fetch_request("t", Uuid::ZERO, 0);
    request.max_wait_ms = 60_000;
    request.topics[0].partitions[0].current_leader_epoch = 0;
    waiting.send(12, &request).await;
    until(|| broker.requests_seen(1) == 1).await;
    soon(broker.stop(leader)).await.unwrap();
    let answer = waiting.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(
        answer.responses[0].partitions[0].error_code,
        ErrorCode::FENCED_LEADER_EPOCH
    );
    assert!(waiting.frame().await.is_none());
    assert!(idle.frame().await.is_none());
    until(|| broker.connections() == 0).await;
}

#[tokio::test]
async fn what_a_node_cannot_do_is_refused_by_name() {
    let broker = one_node().await;
    assert!(matches!(
        broker.kill(2),
        Err(NodeError::Unknown { node: 2 })
    ));
    assert!(matches!(
        broker.resume(1),
        Err(NodeError::State {
            state: "running",
            ..
        })
    ));
    broker.kill(1).unwrap();
    let error = broker.kill(1).unwrap_err();
    assert_eq!(error.to_string(), "node 1 is down: it cannot be killed");
    assert!(broker.stop(1).await.is_err());
    assert!(broker.pause(1).is_err());
    broker.restart(1).await.unwrap();
    broker.restart(1).await.unwrap();
    broker.pause(1).unwrap();
    broker.kill(1).unwrap();
    assert!(Broker::start(Config::nodes(0)).await.is_err());
}

#[tokio::test]
async fn nothing_is_left_of_a_broker_that_was_dropped() {
    let broker = one_node().await;
    let address = broker.addr_of(1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    client.topic_id("t").await;
    assert_eq!(broker.connections(), 1);
    assert!(broker.logs(1).contains("connection 1 from 127.0.0.1"));
    let second = broker.clone();
    drop(broker);
    client.topic_id("t").await;
    drop(second);
    assert!(client.frame().await.is_none());
    soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
}

#[tokio::test]
async fn it_is_a_backend_of_test_clusters() {
    let spec = ClusterSpec::nodes(3)
        .backend(Backend::Embedded)
        .property("num.partitions", "4");
    let mut cluster = soon(Cluster::start(spec)).await.unwrap();
    assert_eq!(
        (cluster.backend(), cluster.node_ids()),
        (Backend::Embedded, vec![1, 2, 3])
    );
    let defaults = cluster.embedded().unwrap().create_topic("t", -1, -1);
    defaults.unwrap();
    cluster.create_topic("u", 2, 3).await.unwrap();
    let leader = cluster.leader("u", 0).await.unwrap();
    cluster.kill(leader).await.unwrap();
    assert_ne!(cluster.leader("u", 0).await.unwrap(), leader);
    cluster.restart(leader).await.unwrap();
    cluster.in_sync("u").await.unwrap();
    cluster.pause(leader).await.unwrap();
    cluster.resume(leader).await.unwrap();
    cluster.stop(leader).await.unwrap();
    cluster.ready().await.unwrap();
    assert!(cluster.tool("any").is_none());
    assert!(cluster.embedded().unwrap().leader("t", 3).is_some());
    let handle = cluster.embedded().unwrap().clone();
    drop(cluster);
    assert!(!handle.is_running(1));
}

#[tokio::test]
async fn clients_of_a_proxied_cluster_come_by_the_proxies() {
    let spec = ClusterSpec::nodes(2).backend(Backend::Embedded).proxied();
    let cluster = soon(Cluster::start(spec)).await.unwrap();
    let broker = cluster.embedded().unwrap();
    for node in 1..=2 {
        let proxy = cluster.proxy(node).unwrap().address();
        assert_eq!(cluster.bootstrap_of(node), proxy.to_string());
        assert_ne!(Some(proxy), broker.addr_of(node));
    }
    let mut client = Client::to(broker, 1).await;
    let metadata = client.call(12, &MetadataRequest::default()).await;
    assert_eq!(
        metadata.brokers[0].port,
        i32::from(cluster.proxy(1).unwrap().address().port())
    );
    assert!(cluster.proxy(3).is_none());
}

#[tokio::test]
async fn a_property_with_a_bad_value_stops_the_start() {
    let spec = ClusterSpec::nodes(1)
        .backend(Backend::Embedded)
        .property("num.partitions", "many");
    let error = Cluster::start(spec).await.unwrap_err();
    assert!(
        error.to_string().contains("the broker's properties"),
        "{error}"
    );
}

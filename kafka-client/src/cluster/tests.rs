use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use kafka_testcontainers::embedded::{Broker, Config, Control};
use kafka_wire::messages::metadata::{MetadataRequest, MetadataResponse, MetadataResponseBroker};

use super::*;
use crate::net::resolve::Lookup;

/// A name server that knows every name by the same address, and counts the questions.
#[derive(Debug)]
struct Names {
    address: Mutex<SocketAddr>,
    asked: AtomicUsize,
}

impl Names {
    fn all(address: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            address: Mutex::new(address),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let address = *self.address.lock().unwrap();
        Box::pin(async move { Ok(vec![address]) })
    }
}

fn cluster(servers: &[&str], names: &Arc<Names>) -> Arc<Cluster> {
    let config = ClientConfig {
        bootstrap: servers.iter().map(ToString::to_string).collect(),
        request_timeout: Duration::from_secs(5),
        ..Default::default()
    };
    Cluster::resolving(config, names.clone()).unwrap()
}

/// A broker that tells its clients of nodes `ids`, all to be found at `kafka.test:9092`, and counts the questions.
async fn broker(ids: &'static [i32]) -> (Broker, Arc<AtomicUsize>) {
    let broker = Broker::start(Config::nodes(1)).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    broker.control(move |seen| {
        if !seen.is::<MetadataRequest>() {
            return Control::Pass;
        }
        count.fetch_add(1, Ordering::Relaxed);
        let node = |node_id: &i32| MetadataResponseBroker {
            node_id: *node_id,
            host: "kafka.test".into(),
            port: 9092,
            rack: None,
        };
        let answer = MetadataResponse {
            brokers: ids.iter().map(node).collect(),
            ..Default::default()
        };
        seen.answer::<MetadataRequest>(&answer).unwrap()
    });
    (broker, asked)
}

#[tokio::test]
async fn a_name_that_moved_is_followed() {
    let (old, _) = broker(&[1]).await;
    let (new, asked) = broker(&[1]).await;
    let names = Names::all(old.addr_of(1).unwrap());
    let cluster = cluster(&["kafka.test:9092"], &names);
    cluster.known(Duration::from_secs(5)).await.unwrap();
    let before = cluster.broker(1, Purpose::Produce(0)).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    *names.address.lock().unwrap() = new.addr_of(1).unwrap();
    old.kill(1).unwrap();
    old.ended(1).await.unwrap();
    let followed = async {
        while before.stands() {
            tokio::task::yield_now().await;
        }
        while asked.load(Ordering::Relaxed) == 0 {
            cluster.refresh();
            tokio::task::yield_now().await;
        }
        cluster.broker(1, Purpose::Produce(0)).await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(30), followed)
        .await
        .expect("the new one is asked");
    assert!(new.connections() > 0);
    cluster.shutdown().await;
}

#[tokio::test]
async fn two_brokers_may_share_an_address() {
    let (broker, _) = broker(&[1, 2]).await;
    let names = Names::all(broker.addr_of(1).unwrap());
    let cluster = cluster(&["kafka.test:9092"], &names);
    cluster.known(Duration::from_secs(5)).await.unwrap();
    for node in [1, 2] {
        let connection = cluster.broker(node, Purpose::Produce(0)).await.unwrap();
        assert_eq!(connection.node_id(), node);
    }
    cluster.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn brokers_that_refuse_are_not_tried_in_a_circle() {
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let names = Names::all(closed);
    let cluster = cluster(&["a:1", "b:1", "c:1"], &names);
    let waits = (0..20).map(|number| {
        let cluster = cluster.clone();
        // Many that want something at once do not try more often than one.
        async move {
            cluster
                .topic(&number.to_string(), Duration::from_mins(1))
                .await
        }
    });
    for outcome in futures_util::future::join_all(waits).await {
        assert!(matches!(outcome, Err(Error::NoBroker { source: Some(_) })));
    }
    let asked = names.asked.load(Ordering::Relaxed);
    // Each of three has waits that double from 50 ms, and are at least 0.8 s in the end.
    assert!(
        (15..=3 * 85).contains(&asked),
        "{asked} attempts in a minute"
    );
    cluster.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn private_connections_wait_for_a_broker_that_refuses_too() {
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let names = Names::all(closed);
    let cluster = cluster(&["a:1"], &names);
    cluster.learn_broker(1, &"b:1".into());
    let (start, stop) = (Instant::now(), cluster.child_stop());
    while start.elapsed() < Duration::from_mins(1) {
        cluster.private(1, &stop).await.unwrap_err();
    }
    let asked = names.asked.load(Ordering::Relaxed);
    assert!((40..=85).contains(&asked), "{asked} attempts in a minute");
    cluster.shutdown().await;
}

//! Logins against a real broker that wants them, ends a session after [`SESSION`], and stands behind a proxy that looks on; and against a
//! server that is none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "test code: a failure is a failed test; not every test uses all of the history"
)]

#[path = "support/history.rs"]
mod history;
#[path = "secured/raw.rs"]
mod raw;

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use history::{History, read_back, within};
use kafka_client::{
    BearerToken, Client, ClientConfig, Consumer, ConsumerConfig, Error, ErrorCode, Event,
    Isolation, Mechanism, Producer, ProducerConfig, ProducerRecord, Sasl, SaslError, ScramHash,
    SecretText, Security, SendError, Start, TokenCallback, TokenSource, TopicPartition,
};
use kafka_testcontainers::proxy::Direction;
use kafka_testcontainers::{Backend, Cluster, ClusterSpec, SaslListener};
use tokio::runtime::Runtime;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

const SESSION: Duration = Duration::from_millis(2500);
const PASSWORD: &str = "correct horse, battery=staple";

/// Unsigned tokens of `frank`: one until 2100, and one that has expired.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmcmFuayIsImlhdCI6MSwiZXhwIjo0MTAyNDQ0ODAwfQ.";
const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmcmFuayIsImlhdCI6MSwiZXhwIjoyfQ.";

/// One broker for all tests, and a runtime for its proxies that outlives each of them; both end with the process.
async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    CLUSTER
        .get_or_init(|| async { RUNTIME.spawn(start()).await.unwrap() })
        .await
}

async fn start() -> Cluster {
    let spec = ClusterSpec::nodes(1)
        .backend(Backend::Process)
        .property("delegation.token.secret.key", "a secret of the brokers")
        .property("connections.max.reauth.ms", SESSION.as_millis().to_string())
        .sasl(SaslListener::default().plain_user("alice", PASSWORD))
        .proxied();
    let cluster = Cluster::start(spec).await;
    let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
    let open = cluster.bootstrap();
    let setting = spawn_blocking(move || {
        for hash in [ScramHash::Sha256, ScramHash::Sha512] {
            raw::set_password(&open, hash, "dave", PASSWORD);
        }
    });
    setting.await.unwrap();
    cluster
}

async fn client(sasl: Sasl) -> Client {
    let bootstrap = vec![cluster().await.sasl_bootstrap()];
    client_of(bootstrap, Security::InsecureSasl(sasl))
}

fn client_of(bootstrap: Vec<String>, security: Security) -> Client {
    let config = ClientConfig {
        bootstrap,
        security,
        ..Default::default()
    };
    Client::new(config).unwrap()
}

fn plain(password: &str) -> Sasl {
    Sasl::Plain {
        user: "alice".into(),
        password: SecretText::new(password),
    }
}

fn scram(hash: ScramHash, password: &str) -> Sasl {
    Sasl::Scram {
        hash,
        user: "dave".into(),
        password: SecretText::new(password),
    }
}

fn bearer(token: &str) -> Sasl {
    let extensions = vec![("traceId".into(), "a b".into())];
    Sasl::OauthBearer(TokenSource::Static(BearerToken {
        extensions,
        ..BearerToken::new(token)
    }))
}

/// A client that is logged in, with credentials that may still be on their way to the broker.
async fn logged_in_soon(sasl: Sasl) -> Client {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let client = client(sasl.clone()).await;
        match client.connect().await {
            Ok(()) => return client,
            Err(error) => assert!(Instant::now() < deadline, "{sasl:?}: {error:?}"),
        }
    }
}

/// Sends a record to a topic of its own, and reads it.
async fn check_use(client: &Client, topic: &str) {
    cluster().await.create_topic(topic, 1, 1).await.unwrap();
    let producer = Producer::new(client, ProducerConfig::default()).unwrap();
    let delivery = producer.send(ProducerRecord::to(topic, b"hello")).await;
    within(60, delivery.unwrap()).await.unwrap();
    let logs = within(60, read_back(client, topic, 1, Isolation::ReadUncommitted)).await;
    assert_eq!(logs[&0], [(0, b"hello".to_vec())]);
}

#[tokio::test]
async fn plain_logs_in() {
    check_use(&client(plain(PASSWORD)).await, "by-plain").await;
}

#[tokio::test]
async fn scram_logs_in_with_either_hash() {
    for (hash, topic) in [
        (ScramHash::Sha256, "by-scram-256"),
        (ScramHash::Sha512, "by-scram-512"),
    ] {
        check_use(&logged_in_soon(scram(hash, PASSWORD)).await, topic).await;
    }
}

#[tokio::test]
async fn a_bearer_token_logs_in() {
    check_use(&client(bearer(TOKEN)).await, "by-token").await;
}

#[tokio::test]
async fn a_callback_is_asked_for_a_token_at_each_login() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let callback = TokenCallback::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Ok(BearerToken::new(TOKEN)) }
    });
    let client = client(Sasl::OauthBearer(TokenSource::Callback(callback))).await;
    check_use(&client, "by-callback").await;
    assert!(
        asked.load(Ordering::Relaxed) > 1,
        "once for each connection"
    );
}

#[tokio::test]
async fn a_delegation_token_logs_in() {
    let address = cluster().await.sasl_bootstrap();
    let token = raw::delegation_token(&address, "alice", PASSWORD);
    for (hash, topic) in [
        (ScramHash::Sha256, "by-delegation-256"),
        (ScramHash::Sha512, "by-delegation-512"),
    ] {
        let sasl = Sasl::DelegationToken {
            hash,
            token_id: token.token_id.clone(),
            hmac: SecretText::new(STANDARD.encode(&token.hmac.0)),
        };
        check_use(&logged_in_soon(sasl).await, topic).await;
    }
}

/// The error of a login that must fail, soon and without showing a secret.
async fn refusal(sasl: Sasl) -> Error {
    let client = client(sasl).await;
    let error = within(20, client.connect()).await.unwrap_err();
    let mut shown = format!("{error:?} {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        shown.push_str(&error.to_string());
        cause = error.source();
    }
    for secret in ["not-this-one", EXPIRED] {
        assert!(!shown.contains(secret), "{shown}");
    }
    error
}

#[tokio::test]
async fn wrong_credentials_are_told_as_such() {
    // Whoever was never known is refused like whoever has another password.
    for sasl in [
        plain("not-this-one"),
        scram(ScramHash::Sha256, "not-this-one"),
        scram(ScramHash::Sha512, "not-this-one"),
        bearer(EXPIRED),
    ] {
        let error = refusal(sasl).await;
        assert!(
            matches!(
                &error,
                Error::Authentication { source: SaslError::Refused { reason }, .. } if !reason.is_empty()
            ),
            "{error:?}"
        );
        assert!(!error.is_retriable());
    }
}

#[tokio::test]
async fn records_of_who_is_not_let_in_fail_with_the_reason() {
    let client = client(plain("not-this-one")).await;
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let sent = within(20, producer.send(ProducerRecord::to("orders", b"x"))).await;
    let error: SendError = match sent {
        Err(error) => error,
        Ok(delivery) => within(20, delivery).await.unwrap_err(),
    };
    let cause = error.source().unwrap().to_string();
    assert!(
        cause.ends_with("does not accept the credentials (PLAIN)"),
        "{cause}"
    );
}

#[tokio::test]
async fn a_listener_that_wants_no_login_says_so() {
    let open = vec![cluster().await.bootstrap()];
    let client = client_of(open, Security::InsecureSasl(plain(PASSWORD)));
    let error = within(20, client.connect()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ILLEGAL_SASL_STATE));
    assert!(error.to_string().ends_with("this listener wants no login"));
}

#[tokio::test]
async fn a_mechanism_that_is_not_enabled_is_told_with_those_that_are() {
    let address = raw::broker(raw::Script::Enables(&["GSSAPI", "PLAIN"])).await;
    let sasl = scram(ScramHash::Sha512, PASSWORD);
    let client = client_of(vec![address.clone()], Security::InsecureSasl(sasl));
    let error = within(20, client.connect()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{address} does not offer SCRAM-SHA-512, but GSSAPI, PLAIN")
    );
}

#[tokio::test]
async fn a_server_that_would_weaken_the_password_is_not_trusted() {
    for (answer, expected) in [
        ("NONCEx,s=MTIzNDU2Nzg5MA==,i=1", "iterations"),
        ("NONCEx,s=MTIzNDU2Nzg5MA==,i=4294967295", "iterations"),
        ("foreign,s=MTIzNDU2Nzg5MA==,i=4096", "nonce"),
        ("NONCEx,s=MQ==,i=4096", "salt"),
    ] {
        let address = raw::broker(raw::Script::Challenges(answer)).await;
        let sasl = scram(ScramHash::Sha256, PASSWORD);
        let client = client_of(vec![address], Security::InsecureSasl(sasl));
        let error = within(20, client.connect()).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::UntrustedBroker {
                    mechanism: Mechanism::ScramSha256,
                    ..
                }
            ),
            "{error:?}"
        );
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(expected), "{cause}");
    }
}

/// What was seen of one connection.
#[derive(Debug, Default)]
struct Seen {
    /// Renewals and the first login.
    logins: usize,
    /// Answers to `SaslAuthenticate` that are missing until the login stands: SCRAM has two.
    missing: usize,
    /// Requests amid a login that are none of its own.
    strangers: usize,
    /// Requests of records.
    produced: usize,
}

impl Seen {
    const PRODUCE: i16 = 0;
    const HANDSHAKE: i16 = 17;
    const AUTHENTICATE: i16 = 36;

    fn take(&mut self, api_key: i16, direction: Direction) {
        match (direction, api_key) {
            (Direction::Up, Self::HANDSHAKE) => (self.logins, self.missing) = (self.logins + 1, 2),
            (Direction::Up, Self::AUTHENTICATE) => {}
            (Direction::Up, _) if self.missing > 0 => self.strangers += 1,
            (Direction::Up, Self::PRODUCE) => self.produced += 1,
            (Direction::Down, Self::AUTHENTICATE) => self.missing -= 1,
            _ => {}
        }
    }
}

/// Reads partitions 0 and 1 from their starts until as many records came as it is told in the end.
async fn read(client: Client, topic: &'static str, mut total: oneshot::Receiver<usize>) {
    let mut consumer = Consumer::new(&client, ConsumerConfig::default()).unwrap();
    let partitions = (0..2).map(|it| TopicPartition::new(topic, it));
    consumer.assign(partitions.map(|it| (it, Start::Earliest)));
    let (mut read, mut count) = (0, usize::MAX);
    while read < count {
        match consumer.poll(Duration::from_millis(100)).await.unwrap() {
            Some(Event::Records(records)) => read += records.into_iter().count(),
            Some(other) => panic!("{other:?}"),
            None => {}
        }
        count = total.try_recv().unwrap_or(count);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_renewed_under_load_on_their_connections_and_nothing_is_lost() {
    const TOPIC: &str = "renewed";
    const WHO: &str = "whose-sessions-are-renewed";
    let cluster = cluster().await;
    cluster.create_topic(TOPIC, 2, 1).await.unwrap();
    let client = logged_in_soon(scram(ScramHash::Sha512, PASSWORD)).await;
    client.shutdown().await;

    let seen = Arc::new(Mutex::new(HashMap::<_, Seen>::new()));
    let notes = seen.clone();
    cluster.sasl_proxy(1).unwrap().tap(move |tapped| {
        let mut notes = notes.lock().unwrap();
        // Other tests are at work on the same proxy.
        let is_ours = String::from_utf8_lossy(&tapped.frame).contains(WHO);
        if is_ours || notes.contains_key(&tapped.client) {
            let seen = notes.entry(tapped.client).or_default();
            seen.take(tapped.api_key, tapped.direction);
        }
    });
    let config = ClientConfig {
        bootstrap: vec![cluster.sasl_bootstrap()],
        client_id: WHO.into(),
        security: Security::InsecureSasl(scram(ScramHash::Sha512, PASSWORD)),
        ..Default::default()
    };
    let client = Client::new(config).unwrap();
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let mut history = History::default();
    let (tell, total) = oneshot::channel();
    let reader = tokio::spawn(read(client.clone(), TOPIC, total));
    let (until, mut sent) = (Instant::now() + SESSION * 4, 0);
    while Instant::now() < until {
        history.send(&producer, TOPIC, sent..sent + 500, 2).await;
        sent += 500;
    }
    let count = history.acked();
    assert!(history.failed().is_empty(), "{:?}", history.failed());
    tell.send(count).unwrap();
    within(60, reader).await.unwrap();
    history.check(&within(60, read_back(&client, TOPIC, 2, Isolation::ReadUncommitted)).await);

    let seen = seen.lock().unwrap();
    let strangers = seen.values().map(|it| it.strangers).sum::<usize>();
    assert_eq!(strangers, 0, "requests amid a login");
    let producing: Vec<_> = seen.values().filter(|it| it.produced > 0).collect();
    assert_eq!(producing.len(), 1, "one connection for all: {producing:?}");
    assert!(producing[0].logins > 3, "{producing:?}");
}

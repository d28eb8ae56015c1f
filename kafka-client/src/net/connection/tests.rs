use kafka_wire::messages::api_versions::ApiVersion;
use kafka_wire::{decode_request_header, encode_response, split_frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::net::resolve::SystemResolver;

/// The bytes that answer a request of some version and correlation id.
type Reply = fn(i16, i32) -> Bytes;

/// A broker that answers `ApiVersions` by `answers`, one after the other, over as many connections as it takes. `None` closes.
async fn broker(answers: Vec<Option<Reply>>) -> (Arc<str>, tokio::task::JoinHandle<Vec<i16>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string().into();
    let task = tokio::spawn(async move {
        let (mut asked, mut buffer) = (Vec::new(), bytes::BytesMut::new());
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut answers = answers.into_iter().peekable();
        while let Some(answer) = answers.next() {
            let frame = next(&mut socket, &mut buffer).await;
            let header = decode_request_header(&frame).unwrap().0;
            asked.push(header.request_api_version);
            if let Some(answer) = answer {
                let bytes = answer(header.request_api_version, header.correlation_id);
                socket.write_all(&bytes).await.unwrap();
            } else {
                drop(socket);
                if answers.peek().is_none() {
                    break;
                }
                socket = listener.accept().await.unwrap().0;
            }
        }
        asked
    });
    (address, task)
}

async fn next(socket: &mut TcpStream, buffer: &mut bytes::BytesMut) -> Bytes {
    loop {
        if let Some(frame) = split_frame(buffer, 1 << 20).unwrap() {
            return frame;
        }
        assert!(
            socket.read_buf(buffer).await.unwrap() > 0,
            "the client went away"
        );
    }
}

fn offer(error_code: ErrorCode) -> ApiVersionsResponse {
    let api = ApiVersion {
        api_key: 18,
        min_version: 0,
        max_version: 3,
    };
    ApiVersionsResponse {
        error_code,
        api_keys: vec![api],
        ..Default::default()
    }
}

fn accept(version: i16, id: i32) -> Bytes {
    encode_response::<ApiVersionsRequest>(&offer(ErrorCode::NONE), version, id)
        .unwrap()
        .to_bytes()
}

fn refuse_in_version_0(_: i16, id: i32) -> Bytes {
    encode_response::<ApiVersionsRequest>(&offer(ErrorCode::UNSUPPORTED_VERSION), 0, id)
        .unwrap()
        .to_bytes()
}

fn refuse_with_garbage(_: i16, id: i32) -> Bytes {
    let mut bytes = vec![0, 0, 0, 10];
    bytes.extend(id.to_be_bytes());
    bytes.extend([0, 35, 0xde, 0xad, 0xbe, 0xef]);
    bytes.into()
}

fn around() -> Surroundings {
    let config = ClientConfig {
        bootstrap: vec!["unused:1".into()],
        ..Default::default()
    };
    Surroundings {
        config: Arc::new(config),
        tasks: TaskTracker::new(),
        stop: CancellationToken::new(),
        resolver: Arc::new(SystemResolver),
        authenticator: None,
    }
}

async fn open(address: Arc<str>) -> Result<Connection, Error> {
    let mut attempt = Attempt {
        limit: Duration::from_secs(10),
        tried: None,
    };
    Connection::open(address, 1, &around(), &mut attempt).await
}

async fn check(answers: Vec<Option<Reply>>, asked: &[i16]) -> Result<Connection, Error> {
    let (address, broker) = broker(answers).await;
    let connection = open(address).await;
    assert_eq!(
        broker.await.unwrap(),
        asked,
        "versions of ApiVersions that were tried"
    );
    connection
}

#[tokio::test]
async fn a_modern_broker_is_asked_once() {
    let connection = check(vec![Some(accept)], &[4]).await.unwrap();
    assert_eq!(connection.version_of::<ApiVersionsRequest>().unwrap(), 3);
    let error = connection
        .version_of::<kafka_wire::messages::produce::ProduceRequest>()
        .unwrap_err();
    let line = crate::error::chain(&error);
    let broker = connection.broker();
    assert_eq!(
        line,
        format!(
            "broker {broker} is too old or too new: no common version of Produce: we speak 3-13, the broker does not have it"
        )
    );
}

#[tokio::test]
async fn a_refusal_is_followed_by_the_version_on_offer() {
    check(vec![Some(refuse_in_version_0), Some(accept)], &[4, 3])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_refusal_with_a_body_of_garbage_is_followed_by_version_0() {
    check(vec![Some(refuse_with_garbage), Some(accept)], &[4, 0])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_closed_connection_is_followed_by_version_0_on_a_new_one() {
    check(vec![None, Some(accept)], &[4, 0]).await.unwrap();
}

#[tokio::test]
async fn refusals_without_end_are_not_followed_without_end() {
    let error = check(
        vec![Some(refuse_in_version_0), Some(refuse_in_version_0)],
        &[4, 3],
    )
    .await
    .unwrap_err();
    assert!(
        error.code() == Some(ErrorCode::UNSUPPORTED_VERSION)
            || matches!(error, Error::Malformed { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_broker_that_refuses_even_version_0_is_not_asked_again() {
    let error = check(vec![None, Some(refuse_in_version_0)], &[4, 0])
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNSUPPORTED_VERSION));
    assert!(error.to_string().starts_with("ApiVersions of 127.0.0.1:"));
}

#[tokio::test]
async fn a_broker_that_closes_every_connection_is_asked_twice() {
    let error = check(vec![None, None], &[4, 0]).await.unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }), "{error}");
}

#[tokio::test]
async fn garbage_in_version_0_too_is_an_error_that_says_where_it_went_wrong() {
    let error = check(
        vec![Some(refuse_with_garbage), Some(refuse_with_garbage)],
        &[4, 0],
    )
    .await
    .unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}

fn throttle(version: i16, id: i32) -> Bytes {
    let answer = ApiVersionsResponse {
        throttle_time_ms: 1_000,
        ..offer(ErrorCode::NONE)
    };
    encode_response::<ApiVersionsRequest>(&answer, version, id)
        .unwrap()
        .to_bytes()
}

#[tokio::test]
async fn a_throttled_connection_waits_before_its_next_request() {
    let (address, broker) = broker(vec![Some(accept), Some(throttle), Some(accept)]).await;
    let connection = open(address).await.unwrap();
    assert_eq!(connection.muted_until(), None);
    let ask = ApiVersionsRequest {
        client_software_name: "test".into(),
        client_software_version: "1".into(),
    };
    connection.call(&ask).await.unwrap();
    let until = connection.muted_until().unwrap();
    connection.call(&ask).await.unwrap();
    assert!(Instant::now() >= until);
    assert_eq!(connection.muted_until(), None);
    broker.await.unwrap();
}

#[tokio::test]
async fn whoever_sends_what_cannot_be_read_is_not_asked_again() {
    let (address, broker) = broker(vec![Some(accept), Some(refuse_with_garbage)]).await;
    let connection = open(address).await.unwrap();
    let error = connection.call(&ApiVersionsRequest::default()).await;
    assert!(matches!(error, Err(Error::Malformed { .. })));
    assert!(!connection.stands());
    let error = connection.call(&ApiVersionsRequest::default()).await;
    assert!(matches!(error, Err(Error::Connect { .. })), "not sent");
    broker.await.unwrap();
}

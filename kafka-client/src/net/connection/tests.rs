use kafka_wire::messages::api_versions::ApiVersion;
use kafka_wire::{decode_request_header, encode_response, split_frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// The bytes that answer a request of some version and correlation id.
type Reply = fn(i16, i32) -> Bytes;

/// A broker that answers `ApiVersions` by `answers`, one after the other, over as many connections as it takes. `None` closes.
async fn broker(answers: Vec<Option<Reply>>) -> (Arc<str>, tokio::task::JoinHandle<Vec<i16>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string().into();
    let task = tokio::spawn(async move {
        let (mut asked, mut buffer) = (Vec::new(), bytes::BytesMut::new());
        let (mut socket, _) = listener.accept().await.unwrap();
        for answer in answers {
            let frame = next(&mut socket, &mut buffer).await;
            let header = decode_request_header(&frame).unwrap().0;
            asked.push(header.request_api_version);
            if let Some(answer) = answer {
                let bytes = answer(header.request_api_version, header.correlation_id);
                socket.write_all(&bytes).await.unwrap();
            } else {
                drop(socket);
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
    }
}

async fn check(answers: Vec<Option<Reply>>, asked: &[i16]) -> Result<Connection, Error> {
    let (address, broker) = broker(answers).await;
    let connection = Connection::open(address, 1, &around()).await;
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
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
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

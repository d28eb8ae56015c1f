use bytes::BytesMut;
use kafka_wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_wire::{decode_request_header, encode_request, encode_response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;
use crate::net::usage::Usage;

const TIMEOUT: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_mins(9);

/// A driver on one end of a pipe, the broker on the other.
struct Rig {
    commands: Option<mpsc::Sender<Command>>,
    broker: DuplexStream,
    task: JoinHandle<()>,
    read: BytesMut,
    usage: Arc<Usage>,
}

impl Rig {
    fn new(max_in_flight: usize) -> Self {
        let (ours, broker) = duplex(64 << 10);
        let (commands, receiver) = mpsc::channel(16);
        let limits = Limits {
            max_in_flight,
            receive_max_bytes: 1 << 20,
        };
        let usage = Arc::new(Usage::new(Instant::now()));
        let rest = Rest::new(usage.clone(), IDLE);
        let driver = Driver::new(ours, "b:1".into(), limits, rest, receiver);
        Self {
            commands: Some(commands),
            broker,
            task: tokio::spawn(driver.run()),
            read: BytesMut::new(),
            usage,
        }
    }

    async fn ask(&self) -> oneshot::Receiver<Result<Bytes, Error>> {
        let (to, answer) = oneshot::channel();
        let frame = encode_request(&ApiVersionsRequest::default(), 0, 0, Some("me")).unwrap();
        let command = Command {
            frame,
            answer: Some(Answer {
                api: "ApiVersions",
                to,
            }),
            timeout: TIMEOUT,
        };
        self.commands.as_ref().unwrap().send(command).await.unwrap();
        answer
    }

    /// The correlation id of the next request.
    async fn request(&mut self) -> i32 {
        loop {
            if let Some(frame) = split_frame(&mut self.read, 1 << 20).unwrap() {
                return decode_request_header(&frame).unwrap().0.correlation_id;
            }
            assert!(
                self.broker.read_buf(&mut self.read).await.unwrap() > 0,
                "the driver went away"
            );
        }
    }

    async fn answer(&mut self, id: i32) {
        let frame =
            encode_response::<ApiVersionsRequest>(&ApiVersionsResponse::default(), 0, id).unwrap();
        self.broker.write_all(&frame.to_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn answers_reach_whoever_asked() {
    let mut rig = Rig::new(5);
    let (first, second) = (rig.ask().await, rig.ask().await);
    let (one, two) = (rig.request().await, rig.request().await);
    rig.answer(one).await;
    rig.answer(two).await;
    assert_eq!(correlation_id(&first.await.unwrap().unwrap()), Some(one));
    assert_eq!(correlation_id(&second.await.unwrap().unwrap()), Some(two));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_ends_the_connection_and_names_the_request() {
    let rig = Rig::new(5);
    let (late, behind) = (rig.ask().await, rig.ask().await);
    let error = late.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no answer to ApiVersions from b:1 within 30s"
    );
    assert!(matches!(
        behind.await.unwrap(),
        Err(Error::Timeout { .. } | Error::Disconnected { .. })
    ));
    rig.task.await.unwrap();
}

#[tokio::test]
async fn requests_over_the_limit_wait_and_are_told_apart_when_the_connection_ends() {
    let mut rig = Rig::new(1);
    let (written, waiting) = (rig.ask().await, rig.ask().await);
    rig.request().await;
    drop(rig.broker);
    assert!(written.await.unwrap().unwrap_err().may_have_taken_effect());
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
}

#[tokio::test]
async fn a_request_nobody_waits_for_is_not_written() {
    let mut rig = Rig::new(1);
    let first = rig.ask().await;
    drop(rig.ask().await);
    let last = rig.ask().await;
    let one = rig.request().await;
    rig.answer(one).await;
    first.await.unwrap().unwrap();
    let two = rig.request().await;
    assert_eq!(two, one + 1, "the abandoned request took no number");
    rig.answer(two).await;
    last.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_abandoned_answer_does_not_disturb_the_next() {
    let mut rig = Rig::new(5);
    let abandoned = rig.ask().await;
    let one = rig.request().await;
    drop(abandoned);
    let kept = rig.ask().await;
    let two = rig.request().await;
    rig.answer(one).await;
    rig.answer(two).await;
    assert_eq!(correlation_id(&kept.await.unwrap().unwrap()), Some(two));
}

#[tokio::test]
async fn an_answer_nobody_asked_for_ends_the_connection() {
    let mut rig = Rig::new(5);
    let asked = rig.ask().await;
    let id = rig.request().await;
    rig.answer(id + 1).await;
    assert!(matches!(
        asked.await.unwrap(),
        Err(Error::Disconnected { .. })
    ));
}

#[tokio::test]
async fn a_web_server_is_recognised() {
    let mut rig = Rig::new(5);
    let asked = rig.ask().await;
    rig.request().await;
    rig.broker
        .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .await
        .unwrap();
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NotKafka { .. }), "{error}");
}

#[tokio::test]
async fn the_task_ends_with_its_last_handle_once_all_is_answered() {
    let mut rig = Rig::new(5);
    let asked = rig.ask().await;
    let id = rig.request().await;
    rig.commands = None;
    rig.answer(id).await;
    asked.await.unwrap().unwrap();
    rig.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_when_nobody_uses_it_for_long() {
    let mut rig = Rig::new(5);
    let start = Instant::now();
    tokio::time::sleep(IDLE / 2).await;
    assert!(rig.usage.touch(Instant::now()));
    let asked = rig.ask().await;
    let id = rig.request().await;
    rig.answer(id).await;
    asked.await.unwrap().unwrap();
    let commands = rig.commands.take().unwrap();
    commands.closed().await;
    assert!(start.elapsed() >= IDLE / 2 + IDLE, "{:?}", start.elapsed());
    assert!(start.elapsed() < IDLE * 2);
    assert!(!rig.usage.touch(Instant::now()));
    rig.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_long_for_its_answer_is_no_idleness() {
    let mut rig = Rig::new(5);
    let (to, answer) = oneshot::channel();
    let frame = encode_request(&ApiVersionsRequest::default(), 0, 0, Some("me")).unwrap();
    let api = "ApiVersions";
    let command = Command {
        frame,
        answer: Some(Answer { api, to }),
        timeout: IDLE * 3,
    };
    rig.commands.as_ref().unwrap().send(command).await.unwrap();
    let id = rig.request().await;
    tokio::time::sleep(IDLE * 2).await;
    rig.answer(id).await;
    answer.await.unwrap().unwrap();
    assert!(
        rig.usage.touch(Instant::now()),
        "the answer counts as a use"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_to_a_muted_broker_waits_and_does_not_run_out_of_time() {
    let mut rig = Rig::new(5);
    let start = Instant::now();
    rig.usage.mute(start + TIMEOUT * 2);
    let (first, second) = (rig.ask().await, rig.ask().await);
    let one = rig.request().await;
    assert!(start.elapsed() >= TIMEOUT * 2, "{:?}", start.elapsed());
    let two = rig.request().await;
    rig.answer(one).await;
    rig.answer(two).await;
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

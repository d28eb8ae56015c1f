use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::*;

/// A body whose pieces come after the given waits; the clock of these tests is paused.
struct Script {
    steps: VecDeque<(Duration, &'static [u8])>,
    waiting: Option<Pin<Box<Sleep>>>,
    declared: Option<u64>,
}

impl HttpBody for Script {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let Some((wait, _)) = self.steps.front().copied() else {
            return Poll::Ready(None);
        };
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(wait)));
        std::task::ready!(waiting.as_mut().poll(context));
        self.waiting = None;
        let (_, data) = self.steps.pop_front().unwrap();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(data)))))
    }

    fn size_hint(&self) -> SizeHint {
        self.declared
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

static LONG: [u8; 40_000] = [0; 40_000];

const LIMITS: UploadLimits = UploadLimits {
    max_bytes: 10,
    stall: Duration::from_secs(10),
    min_rate: 256,
};

fn upload(declared: Option<u64>, steps: &[(u64, &'static [u8])]) -> Upload<Script> {
    let steps = steps
        .iter()
        .map(|&(seconds, data)| (Duration::from_secs(seconds), data))
        .collect();
    Upload::new(
        Script {
            steps,
            waiting: None,
            declared,
        },
        LIMITS,
        false,
    )
}

#[tokio::test(start_paused = true)]
async fn pieces_are_joined_in_order() {
    assert_eq!(upload(None, &[]).read().await, Ok(Bytes::new()));
    assert_eq!(
        upload(None, &[(0, b"abc")]).read().await,
        Ok(Bytes::from_static(b"abc"))
    );
    let pieces = upload(None, &[(0, b"a"), (1, b"b"), (1, b"c")])
        .read()
        .await;
    assert_eq!(pieces, Ok(Bytes::from_static(b"abc")));
}

#[tokio::test(start_paused = true)]
async fn g44_a_declared_length_over_the_limit_is_refused_before_reading() {
    let mut upload = upload(Some(11), &[(0, b"01234567890")]);
    assert_eq!(upload.read().await, Err(Problem::PayloadTooLarge));
    assert_eq!(upload.body.steps.len(), 1, "nothing was read");
}

#[tokio::test(start_paused = true)]
async fn g44_an_undeclared_body_is_cut_at_the_limit() {
    assert!(
        upload(None, &[(0, b"01234"), (0, b"56789")])
            .read()
            .await
            .is_ok()
    );
    let long = upload(None, &[(0, b"01234"), (0, b"567890"), (0, b"never read")])
        .read()
        .await;
    assert_eq!(long, Err(Problem::PayloadTooLarge));
}

#[tokio::test(start_paused = true)]
async fn g41_no_progress_is_a_timeout() {
    assert_eq!(
        upload(None, &[(9, b"a"), (9, b"b")])
            .read()
            .await
            .map(|_| ()),
        Err(Problem::RequestTimeout),
        "18 s for 2 bytes"
    );
    assert!(upload(None, &[(9, b"a")]).read().await.is_ok());
    assert_eq!(
        upload(None, &[(11, b"a")]).read().await,
        Err(Problem::RequestTimeout)
    );
}

#[tokio::test(start_paused = true)]
async fn g41_a_drip_is_a_timeout_once_the_first_ten_seconds_are_over() {
    let drip: Vec<(u64, &'static [u8])> = vec![(2, b"a"); 8];
    let started = Instant::now();
    assert_eq!(
        upload(None, &drip).read().await,
        Err(Problem::RequestTimeout)
    );
    assert_eq!(
        started.elapsed().as_secs(),
        12,
        "the first piece after 10 s"
    );
}

#[tokio::test(start_paused = true)]
async fn g12_a_short_rest_is_drained_and_a_long_one_is_not() {
    assert!(upload(Some(5), &[(0, b"01234")]).drain().await);
    assert!(!upload(Some(70_000), &[(0, b"01234")]).drain().await);
    assert!(
        !upload(None, &[(0, b"01234"), (5, b"56789")]).drain().await,
        "too slow"
    );
    assert!(!upload(None, &[(0, &LONG), (0, &LONG)]).drain().await);
}

#[tokio::test(start_paused = true)]
async fn g8_a_client_that_waits_for_100_is_not_asked_for_a_body_nobody_wants() {
    let script = Script {
        steps: VecDeque::from([(Duration::ZERO, &b"abc"[..])]),
        waiting: None,
        declared: Some(3),
    };
    let mut upload = Upload::new(script, LIMITS, true);
    assert!(!upload.drain().await);
    assert_eq!(upload.body.steps.len(), 1);
}

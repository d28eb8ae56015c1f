use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn batch() -> Arc<Completion> {
    Arc::new(Completion::new("orders".into(), 2))
}

fn written(base_offset: i64) -> Outcome {
    Outcome::Written {
        base_offset,
        log_append_ms: None,
    }
}

fn poll(delivery: &mut Delivery, waker: &Arc<Count>) -> Poll<Result<Delivered, SendError>> {
    let waker = Waker::from(waker.clone());
    Pin::new(delivery).poll(&mut Context::from_waker(&waker))
}

#[test]
fn every_record_of_a_batch_learns_its_own_offset() {
    let batch = batch();
    let mut third = Delivery::new(batch.clone(), 2, 1_000);
    assert!(poll(&mut third, &Arc::default()).is_pending());

    assert!(batch.complete(written(40)));

    let Poll::Ready(Ok(delivered)) = poll(&mut third, &Arc::default()) else {
        panic!("not delivered");
    };
    let expected = Delivered {
        partition: 2,
        offset: 42,
        timestamp_ms: 1_000,
    };
    assert_eq!(delivered, expected);
}

#[test]
fn an_unknown_offset_stays_unknown_and_log_append_time_wins() {
    let batch = batch();
    batch.complete(Outcome::Written {
        base_offset: -1,
        log_append_ms: Some(7),
    });
    let Poll::Ready(Ok(delivered)) = poll(&mut Delivery::new(batch, 5, 1_000), &Arc::default())
    else {
        panic!("not delivered");
    };
    assert_eq!((delivered.offset, delivered.timestamp_ms), (-1, 7));
}

#[test]
fn all_who_wait_are_woken_once_and_the_first_outcome_stands() {
    let (batch, count) = (batch(), Arc::new(Count::default()));
    let mut deliveries: Vec<_> = (0..3).map(|i| Delivery::new(batch.clone(), i, 0)).collect();
    for delivery in &mut deliveries {
        assert!(poll(delivery, &count).is_pending());
        assert!(
            poll(delivery, &count).is_pending(),
            "polling twice waits once"
        );
    }

    assert!(batch.complete(written(0)));
    assert!(!batch.complete(written(9)), "a late outcome is ignored");

    assert_eq!(count.0.load(Ordering::SeqCst), 3);
    for (offset, delivery) in (0..).zip(&mut deliveries) {
        assert!(matches!(poll(delivery, &count), Poll::Ready(Ok(d)) if d.offset == offset));
    }
}

#[test]
fn who_stops_waiting_is_not_woken_and_leaves_nothing_behind() {
    let (batch, count) = (batch(), Arc::new(Count::default()));
    let mut delivery = Delivery::new(batch.clone(), 0, 0);
    assert!(poll(&mut delivery, &count).is_pending());
    drop(delivery);

    assert!(batch.waiting().is_empty());
    batch.complete(written(0));
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&count), 1, "no waker leaked");
}

#[test]
fn blamed_records_fail_for_themselves_and_their_neighbours_otherwise() {
    let batch = batch();
    batch.complete(Outcome::Failed(Box::new(Failure {
        kind: SendErrorKind::Refused,
        possibly_written: false,
        cause: None,
        blamed: vec![(1, Some("no key".into()))],
    })));
    let kind = |index| match poll(&mut Delivery::new(batch.clone(), index, 0), &Arc::default()) {
        Poll::Ready(Err(error)) => error.kind,
        other => panic!("not failed: {other:?}"),
    };
    assert_eq!(kind(0), SendErrorKind::NeighbourRefused);
    assert_eq!(
        kind(1),
        SendErrorKind::RecordRefused {
            message: Some("no key".into())
        }
    );
}

#[tokio::test]
async fn waiting_for_a_batch_ends_with_it() {
    let batch = batch();
    let waiting = tokio::spawn({
        let batch = batch.clone();
        async move { batch.done().await }
    });
    tokio::task::yield_now().await;
    batch.complete(written(0));
    tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap()
        .unwrap();
}

#[test]
fn a_handle_is_small() {
    assert!(size_of::<Delivery>() <= 32, "{}", size_of::<Delivery>());
}

/// Splits a batch before record `at`.
fn split(whole: &Completion, at: u32) -> (Arc<Completion>, Arc<Completion>) {
    let (first, second) = (batch(), batch());
    assert!(whole.complete(Outcome::Split(Parts {
        first: first.clone(),
        second: second.clone(),
        at,
    })));
    (first, second)
}

#[test]
fn deliveries_follow_their_records_into_the_parts_of_parts() {
    let whole = batch();
    let waker = Arc::<Count>::default();
    let mut deliveries: Vec<_> = (0..6)
        .map(|index| Delivery::new(whole.clone(), index, 0))
        .collect();
    for delivery in &mut deliveries {
        assert!(poll(delivery, &waker).is_pending());
    }
    let (first, second) = split(&whole, 4);
    assert_eq!(waker.0.load(Ordering::SeqCst), 6, "all look where they are");
    for delivery in deliveries.iter_mut().step_by(2) {
        assert!(!delivery.is_done() && poll(delivery, &waker).is_pending());
    }
    let (third, fourth) = split(&first, 1);
    for (part, base) in [(third, 10), (fourth, 20), (second, 30)] {
        part.complete(written(base));
    }
    let offsets = deliveries.iter_mut().map(|delivery| {
        assert!(delivery.is_done());
        match poll(delivery, &waker) {
            Poll::Ready(Ok(delivered)) => delivered.offset,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(offsets.collect::<Vec<_>>(), [10, 20, 21, 22, 30, 31]);
}

#[test]
fn whoever_waits_for_a_batch_waits_for_all_its_parts() {
    let whole = batch();
    let mut done = Box::pin(whole.done());
    let mut is_done = || {
        let mut context = Context::from_waker(Waker::noop());
        done.as_mut().poll(&mut context).is_ready()
    };
    assert!(!is_done());
    let (first, second) = split(&whole, 4);
    assert!(!is_done());
    second.complete(written(0));
    assert!(!is_done());
    let (third, fourth) = split(&first, 1);
    third.complete(written(0));
    assert!(!is_done());
    fourth.complete(Outcome::Failed(Box::new(Failure {
        kind: SendErrorKind::Aborted,
        possibly_written: false,
        cause: None,
        blamed: Vec::new(),
    })));
    assert!(is_done());
    let failure = whole.failure().map(|error| error.kind);
    assert_eq!(failure, Some(SendErrorKind::Aborted));
}

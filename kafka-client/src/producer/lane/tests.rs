use kafka_wire::records::ProducerStamp;

use super::*;
use crate::producer::idempotence::{Place, Trace};
use crate::producer::send_error::SendErrorKind;

const RULES: Rules = Rules {
    batch_size: 1000,
    batch_records: u32::MAX,
    compression: Compression::None,
    linger: Duration::from_millis(5),
    delivery_timeout: Duration::from_secs(10),
    idempotent: true,
    transactional: false,
    window: 5,
};
const WHO: Identity = Identity { id: 7, epoch: 0 };
const NODE: i32 = 1;
const NOW: Duration = Duration::ZERO;

/// A lane, its memory and a clock that stands still until told otherwise.
struct Bench {
    lane: Lane,
    memory: Memory,
    now: Instant,
}

fn bench(rules: Rules) -> Bench {
    let now = Instant::now();
    Bench {
        lane: Lane::new(rules, "orders".into(), 0, now),
        memory: Memory::new(1 << 20),
        now,
    }
}

impl Bench {
    fn record(&mut self, value: &[u8]) -> (Arc<Completion>, u32) {
        let record = NewRecord {
            value: Some(value),
            ..NewRecord::default()
        };
        let size = kafka_wire::records::BatchBuilder::size_of(&record);
        if let Some(taken) = self.lane.append(record, size, &self.memory) {
            return taken;
        }
        let buffer = self.memory.buffer(self.lane.wanted_capacity(size)).unwrap();
        self.lane.start(buffer, self.now);
        self.lane.append(record, size, &self.memory).unwrap()
    }

    /// Makes `count` batches ready, of two records each.
    fn batches(&mut self, count: usize) -> Vec<Arc<Completion>> {
        let batch = |_| {
            let (completion, _) = self.record(b"first");
            self.record(b"second");
            self.lane.flush();
            completion
        };
        (0..count).map(batch).collect()
    }

    fn try_take(&mut self, node: i32) -> Take {
        self.lane.take(node, self.now, Patience::Linger, Some(WHO))
    }

    fn take(&mut self) -> Batch {
        match self.try_take(NODE) {
            Take::Batch(batch) => batch,
            other => panic!("no batch: {other:?}"),
        }
    }

    fn takes_nothing(&mut self) {
        assert!(matches!(self.try_take(NODE), Take::Nothing));
    }

    /// The first batch is written, so that from now on five may be in flight.
    fn confirmed(rules: Rules) -> Self {
        let mut bench = bench(rules);
        bench.batches(1);
        let mut batch = bench.take();
        bench.written(&mut batch);
        bench
    }

    fn written(&mut self, batch: &mut Batch) {
        self.lane.written(batch);
        batch.on_its_way = false;
    }

    fn again(&mut self, batch: Batch, trace: Trace, wait: Duration) {
        assert!(self.lane.again(batch, trace, wait, self.now).is_none());
    }

    fn is_ready(&mut self) -> bool {
        self.lane.survey(self.now, Patience::Linger).is_ready
    }
}

fn stamp(batch: &Batch) -> (i16, i32) {
    let ProducerStamp {
        epoch,
        base_sequence,
        ..
    } = batch.stamp.unwrap();
    (epoch, base_sequence)
}

#[test]
fn records_share_a_batch_until_it_is_full() {
    let mut bench = bench(RULES);
    let (first, index) = bench.record(&[0; 400]);
    assert_eq!(index, 0);
    let (second, index) = bench.record(&[0; 400]);
    assert_eq!(index, 1);
    let (third, index) = bench.record(&[0; 400]);
    assert_eq!(index, 0);
    assert!(Arc::ptr_eq(&first, &second) && !Arc::ptr_eq(&first, &third));
    assert_eq!(bench.lane.ready_count(), 1);
}

#[test]
fn a_record_beyond_the_batch_size_has_a_batch_of_its_own() {
    let mut bench = bench(RULES);
    bench.record(&[0; 5000]);
    assert_eq!(bench.lane.ready_count(), 1, "and that is full");
    let (_, index) = bench.record(b"small");
    assert_eq!(index, 0);
}

#[test]
fn a_batch_is_full_at_its_number_of_records() {
    let mut bench = bench(Rules {
        batch_records: 2,
        ..RULES
    });
    bench.record(b"a");
    assert_eq!(bench.lane.ready_count(), 0);
    bench.record(b"b");
    assert_eq!(bench.lane.ready_count(), 1);
    assert!(bench.is_ready());
}

#[test]
fn a_batch_lingers_and_not_longer() {
    let mut bench = bench(RULES);
    bench.record(b"a");
    let survey = bench.lane.survey(bench.now, Patience::Linger);
    assert!(!survey.is_ready);
    assert_eq!(survey.next, Some(bench.now + RULES.linger));
    bench.takes_nothing();
    assert!(bench.lane.survey(bench.now, Patience::None).is_ready);

    bench.now += RULES.linger;
    assert!(bench.is_ready());
    bench.take();
}

#[test]
fn the_buffer_of_a_batch_is_as_large_as_the_last_one_needed() {
    let mut bench = bench(RULES);
    assert_eq!(bench.lane.wanted_capacity(30), 500.max(RULES.batch_size));
    bench.record(&[0; 300]);
    bench.lane.flush();
    assert_eq!(bench.lane.wanted_capacity(30), 1000);
    assert_eq!(bench.lane.wanted_capacity(2000), 2061);
}

#[test]
fn memory_is_paid_for_before_a_batch_grows() {
    let mut bench = bench(Rules {
        batch_size: 16 << 10,
        ..RULES
    });
    bench.memory = Memory::new(2000);
    for _ in 0..20 {
        let record = NewRecord {
            value: Some(&[0; 100]),
            ..NewRecord::default()
        };
        let size = kafka_wire::records::BatchBuilder::size_of(&record);
        if bench.lane.append(record, size, &bench.memory).is_none() {
            let Some(buffer) = bench.memory.buffer(bench.lane.wanted_capacity(size)) else {
                break;
            };
            bench.lane.start(buffer, bench.now);
        }
    }
    assert!(bench.memory.used() <= 2000);
    assert!(
        bench.lane.ready_count() > 0,
        "a batch that cannot grow is sent"
    );
}

#[test]
fn five_are_in_flight_once_the_broker_knows_the_producer() {
    let mut fresh = bench(RULES);
    fresh.batches(3);
    fresh.take();
    fresh.takes_nothing();

    let mut bench = Bench::confirmed(RULES);
    bench.batches(7);
    let stamps: Vec<_> = (0..5).map(|_| stamp(&bench.take())).collect();
    assert_eq!(stamps, [(0, 2), (0, 4), (0, 6), (0, 8), (0, 10)]);
    bench.takes_nothing();
}

#[test]
fn without_idempotence_one_is_in_flight_and_has_no_numbers() {
    let mut bench = bench(Rules {
        idempotent: false,
        window: 1,
        ..RULES
    });
    bench.batches(2);
    let mut first = bench.take();
    assert!(first.stamp.is_none());
    assert_eq!(bench.lane.place(&first), Place::Unnumbered);
    bench.takes_nothing();
    bench.written(&mut first);
    bench.take();
}

#[test]
fn nothing_overtakes_a_batch_that_is_repeated() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(4);
    let (first, mut second) = (bench.take(), bench.take());
    bench.again(first, Trace::Possible, NOW);
    bench.takes_nothing();

    bench.written(&mut second);
    let mut first = bench.take();
    assert_eq!((stamp(&first), first.attempts), ((0, 2), 2));
    bench.takes_nothing();

    bench.written(&mut first);
    assert_eq!(stamp(&bench.take()), (0, 6));
    assert_eq!(stamp(&bench.take()), (0, 8));
}

#[test]
fn repeated_batches_come_back_in_their_old_order_whatever_order_they_failed_in() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(3);
    let taken = [bench.take(), bench.take(), bench.take()];
    for batch in taken.into_iter().rev() {
        bench.again(batch, Trace::Possible, NOW);
    }
    for sequence in [2, 4, 6] {
        let mut batch = bench.take();
        assert_eq!(stamp(&batch), (0, sequence));
        bench.takes_nothing();
        bench.written(&mut batch);
    }
}

#[test]
fn a_retry_waits_for_its_backoff() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(1);
    let batch = bench.take();
    let wait = Duration::from_millis(100);
    bench.again(batch, Trace::None, wait);
    let survey = bench.lane.survey(bench.now, Patience::None);
    assert_eq!(
        (survey.is_ready, survey.next),
        (false, Some(bench.now + wait))
    );
    bench.now += wait;
    assert!(bench.is_ready());
}

#[test]
fn a_new_leader_ends_the_backoff_but_gets_nothing_while_the_old_one_has_a_batch() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(2);
    let (first, second) = (bench.take(), bench.take());
    bench.again(first, Trace::Possible, Duration::from_millis(100));
    bench.lane.moved();
    assert!(matches!(bench.try_take(2), Take::Nothing));
    bench.again(second, Trace::Possible, NOW);
    assert!(matches!(bench.try_take(2), Take::Batch(batch) if stamp(&batch) == (0, 2)));
}

#[test]
fn only_the_oldest_unsettled_batch_is_the_head() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(3);
    let (mut first, second) = (bench.take(), bench.take());
    assert_eq!(bench.lane.place(&first), Place::Head);
    assert_eq!(bench.lane.place(&second), Place::Behind);
    bench.written(&mut first);
    assert_eq!(bench.lane.place(&second), Place::Head);
    bench.again(second, Trace::None, NOW);
    let second = bench.take();
    assert_eq!(bench.lane.place(&second), Place::Head);
}

#[test]
fn a_gap_at_the_head_renumbers_all_in_order_under_the_next_epoch() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(4);
    let (first, second) = (bench.take(), bench.take());
    bench.lane.renumber(&first);
    bench.again(first, Trace::None, NOW);
    bench.takes_nothing();
    bench.again(second, Trace::None, NOW);

    let mut first = bench.take();
    assert_eq!(stamp(&first), (1, 0));
    bench.takes_nothing();
    bench.written(&mut first);
    let mut second = bench.take();
    assert_eq!(stamp(&second), (1, 2));
    bench.written(&mut second);
    assert_eq!(stamp(&bench.take()), (1, 4));
    assert_eq!(stamp(&bench.take()), (1, 6));
}

#[test]
fn numbers_of_a_batch_that_is_certainly_not_written_are_a_gap() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(3);
    let (mut first, second) = (bench.take(), bench.take());
    bench.lane.failed(&mut first, Trace::None);
    bench.takes_nothing();
    bench.again(second, Trace::None, NOW);
    assert_eq!(stamp(&bench.take()), (1, 0), "the second starts anew");
}

#[test]
fn numbers_of_a_batch_that_may_be_written_are_kept_and_the_next_answer_decides() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(2);
    let mut first = bench.take();
    bench.lane.failed(&mut first, Trace::Possible);
    assert!(first.maybe_written);
    let second = bench.take();
    assert_eq!(stamp(&second), (0, 4));
    assert_eq!(bench.lane.place(&second), Place::Head);
}

#[test]
fn batches_before_a_gap_keep_their_numbers() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(3);
    let (first, mut second, third) = (bench.take(), bench.take(), bench.take());
    bench.again(first, Trace::Possible, NOW);
    bench.lane.failed(&mut second, Trace::None);
    bench.again(third, Trace::None, NOW);

    let mut first = bench.take();
    assert_eq!(stamp(&first), (0, 2), "it may be written under these");
    bench.written(&mut first);
    assert_eq!(stamp(&bench.take()), (1, 0));
}

#[test]
fn without_epochs_left_another_identity_is_asked_for() {
    let last = Identity {
        id: 7,
        epoch: i16::MAX,
    };
    let mut bench = bench(RULES);
    bench.batches(1);
    assert!(matches!(
        bench.lane.take(NODE, bench.now, Patience::None, None),
        Take::Identity(None)
    ));
    let Take::Batch(batch) = bench.lane.take(NODE, bench.now, Patience::None, Some(last)) else {
        panic!("no batch");
    };
    bench.lane.renumber(&batch);
    bench.again(batch, Trace::None, NOW);
    assert!(matches!(
        bench.lane.take(NODE, bench.now, Patience::None, Some(last)),
        Take::Identity(Some(used)) if used == last
    ));
    let fresh = Identity { id: 8, epoch: 0 };
    let Take::Batch(batch) = bench
        .lane
        .take(NODE, bench.now, Patience::None, Some(fresh))
    else {
        panic!("no batch");
    };
    assert_eq!(batch.stamp.unwrap().id, 8);
}

#[test]
fn waiting_batches_expire_at_their_deadline_and_not_before() {
    let mut bench = bench(RULES);
    bench.batches(1);
    bench.now += RULES
        .delivery_timeout
        .checked_sub(Duration::from_millis(1))
        .unwrap();
    assert!(
        bench
            .lane
            .survey(bench.now, Patience::Linger)
            .expired
            .is_empty()
    );
    bench.now += Duration::from_millis(1);
    let survey = bench.lane.survey(bench.now, Patience::Linger);
    assert_eq!((survey.expired.len(), survey.is_ready), (1, false));
    assert!(bench.lane.is_idle());
}

#[test]
fn a_batch_in_flight_expires_for_its_waiters_and_its_late_answer_changes_nothing() {
    let mut bench = Bench::confirmed(RULES);
    let completions = bench.batches(2);
    let first = bench.take();
    bench.now += RULES.delivery_timeout;
    let expired = bench.lane.survey(bench.now, Patience::Linger).expired;
    assert_eq!(expired.len(), 1, "the second, which was not sent");
    assert!(completions[0].is_done());
    assert!(!bench.lane.is_idle(), "a socket may still hold its bytes");

    let rest = bench
        .lane
        .again(first, Trace::Possible, NOW, bench.now)
        .expect("nobody waits for it any more");
    assert!(rest.maybe_written && bench.lane.is_idle());
}

#[test]
fn an_answer_wakes_the_lane_up_and_only_then_a_full_window_is_looked_at_again() {
    let mut bench = bench(RULES);
    bench.batches(2);
    let mut first = bench.take();
    let survey = bench.lane.survey(bench.now, Patience::None);
    assert!(!survey.is_ready);
    assert_eq!(survey.next, Some(bench.now + RULES.delivery_timeout));
    bench.written(&mut first);
    assert!(bench.is_ready());
}

#[test]
fn a_closed_lane_gives_up_what_it_has() {
    let mut bench = bench(RULES);
    let completions = bench.batches(1);
    let (open, _) = bench.record(b"open");
    assert_eq!(bench.lane.close().len(), 2);
    assert!(bench.lane.is_closed() && bench.lane.is_idle());
    assert!(
        completions[0].is_done() && open.is_done(),
        "dropped batches fail"
    );
}

#[test]
fn a_batch_sealed_again_under_other_numbers_carries_them() {
    use kafka_wire::records::{Codecs, Compression, CrcCheck, RecordBatch};
    let mut bench = Bench::confirmed(RULES);
    bench.batches(1);
    let mut codecs = Codecs::default();
    let mut batch = bench.take();
    let header = |batch: &mut Batch, codecs: &mut Codecs| {
        let bytes = batch.seal(Compression::None, false, codecs).unwrap();
        *RecordBatch::parse(&bytes, CrcCheck::Verify)
            .unwrap()
            .unwrap()
            .header()
    };
    let before = header(&mut batch, &mut codecs);
    assert_eq!(
        (
            before.producer_id,
            before.producer_epoch,
            before.base_sequence
        ),
        (7, 0, 2)
    );
    assert_eq!(header(&mut batch, &mut codecs), before);

    bench.lane.renumber(&batch);
    bench.again(batch, Trace::None, NOW);
    let after = header(&mut bench.take(), &mut codecs);
    assert_eq!(
        (after.producer_id, after.producer_epoch, after.base_sequence),
        (7, 1, 0)
    );
    assert_eq!(after.record_count, 2);
}

#[test]
fn what_is_ready_needs_no_alarm_but_its_deadline() {
    let mut bench = bench(RULES);
    bench.record(b"a");
    bench.now += RULES.linger;
    let survey = bench.lane.survey(bench.now, Patience::Linger);
    assert!(survey.is_ready);
    assert!(survey.next.unwrap() > bench.now);

    let batch = bench.take();
    bench.again(batch, Trace::None, Duration::from_millis(1));
    bench.now += Duration::from_millis(1);
    let survey = bench.lane.survey(bench.now, Patience::Linger);
    assert!(survey.is_ready);
    assert!(survey.next.unwrap() > bench.now);
}

fn split(bench: &mut Bench, mut batch: Batch) {
    batch
        .seal(
            Compression::None,
            false,
            &mut kafka_wire::records::Codecs::default(),
        )
        .unwrap();
    let halves = batch
        .split(&bench.memory, &mut kafka_wire::records::Codecs::default())
        .unwrap();
    bench.lane.split(halves, bench.now);
}

#[test]
fn halves_take_the_place_and_the_numbers_of_the_whole_and_those_behind_keep_theirs() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(3);
    let (first, second) = (bench.take(), bench.take());
    split(&mut bench, first);
    assert_eq!(bench.lane.place(&second), Place::Behind);
    let mut second = second;
    second.attempts -= 1;
    bench.again(second, Trace::None, NOW);

    let stamps: Vec<_> = (0..4)
        .map(|_| {
            let batch = bench.take();
            (stamp(&batch), batch.records)
        })
        .collect();
    let expected = [((0, 2), 1), ((0, 3), 1), ((0, 4), 2), ((0, 6), 2)];
    assert_eq!(stamps, expected);
}

#[test]
fn a_half_that_is_refused_again_holds_up_the_other() {
    let mut bench = Bench::confirmed(RULES);
    for _ in 0..4 {
        bench.record(b"value");
    }
    bench.lane.flush();
    let whole = bench.take();
    split(&mut bench, whole);
    let (first, mut second) = (bench.take(), bench.take());
    split(&mut bench, first);
    assert_eq!(bench.lane.place(&second), Place::Behind);
    second.attempts -= 1;
    bench.again(second, Trace::None, NOW);
    let stamps: Vec<_> = (0..3).map(|_| stamp(&bench.take())).collect();
    assert_eq!(stamps, [(0, 2), (0, 3), (0, 4)]);
}

#[test]
fn halves_are_numbered_anew_with_all_that_follow_if_something_before_them_is_lost() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(2);
    let (mut first, second) = (bench.take(), bench.take());
    bench.lane.failed(&mut first, Trace::None);
    split(&mut bench, second);
    let mut half = bench.take();
    assert_eq!((stamp(&half), half.records), ((1, 0), 1));
    bench.takes_nothing();
    bench.written(&mut half);
    assert_eq!(stamp(&bench.take()), (1, 1));
}

#[test]
fn after_a_split_batches_are_as_small_as_the_halves_for_ten_minutes() {
    /// The first batch of ten records.
    fn first(bench: &mut Bench) -> Batch {
        for _ in 0..10 {
            bench.record(&[0; 80]);
        }
        bench.lane.flush();
        bench.take()
    }
    let mut bench = Bench::confirmed(RULES);
    let whole = first(&mut bench);
    assert_eq!(whole.records, 10);
    split(&mut bench, whole);
    for _ in 0..2 {
        let mut half = bench.take();
        assert_eq!(half.records, 5);
        bench.written(&mut half);
    }
    let mut rest = 10;
    let mut small = first(&mut bench);
    while rest > 0 {
        assert!((4..=5).contains(&small.records) || small.records == rest);
        rest -= small.records;
        bench.written(&mut small);
        if rest > 0 {
            small = bench.take();
        }
    }
    bench.now += Duration::from_mins(10);
    assert_eq!(first(&mut bench).records, 10);
}

#[test]
fn a_record_alone_is_not_split_and_the_limit_is_told_as_far_as_it_is_known() {
    let mut bench = bench(RULES);
    let mut alone = |value: &[u8]| {
        bench.record(value);
        bench.lane.flush();
        let mut batch = bench.take();
        let kind = bench.lane.oversize(&batch);
        bench.written(&mut batch);
        (kind, batch.len())
    };
    let told = |size, written| Some(SendErrorKind::TooLargeForTopic { size, written });
    let (kind, small) = alone(&[0; 10]);
    assert_eq!(kind, told(small, None));
    let (kind, large) = alone(&[0; 500]);
    assert_eq!(kind, told(large, Some(small)));
    let (kind, smaller) = alone(&[0; 200]);
    assert_eq!(kind, told(smaller, None), "the limit has been lowered");
}

#[test]
fn what_may_have_been_overtaken_is_not_split() {
    let plain = Rules {
        idempotent: false,
        ..RULES
    };
    for (window, expected) in [(1, None), (5, Some(SendErrorKind::Refused))] {
        let mut bench = bench(Rules { window, ..plain });
        bench.batches(1);
        let batch = bench.take();
        assert_eq!(bench.lane.oversize(&batch), expected);
    }
}

#[test]
fn a_part_of_what_may_be_written_is_a_fragment_once_it_is_the_oldest() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(1);
    let mut whole = bench.take();
    whole.maybe_written = true;
    split(&mut bench, whole);
    let (mut first, second) = (bench.take(), bench.take());
    assert_eq!(bench.lane.place(&first), Place::Unresolved);
    assert_eq!(bench.lane.place(&second), Place::Behind);
    bench.lane.failed(&mut first, Trace::Possible);
    assert_eq!(bench.lane.place(&second), Place::Unresolved);
}

#[test]
fn what_may_linger_behind_something_unresolved_is_not_sent_under_new_numbers() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(4);
    let (mut first, second, third) = (bench.take(), bench.take(), bench.take());
    // A connection breaks; copies of the first two are on their way still.
    bench.lane.failed(&mut first, Trace::Possible);
    bench.again(second, Trace::Possible, NOW);
    bench.again(third, Trace::None, NOW);
    let mut second = bench.take();
    assert_eq!(bench.lane.place(&second), Place::Unresolved);
    bench.lane.failed(&mut second, Trace::Possible);
    // Nothing of the third can linger.
    let third = bench.take();
    assert_eq!(bench.lane.place(&third), Place::Head);
}

#[test]
fn a_batch_that_is_written_resolves_those_before_it_and_no_others() {
    let mut bench = Bench::confirmed(RULES);
    bench.batches(4);
    let mut batches = [(); 4].map(|()| bench.take());
    let [first, second, third, fourth] = &mut batches;
    bench.lane.failed(second, Trace::Possible);
    bench.written(first);
    fourth.maybe_written = true;
    bench.written(third);
    assert_eq!(bench.lane.place(fourth), Place::Head);

    let mut bench = Bench::confirmed(RULES);
    bench.batches(3);
    let mut batches = [(); 3].map(|()| bench.take());
    let [first, second, third] = &mut batches;
    bench.lane.failed(second, Trace::Possible);
    bench.written(first);
    third.maybe_written = true;
    assert_eq!(bench.lane.place(third), Place::Unresolved);
}

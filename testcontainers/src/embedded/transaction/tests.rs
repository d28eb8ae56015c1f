use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);
const PARTITION: Participant = Participant::Partition(Uuid::ZERO, 0);
const FENCED: ErrorCode = ErrorCode::PRODUCER_FENCED;
const BAD_STATE: ErrorCode = ErrorCode::INVALID_TXN_STATE;

/// A transactional id whose producer ids are 1, 2, ….
struct Scene {
    transaction: Transaction,
    next_id: i64,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Self {
            transaction: Transaction::new(1),
            next_id: 2,
            now: Instant::now(),
        }
    }

    fn init(&mut self, known: Option<Writer>) -> Result<Init, ErrorCode> {
        let id = self.next_id;
        self.next_id += 1;
        self.transaction.init(known, TIMEOUT, || id)
    }

    /// Registers; nothing was open.
    fn ready(&mut self) -> Writer {
        match self.init(None) {
            Ok(Init::Ready(writer)) => writer,
            other => panic!("{other:?}"),
        }
    }

    fn add(&mut self, writer: Writer) -> Result<(), ErrorCode> {
        self.transaction.add(writer, [PARTITION], self.now)
    }

    fn end(
        &mut self,
        writer: Writer,
        end: End,
        protocol: Protocol,
    ) -> Result<(Writer, Option<Ending>), ErrorCode> {
        let id = self.next_id;
        self.next_id += 1;
        self.transaction.end(writer, end, protocol, || id)
    }

    /// The epoch is the next to last.
    fn wear_out(&mut self) -> Writer {
        self.transaction.writer.epoch = i16::MAX - 1;
        self.transaction.writer
    }
}

fn writer(id: i64, epoch: i16) -> Writer {
    Writer { id, epoch }
}

fn ending(end: End, writer: Writer) -> Ending {
    Ending {
        end,
        writer,
        participants: [PARTITION].into(),
    }
}

#[test]
fn each_producer_fences_the_one_before() {
    let mut scene = Scene::new();
    let first = scene.ready();
    assert_eq!(first, writer(1, 0));
    let second = scene.ready();
    assert_eq!(second, writer(1, 1));
    assert_eq!(scene.add(first), Err(FENCED));
    assert_eq!(scene.add(second), Ok(()));
    let stranger = scene.add(writer(9, 1));
    assert_eq!(stranger, Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING));
}

#[test]
fn in_v1_the_epoch_stays() {
    let mut scene = Scene::new();
    let first = scene.ready();
    for end in [End::Commit, End::Abort] {
        scene.add(first).unwrap();
        let ended = scene.end(first, end, Protocol::V1);
        assert_eq!(ended, Ok((first, Some(ending(end, first)))));
        let again = scene.end(first, end, Protocol::V1);
        assert_eq!(again, Ok((first, None)), "the answer was lost");
    }
    let other = scene.end(first, End::Commit, Protocol::V1);
    assert_eq!(other, Err(BAD_STATE));
}

#[test]
fn in_v2_each_end_brings_the_next_epoch() {
    let mut scene = Scene::new();
    let first = scene.ready();
    let second = writer(1, 1);
    scene.add(first).unwrap();
    let ended = scene.end(first, End::Commit, Protocol::V2);
    assert_eq!(ended, Ok((second, Some(ending(End::Commit, second)))));
    let again = scene.end(first, End::Commit, Protocol::V2);
    assert_eq!(again, Ok((second, None)), "the answer was lost");
    let other = scene.end(first, End::Abort, Protocol::V2);
    assert_eq!(other, Err(BAD_STATE), "it is committed");
    assert_eq!(scene.add(first), Err(FENCED));
    assert_eq!(scene.add(second), Ok(()));
    let old = scene.end(first, End::Commit, Protocol::V2);
    assert_eq!(old, Err(FENCED), "another transaction is open");
}

#[test]
fn in_v2_nothing_can_be_aborted_but_not_committed() {
    let mut scene = Scene::new();
    let first = scene.ready();
    let refused = scene.end(first, End::Commit, Protocol::V2);
    assert_eq!(refused, Err(BAD_STATE));
    let (next, ending) = scene.end(first, End::Abort, Protocol::V2).unwrap();
    assert_eq!(next, writer(1, 1));
    assert!(ending.unwrap().participants.is_empty());
}

#[test]
fn an_open_transaction_is_aborted_before_its_id_is_given_away() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let mut scene = Scene::new();
        let first = scene.ready();
        scene.add(first).unwrap();
        let aborted = Init::Abort(ending(End::Abort, writer(1, 1)));
        assert_eq!(scene.init(None), Ok(aborted));
        assert_eq!(scene.ready(), writer(1, 2));
        let late = scene.end(first, End::Commit, protocol);
        assert_eq!(late, Err(FENCED));
    }
}

#[test]
fn a_producer_may_go_on_with_the_next_epoch_and_ask_again() {
    let mut scene = Scene::new();
    let first = scene.ready();
    let second = Ok(Init::Ready(writer(1, 1)));
    assert_eq!(scene.init(Some(first)), second);
    assert_eq!(scene.init(Some(first)), second, "the answer was lost");
    assert_eq!(scene.ready(), writer(1, 2), "somebody else");
    assert_eq!(scene.init(Some(first)), Err(FENCED));
    assert_eq!(scene.init(Some(writer(5, 2))), Err(FENCED));
}

#[test]
fn what_is_open_for_too_long_is_aborted_and_its_producer_fenced() {
    let mut scene = Scene::new();
    let first = scene.ready();
    scene.add(first).unwrap();
    let deadline = scene.now + TIMEOUT;
    assert_eq!(scene.transaction.deadline(), Some(deadline));
    let just_before = deadline - Duration::from_millis(1);
    assert_eq!(scene.transaction.on_time(just_before), None);
    let second = writer(1, 1);
    let aborted = Some(ending(End::Abort, second));
    assert_eq!(scene.transaction.on_time(deadline), aborted);
    assert_eq!(scene.transaction.deadline(), None);
    let late = scene.end(first, End::Commit, Protocol::V1);
    assert_eq!(late, Err(FENCED));
    // As if it had been the producer's own abort.
    let late = scene.end(first, End::Commit, Protocol::V2);
    assert_eq!(late, Err(BAD_STATE));
    let late = scene.end(first, End::Abort, Protocol::V2);
    assert_eq!(late, Ok((second, None)));
}

#[test]
fn only_what_was_added_is_verified() {
    let mut scene = Scene::new();
    let first = scene.ready();
    let absent = Err(ErrorCode::TRANSACTION_ABORTABLE);
    assert_eq!(scene.transaction.verify(first, PARTITION), absent);
    scene.add(first).unwrap();
    assert_eq!(scene.transaction.verify(first, PARTITION), Ok(()));
    let other = scene.transaction.verify(first, Participant::Offsets(0));
    assert_eq!(other, absent);
    scene.end(first, End::Commit, Protocol::V1).unwrap();
    assert_eq!(scene.transaction.verify(first, PARTITION), absent);
}

#[test]
fn where_epochs_end_another_id_begins() {
    let mut scene = Scene::new();
    scene.ready();
    let last = scene.wear_out();
    let next = scene.ready();
    assert_eq!(next.epoch, 0);
    assert_ne!(next.id, last.id);

    let mut scene = Scene::new();
    scene.ready();
    let last = scene.wear_out();
    scene.add(last).unwrap();
    let (next, marked) = scene.end(last, End::Commit, Protocol::V2).unwrap();
    assert_eq!(marked.unwrap().writer, writer(1, i16::MAX));
    assert_eq!(next.epoch, 0);
    let again = scene.end(last, End::Commit, Protocol::V2);
    assert_eq!(again, Ok((next, None)), "the answer was lost");
}

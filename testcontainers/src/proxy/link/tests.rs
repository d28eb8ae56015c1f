use super::super::lane::Action;
use super::*;

const PRODUCE: i16 = 0;
const FETCH: i16 = 1;

/// A connection and what came out of it so far.
struct Wire {
    link: Link,
    now: Instant,
    up: Vec<u8>,
    down: Vec<u8>,
    is_reset: bool,
}

impl Wire {
    fn under(plan: &Arc<Armed>) -> Self {
        let now = Instant::now();
        Self {
            link: Link::new(Arc::clone(plan), now),
            now,
            up: Vec::new(),
            down: Vec::new(),
            is_reset: false,
        }
    }

    fn set(&mut self, plan: Plan) {
        self.link.set(Arc::new(Armed::new(plan)), self.now);
        self.drain();
    }

    /// Feeds bytes in pieces of `size`.
    fn feed(&mut self, direction: Direction, bytes: &[u8], size: usize) {
        for piece in bytes.chunks(size) {
            self.link
                .push(direction, Bytes::copy_from_slice(piece), self.now);
            self.drain();
        }
    }

    fn drain(&mut self) {
        let (up, down) = self.link.lanes();
        for (lane, out) in [(up, &mut self.up), (down, &mut self.down)] {
            while lane.due().is_some() {
                match lane.front().unwrap() {
                    Action::Pass(bytes) => {
                        let bytes = bytes.split_to(bytes.len());
                        lane.passed(bytes.len());
                        out.extend(bytes);
                    }
                    Action::Finish => lane.finished(),
                    Action::Reset => {
                        self.is_reset = true;
                        break;
                    }
                }
            }
        }
    }
}

fn armed(plan: Plan) -> Arc<Armed> {
    Arc::new(Armed::new(plan))
}

fn on_api(key: i16, nth: u32, direction: Direction) -> Trigger {
    Trigger::OnApi {
        key,
        nth,
        direction,
    }
}

fn request(key: i16, correlation_id: i32) -> Vec<u8> {
    let mut frame = b"\0\0\0\x0c".to_vec();
    frame.extend(key.to_be_bytes());
    frame.extend(b"\0\x09");
    frame.extend(correlation_id.to_be_bytes());
    frame.extend(b"body");
    frame
}

fn answer(correlation_id: i32) -> Vec<u8> {
    let mut frame = b"\0\0\0\x08".to_vec();
    frame.extend(correlation_id.to_be_bytes());
    frame.extend(b"body");
    frame
}

fn is_taken(plan: &Armed) -> bool {
    *plan.taken.borrow()
}

#[test]
fn a_plan_for_now_is_in_force_from_the_first_byte() {
    let plan = armed(Plan::up(Fault::Blackhole));
    let mut wire = Wire::under(&plan);
    assert!(is_taken(&plan));
    wire.feed(Direction::Up, b"lost in space", 5);
    wire.feed(Direction::Down, b"passes", 5);
    assert_eq!(
        (wire.up.as_slice(), wire.down.as_slice()),
        (b"".as_slice(), b"passes".as_slice())
    );
    wire.set(Plan::default());
    assert_eq!(wire.up, b"lost in space");
}

#[test]
fn the_nth_answer_of_an_api_is_cut_at_its_byte_however_the_stream_is_cut() {
    for size in 1..20 {
        let plan = armed(Plan::down(Fault::ResetAfter(5)).on(on_api(PRODUCE, 2, Direction::Down)));
        let mut wire = Wire::under(&plan);
        for (id, key) in [PRODUCE, FETCH, PRODUCE, PRODUCE].into_iter().enumerate() {
            wire.feed(
                Direction::Up,
                &request(key, i32::try_from(id).unwrap()),
                size,
            );
        }
        let mut passing = answer(0);
        passing.extend(answer(1));
        wire.feed(Direction::Down, &passing, size);
        assert!(!is_taken(&plan) && !wire.is_reset);
        assert_eq!(wire.down, passing);

        let third = answer(2);
        wire.feed(Direction::Down, &third, size);
        assert!(is_taken(&plan) && wire.is_reset);
        passing.extend(&third[..5]);
        assert_eq!(wire.down, passing, "five bytes of it in pieces of {size}");
    }
}

#[test]
fn the_nth_request_of_an_api_is_held_with_its_head() {
    for size in 1..20 {
        let plan = armed(Plan::up(Fault::Blackhole).on(on_api(FETCH, 1, Direction::Up)));
        let mut wire = Wire::under(&plan);
        wire.feed(Direction::Up, &request(PRODUCE, 0), size);
        wire.feed(Direction::Up, &request(FETCH, 1), size);
        assert_eq!(wire.up, request(PRODUCE, 0), "in pieces of {size}");

        wire.set(Plan::default());
        let mut all = request(PRODUCE, 0);
        all.extend(request(FETCH, 1));
        assert_eq!(wire.up, all, "healed, it passes");
    }
}

#[test]
fn frames_are_counted_over_all_connections_and_one_is_hit() {
    let plan = armed(Plan::up(Fault::ResetAfter(0)).on(on_api(PRODUCE, 2, Direction::Up)));
    let mut first = Wire::under(&plan);
    let mut second = Wire::under(&plan);
    first.feed(Direction::Up, &request(PRODUCE, 0), 99);
    second.feed(Direction::Up, &request(PRODUCE, 0), 99);
    first.feed(Direction::Up, &request(PRODUCE, 1), 99);
    assert!(!first.is_reset);
    assert!(second.is_reset);
}

#[test]
fn a_fault_may_be_in_the_other_direction_than_its_trigger() {
    let plan = armed(Plan::down(Fault::Blackhole).on(on_api(PRODUCE, 1, Direction::Up)));
    let mut wire = Wire::under(&plan);
    wire.feed(Direction::Up, &request(PRODUCE, 0), 99);
    wire.feed(Direction::Down, &answer(0), 99);
    assert_eq!(wire.up, request(PRODUCE, 0));
    assert_eq!(wire.down, b"");
}

#[test]
fn a_plan_set_in_the_middle_still_knows_what_was_asked() {
    let mut wire = Wire::under(&armed(Plan::default()));
    wire.feed(Direction::Up, &request(FETCH, 7), 99);
    wire.set(Plan::down(Fault::ResetAfter(0)).on(on_api(FETCH, 1, Direction::Down)));
    wire.feed(Direction::Down, &answer(7), 99);
    assert!(wire.is_reset);
    assert_eq!(wire.down, b"");
}

#[test]
fn after_so_many_bytes_is_between_two_bytes_of_each_direction() {
    for size in 1..6 {
        let plan = armed(Plan::both(Fault::CorruptAt(0)).on(Trigger::AfterBytes(3)));
        let mut wire = Wire::under(&plan);
        wire.feed(Direction::Up, b"aaa", size);
        assert!(wire.up == b"aaa");
        wire.feed(Direction::Up, b"aa", size);
        wire.feed(Direction::Down, b"cccccc", size);
        assert!(is_taken(&plan));
        assert_eq!(wire.up, b"aaa`a");
        assert_eq!(wire.down, b"cccbcc");
    }
}

#[test]
fn bytes_are_counted_from_when_the_plan_was_set() {
    let mut wire = Wire::under(&armed(Plan::default()));
    wire.feed(Direction::Up, b"xxxx", 4);
    wire.set(Plan::up(Fault::CorruptAt(0)).on(Trigger::AfterBytes(1)));
    wire.feed(Direction::Up, b"aaa", 3);
    assert_eq!(wire.up, b"xxxxa`a");
}

#[test]
fn the_end_of_a_sender_passes_what_was_held() {
    let plan = armed(Plan::up(Fault::Blackhole).on(on_api(PRODUCE, 1, Direction::Up)));
    let mut wire = Wire::under(&plan);
    wire.feed(Direction::Up, b"\0\0\0\x0c\0", 99);
    assert_eq!(wire.up, b"");
    wire.link.push_end(Direction::Up, wire.now);
    wire.drain();
    assert_eq!(wire.up, b"\0\0\0\x0c\0");
    assert!(!wire.link.is_over(), "answers may still come");
    wire.link.push_end(Direction::Down, wire.now);
    wire.drain();
    assert!(wire.link.is_over());
}

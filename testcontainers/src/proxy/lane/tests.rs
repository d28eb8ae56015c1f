use super::*;

/// What comes out of a lane after `fault` took effect and `pieces` came in at once, and after how many milliseconds.
fn through(fault: Fault, pieces: &[&'static [u8]]) -> Vec<(u128, Action)> {
    let now = Instant::now();
    let mut lane = Lane::new(now);
    lane.set(fault, now);
    for &piece in pieces {
        lane.push(Bytes::from_static(piece), now);
    }
    drain(&mut lane, now)
}

fn drain(lane: &mut Lane, since: Instant) -> Vec<(u128, Action)> {
    let mut out = Vec::new();
    while let Some(due) = lane.due() {
        let after = (due - since).as_millis();
        match lane.front().unwrap() {
            Action::Pass(bytes) => {
                let bytes = bytes.split_to(bytes.len());
                lane.passed(bytes.len());
                out.push((after, Action::Pass(bytes)));
            }
            Action::Finish => {
                out.push((after, Action::Finish));
                lane.finished();
            }
            Action::Reset => {
                out.push((after, Action::Reset));
                break;
            }
        }
    }
    out
}

fn pass(bytes: &'static [u8]) -> Action {
    Action::Pass(Bytes::from_static(bytes))
}

#[test]
fn without_a_fault_bytes_pass_at_once_and_in_order() {
    assert_eq!(
        through(Fault::None, &[b"ab", b"", b"c"]),
        [(0, pass(b"ab")), (0, pass(b"c"))]
    );
}

#[test]
fn delayed_bytes_are_due_later_and_do_not_wait_for_each_other() {
    assert_eq!(
        through(Fault::Delay(Duration::from_millis(70)), &[b"ab", b"c"]),
        [(70, pass(b"ab")), (70, pass(b"c"))]
    );
}

#[test]
fn the_end_of_delayed_bytes_is_delayed_too() {
    let now = Instant::now();
    let mut lane = Lane::new(now);
    lane.set(Fault::Delay(Duration::from_millis(70)), now);
    lane.push_end(now);
    assert!(!lane.wants(), "nothing comes after the end");
    assert_eq!(drain(&mut lane, now), [(70, Action::Finish)]);
    assert!(lane.is_over());
}

#[test]
fn a_rate_spreads_bytes_evenly() {
    assert_eq!(
        through(Fault::Rate(40), &[b"abc", b"de"]),
        [(50, pass(b"ab")), (75, pass(b"c")), (125, pass(b"de")),]
    );
}

#[test]
fn a_black_hole_takes_nothing_gives_nothing_and_heals() {
    for fault in [Fault::Blackhole, Fault::Rate(0)] {
        let now = Instant::now();
        let mut lane = Lane::new(now);
        lane.push(Bytes::from_static(b"ab"), now);
        lane.set(fault, now);
        assert!(!lane.wants());
        assert_eq!(lane.due(), None);
        lane.set(Fault::None, now);
        assert!(lane.wants());
        assert_eq!(drain(&mut lane, now), [(0, pass(b"ab"))]);
    }
}

#[test]
fn a_cut_is_at_its_byte_however_the_bytes_come() {
    for (fault, end) in [
        (Fault::ResetAfter(3), Action::Reset),
        (Fault::FinAfter(3), Action::Finish),
    ] {
        assert_eq!(through(fault, &[b"ab"]), [(0, pass(b"ab"))]);
        for pieces in [[b"ab".as_slice(), b"cd"], [b"ab", b"c"]] {
            let out = through(fault, &pieces);
            assert_eq!(out[..2], [(0, pass(b"ab")), (0, pass(b"c"))]);
            assert_eq!(
                out[2..],
                [(
                    0,
                    match end {
                        Action::Reset => Action::Reset,
                        _ => Action::Finish,
                    }
                )]
            );
        }
    }
}

#[test]
fn a_cut_after_nothing_needs_no_byte() {
    assert_eq!(through(Fault::ResetAfter(0), &[]), [(0, Action::Reset)]);
    assert_eq!(through(Fault::FinAfter(0), &[b"ab"]), [(0, Action::Finish)]);
}

#[test]
fn after_a_cut_bytes_are_read_and_lost() {
    let now = Instant::now();
    let mut lane = Lane::new(now);
    lane.set(Fault::FinAfter(1), now);
    lane.push(Bytes::from_static(b"ab"), now);
    assert_eq!(
        drain(&mut lane, now),
        [(0, pass(b"a")), (0, Action::Finish)]
    );
    assert!(lane.wants());
    lane.push(Bytes::from_static(b"cd"), now);
    assert_eq!(lane.due(), None);
}

#[test]
fn refusing_forgets_what_was_under_way() {
    let now = Instant::now();
    let mut lane = Lane::new(now);
    lane.push(Bytes::from_static(b"ab"), now);
    lane.set(Fault::Refuse, now);
    assert_eq!(drain(&mut lane, now), [(0, Action::Reset)]);
}

#[test]
fn one_bit_of_one_byte_is_flipped() {
    let cuts: [&[&'static [u8]]; 2] = [&[b"abcd", b"ab"], &[b"a", b"b", b"c", b"dab"]];
    for pieces in cuts {
        let out = through(Fault::CorruptAt(2), pieces);
        let mut bytes = Vec::new();
        for (_, action) in out {
            let Action::Pass(piece) = action else {
                panic!("{action:?}")
            };
            bytes.extend(piece);
        }
        assert_eq!(bytes, b"abbdab");
    }
}

#[test]
fn healing_passes_at_once_what_was_late_and_keeps_the_order() {
    let now = Instant::now();
    let mut lane = Lane::new(now);
    lane.set(Fault::Delay(Duration::from_hours(1)), now);
    lane.push(Bytes::from_static(b"ab"), now);
    lane.set(Fault::None, now);
    lane.push(Bytes::from_static(b"c"), now);
    assert_eq!(drain(&mut lane, now), [(0, pass(b"ab")), (0, pass(b"c"))]);
}

#[test]
fn a_full_lane_takes_no_more_until_some_has_passed() {
    let now = Instant::now();
    let mut lane = Lane::new(now);
    lane.push(Bytes::from(vec![0; MOST_WAITING]), now);
    assert!(!lane.wants());
    drain(&mut lane, now);
    assert!(lane.wants());
}

use proptest::prelude::*;

use super::*;

const MAX: usize = 32 * 1024;
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n";
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n";

/// Feeds `bytes` in pieces of `piece` and holds back what `Passed` says, as the guard does. Bytes passed, requests
/// seen, fault.
fn run(bytes: &[u8], piece: usize) -> (usize, u64, Option<Fault>) {
    let mut stream = Stream::new(MAX);
    let mut held: Vec<u8> = Vec::new();
    let mut passed = 0;
    for part in bytes.chunks(piece) {
        held.extend_from_slice(part);
        let outcome = stream.feed(&held);
        passed += outcome.bytes;
        held.drain(..outcome.bytes);
        if outcome.fault.is_some() {
            return (passed, stream.requests(), outcome.fault);
        }
    }
    (passed, stream.requests(), None)
}

#[test]
fn pipelined_requests_are_told_apart() {
    let bytes = [GET, POST, CHUNKED, b"\r\n", GET].concat();
    assert_eq!(run(&bytes, bytes.len()), (bytes.len(), 4, None));
    assert_eq!(run(&bytes, 1), (bytes.len(), 4, None));
}

#[test]
fn nothing_of_an_unfinished_head_is_passed_on() {
    assert_eq!(run(&GET[..GET.len() - 1], 1), (0, 0, None));
}

#[test]
fn what_came_before_a_fault_is_passed_on() {
    let bytes = [POST, b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", GET].concat();
    assert_eq!(
        run(&bytes, bytes.len()),
        (POST.len(), 1, Some(Fault::Head(Refusal::BadRequest)))
    );
    let head = CHUNKED.len() - b"5\r\nhello\r\n0\r\nA: b\r\n\r\n".len();
    let bytes = [&CHUNKED[..head], b"5\r\nhelloX", GET].concat();
    assert_eq!(run(&bytes, bytes.len()), (head + 8, 1, Some(Fault::Body)));
}

#[test]
fn g7_nothing_is_parsed_after_an_upgrade() {
    let bytes = [UPGRADE, b"\x81\x00 no HTTP\n\n", GET].concat();
    assert_eq!(run(&bytes, bytes.len()), (bytes.len(), 1, None));
}

proptest! {
    /// How the bytes are cut into packets decides nothing.
    #[test]
    fn packets_do_not_matter(
        parts in prop::collection::vec(prop::sample::select(vec![
            GET, POST, CHUNKED, b"\r\n", b"\n", b"G", b"5\r\n", b"\0", UPGRADE, b"Host: x\r\n", b"X: y\r\n\r\n",
        ]), 0..8),
        piece in 1..60_usize,
    ) {
        let bytes = parts.concat();
        prop_assert_eq!(run(&bytes, bytes.len().max(1)), run(&bytes, piece));
        prop_assert_eq!(run(&bytes, 1), run(&bytes, piece));
    }

    /// No bytes make it panic, or pass on more than there is.
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), piece in 1..50_usize) {
        let (passed, _, _) = run(&bytes, piece);
        prop_assert!(passed <= bytes.len());
    }
}

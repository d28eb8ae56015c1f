use super::*;

/// How much of `body` is the chunked body, fed in one piece and byte by byte.
fn check(body: &[u8]) -> Result<usize, usize> {
    let mut chunks = Chunks::new(1000);
    let whole = chunks
        .feed(body)
        .map_err(|BadChunk(at)| at)
        .and_then(|length| {
            if chunks.is_done() {
                Ok(length)
            } else {
                Err(usize::MAX)
            }
        });
    let mut chunks = Chunks::new(1000);
    let mut length = 0;
    let mut bad = None;
    for byte in body {
        let Ok(taken) = chunks.feed(&[*byte]) else {
            bad = Some(length);
            break;
        };
        length += taken;
    }
    let bytewise = bad.map_or_else(
        || {
            if chunks.is_done() {
                Ok(length)
            } else {
                Err(usize::MAX)
            }
        },
        Err,
    );
    assert_eq!(whole, bytewise, "{}", String::from_utf8_lossy(body));
    whole
}

#[test]
fn good_bodies_end_where_they_end() {
    assert_eq!(check(b"0\r\n\r\n"), Ok(5));
    assert_eq!(check(b"5\r\nhello\r\n0\r\n\r\nGET /"), Ok(15));
    assert_eq!(
        check(b"a;name=value\r\n0123456789\r\n00000\r\nA: b\r\nC:\r\n\r\n"),
        Ok(45)
    );
    assert_eq!(
        check(b"000000000000000A\r\n0123456789\r\n0\r\n\r\n"),
        Ok(35)
    );
    assert_eq!(check(b"5\r\nhel"), Err(usize::MAX), "not complete");
}

#[test]
fn g3_bad_framing_is_found_at_its_byte() {
    for (body, at) in [
        (&b"+5\r\nhello\r\n"[..], 0),
        (b"-5\r\n", 0),
        (b" 5\r\n", 0),
        (b"5 \r\n", 1),
        (b"5 ;a\r\n", 1),
        (b"0x5\r\n", 1),
        (b"\r\n", 0),
        (b";a\r\n", 0),
        (b"00000000000000005\r\nhello\r\n", 16),
        (b"5\nhello\r\n", 1),
        (b"5\r\r\n", 2),
        (b"5\r\nhelloX\r\n", 8),
        (b"5\r\nhello\n", 8),
        (b"5\r\nhello\rX", 9),
        (b"5;a\nb\r\n", 3),
        (b"5;a\0\r\n", 3),
        (b"0\r\n\n", 3),
        (b"0\r\nA : b\r\n", 4),
        (b"0\r\n A: b\r\n", 3),
        (b"0\r\nA: b\n", 7),
        (b"0\r\nA: \x01\r\n", 6),
    ] {
        assert_eq!(check(body), Err(at), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn g3_extensions_are_limited_over_all_chunks() {
    let chunk = |length: usize| format!("1;{}\r\nx\r\n", "a".repeat(length - 1));
    let fits = format!("{}{}0\r\n\r\n", chunk(2048), chunk(2048));
    assert_eq!(check(fits.as_bytes()), Ok(fits.len()));
    assert!(check(format!("{}{}0\r\n\r\n", chunk(2048), chunk(2049)).as_bytes()).is_err());
}

#[test]
fn g3_trailers_are_limited_as_headers() {
    assert!(check(format!("0\r\n{}\r\n", "A:\r\n".repeat(100)).as_bytes()).is_ok());
    assert!(check(format!("0\r\n{}\r\n", "A:\r\n".repeat(101)).as_bytes()).is_err());
    assert!(check(format!("0\r\nA:{}\r\n\r\n", "b".repeat(1000)).as_bytes()).is_err());
}

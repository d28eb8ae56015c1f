use super::*;

const MAX: usize = 32 * 1024;

fn end(head: &[u8]) -> Result<Option<usize>, Refusal> {
    Scan::default().end(head, MAX)
}

/// The verdict on a head given in one piece.
fn verdict(head: &[u8]) -> Result<Framing, Refusal> {
    match end(head)? {
        Some(length) => check(&head[..length]),
        None => panic!("incomplete: {}", String::from_utf8_lossy(head)),
    }
}

/// The verdict on a POST with these header lines beside `Host`.
fn with(lines: &str) -> Result<Framing, Refusal> {
    verdict(format!("POST /a HTTP/1.1\r\nHost: h\r\n{lines}\r\n").as_bytes())
}

fn target(target: &str) -> Result<Framing, Refusal> {
    verdict(format!("GET {target} HTTP/1.1\r\nHost: h:8000\r\n\r\n").as_bytes())
}

fn host(lines: &str) -> Result<Framing, Refusal> {
    verdict(format!("GET / HTTP/1.1\r\n{lines}\r\n").as_bytes())
}

const BAD: Result<Framing, Refusal> = Err(Refusal::BadRequest);

#[test]
fn ordinary_requests_pass() {
    assert_eq!(with(""), Ok(Framing::Length(0)));
    assert_eq!(with("Content-Length: 0\r\n"), Ok(Framing::Length(0)));
    assert_eq!(
        with("content-length:\t17 \r\nX: \u{e4}\r\nEmpty:\r\n"),
        Ok(Framing::Length(17))
    );
    assert_eq!(with("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
    assert_eq!(
        with("Upgrade: h2c\r\nConnection: Upgrade\r\n"),
        Ok(Framing::Length(0))
    );
    assert_eq!(verdict(b"GET / HTTP/1.0\r\n\r\n"), Ok(Framing::Length(0)));
    assert_eq!(
        host("Host: h\r\nUpgrade: WebSocket\r\n"),
        Ok(Framing::Upgrade)
    );
}

#[test]
fn g1_length_and_chunks_together() {
    assert_eq!(
        with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
        BAD
    );
    assert_eq!(
        with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
        BAD
    );
}

#[test]
fn g2_lengths_that_are_not_one_plain_number() {
    for value in [
        "+5",
        "-5",
        "0x5",
        "5,5",
        "5, 5",
        "",
        "5 5",
        "5a",
        "9223372036854775808",
        "99999999999999999999",
    ] {
        assert_eq!(
            with(&format!("Content-Length: {value}\r\n")),
            BAD,
            "{value}"
        );
    }
    assert_eq!(with("Content-Length: 5\r\nContent-Length: 5\r\n"), BAD);
    assert_eq!(with("Content-Length: 5\r\nContent-Length: 6\r\n"), BAD);
    assert_eq!(
        with("Content-Length: 9223372036854775807\r\n"),
        Ok(Framing::Length((1 << 63) - 1))
    );
}

#[test]
fn g3_encodings_other_than_chunked() {
    for value in [
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "xchunked",
        "chunked;q=1",
        "\"chunked\"",
        "identity",
        "",
    ] {
        assert_eq!(
            with(&format!("Transfer-Encoding: {value}\r\n")),
            BAD,
            "{value}"
        );
    }
    assert_eq!(
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        BAD
    );
    assert_eq!(
        verdict(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        BAD
    );
}

#[test]
fn g4_folds_blanks_and_control_characters() {
    for lines in [
        "A: b\r\n c\r\n",
        " A: b\r\n",
        "A : b\r\n",
        "A\t: b\r\n",
        ": b\r\n",
        "A\r\n",
        "A: b\0c\r\n",
        "A: b\x01\r\n",
        "A: b\x7f\r\n",
        "A\0: b\r\n",
        "A\x0b: b\r\n",
        "A: b\rc\r\n",
        "A(: b\r\n",
        "Content-Length\r\n : 5\r\n",
    ] {
        assert_eq!(with(lines), BAD, "{lines:?}");
    }
    assert_eq!(
        verdict(b"GET / HTTP/1.1\nHost: h\n\n"),
        BAD,
        "a bare LF is no line end"
    );
    assert_eq!(verdict(b"GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n"), BAD);
    assert_eq!(verdict(b"\nGET / HTTP/1.1\r\n\r\n"), BAD);
}

#[test]
fn g5_limits() {
    let long = |length: usize| format!("/{}", "a".repeat(length - 1));
    assert_eq!(target(&long(MAX_TARGET)), Ok(Framing::Length(0)));
    assert_eq!(target(&long(MAX_TARGET + 1)), Err(Refusal::TargetTooLong));
    assert_eq!(
        end(long(MAX_TARGET + 100).as_bytes()),
        Err(Refusal::TargetTooLong),
        "no need to wait for the end"
    );
    assert_eq!(with(&"A: b\r\n".repeat(99)), Ok(Framing::Length(0)));
    assert_eq!(with(&"A: b\r\n".repeat(100)), Err(Refusal::HeadTooLarge));
    let line = format!("A: {}\r\n", "b".repeat(MAX));
    assert_eq!(with(&line), Err(Refusal::HeadTooLarge));
    let unfinished = format!("GET / HTTP/1.1\r\nA: {}", "b".repeat(MAX));
    assert_eq!(end(unfinished.as_bytes()), Err(Refusal::HeadTooLarge));
}

#[test]
fn g5_http_09_and_other_versions() {
    assert_eq!(end(b"GET /\r\n"), Err(Refusal::Silent));
    for line in [
        "GET / HTTP/2.0",
        "PRI * HTTP/2.0",
        "GET / HTTP/1.2",
        "GET / http/1.1",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET",
        "",
    ] {
        assert_eq!(
            end(format!("{line}\r\n").as_bytes()),
            Err(Refusal::BadRequest),
            "{line}"
        );
    }
}

#[test]
fn g6_host_is_there_once_and_valid() {
    for lines in [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host:\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: u@a\r\n",
        "Host: a:\r\n",
        "Host: a:x\r\n",
        "Host: a:65536\r\n",
        "Host: a:1:2\r\n",
        "Host: [::1\r\n",
        "Host: []\r\n",
        "Host: [::1]x\r\n",
        "Host: a,b\r\n",
        "Host: \u{e4}\r\n",
        "Host: a%00b\r\n",
        "Host: :80\r\n",
    ] {
        assert_eq!(host(lines), BAD, "{lines:?}");
    }
    for lines in [
        "Host: a\r\n",
        "hOST: A-b.c_d~e:65535\r\n",
        "Host: [::1]:80\r\n",
        "Host: 127.0.0.1\r\n",
    ] {
        assert_eq!(host(lines), Ok(Framing::Length(0)), "{lines:?}");
    }
}

#[test]
fn g6_an_absolute_target_agrees_with_host() {
    for good in [
        "http://h:8000/a",
        "HTTP://H:8000",
        "http://h:8000?a=b",
        "https://h:8000/",
    ] {
        assert_eq!(target(good), Ok(Framing::Length(0)), "{good}");
    }
    for bad in [
        "http://h/a",
        "http://evil:8000/",
        "http://u@h:8000/",
        "ftp://h:8000/",
        "h:8000",
        "http:/h:8000",
        "http:///a",
        "a",
    ] {
        assert_eq!(target(bad), BAD, "{bad}");
    }
}

#[test]
fn targets_are_what_hyper_takes_too() {
    for byte in 0..=255_u8 {
        for place in ["/a*b", "/a?b*c"] {
            let text: Vec<u8> = place
                .bytes()
                .map(|b| if b == b'*' { byte } else { b })
                .collect();
            let hyper = http::Uri::try_from(text.as_slice()).is_ok();
            assert!(!is_path_and_query(&text) || hyper, "{byte:#x} in {place}");
        }
    }
    assert_eq!(target("/a#b"), BAD);
    assert_eq!(target("*"), BAD, "only for OPTIONS");
    assert_eq!(
        verdict(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
        Ok(Framing::Length(0))
    );
    assert_eq!(
        verdict(b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
        BAD,
        "we are no proxy"
    );
    assert_eq!(target("/?q={\"a\":1}"), BAD);
}

#[test]
fn g8_other_expectations() {
    assert_eq!(with("Expect: 100-Continue\r\n"), Ok(Framing::Length(0)));
    assert_eq!(with("Expect: 200-ok\r\n"), Err(Refusal::Expectation));
    assert_eq!(with("Expect:\r\n"), Err(Refusal::Expectation));
}

#[test]
fn a_head_in_pieces_is_the_same_head() {
    let head = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    for cut in 0..head.len() {
        let mut scan = Scan::default();
        let first = scan.end(&head[..cut], MAX).unwrap();
        let found = first.or_else(|| scan.end(head, MAX).unwrap());
        assert_eq!(found, Some(head.len() - 5), "cut at {cut}");
    }
}

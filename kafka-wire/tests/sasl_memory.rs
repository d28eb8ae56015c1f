//! What hostile SASL messages can make us allocate, counted by the allocator itself. The one test of its binary, for others
//! would be counted with it.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::alloc::System;

use kafka_wire::SecretText;
use kafka_wire::sasl::scram::{
    ClientFinal, ClientFirst, Greeting, Login, Nonce, Salting, ScramHash, ServerFirst,
};
use kafka_wire::sasl::{MAX_MESSAGE_BYTES, oauthbearer, plain};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// For what does not grow with the message: errors, the longest salt, a list of extensions.
const FIXED_BYTES: usize = 64 * 1024;

/// What grows, and with what.
const MESSAGES: [(&str, &str); 25] = [
    ("\0{}\0password", "u"),
    ("\0user\0{}", "p"),
    ("{}", "\0"),
    ("n,,n={},r=abc", "=2C"),
    ("n,a={},n=user,r=abc", "=3D"),
    ("n,,n=user,r={}", "x"),
    ("n,,n=user,r=abc{}", ",x=1"),
    ("n,,n=user,r=abc,x={}", "é"),
    ("r=nonce{},s=AAAAAAAAAAAA,i=4096", "x"),
    ("r=noncex,s={},i=4096", "A"),
    ("r=noncex,s=AAAAAAAAAAAA,i={}", "9"),
    ("r=noncex,s=AAAAAAAAAAAA,i=4096{}", ",x=1"),
    ("e={}", "\u{1b}"),
    ("c={},r=noncemore,p=AAAA", "A"),
    ("c=biws,r=noncemore,p={}", "A"),
    ("c=biws,r=noncemore,x={},p=AAAA", "x"),
    ("v={}", "A"),
    ("n,,\x01auth=Bearer {}\x01\x01", "t"),
    ("n,,\x01auth=Bearer t\x01{}\x01", "a=1\x01"),
    ("n,,\x01auth=Bearer t\x01a={}\x01\x01", "\t"),
    ("{\"status\":\"{}\"}", "\\n"),
    ("{\"status\":\"{}\"}", "x"),
    ("{\"\":0{}}", ",\"\":0"),
    ("{}", "{\"a\":"),
    ("{}", "é"),
];

/// One side of an exchange that waits for a message: does with it what it does.
type Door<'a> = (&'static str, Box<dyn Fn(&[u8]) + 'a>);

fn client() -> ClientFirst {
    let nonce = Nonce::new("nonce").unwrap();
    ClientFirst::new(ScramHash::Sha256, "user", Login::Password, nonce).unwrap()
}

fn waiting() -> (ServerFirst, ClientFinal) {
    let salting = Salting::new(ScramHash::Sha256, vec![7; 16], 4096).unwrap();
    let salted = salting.derive(&SecretText::new("password")).unwrap();
    let greeting = Greeting::parse(&client().message().0).unwrap();
    let nonce = Nonce::new("more").unwrap();
    let asked = greeting.challenge(salted.credential().unwrap(), &nonce);
    let challenge = client().challenged(&asked.message().0).unwrap();
    (asked, challenge.answer(&salted).unwrap())
}

/// `{}` in a pattern is where it grows: messages of about the largest size, and one that is too large.
fn grown(pattern: &str, unit: &str) -> [Vec<u8>; 2] {
    [MAX_MESSAGE_BYTES - 1024, 2 * MAX_MESSAGE_BYTES].map(|bytes| {
        let growth = unit.repeat(bytes / unit.len());
        pattern.replace("{}", &growth).into_bytes()
    })
}

#[test]
fn memory_follows_the_message_and_never_what_it_claims() {
    let (asked, answered) = waiting();
    let first = oauthbearer::ClientFirst::new(&SecretText::new("x"), &[]).unwrap();
    let doors: [Door; 7] = [
        ("PLAIN", Box::new(|bytes| drop(plain::Login::parse(bytes)))),
        (
            "client-first",
            Box::new(|bytes| drop(Greeting::parse(bytes))),
        ),
        (
            "server-first",
            Box::new(|bytes| drop(client().challenged(bytes))),
        ),
        (
            "client-final",
            Box::new(|bytes| drop(asked.clone().verify(bytes))),
        ),
        (
            "server-final",
            Box::new(|bytes| drop(answered.clone().verify(bytes))),
        ),
        (
            "token",
            Box::new(|bytes| drop(oauthbearer::Login::parse(bytes))),
        ),
        (
            "refusal",
            Box::new(|bytes| drop(first.clone().answered(bytes))),
        ),
    ];
    for (pattern, unit) in MESSAGES {
        for message in grown(pattern, unit) {
            for (name, door) in &doors {
                let region = Region::new(ALLOCATOR);
                door(&message);
                let took = region.change().bytes_allocated;
                let limit = 4 * message.len() + FIXED_BYTES;
                assert!(
                    took <= limit,
                    "{name}, {pattern}: {took} for {}",
                    message.len()
                );
            }
        }
    }
}

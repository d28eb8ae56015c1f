use std::net::Ipv4Addr;
use std::sync::Mutex;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

use super::*;
use crate::net::resolve::{Lookup, SystemResolver};

const LIMIT: Duration = Duration::from_secs(30);

/// A name server with one name, and a count of the questions.
#[derive(Debug, Default)]
struct Names {
    addresses: Mutex<Vec<SocketAddr>>,
    asked: Mutex<usize>,
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str, _: u16) -> Lookup<'a> {
        assert_eq!(host, "kafka.test");
        *self.asked.lock().unwrap() += 1;
        let addresses = self.addresses.lock().unwrap().clone();
        Box::pin(async move { Ok(addresses) })
    }
}

impl Names {
    fn of(addresses: &[SocketAddr]) -> Self {
        Self {
            addresses: Mutex::new(addresses.to_vec()),
            asked: Mutex::default(),
        }
    }

    async fn open(&self, attempt: &mut Attempt) -> io::Result<SocketAddr> {
        let stream = open("kafka.test:9092", attempt, self).await?;
        stream.peer_addr()
    }
}

fn attempt() -> Attempt {
    Attempt {
        limit: LIMIT,
        tried: None,
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address where nobody listens.
async fn closed() -> SocketAddr {
    listener().await.1
}

#[tokio::test]
async fn addresses_are_tried_in_turn_until_one_answers() {
    let (_open, address) = listener().await;
    let names = Names::of(&[closed().await, address]);
    assert_eq!(names.open(&mut attempt()).await.unwrap(), address);
}

#[tokio::test]
async fn the_next_attempt_begins_behind_the_last_address_and_looks_the_name_up_anew() {
    let (_first, one) = listener().await;
    let (_second, two) = listener().await;
    let names = Names::of(&[one, two]);
    let mut attempt = attempt();
    assert_eq!(names.open(&mut attempt).await.unwrap(), one);
    assert_eq!(names.open(&mut attempt).await.unwrap(), two);
    let (_third, three) = listener().await;
    *names.addresses.lock().unwrap() = vec![three, two];
    assert_eq!(names.open(&mut attempt).await.unwrap(), three);
    assert_eq!(*names.asked.lock().unwrap(), 3);
}

#[tokio::test]
async fn when_no_address_answers_the_error_says_how_many_were_tried() {
    let names = Names::of(&[closed().await, closed().await]);
    let error = names.open(&mut attempt()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.to_string().contains("none of 2 addresses"), "{error}");
}

#[tokio::test]
async fn a_name_without_addresses_is_an_error() {
    let error = Names::of(&[]).open(&mut attempt()).await.unwrap_err();
    assert_eq!(error.to_string(), "the name has no address");
}

/// An address that swallows every attempt: its queue is full and nobody accepts. It stays so as long as the sockets live.
fn silent() -> (Vec<Socket>, SocketAddr) {
    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let listener = socket();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut sockets = vec![listener];
    for _ in 0..4 {
        let filler = socket();
        filler.set_nonblocking(true).unwrap();
        // Under way, or in the queue.
        let _ = filler.connect(&address);
        sockets.push(filler);
    }
    (sockets, address.as_socket().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_silent_address_takes_its_share_of_the_time_and_no_more() {
    let (_sockets, silent) = silent();
    let (_open, address) = listener().await;
    for _ in 0..10 {
        let before = Instant::now();
        let opened = Names::of(&[silent, address]).open(&mut attempt()).await;
        let taken = before.elapsed();
        assert!(taken >= LIMIT / 2, "{taken:?}");
        // The clock is paused, the socket is real: on a busy machine it may come too late.
        if let Ok(opened) = opened {
            assert_eq!(opened, address);
            return assert!(taken < LIMIT, "{taken:?}");
        }
    }
    panic!("the second address was never reached");
}

#[tokio::test(start_paused = true)]
async fn a_name_server_that_does_not_answer_is_waited_for_no_longer_than_the_limit() {
    #[derive(Debug)]
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
            Box::pin(std::future::pending())
        }
    }
    let before = Instant::now();
    let error = open("kafka.test:9092", &mut attempt(), &Silent).await;
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!(before.elapsed() >= LIMIT);
}

#[tokio::test]
async fn a_literal_address_needs_no_name_server() {
    for (host, expected) in [("::1", "[::1]:9092"), ("127.0.0.1", "127.0.0.1:9092")] {
        let addresses = SystemResolver.resolve(host, 9092).await.unwrap();
        assert_eq!(addresses, [expected.parse().unwrap()]);
    }
}

#[tokio::test]
async fn every_socket_has_keepalive_and_no_delay() {
    let (_open, address) = listener().await;
    let stream = open(&address.to_string(), &mut attempt(), &SystemResolver)
        .await
        .unwrap();
    assert!(SockRef::from(&stream).keepalive().unwrap());
    assert!(stream.nodelay().unwrap());
}

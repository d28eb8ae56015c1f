//! One WebSocket connection, from its opening to its close (kong-consume.md §4).
//!
//! One task owns the socket. Frames wait in the socket's buffer, which is flushed while the client is listened to;
//! while it holds `stream.buffer_bytes`, no record is taken from the feed.

mod outgoing;
mod socket;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_client::{Error, PartitionRecords, TopicPartition};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{
    Duration, Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout,
};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_util::sync::CancellationToken;

use self::socket::{Turn, close, drain, fault, turn};
use super::acks::{Acks, Message, Wrong};
use super::trouble::{self, Judge};
use super::value::Style;
use super::{Counters, NOT_CONSUMED, frame};
use crate::hub::{Feed, Ledger, News, Offsets};
use crate::settings::Settings;

/// What a session goes by.
pub(super) struct Rules {
    pub(super) style: Style,
    /// Whether records are done when they are written; else the client says so.
    pub(super) commits: bool,
    pub(super) tells_errors: bool,
    pub(super) topics: Vec<String>,
    pub(super) counters: Counters,
    pub(super) end: CancellationToken,
    pub(super) settings: Arc<Settings>,
}

/// A connection.
pub(super) struct Session<S> {
    socket: WebSocketStream<S>,
    feed: Feed,
    rules: Rules,
    acks: Acks,
    ledger: Ledger,
    /// To be committed, and not told to the feed yet.
    finished: Offsets,
    /// Records that are being sent, and the offset to go on from.
    current: Option<(PartitionRecords, i64)>,
    high_watermarks: HashMap<TopicPartition, i64>,
    assigned: Vec<TopicPartition>,
    /// Records per frame that the client asked for; 0 for frames of one record.
    batch: usize,
    strikes: u32,
    /// Bytes in the socket's buffer.
    queued: usize,
    out: BytesMut,
    tick: Interval,
    ping_at: Instant,
    pong_until: Option<Instant>,
    judge: Judge,
}

/// Why a session ends.
enum End {
    /// The client is gone, or has said good-bye.
    Gone,
    /// We close.
    Close(CloseCode, String),
    /// We close, for something in the client's bytes; there may be more of them.
    Fault(CloseCode, &'static str),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(socket: WebSocketStream<S>, feed: Feed, rules: Rules) -> Session<S> {
        let every = rules.settings.consume.auto_commit_interval;
        // What a client acknowledges is committed within a second, whatever the interval.
        let every = if rules.commits {
            every
        } else {
            every.min(SOON)
        };
        let mut tick = interval(every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Session {
            socket,
            feed,
            acks: Acks::new(rules.topics.clone(), !rules.commits),
            ledger: Ledger::default(),
            finished: Offsets::new(),
            current: None,
            high_watermarks: HashMap::new(),
            assigned: Vec::new(),
            batch: 0,
            strikes: 0,
            queued: 0,
            out: BytesMut::new(),
            tick,
            ping_at: Instant::now() + rules.settings.ws.ping,
            pong_until: None,
            judge: Judge::default(),
            rules,
        }
    }

    /// Runs until the connection is closed, and leaves the group.
    pub(super) async fn run(mut self) {
        let end = match self.pump().await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        let finished = self.take_finished();
        let Session {
            mut socket, feed, ..
        } = self;
        feed.close(finished).await;
        let (code, reason, has_more) = match end {
            End::Gone => {
                // Our answer to its good-bye.
                let _ = timeout(GOODBYE, drain(&mut socket)).await;
                return;
            }
            End::Close(code, reason) => (code, reason, false),
            End::Fault(code, reason) => (code, reason.to_owned(), true),
        };
        let _ = timeout(GOODBYE, close(&mut socket, code, &reason)).await;
        if has_more {
            // Closing with unread bytes would reset the connection, and the client might never see why.
            let mut nowhere = tokio::io::sink();
            let _ = timeout(GOODBYE, tokio::io::copy(socket.get_mut(), &mut nowhere)).await;
        }
    }

    async fn pump(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            self.fill()?;
            tokio::select! {
                biased;
                () = self.rules.end.cancelled() => {
                    return Err(End::Close(CloseCode::Away, String::new()));
                }
                _ = self.tick.tick() => self.commit(),
                () = sleep_until(self.ping_at) => self.ping()?,
                () = sleep_until_some(self.pong_until) => {
                    return Err(End::Close(CloseCode::Policy, "no pong".to_owned()));
                }
                turn = turn(&mut self.socket, self.queued > 0) => self.turned(turn)?,
                news = self.feed.next(), if self.current.is_none() => self.take(news)?,
            }
        }
    }

    fn turned(&mut self, turn: Turn) -> Result<(), End> {
        match turn {
            Turn::Flushed(Ok(())) => {
                self.queued = 0;
                self.ledger.all_written();
                Ok(())
            }
            Turn::Flushed(Err(_)) | Turn::Received(None) => Err(End::Gone),
            Turn::Received(Some(Ok(frame))) => self.receive(frame),
            Turn::Received(Some(Err(error))) => Err(fault(&error)),
        }
    }

    fn receive(&mut self, frame: Frame) -> Result<(), End> {
        match frame {
            Frame::Text(text) => self.hear(&text),
            Frame::Binary(_) => Err(End::Close(
                CloseCode::Unsupported,
                "only text frames are understood".to_owned(),
            )),
            Frame::Pong(_) => {
                self.pong_until = None;
                Ok(())
            }
            Frame::Close(_) => Err(End::Gone),
            // The socket answers pings itself.
            Frame::Ping(_) | Frame::Frame(_) => Ok(()),
        }
    }

    fn hear(&mut self, text: &str) -> Result<(), End> {
        let wrong = match Message::read(text) {
            Ok(Message::Batch(most)) => {
                self.batch = most;
                return Ok(());
            }
            Ok(Message::Acks(acks)) => {
                let mut wrong = None;
                for ack in &acks {
                    match self.acks.acknowledge(ack) {
                        Ok(Some((partition, next))) => drop(self.finished.insert(partition, next)),
                        Ok(None) => {}
                        Err(error) => drop(wrong.get_or_insert(error)),
                    }
                }
                wrong
            }
            Err(wrong) => Some(wrong),
        };
        wrong.map_or(Ok(()), |wrong| self.complain(&wrong))
    }

    fn complain(&mut self, wrong: &Wrong) -> Result<(), End> {
        frame::push_error(&mut self.out, &wrong.to_string());
        self.send()?;
        self.strikes += u32::from(wrong.is_strike());
        if self.strikes >= STRIKES {
            let reason = "too many invalid messages".to_owned();
            return Err(End::Close(CloseCode::Policy, reason));
        }
        Ok(())
    }

    fn take(&mut self, news: News) -> Result<(), End> {
        match news {
            News::Records(records) => {
                self.high_watermarks
                    .insert(records.topic_partition().clone(), records.high_watermark());
                self.current = Some((records, i64::MIN));
            }
            News::Assigned(partitions) => {
                self.acks.assigned(&partitions);
                self.high_watermarks
                    .retain(|partition, _| partitions.contains(partition));
                self.assigned = partitions;
                self.assigned.sort();
            }
            News::Revoked(reply) => {
                // Nobody waits for it if it took too long.
                let _ = reply.send(self.take_finished());
                self.unassigned();
            }
            News::Lost => {
                self.finished.clear();
                self.unassigned();
            }
            News::Trouble(error) => {
                if self.judge.is_fatal(&error, Instant::now()) {
                    return Err(self.fatal(&error));
                }
            }
        }
        Ok(())
    }

    fn unassigned(&mut self) {
        self.acks.unassigned();
        self.ledger.clear();
        self.assigned.clear();
    }

    fn fatal(&self, error: &Error) -> End {
        let reason = trouble::text(error);
        tracing::error!(reason, "a WebSocket stream ends");
        let text = if self.rules.tells_errors {
            &reason
        } else {
            NOT_CONSUMED
        };
        End::Close(CloseCode::Error, text.to_owned())
    }

    fn ping(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let ws = &self.rules.settings.ws;
        self.ping_at = now + ws.ping;
        self.pong_until.get_or_insert(now + ws.pong_timeout);
        self.queued += 1;
        self.start(Frame::Ping(Bytes::new()))
    }

    /// What is to be committed.
    fn take_finished(&mut self) -> Offsets {
        let written = self.ledger.take();
        if self.rules.commits {
            self.finished.extend(written);
        }
        std::mem::take(&mut self.finished)
    }

    fn commit(&mut self) {
        let finished = self.take_finished();
        if let Err(unsent) = self.feed.finished(finished) {
            self.finished = unsent;
        }
    }
}

async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Invalid messages after which the connection is closed.
const STRIKES: u32 = 3;

/// Longest wait for the client's part of a close.
const GOODBYE: Duration = Duration::from_secs(2);

/// When an acknowledgement is committed at the latest.
const SOON: Duration = Duration::from_millis(500);

//! Server-sent events: an endless stream of records (kong-consume.md §3).
//!
//! A task reads from the stream's feed and writes pieces of text into a queue, which the body of the answer empties.
//! The queue has room for `stream.buffer_bytes`; when it is full the task takes no more records, and fetching stops.

mod queue;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use kafka_client::{Error, PartitionRecords, TopicPartition};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{
    Duration, Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout,
};
use tokio_util::sync::CancellationToken;

use self::queue::{Events, Piece, Progress};
use super::cursor::Cursor;
use super::trouble::{self, Judge};
use super::value::Style;
use super::{Counters, NOT_CONSUMED, Request, events};
use crate::http::{Body, Problem, Reply, with_status};
use crate::hub::{Feed, Ledger, News, Offsets, Place};
use crate::plugins::Call;

/// Opens a stream.
pub(super) async fn answer(request: &Request<'_>, call: &Call) -> Result<Reply, Problem> {
    let settings = &request.consume.shared.settings;
    let resumed = resume(&call.headers, settings.sse.resume)?;
    let place = request.consume.hub.places().take(call.client);
    let place = place.ok_or(Problem::Unavailable(None))?;
    let client = request.client(call)?;
    client
        .connect()
        .await
        .map_err(|error| request.failed(&error, call))?;
    let source = request.source(client, call);
    let topics = source.topics.clone();
    let seek = resumed.as_ref().map(Cursor::positions).unwrap_or_default();
    let room = settings.stream.buffer_bytes.clamp(1, MAX_ROOM);
    // As many pieces as there may be bytes would be far too many: a piece is mostly thousands.
    let (queue, pieces) = mpsc::channel(PIECES);
    let progress = Arc::new(Progress::default());
    call.peer.set_write_stall(settings.stream.stall);
    let stream = Stream {
        feed: request.consume.hub.feed(source, seek),
        queue,
        room: Arc::new(Semaphore::new(room)),
        max_room: room,
        progress: Arc::clone(&progress),
        ledger: Ledger::default(),
        unsent: Offsets::new(),
        cursor: settings.sse.resume.then(|| resumed.unwrap_or_default()),
        style: request.style(),
        commits: request.commits(),
        tells_errors: request.config.error_handling.return_error_message,
        heartbeat: settings.sse.heartbeat,
        heartbeat_at: Instant::now() + settings.sse.heartbeat,
        tick: tick(settings.consume.auto_commit_interval),
        judge: Judge::default(),
        end: request.consume.hub.lives().of(&call.route, request.plugin),
        counters: request.consume.counters(request.plugin, &topics),
        _place: place,
    };
    request.consume.spawn_stream(stream.run());
    let mut reply = with_status(StatusCode::OK);
    add_headers(reply.headers_mut());
    *reply.body_mut() = Body::stream(Events {
        queue: pieces,
        peer: Arc::clone(&call.peer),
        progress,
        is_over: false,
    });
    Ok(reply)
}

/// The headers of a stream.
pub(super) fn add_headers(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies must not hold events back (T-5).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
}

/// Where a client that was here before goes on.
fn resume(headers: &HeaderMap, is_on: bool) -> Result<Option<Cursor>, Problem> {
    match headers.get("last-event-id") {
        Some(id) if is_on => Cursor::read(id.as_bytes())
            .map(Some)
            .ok_or(Problem::Refused("Last-Event-ID is not a cursor".into())),
        _ => Ok(None),
    }
}

fn tick(every: Duration) -> Interval {
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

/// Pieces in line at most, whatever their size.
const PIECES: usize = 1024;

/// A semaphore counts no further.
const MAX_ROOM: usize = 1 << 28;

/// Bytes after which a piece is sent although there are more records at hand.
const PIECE_BYTES: usize = 32 * 1024;

/// How long the end of a stream waits for its last bytes to be written.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// Why a stream ends.
enum End {
    /// The client is gone.
    Gone,
    /// The gateway drains, or the stream's route or plugin is gone.
    Drain,
    /// Kafka says what only people can change.
    Fatal(Error),
}

/// The task of a stream.
struct Stream {
    feed: Feed,
    queue: mpsc::Sender<Piece>,
    room: Arc<Semaphore>,
    max_room: usize,
    progress: Arc<Progress>,
    ledger: Ledger,
    /// Finished, and the feed had no time for it.
    unsent: Offsets,
    /// What ids stand for, with `sse.resume`.
    cursor: Option<Cursor>,
    style: Style,
    commits: bool,
    tells_errors: bool,
    heartbeat: Duration,
    heartbeat_at: Instant,
    tick: Interval,
    judge: Judge,
    end: CancellationToken,
    counters: Counters,
    _place: Place,
}

impl Stream {
    async fn run(mut self) {
        let mut last = BytesMut::new();
        match self.pump().await {
            End::Gone => {}
            End::Drain => last.extend_from_slice(events::RETRY),
            End::Fatal(error) => {
                let reason = trouble::text(&error);
                tracing::error!(reason, "an event stream ends");
                let text = if self.tells_errors {
                    &reason
                } else {
                    NOT_CONSUMED
                };
                events::push_error(&mut last, text);
            }
        }
        if !last.is_empty() {
            let _ = timeout(LAST_BYTES, self.say(last.freeze())).await;
        }
        // The end of the queue is the end of the body.
        self.queue = mpsc::channel(1).0;
        let _ = timeout(LAST_BYTES, self.all_written()).await;
        let finished = self.finished();
        self.feed.close(finished).await;
    }

    async fn pump(&mut self) -> End {
        loop {
            tokio::select! {
                biased;
                () = self.queue.closed() => return End::Gone,
                () = self.end.cancelled() => return End::Drain,
                _ = self.tick.tick() => self.commit(),
                () = sleep_until(self.heartbeat_at) => self.beat(),
                news = self.feed.next() => if let Err(end) = self.take(news).await {
                    return end;
                },
            }
        }
    }

    async fn take(&mut self, news: News) -> Result<(), End> {
        match news {
            News::Records(records) => self.write(&records).await?,
            News::Assigned(_) => {}
            News::Revoked(reply) => {
                let finished = self.finished();
                self.ledger.clear();
                // Nobody waits for it if it took too long.
                let _ = reply.send(finished);
            }
            News::Lost => {
                self.ledger.clear();
                self.unsent.clear();
            }
            News::Trouble(error) => {
                if self.judge.is_fatal(&error, Instant::now()) {
                    return Err(End::Fatal(error));
                }
            }
        }
        Ok(())
    }

    async fn write(&mut self, records: &PartitionRecords) -> Result<(), End> {
        let (topic, partition) = (records.topic(), records.topic_partition());
        let mut out = BytesMut::with_capacity(PIECE_BYTES / 4);
        let mut count = 0;
        let mut next = None;
        for record in records.iter().map_while(Result::ok) {
            if out.len() >= PIECE_BYTES
                && let Some(next) = next
            {
                self.push(out.split().freeze(), partition, next).await?;
            }
            let id = self
                .cursor
                .as_mut()
                .map(|cursor| cursor.delivered(topic, partition.partition, record.offset + 1));
            events::push_record(&mut out, topic, &record, id.as_deref(), &self.style);
            next = Some(record.offset + 1);
            count += 1;
        }
        if !out.is_empty() {
            self.push(out.freeze(), partition, records.next_offset())
                .await?;
        }
        self.counters.add(topic, count);
        Ok(())
    }

    /// Queues a piece as soon as there is room for it; once it is written, `partition` is finished up to `next`.
    async fn push(
        &mut self,
        bytes: Bytes,
        partition: &TopicPartition,
        next: i64,
    ) -> Result<(), End> {
        let room = bytes.len().min(self.max_room);
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let (place, room) = loop {
            let room = Arc::clone(&self.room).acquire_many_owned(room);
            let both = async { (self.queue.reserve().await, room.await) };
            tokio::select! {
                biased;
                () = self.end.cancelled() => return Err(End::Drain),
                both = both => break both,
                _ = self.tick.tick() => {}
            }
            self.commit();
        };
        // The queue closes when the client is gone; the semaphore never does.
        let (Ok(place), Ok(room)) = (place, room) else {
            return Err(End::Gone);
        };
        place.send(Piece {
            bytes,
            number: Some(self.ledger.sent(partition, next)),
            room,
        });
        self.heartbeat_at = Instant::now() + self.heartbeat;
        Ok(())
    }

    /// Queues what is no record, even if the stream is about to end.
    async fn say(&self, bytes: Bytes) {
        let room = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(room).await {
            let piece = Piece {
                bytes,
                number: Some(self.ledger.last()),
                room,
            };
            // The client may be gone.
            let _ = self.queue.send(piece).await;
        }
    }

    /// Waits until the body has emptied the queue and its last bytes are written, or the client is gone.
    async fn all_written(&self) {
        let room = u32::try_from(self.max_room).unwrap_or(u32::MAX);
        let _ = self.room.acquire_many(room).await;
        if let Some(last) = self.progress.last() {
            let _ = last.wait().await;
        }
    }

    /// A stream with something in its queue needs no sign of life.
    fn beat(&mut self) {
        self.heartbeat_at = Instant::now() + self.heartbeat;
        if self.room.available_permits() < self.max_room {
            return;
        }
        let bytes = Bytes::from_static(events::KEEP_ALIVE);
        let room = u32::try_from(bytes.len().min(self.max_room)).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(room) {
            let piece = Piece {
                bytes,
                number: None,
                room,
            };
            // If there is no room, there is something to read already.
            let _ = self.queue.try_send(piece);
        }
    }

    /// What the client has got, as far as it is to be committed.
    fn finished(&mut self) -> Offsets {
        self.ledger.written(self.progress.written());
        let mut finished = std::mem::take(&mut self.unsent);
        finished.extend(self.ledger.take());
        if !self.commits {
            finished.clear();
        }
        finished
    }

    fn commit(&mut self) {
        let finished = self.finished();
        if let Err(unsent) = self.feed.finished(finished) {
            self.unsent = unsent;
        }
    }
}

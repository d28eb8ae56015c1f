//! One connection: frames in, answers out, one after the other.
//!
//! As in Kafka, a connection is not read while one of its requests is being worked on, and whatever cannot be understood ends it: it,
//! and no other.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_wire::{
    ApiKey, DecodeError, FrameError, RequestHeader, decode_request_header, frame_length,
    split_frame,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

use super::api::{self, Context, Unanswered};
use super::cluster::Cluster;
use super::control::{Control, Seen};
use super::node::Mode;

/// Answers a connection until it ends. Dropping the future ends it at once.
pub(super) async fn serve(cluster: Arc<Cluster>, node: i32, stream: TcpStream, peer: SocketAddr) {
    let Ok(modes) = cluster.node(node).map(super::node::Node::modes) else {
        return;
    };
    let number = cluster.meter().opened();
    let mut connection = Connection {
        node,
        number,
        stream,
        buffer: BytesMut::new(),
        modes,
        waiter: Arc::new(Notify::new()),
        _open: Open(cluster.clone()),
        cluster,
    };
    connection
        .cluster
        .note(node, format_args!("connection {number} from {peer}"));
    let end = connection.run().await;
    connection
        .cluster
        .note(node, format_args!("connection {number} ends: {end}"));
}

struct Connection {
    node: i32,
    number: u64,
    stream: TcpStream,
    buffer: BytesMut,
    modes: watch::Receiver<Mode>,
    /// Notified when something happens that a request of ours waits for.
    waiter: Arc<Notify>,
    _open: Open,
    cluster: Arc<Cluster>,
}

/// Counts the connection while it lives.
struct Open(Arc<Cluster>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.meter().closed();
    }
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the client closed it")]
    ByClient,
    #[error("the control hook closed it")]
    ByControl,
    #[error("the node stops")]
    Stopping,
    #[error("the node was killed")]
    Killed,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Header(#[from] DecodeError),
    #[error("{api} v{version} cannot be answered: {reason}")]
    Request {
        api: ApiKey,
        version: i16,
        reason: Unanswered,
    },
}

/// What is written, and what follows.
struct Outgoing {
    segments: Vec<Bytes>,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Stay,
    Close,
}

impl Connection {
    async fn run(&mut self) -> End {
        let _ = self.stream.set_nodelay(true);
        loop {
            if let Err(end) = self.answer_one().await {
                return end;
            }
        }
    }

    async fn answer_one(&mut self) -> Result<(), End> {
        let frame = self.next_frame().await?;
        self.unpaused().await?;
        let (header, body) = decode_request_header(&frame)?;
        let outgoing = self.controlled(&header, &body).await?;
        self.unpaused().await?;
        write_all(&mut self.stream, outgoing.segments).await?;
        match outgoing.then {
            Then::Close => Err(End::ByControl),
            Then::Stay => Ok(()),
        }
    }

    /// What is answered, as far as the hook lets us.
    async fn controlled(&self, header: &RequestHeader, body: &Bytes) -> Result<Outgoing, End> {
        let seen = Seen {
            node: self.node,
            api_key: header.request_api_key,
            api_version: header.request_api_version,
            correlation_id: header.correlation_id,
            client_id: header.client_id.as_deref(),
            body,
            connection: self.number,
        };
        self.cluster.meter().count(seen.api_key);
        let control = self.cluster.controls().ask(&seen);
        let mut then = Then::Stay;
        let segments = match control {
            Control::Pass => self.work(header, body).await?,
            Control::Delay(delay) => {
                tokio::time::sleep(delay).await;
                self.work(header, body).await?
            }
            Control::DelayAnswer(delay) => {
                let segments = self.work(header, body).await?;
                tokio::time::sleep(delay).await;
                segments
            }
            Control::Drop => Vec::new(),
            Control::Close => return Err(End::ByControl),
            Control::Answer(answer) => framed(answer),
            Control::AnswerThenClose(answer) => {
                then = Then::Close;
                framed(answer)
            }
            Control::Corrupt => corrupted(&self.work(header, body).await?, None),
            Control::CorruptAt(at) => corrupted(&self.work(header, body).await?, Some(at)),
            Control::PassThenDrop => {
                self.work(header, body).await?;
                Vec::new()
            }
            Control::PassThenClose => {
                self.work(header, body).await?;
                return Err(End::ByControl);
            }
            Control::PassThenCut(after) => {
                then = Then::Close;
                let mut answer = self.work(header, body).await?.concat();
                answer.truncate(after);
                vec![answer.into()]
            }
        };
        Ok(Outgoing { segments, then })
    }

    /// What the broker answers; nothing for a request without an answer.
    async fn work(&self, header: &RequestHeader, body: &Bytes) -> Result<Vec<Bytes>, End> {
        // The hook may have killed it just now.
        if *self.modes.borrow() == Mode::Down {
            return Err(End::Killed);
        }
        let context = Context {
            cluster: &self.cluster,
            node: self.node,
            version: header.request_api_version,
            client_id: header.client_id.as_deref().unwrap_or_default(),
            waiter: &self.waiter,
        };
        let answer = api::answer(&context, header, body).await;
        match answer {
            Ok(frame) => Ok(frame
                .map(kafka_wire::Frame::into_segments)
                .unwrap_or_default()),
            Err(reason) => Err(End::Request {
                api: ApiKey(header.request_api_key),
                version: header.request_api_version,
                reason,
            }),
        }
    }

    /// The next frame, read while the node runs.
    async fn next_frame(&mut self) -> Result<Bytes, End> {
        let limit = self.cluster.config().request_max_bytes;
        loop {
            self.unpaused().await?;
            if let Some(frame) = split_frame(&mut self.buffer, limit)? {
                return Ok(frame);
            }
            // Room for what is on its way, but never for much more than has come.
            let missing = frame_length(&self.buffer, limit)?.unwrap_or(0) + 4;
            let missing = missing.saturating_sub(self.buffer.len());
            self.buffer
                .reserve(missing.clamp(READ_BYTES, MOST_AHEAD_BYTES));
            let is_idle = self.buffer.is_empty();
            tokio::select! {
                biased;
                mode = interruption(&mut self.modes, is_idle) => {
                    if mode != Mode::Paused {
                        return Err(End::Stopping);
                    }
                }
                read = self.stream.read_buf(&mut self.buffer) => {
                    if read? == 0 {
                        return Err(End::ByClient);
                    }
                }
            }
        }
    }

    /// Waits while the node is paused. A node that was killed does nothing any more, even if it was in the middle of something.
    async fn unpaused(&mut self) -> Result<(), End> {
        let mode = self.modes.wait_for(|mode| *mode != Mode::Paused).await;
        match mode.map_or(Mode::Down, |mode| *mode) {
            Mode::Down => Err(End::Killed),
            Mode::Running | Mode::Paused | Mode::Draining => Ok(()),
        }
    }
}

/// Waits until the node is paused, or an idle connection has to end.
async fn interruption(modes: &mut watch::Receiver<Mode>, is_idle: bool) -> Mode {
    let interrupts = |mode: &Mode| match mode {
        Mode::Running => false,
        Mode::Draining => is_idle,
        Mode::Paused | Mode::Down => true,
    };
    let mode = modes.wait_for(interrupts).await;
    mode.map_or(Mode::Down, |mode| *mode)
}

/// Writes all segments with as few calls as the kernel allows.
async fn write_all(stream: &mut TcpStream, segments: Vec<Bytes>) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = segments.iter().map(|it| IoSlice::new(it)).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let written = stream.write_vectored(rest).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(())
}

/// An answer of the hook's, with its length in front.
fn framed(answer: Bytes) -> Vec<Bytes> {
    let length = u32::try_from(answer.len()).unwrap_or(u32::MAX);
    vec![Bytes::copy_from_slice(&length.to_be_bytes()), answer]
}

/// An answer with one wrong bit: at this byte behind the length, or else in the middle of what follows the correlation id.
fn corrupted(segments: &[Bytes], at: Option<usize>) -> Vec<Bytes> {
    let mut bytes = segments.concat();
    let middle = LENGTH_AND_ID + bytes.len().saturating_sub(LENGTH_AND_ID) / 2;
    let at = at.map_or(middle, |at| at.saturating_add(4));
    let last = bytes.len().saturating_sub(1);
    if let Some(byte) = bytes.get_mut(at.min(last)) {
        *byte ^= 1;
    }
    vec![bytes.into()]
}

const LENGTH_AND_ID: usize = 8;

const READ_BYTES: usize = 8 << 10;
const MOST_AHEAD_BYTES: usize = 1 << 20;

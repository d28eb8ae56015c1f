//! From records to frames in the socket's buffer, as far as there is room and the client keeps up.

use std::pin::Pin;

use futures_util::Sink as _;
use kafka_client::{PartitionRecords, RecordRef};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message as Frame, Utf8Bytes};

use super::{End, Session};
use crate::plugins::consume::frame;
use crate::plugins::consume::render::{PartitionView, push_answer};

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Puts records into the socket's buffer, as far as there is room and the client keeps up.
    pub(super) fn fill(&mut self) -> Result<(), End> {
        let Some((records, mut from)) = self.current.take() else {
            return Ok(());
        };
        let partition = records.topic_partition();
        loop {
            let room = self.room();
            if room == 0 {
                self.current = Some((records, from));
                return Ok(());
            }
            let sent = if self.batch > 0 {
                self.send_batch(&records, from, room.min(self.batch))?
            } else {
                self.send_each(&records, from, room)?
            };
            self.rules.counters.add(&partition.topic, sent.count);
            let Some(last) = sent.last else {
                self.ledger.sent(partition, records.next_offset());
                return Ok(());
            };
            self.ledger.sent(partition, last + 1);
            from = last + 1;
        }
    }

    /// How many records may be sent now.
    fn room(&self) -> usize {
        let settings = &self.rules.settings;
        if self.queued >= settings.stream.buffer_bytes.max(1) {
            return 0;
        }
        if self.rules.commits {
            return usize::MAX;
        }
        settings.ws.max_unacked.saturating_sub(self.acks.unacked())
    }

    /// One frame for each of at most `most` records, until the buffer is full.
    fn send_each(
        &mut self,
        records: &PartitionRecords,
        from: i64,
        most: usize,
    ) -> Result<Sent, End> {
        let partition = records.topic_partition();
        let mut sent = Sent::default();
        for record in remaining(records, from).take(most) {
            let (topic, number) = (&partition.topic, partition.partition);
            frame::push_record(&mut self.out, topic, number, &record, &self.rules.style);
            self.send()?;
            self.acks.delivered(partition, record.offset);
            sent.add(record.offset);
            if self.queued >= self.rules.settings.stream.buffer_bytes {
                break;
            }
        }
        Ok(sent)
    }

    /// One frame of at most `most` records.
    fn send_batch(
        &mut self,
        records: &PartitionRecords,
        from: i64,
        most: usize,
    ) -> Result<Sent, End> {
        let partition = records.topic_partition();
        let mut sent = Sent::default();
        let (mut chosen, mut bytes) = (Vec::new(), 0);
        for record in remaining(records, from).take(most) {
            let length = |field: Option<&[u8]>| field.map_or(0, <[u8]>::len);
            bytes += length(record.key) + length(record.value);
            if !chosen.is_empty() && bytes > self.rules.settings.consume.max_bytes {
                break;
            }
            self.acks.delivered(partition, record.offset);
            sent.add(record.offset);
            chosen.push(record);
        }
        if sent.count == 0 {
            return Ok(sent);
        }
        let views = self.assigned.iter().map(|assigned| PartitionView {
            topic: &assigned.topic,
            partition: assigned.partition,
            errcode: 0,
            high_watermark: self.high_watermarks.get(assigned).copied().unwrap_or(-1),
            records: if assigned == partition {
                std::mem::take(&mut chosen).into_iter()
            } else {
                Vec::new().into_iter()
            },
        });
        push_answer(
            &mut self.out,
            &self.rules.topics,
            views.collect(),
            &self.rules.style,
        );
        self.send()?;
        Ok(sent)
    }

    /// Puts what was written into `out` into the socket's buffer as one frame.
    pub(super) fn send(&mut self) -> Result<(), End> {
        let bytes = self.out.split().freeze();
        self.queued += bytes.len();
        let text = Utf8Bytes::try_from(bytes).map_err(|_| internal())?;
        self.start(Frame::Text(text))
    }

    pub(super) fn start(&mut self, frame: Frame) -> Result<(), End> {
        // Never more than fits: there is room for the largest frame beyond the limit of records.
        Pin::new(&mut self.socket)
            .start_send(frame)
            .map_err(|_| End::Gone)
    }
}

/// What became of an attempt to send records.
#[derive(Default)]
struct Sent {
    count: usize,
    /// The offset of the last one; `None` if there was none left.
    last: Option<i64>,
}

impl Sent {
    fn add(&mut self, offset: i64) {
        self.count += 1;
        self.last = Some(offset);
    }
}

fn remaining(records: &PartitionRecords, from: i64) -> impl Iterator<Item = RecordRef<'_>> {
    records
        .iter()
        .map_while(Result::ok)
        .skip_while(move |record| record.offset < from)
}

fn internal() -> End {
    End::Close(CloseCode::Error, "internal error".to_owned())
}

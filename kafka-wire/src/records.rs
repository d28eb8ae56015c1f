//! Records: what topics are made of, as they travel and as they lie on a broker's disk.
//!
//! Producers gather records into *batches*, and a batch is what everybody else handles: a broker appends it, replicates it and serves
//! it as it is, without looking at single records. A batch has a header of 61 bytes, which says where it stands in the partition,
//! how many records follow, who wrote them and how they are compressed; behind it stand the records, compressed as one
//! piece or not at all. This is *record batch v2*, the only format written since Kafka 0.11 (KIP-98). Segments from before hold *message
//! sets*, which are read and never written: see [`MessageSet`].
//!
//! ```text
//!   0         12        21             61
//!   ├─────────┼─────────┼──────────────┼──────────┬──────────┬───
//!   │ offset, │ epoch,  │ attributes,  │ record 0 │ record 1 │ …
//!   │ length  │ magic,  │ offsets,     │          │          │
//!   │         │ crc     │ times, …     │          │          │
//!   └─────────┴─────────┴──────────────┴──────────┴──────────┴───
//!                       ╰── under the checksum, CRC-32C ─────────
//! ```
//!
//! What a broker writes into a batch (base offset, leader epoch) lies in front of the checksum, so that a batch is checksummed once, by its
//! producer. Offsets and timestamps of records are small differences from the header's, as varints: offset = base offset + delta. A
//! compacted batch loses records but keeps its offsets, so deltas rise but need not be 0, 1, 2 …
//!
//! Byte by byte, as Kafka's documentation prints them: the header above `BatchHeader::parse`, a record above `Records::record`, a message
//! above `Message::fields`, what control records hold above [`ControlRecord::parse`] and [`ControlRecord::end_txn_marker`].
//!
//! | to read | take | which yields |
//! |---|---|---|
//! | what a broker serves, whatever its age | [`LogEntries`] | a [`RecordBatch`] or a [`MessageSet`] |
//! | what a producer sends: record batches and nothing else | [`Batches`] | a [`RecordBatch`] |
//! | the records of either | `open`, then [`RecordSet::iter`] | a [`RecordRef`] |
//! | the record of a control batch | [`ControlRecord::parse`] | its type, and how a transaction ended |
//!
//! # Reading
//! ```
//! # use bytes::Bytes;
//! # use kafka_wire::records::*;
//! # fn show(fetched: Bytes) -> Result<(), Box<dyn std::error::Error>> {
//! for entry in LogEntries::new(fetched, CrcCheck::Verify) {
//!     let entry = entry?;
//!     let records = entry.open(&DecompressLimits::default())?;
//!     let is_control = records.header().attributes.is_control();
//!     for record in &records {
//!         let record = record?;
//!         if is_control {
//!             println!("{}: {}", record.offset, ControlRecord::parse(&record)?.control_type);
//!         } else {
//!             println!("{}: {} bytes", record.offset, record.value.map_or(0, <[u8]>::len));
//!         }
//!     }
//!     println!("to be continued at {}", entry.next_offset());
//! }
//! # Ok(())
//! # }
//! ```
//! A batch is validated once, then its records are parsed one at a time while they are asked for: a [`RecordRef`] borrows, nothing
//! is allocated per record. Messages become the records of a batch first, in one copy. Compressed batches are decompressed once, into memory that grows with what really comes out, up to
//! [`DecompressLimits`]. No input panics, and no loop is longer than the input.
//!
//! # Writing
//! ```
//! # use kafka_wire::records::*;
//! # fn make() -> Result<bytes::Bytes, Box<dyn std::error::Error>> {
//! let mut builder = BatchBuilder::new(16 * 1024, 16 * 1024);
//! builder.append(NewRecord { timestamp: 1_700_000_000_000, value: Some(b"hello"), ..NewRecord::default() })?;
//! let mut batch = builder.close(Compression::Lz4)?;
//! batch.set_producer(ProducerStamp { id: 4711, epoch: 0, base_sequence: 0 });
//! let to_send = batch.seal();
//! # Ok(to_send)
//! # }
//! ```
//! A record is encoded where it will be sent from; the header is filled in around it; the checksum comes last.
//!
//! Not here: which records a reader may see (control batches and aborted transactions are the consumer's to skip), when a batch is
//! full enough to send, and any I/O.

mod attributes;
mod batch;
mod builder;
mod checksum;
mod closed;
mod compression;
mod control;
mod error;
mod header;
mod log_entry;
mod message;
mod message_set;
mod varint;
mod walk;
mod writer;

pub use attributes::{Attributes, TimestampType};
pub use batch::{Batches, CrcCheck, RecordBatch};
pub use builder::{BatchBuilder, NewRecord};
pub use closed::{ClosedBatch, ProducerStamp, stamp_base_offset};
pub use compression::{
    Codecs, Compression, CompressionLevels, DecompressLimits, UnknownCompression,
};
pub use control::{ControlRecord, ControlType, EndTxnMarker, TransactionOutcome};
pub use error::{BatchFull, RecordError, RecordFault};
pub use header::{BATCH_HEADER_BYTES, BatchHeader};
pub use log_entry::{LogEntries, LogEntry};
pub use message_set::MessageSet;
pub use walk::{Headers, RecordRef, RecordSet, Records};

#[cfg(test)]
mod tests;

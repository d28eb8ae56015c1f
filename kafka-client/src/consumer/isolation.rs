//! Which batches of a fetch answer a reader may see. Pure.
//!
//! A broker sends everything below the last stable offset, records of rolled-back transactions too, and beside it a list of those
//! transactions: producer and first offset. A batch of a producer is hidden from the first offset of one of its rolled-back
//! transactions to the abort marker that ends it. Control batches, markers among them, are hidden from everybody (KIP-98).
//!
//! The list covers one answer; nothing is carried over to the next.

use std::collections::{BTreeMap, HashSet};

use kafka_wire::messages::fetch::AbortedTransaction;
use kafka_wire::records::{ControlRecord, ControlType, DecompressLimits, RecordBatch, RecordError};

/// The filter for the batches of one partition in one answer, asked in the order of their offsets.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Rolled-back transactions not reached yet, by first offset. Brokers list them in any order.
    ahead: BTreeMap<i64, Vec<i64>>,
    /// Producers whose batches are hidden now.
    hidden: HashSet<i64>,
}

impl Filter {
    /// `aborted` is the answer's list; `None` when reading uncommitted.
    pub(crate) fn new(aborted: Option<&[AbortedTransaction]>) -> Self {
        let mut ahead: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for transaction in aborted.unwrap_or_default() {
            let producers = ahead.entry(transaction.first_offset).or_default();
            producers.push(transaction.producer_id);
        }
        Self {
            ahead,
            hidden: HashSet::new(),
        }
    }

    /// Whether the records of the next batch are for the reader.
    ///
    /// # Errors
    /// A control batch without a readable marker.
    pub(crate) fn shows(&mut self, batch: &RecordBatch) -> Result<bool, RecordError> {
        let header = batch.header();
        while let Some(first) = self.ahead.first_entry() {
            if *first.key() > header.last_offset() {
                break;
            }
            self.hidden.extend(first.remove());
        }
        if header.attributes.is_control() {
            if self.hidden.contains(&header.producer_id) && ends_in_abort(batch)? {
                self.hidden.remove(&header.producer_id);
            }
            return Ok(false);
        }
        Ok(!(header.attributes.is_transactional() && self.hidden.contains(&header.producer_id)))
    }
}

/// Whether `batch`, a control batch, says that a transaction was rolled back.
fn ends_in_abort(batch: &RecordBatch) -> Result<bool, RecordError> {
    let records = batch.open(&DecompressLimits::default())?;
    // Compaction may leave a control batch without its record.
    let Some(marker) = records.iter().next().transpose()? else {
        return Ok(false);
    };
    let marker = ControlRecord::parse(&marker)
        .map_err(|fault| RecordError::BadRecord { index: 0, fault })?;
    Ok(marker.control_type == ControlType::ABORT)
}

#[cfg(test)]
mod tests;

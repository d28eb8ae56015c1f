//! Transactions: records of many partitions, and offsets of a group, that become visible together or not at all (KIP-98).
//!
//! ```text
//! start ─► begin ─► send, send_offsets ─► commit
//!            ▲                      └───► abort      dropped, a transaction is aborted by the next begin
//!            └──────────────────────────────┘
//! ```
//! A transactional producer owns its transactional id: whoever starts last has it, and fences the one before. One transaction is open at
//! a time, which the borrow of [`TransactionalProducer::begin`] says.

mod coordinator;
mod error;
mod standing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::ErrorCode;

pub(crate) use coordinator::Coordinator;
pub use error::TransactionError;
pub(crate) use standing::{Admission, Enlistment, NotNow, Protocol, Standing};

use super::delivery::Delivery;
use super::send_error::{CloseError, SendError};
use super::{Producer, ProducerConfig, ProducerRecord, ProducerStats};
use crate::client::Client;
use crate::config::ConfigError;
use crate::group::metadata::GroupMetadata;
use crate::topic_partition::TopicPartition;

/// What a producer's sender needs for transactions.
pub(crate) type Transactions = (Arc<Standing>, Coordinator);

/// Whose transactions, and how long one may be open.
#[derive(Debug, Clone)]
pub struct TransactionConfig {
    /// The producer's name over all its lives. Kafka: `transactional.id`. Must not be empty. Default: empty.
    pub id: String,
    /// The coordinator aborts a transaction that is open for longer, and fences its producer. Kafka: `transaction.timeout.ms`; brokers
    /// allow at most `transaction.max.timeout.ms`, 15 minutes unless configured. Default: 60 s.
    pub timeout: Duration,
}

impl Default for TransactionConfig {
    fn default() -> Self {
        Self {
            id: String::new(),
            timeout: Duration::from_mins(1),
        }
    }
}

impl TransactionConfig {
    fn check(&self, config: &ProducerConfig) -> Result<(), ConfigError> {
        if self.id.is_empty() {
            return Err(ConfigError::Missing { field: "id" });
        }
        if !config.idempotent {
            return Err(ConfigError::Conflict {
                field: "id",
                other: "idempotent",
                why: "transactions need idempotence",
            });
        }
        Ok(())
    }
}

/// A producer whose records come in transactions.
///
/// ```no_run
/// # use kafka_client::{Client, ProducerConfig, ProducerRecord, TransactionConfig, TransactionalProducer};
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let transactions = TransactionConfig { id: "billing-1".into(), ..Default::default() };
/// let mut producer = TransactionalProducer::start(&client, transactions, ProducerConfig::default()).await?;
/// let transaction = producer.begin().await?;
/// drop(transaction.send(ProducerRecord::to("invoices", b"42")).await?);
/// drop(transaction.send(ProducerRecord::to("ledger", b"42")).await?);
/// transaction.commit().await?;
/// # Ok(()) }
/// ```
pub struct TransactionalProducer {
    producer: Producer,
    coordinator: Coordinator,
    standing: Arc<Standing>,
    /// What the next `begin` has to see to first.
    left: Left,
    /// The last transaction is aborted (v1), and another epoch asked for: under this one the coordinator may not be asked any more.
    is_epoch_spent: bool,
    /// Why the open transaction cannot be committed.
    doom: Option<TransactionError>,
}

/// What is left of the last transaction.
#[derive(Debug, Clone)]
enum Left {
    /// Nothing.
    Nothing,
    /// It is to be ended so.
    Open(End),
    /// The producer is finished.
    Final(TransactionError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    Abort,
}

impl TransactionalProducer {
    /// Registers with the coordinator, at most for `max_block`: whoever had the id before is fenced, and what it left open aborted.
    ///
    /// # Errors
    /// [`TransactionError::Config`], [`TransactionError::Unknown`] if nobody answers, [`TransactionError::Refused`] if the id may not be
    /// used or the timeout is too long.
    pub async fn start(
        client: &Client,
        transaction: TransactionConfig,
        config: ProducerConfig,
    ) -> Result<Self, TransactionError> {
        transaction.check(&config)?;
        config.check()?;
        let config = config.bounded();
        let cluster = client.cluster.clone();
        let coordinator = Coordinator::new(cluster, Arc::new(config.clone()), &transaction);
        let id: Arc<str> = transaction.id.into();
        let registered = coordinator.register(None).await;
        let (identity, protocol) = registered.map_err(|error| TransactionError::of(&id, error))?;
        let standing = Arc::new(Standing::new(id, identity, protocol));
        let transactions: Transactions = (standing.clone(), coordinator.clone());
        Ok(Self {
            producer: Producer::with(client, config, Some(transactions)),
            coordinator,
            standing,
            left: Left::Nothing,
            is_epoch_spent: false,
            doom: None,
        })
    }

    /// Begins a transaction, once what the last one left is ended: one that was dropped is aborted, one whose commit got no answer is
    /// committed. Sends nothing if nothing is left.
    ///
    /// # Errors
    /// What the end of the last one met; after a [final](TransactionError::is_final) error, that one again.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, TransactionError> {
        if let Left::Open(end) = self.left {
            self.end(end).await?;
        }
        if let Left::Final(error) = &self.left {
            return Err(error.clone());
        }
        self.left = Left::Open(End::Abort);
        self.doom = None;
        self.producer.forget_failure();
        Ok(Transaction { producer: self })
    }

    /// Ends the producer. A transaction that was dropped is aborted first, as far as `deadline` allows; else its timeout does that.
    ///
    /// # Errors
    /// As [`Producer::close`]: how many records were given up. Those of a transaction that is aborted are not counted.
    pub async fn close(mut self, deadline: Duration) -> Result<(), CloseError> {
        let until = tokio::time::Instant::now() + deadline;
        if let Left::Open(end) = self.left {
            // Best effort: the coordinator does the same after the transaction's timeout.
            let _ = tokio::time::timeout(deadline, self.end(end)).await;
        }
        let rest = until.saturating_duration_since(tokio::time::Instant::now());
        self.producer.close(rest).await
    }

    /// What was done so far, in all transactions: [`Producer::stats`].
    pub fn stats(&self) -> ProducerStats {
        self.producer.stats()
    }

    async fn end(&mut self, end: End) -> Result<(), TransactionError> {
        let outcome = match end {
            End::Commit => self.end_as(End::Commit).await,
            End::Abort => {
                // Sealed first, so that nothing is given to a broker that could have been given up.
                self.standing.seal().await;
                self.producer.give_up();
                self.producer.settled().await;
                self.end_as(End::Abort).await
            }
        };
        match &outcome {
            Ok(()) => self.left = Left::Nothing,
            Err(error) if error.is_final() => self.left = Left::Final(error.clone()),
            Err(TransactionError::MustAbort(_)) => self.left = Left::Open(End::Abort),
            Err(_) => self.left = Left::Open(end),
        }
        outcome
    }

    /// Ends a transaction of which nothing is on its way any more.
    async fn end_as(&mut self, end: End) -> Result<(), TransactionError> {
        let standing = &self.standing;
        standing.seal().await;
        let failed = |error| TransactionError::of(&standing.id, error);
        let (identity, protocol) = (standing.identity(), standing.protocol());
        let mut next = identity;
        if standing.is_begun() && !self.is_epoch_spent {
            let renews = end == End::Abort && protocol == Protocol::V1;
            let ended = self.coordinator.end(identity, protocol, end == End::Commit);
            next = match ended.await {
                // It has never heard of the transaction. Whether the id is still ours is told with the next epoch.
                Err(error) if renews && error.code() == Some(ErrorCode::INVALID_TXN_STATE) => {
                    identity
                }
                ended => ended.map_err(failed)?,
            };
            // What was given up may leave gaps, and copies in some socket: the next epoch is without either (KIP-360).
            self.is_epoch_spent = renews;
        }
        if self.is_epoch_spent {
            (next, _) = self
                .coordinator
                .register(Some(next))
                .await
                .map_err(failed)?;
            self.is_epoch_spent = false;
        }
        if next != identity {
            self.producer.forget_sequences();
        }
        standing.ended(next);
        Ok(())
    }
}

impl fmt::Debug for TransactionalProducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionalProducer")
            .field("id", &self.standing.id)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// An open transaction. Dropped without an end, it is aborted by the next [`TransactionalProducer::begin`] or
/// [`close`](TransactionalProducer::close).
#[derive(Debug)]
#[must_use = "a transaction that is dropped is aborted"]
pub struct Transaction<'a> {
    producer: &'a mut TransactionalProducer,
}

impl Transaction<'_> {
    pub(super) fn producer(&self) -> &Producer {
        &self.producer.producer
    }

    /// Takes a record, as [`Producer::send`]. That it was acknowledged does not make it visible: the commit does.
    ///
    /// # Errors
    /// As [`Producer::send`]. A record that was not taken is not part of the transaction, which can still be committed without it.
    pub async fn send(&self, record: ProducerRecord<'_>) -> Result<Delivery, SendError> {
        self.producer.producer.send(record).await
    }

    /// As [`Producer::try_send`].
    ///
    /// # Errors
    /// As there.
    pub fn try_send(&self, record: ProducerRecord<'_>) -> Result<Delivery, SendError> {
        self.producer.producer.try_send(record)
    }

    /// As [`Producer::flush`]. A commit flushes by itself.
    pub async fn flush(&self) {
        self.producer.producer.flush().await;
    }

    /// Makes offsets part of the transaction (KIP-447): each is the next one to read. They become the group's with the commit.
    /// Dropping the future leaves it open whether they are part of it.
    ///
    /// # Errors
    /// [`TransactionError::MustAbort`] if the group refuses them, for instance because the member has lost its partitions.
    pub async fn send_offsets(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        group: &GroupMetadata,
    ) -> Result<(), TransactionError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let standing = &self.producer.standing;
        standing.begin();
        let (identity, protocol) = (standing.identity(), standing.protocol());
        let coordinator = &self.producer.coordinator;
        let added = coordinator
            .add_offsets(identity, protocol, offsets, group)
            .await;
        added.map_err(|error| {
            let error = TransactionError::of_offsets(&standing.id, error);
            // From here on a commit would leave the offsets out.
            self.producer.doom = Some(error.clone());
            if error.is_final() {
                self.producer.left = Left::Final(error.clone());
            }
            error
        })
    }

    /// Waits for every record, and commits. Dropping the future once records are acknowledged leaves the commit to the next
    /// [`begin`](TransactionalProducer::begin).
    ///
    /// # Errors
    /// [`TransactionError::Record`] if one was not written: nothing is committed. [`TransactionError::Unknown`] if nobody knows.
    pub async fn commit(self) -> Result<(), TransactionError> {
        let owner = self.producer;
        if let Some(error) = &owner.doom {
            return Err(error.clone());
        }
        if let Some(error) = owner.producer.flush_all().await {
            return Err(TransactionError::Record(error));
        }
        owner.producer.settled().await;
        owner.left = Left::Open(End::Commit);
        owner.end(End::Commit).await
    }

    /// Gives up what was not sent yet, and aborts: none of it becomes visible to those who read committed records only.
    ///
    /// # Errors
    /// As [`commit`](Self::commit), but for records: what became of them does not matter.
    pub async fn abort(self) -> Result<(), TransactionError> {
        let owner = self.producer;
        if let Left::Final(error) = &owner.left {
            return Err(error.clone());
        }
        owner.end(End::Abort).await
    }
}

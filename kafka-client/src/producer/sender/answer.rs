//! What the sender does with an answer, and with the lack of one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kafka_wire::messages::produce::{
    NodeEndpoint, PartitionProduceResponse, ProduceRequest, ProduceResponse,
};
use kafka_wire::records::Codecs;
use kafka_wire::{ErrorCode, Request as _, Uuid};
use tokio::time::Instant;

use super::Sender;
use super::request::Parcel;
use super::sink::Route;
use super::timers::Alarm;
use crate::cluster::metadata;
use crate::error::Error;
use crate::producer::delivery::{Failure, Outcome};
use crate::producer::idempotence::{Trace, Verdict, judge};
use crate::producer::metrics::BatchSplit;
use crate::producer::send_error::SendErrorKind;

/// An answer and what it belongs to.
pub(super) struct Answer {
    /// Who gave it, on which connection.
    pub(super) route: Route,
    /// Topics by id.
    pub(super) topics: HashMap<Uuid, Arc<str>>,
    /// What it says.
    pub(super) response: ProduceResponse,
}

/// Batches whose partition the answer has not mentioned yet.
type Waiting = HashMap<(Arc<str>, i32), Parcel>;

fn silence() -> PartitionProduceResponse {
    PartitionProduceResponse {
        error_code: ErrorCode::UNKNOWN_SERVER_ERROR,
        error_message: Some("the answer leaves the partition out".into()),
        ..Default::default()
    }
}

impl Sender {
    /// The broker has answered.
    pub(super) fn answered(&mut self, parcels: Vec<Parcel>, answer: Answer, now: Instant) {
        self.mute(answer.route, answer.response.throttle_time_ms, now);
        let key = |parcel: &Parcel| (parcel.partition.topic.clone(), parcel.partition.number);
        let mut waiting: Waiting = parcels
            .into_iter()
            .map(|parcel| (key(&parcel), parcel))
            .collect();
        let mut told = Vec::new();
        for topic in answer.response.responses {
            let name = match answer.topics.get(&topic.topic_id) {
                Some(name) if !topic.topic_id.is_zero() => name.clone(),
                _ => topic.name.as_str().into(),
            };
            for partition in topic.partition_responses {
                if let Some(parcel) = waiting.remove(&(name.clone(), partition.index)) {
                    told.push((parcel, partition));
                }
            }
        }
        // A partition that the broker leaves out is the broker's mistake, not the record's.
        told.extend(waiting.into_values().map(|parcel| (parcel, silence())));

        let endpoints = &answer.response.node_endpoints;
        let hints = told
            .iter()
            .filter(|(parcel, it)| self.hint(parcel, it, endpoints));
        if hints.count() > 0 {
            self.follow(now);
        }
        for (parcel, partition) in told {
            self.judged(parcel, answer.route.node, partition, now);
        }
    }

    /// No answer came, or none that can be read.
    pub(super) fn unanswered(
        &mut self,
        node: i32,
        parcels: Vec<Parcel>,
        error: Error,
        now: Instant,
    ) {
        self.cluster.refresh();
        let trace = if error.may_have_taken_effect() {
            Trace::Possible
        } else {
            Trace::None
        };
        // What was garbled on its way may be asked for again if a repetition is harmless.
        let retry = error.is_retriable() || (self.config.idempotent && trace == Trace::Possible);
        let kind = match &error {
            Error::Closed => SendErrorKind::Closed,
            _ => SendErrorKind::Refused,
        };
        let cause = Arc::new(error);
        for mut parcel in parcels {
            parcel.batch.cause = Some(cause.clone());
            if retry {
                self.retry(node, parcel, trace, now);
            } else {
                self.fail(parcel, trace, kind.clone(), now);
            }
        }
    }

    /// The request is on its way and nothing more will be known of it.
    pub(super) fn unacknowledged(&mut self, parcels: Vec<Parcel>, now: Instant) {
        for parcel in parcels {
            self.written(parcel, -1, None, now);
        }
    }

    /// A batch that could not be made into bytes.
    pub(super) fn spoiled(&mut self, parcels: Vec<Parcel>, now: Instant) {
        for parcel in parcels {
            self.fail(parcel, Trace::None, SendErrorKind::Unencodable, now);
        }
    }

    fn judged(
        &mut self,
        mut parcel: Parcel,
        node: i32,
        answer: PartitionProduceResponse,
        now: Instant,
    ) {
        let code = answer.error_code;
        let place = parcel.partition.lane().place(&parcel.batch);
        let mut verdict = judge(code, place, self.config.acks);
        if verdict == Verdict::Renumber && self.enlisting.is_some() {
            // Only the coordinator gives out epochs: the transaction fails, and the next has another.
            verdict = Verdict::Fail(Trace::None);
        }
        if verdict == Verdict::Written {
            let log_append_ms =
                (answer.log_append_time_ms >= 0).then_some(answer.log_append_time_ms);
            return self.written(parcel, answer.base_offset, log_append_ms, now);
        }
        let (topic, number) = (&parcel.partition.topic, parcel.partition.number);
        tracing::debug!(%topic, partition = number, node, %code, ?verdict, batch = ?parcel.batch, "batch refused");
        parcel.batch.cause = Some(Arc::new(Error::Refused {
            api: ProduceRequest::name(),
            subject: format!("{topic}-{number}"),
            code,
            message: answer.error_message,
        }));
        if code.is_stale_metadata() && parcel.partition.leader() == Some(node) {
            self.cluster.refresh();
        }
        match verdict {
            Verdict::Written => {}
            Verdict::Follow => {
                parcel.batch.attempts = parcel.batch.attempts.saturating_sub(1);
                self.again(parcel, Trace::None, Duration::ZERO, now);
            }
            Verdict::Renumber => self.renumber(node, parcel, now),
            Verdict::Split => self.split(parcel, now),
            Verdict::Retry(trace) => self.retry(node, parcel, trace, now),
            Verdict::Fail(trace) => {
                let blamed = answer.record_errors.into_iter().filter_map(|error| {
                    let index = u32::try_from(error.batch_index).ok()?;
                    Some((index, error.batch_index_error_message))
                });
                self.fail_blaming(parcel, trace, blamed.collect(), now);
            }
        }
    }

    fn written(
        &mut self,
        mut parcel: Parcel,
        base_offset: i64,
        log_append_ms: Option<i64>,
        now: Instant,
    ) {
        parcel.partition.lane().written(&mut parcel.batch);
        let written = Outcome::Written {
            base_offset,
            log_append_ms,
        };
        self.accumulator
            .settle(&parcel.partition, parcel.batch, written);
        if let Some(tracked) = self.tracked.get_mut(&parcel.partition.id) {
            tracked.backoff.reset();
            tracked.renumbered = false;
        }
        self.look(&parcel.partition, now);
    }

    fn renumber(&mut self, node: i32, parcel: Parcel, now: Instant) {
        parcel.partition.lane().renumber(&parcel.batch);
        let tracked = self.tracked.get_mut(&parcel.partition.id);
        let again = tracked.is_some_and(|tracked| std::mem::replace(&mut tracked.renumbered, true));
        if again {
            // New numbers did not help: no use in trying without a pause.
            self.retry(node, parcel, Trace::None, now);
        } else {
            self.again(parcel, Trace::None, Duration::ZERO, now);
        }
    }

    /// Tries again: after a pause, or at once if somebody else than `node` leads by now.
    fn retry(&mut self, node: i32, parcel: Parcel, trace: Trace, now: Instant) {
        let attempts = parcel.batch.attempts;
        if self
            .config
            .max_attempts
            .is_some_and(|most| attempts >= most)
        {
            return self.fail(parcel, trace, SendErrorKind::Exhausted { attempts }, now);
        }
        let wait = match self.tracked.get_mut(&parcel.partition.id) {
            Some(_)
                if parcel
                    .partition
                    .leader()
                    .is_some_and(|leader| leader != node) =>
            {
                Duration::ZERO
            }
            Some(tracked) => tracked.backoff.failed(),
            None => self.config.retry_backoff,
        };
        self.again(parcel, trace, wait, now);
    }

    /// Puts a batch back to its place, or ends it if its time is up.
    fn again(&mut self, parcel: Parcel, trace: Trace, wait: Duration, now: Instant) {
        let Parcel { partition, batch } = parcel;
        let (back, expiry, is_closed) = {
            let mut lane = partition.lane();
            let back = lane.again(batch, trace, wait, now);
            (back, lane.expiry(), lane.is_closed())
        };
        if let Some(batch) = back {
            let kind = if is_closed {
                SendErrorKind::Closed
            } else {
                expiry
            };
            let expired = batch.failure(kind);
            self.accumulator.settle(&partition, batch, expired);
        } else {
            partition.counters.retried();
        }
        self.look(&partition, now);
    }

    /// A batch that the broker finds too large goes again as two, or fails if that cannot be.
    fn split(&mut self, mut parcel: Parcel, now: Instant) {
        let (oversize, is_over) = {
            let lane = parcel.partition.lane();
            (
                lane.oversize(&parcel.batch),
                lane.is_over(&parcel.batch, now),
            )
        };
        if is_over {
            return self.again(parcel, Trace::None, Duration::ZERO, now);
        }
        if let Some(kind) = oversize {
            return self.fail(parcel, Trace::None, kind, now);
        }
        let (records, bytes) = (parcel.batch.records, parcel.batch.len());
        // Not under the lane's lock, for it takes long.
        let mut codecs = Codecs::with_levels(self.config.compression_levels);
        match parcel.batch.split(&self.accumulator.memory, &mut codecs) {
            Ok(halves) => {
                parcel.partition.lane().split(halves, now);
                parcel.partition.counters.split();
                if let Some(observer) = &self.config.observer {
                    observer.batch_split(&BatchSplit {
                        topic: &parcel.partition.topic,
                        partition: parcel.partition.number,
                        records,
                        bytes,
                    });
                }
                self.look(&parcel.partition, now);
            }
            Err(error) => {
                tracing::error!(topic = %parcel.partition.topic, %error, "cannot split a record batch");
                self.fail(parcel, Trace::None, SendErrorKind::Unencodable, now);
            }
        }
    }

    fn fail(&mut self, mut parcel: Parcel, trace: Trace, kind: SendErrorKind, now: Instant) {
        parcel.partition.lane().failed(&mut parcel.batch, trace);
        parcel.batch.on_its_way = false;
        let failure = parcel.batch.failure(kind);
        self.accumulator
            .settle(&parcel.partition, parcel.batch, failure);
        self.look(&parcel.partition, now);
    }

    fn fail_blaming(
        &mut self,
        mut parcel: Parcel,
        trace: Trace,
        blamed: Vec<(u32, Option<String>)>,
        now: Instant,
    ) {
        parcel.partition.lane().failed(&mut parcel.batch, trace);
        let failure = Outcome::Failed(Box::new(Failure {
            kind: SendErrorKind::Refused,
            possibly_written: parcel.batch.maybe_written,
            cause: parcel.batch.cause.clone(),
            blamed,
        }));
        self.accumulator
            .settle(&parcel.partition, parcel.batch, failure);
        self.look(&parcel.partition, now);
    }

    /// Passes on who leads instead, if the broker told (KIP-951).
    fn hint(
        &self,
        parcel: &Parcel,
        answer: &PartitionProduceResponse,
        endpoints: &[NodeEndpoint],
    ) -> bool {
        let hint = &answer.current_leader;
        if hint.leader_id < 0 || answer.error_code.is_ok() {
            return false;
        }
        let leader = metadata::Partition {
            leader: Some(hint.leader_id),
            leader_epoch: hint.leader_epoch,
        };
        let endpoint = endpoints
            .iter()
            .find(|endpoint| endpoint.node_id == hint.leader_id)
            .map(|at| (at.node_id, metadata::address(&at.host, at.port)));
        let partition = &parcel.partition;
        self.cluster.hint_leader(
            &partition.topic,
            partition.number,
            leader,
            endpoint.as_ref(),
        );
        true
    }

    /// A broker that holds us back for its quota gets nothing for that long (KIP-219).
    fn mute(&mut self, route: Route, throttle_time_ms: i32, now: Instant) {
        let Ok(throttle_time_ms @ 1..) = u64::try_from(throttle_time_ms) else {
            return;
        };
        let until = now + Duration::from_millis(throttle_time_ms);
        self.sinks.entry(route).or_default().muted_until = Some(until);
        self.timers.arm(Alarm::Sink(route), until);
    }
}

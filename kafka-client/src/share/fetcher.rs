//! The task that has to do with one broker: it fetches while the application waits, and passes on what the application said.
//!
//! It has a connection of its own, and one request on it at a time, as the requests of a session are numbered. When the connection or the
//! session ends, so do its locks: what had been said and not answered may be lost with them, and the application is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_wire::messages::share_acknowledge::{ShareAcknowledgeRequest, ShareAcknowledgeResponse};
use kafka_wire::messages::share_fetch::{PartitionData, ShareFetchRequest, ShareFetchResponse};
use kafka_wire::records::{Codecs, CrcCheck, DecompressLimits, LogEntries};
use kafka_wire::{ErrorCode, Request as _};
use tokio::time::sleep;

use super::held::RENEW;
use super::records::ShareRecords;
use super::session::{LAST, Place, Session, Words, acknowledgements};
use super::shared::Shared;
use super::state::{State, Work};
use crate::consumer::config::{wire_ms, wire_size};
use crate::consumer::records::{PartitionRecords, unreadable};
use crate::consumer::state::refused;
use crate::error::Error;
use crate::net::connection::Connection;
use crate::retry::Backoff;
use crate::topic_partition::TopicPartition;

/// Runs until the consumer is closed and the broker was told.
pub(super) async fn run(shared: Arc<Shared>, member_id: Arc<str>, node: i32) {
    let config = shared.cluster.config();
    let fetcher = Fetcher {
        backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
        shared,
        member_id,
        node,
        connection: None,
        session: Session::default(),
        codecs: Codecs::default(),
    };
    fetcher.run().await;
}

struct Fetcher {
    shared: Arc<Shared>,
    member_id: Arc<str>,
    node: i32,
    connection: Option<Arc<Connection>>,
    session: Session,
    backoff: Backoff,
    codecs: Codecs,
}

impl Fetcher {
    async fn run(mut self) {
        let mut bell = self.shared.work_bell();
        let mut metadata = self.shared.cluster.changed();
        loop {
            bell.borrow_and_update();
            metadata.borrow_and_update();
            let picture = self.shared.cluster.metadata();
            let node = self.node;
            let leads = |one: &TopicPartition| {
                picture
                    .partition(&one.topic, one.partition)
                    .and_then(|known| known.leader)
                    == Some(node)
            };
            match self.shared.with(|state| state.work(node, leads)) {
                Work::None => {
                    tokio::select! {
                        _ = bell.changed() => {}
                        _ = metadata.changed() => {}
                    }
                }
                Work::Fetch(wanted, words) => {
                    let places = words.keys().copied().collect();
                    let result = self.fetch(wanted, words).await;
                    self.done(result, places).await;
                }
                Work::Say(words) => {
                    let places = words.keys().copied().collect();
                    let result = self.say(words, false).await;
                    self.done(result, places).await;
                }
                Work::Close(words) => {
                    let places: Vec<_> = words.keys().copied().collect();
                    // Without a session there is nothing to end, but words that came too late are to be told as such.
                    if self.session.is_open() || !places.is_empty() {
                        let result = self.say(words, true).await;
                        self.done(result, places).await;
                    }
                    return;
                }
            }
        }
    }

    /// What came of a request, and of what it said of records in `places`.
    async fn done(&mut self, result: Result<(), Error>, places: Vec<Place>) {
        let said = !places.is_empty();
        if let Err(error) = &result {
            tracing::debug!(node = self.node, error = %crate::error::chain(error), "share fetch failed");
            self.session.reset();
            self.connection = None;
            self.shared.cluster.refresh();
            for place in places {
                self.with_name(place, |shared, partition| {
                    shared.with(|state| state.refused(partition, error.clone()));
                });
            }
        }
        // Last of all: whoever waits for answers looks at the refusals then.
        if said {
            self.shared.with(State::answered);
        }
        if result.is_ok() {
            self.backoff.reset();
        } else if !self.shared.with(|state| state.is_closing()) {
            sleep(self.backoff.failed()).await;
        }
    }

    async fn fetch(&mut self, wanted: BTreeSet<Place>, words: Words) -> Result<(), Error> {
        let connection = self.connect().await?;
        if !words.is_empty() && (!self.session.is_open() || renews(&words)) {
            // The first request of a session says nothing, and one that renews fetches nothing.
            return self.say(words, false).await;
        }
        let (topics, forgotten_topics_data) = self.session.next(&wanted, words);
        let config = &self.shared.config;
        let request = ShareFetchRequest {
            group_id: Some(config.group.clone()),
            member_id: Some(self.member_id.to_string()),
            share_session_epoch: self.session.epoch(),
            max_wait_ms: wire_ms(config.fetch_max_wait),
            min_bytes: wire_size(config.fetch_min_bytes),
            max_bytes: wire_size(config.fetch_max_bytes),
            max_records: wire_size(config.max_records),
            batch_size: wire_size(config.max_records),
            topics,
            forgotten_topics_data,
            ..Default::default()
        };
        let timeout = self.shared.cluster.config().request_timeout;
        let patience = timeout.saturating_add(config.fetch_max_wait);
        let answer = connection.send(&request, patience).await?.await?;
        self.check(
            ShareFetchRequest::name(),
            answer.error_code,
            answer.error_message.clone(),
        )?;
        self.session.answered();
        self.take(answer);
        Ok(())
    }

    fn check(
        &self,
        api: &'static str,
        code: ErrorCode,
        message: Option<String>,
    ) -> Result<(), Error> {
        code.check().map_err(|code| Error::Refused {
            api,
            subject: self.shared.config.group.clone(),
            code,
            message,
        })
    }

    /// Passes on what was said, without fetching; with the last request of the session if it `ends`.
    async fn say(&mut self, words: Words, ends: bool) -> Result<(), Error> {
        let connection = self.connect().await?;
        if !self.session.is_open() {
            return Err(Error::Refused {
                api: ShareAcknowledgeRequest::name(),
                subject: self.shared.config.group.clone(),
                code: ErrorCode::SHARE_SESSION_NOT_FOUND,
                message: Some("the connection to the broker ended, and the locks with it".into()),
            });
        }
        let request = ShareAcknowledgeRequest {
            group_id: Some(self.shared.config.group.clone()),
            member_id: Some(self.member_id.to_string()),
            share_session_epoch: if ends { LAST } else { self.session.epoch() },
            is_renew_ack: renews(&words),
            topics: acknowledgements(words),
        };
        let answer = connection.call(&request).await?;
        let message = answer.error_message.clone();
        self.check(ShareAcknowledgeRequest::name(), answer.error_code, message)?;
        self.session.answered();
        self.hear(answer);
        Ok(())
    }

    async fn connect(&mut self) -> Result<Arc<Connection>, Error> {
        if let Some(connection) = self.connection.as_ref().filter(|open| open.stands()) {
            return Ok(connection.clone());
        }
        self.session.reset();
        let connection = self
            .shared
            .cluster
            .private(self.node, &self.shared.stop)
            .await?;
        Ok(self.connection.insert(connection).clone())
    }

    /// What a broker said of acknowledgements.
    fn hear(&self, answer: ShareAcknowledgeResponse) {
        for topic in answer.responses {
            for one in topic.partitions {
                if let Err(code) = one.error_code.check() {
                    self.not_taken((topic.topic_id, one.partition_index), code);
                }
            }
        }
    }

    fn not_taken(&self, place: Place, code: ErrorCode) {
        if code.is_stale_metadata() {
            self.shared.cluster.refresh();
        }
        self.with_name(place, |shared, partition| {
            let error = refused(ShareAcknowledgeRequest::name(), &partition, code);
            shared.with(|state| state.refused(partition, error));
        });
    }

    fn take(&mut self, answer: ShareFetchResponse) {
        for topic in answer.responses {
            for data in topic.partitions {
                let place = (topic.topic_id, data.partition_index);
                if let Err(code) = data.acknowledge_error_code.check() {
                    self.not_taken(place, code);
                }
                match data.error_code.check() {
                    Ok(()) => self.take_records(place, data),
                    Err(code) if code.is_stale_metadata() => self.shared.cluster.refresh(),
                    Err(code) => self.with_name(place, |shared, partition| {
                        let error = refused(ShareFetchRequest::name(), &partition, code);
                        shared.with(|state| state.partition_error(partition, error));
                    }),
                }
            }
        }
    }

    /// Opens batches; what is locked and cannot be read is told, and settled like what nothing is said of.
    fn take_records(&mut self, place: Place, data: PartitionData) {
        if data.acquired_records.is_empty() {
            return;
        }
        let Some(partition) = self.name(place) else {
            return;
        };
        let limits = DecompressLimits {
            max_output_bytes: self.shared.config.max_decompressed_bytes,
            setting: "max_decompressed_bytes",
        };
        let (mut sets, mut next) = (Vec::new(), 0);
        for entry in LogEntries::new(data.records, CrcCheck::Verify) {
            let opened = entry.and_then(|entry| {
                next = entry.next_offset();
                entry.open_with(&limits, &mut self.codecs)
            });
            match opened {
                Ok(set) if set.header().attributes.is_control() => {}
                Ok(set) => sets.push(set),
                Err(error) => {
                    let error = unreadable(&partition, next, error);
                    let partition = partition.clone();
                    self.shared
                        .with(|state| state.partition_error(partition, error));
                }
            }
        }
        let batches = PartitionRecords::new(partition, (0, next.into()), -1, sets);
        let records = ShareRecords {
            batches,
            acquired: data.acquired_records,
            node: self.node,
            place,
        };
        self.shared.with(|state| state.fetched(records));
    }

    fn name(&self, (id, partition): Place) -> Option<TopicPartition> {
        let picture = self.shared.cluster.metadata();
        let name = picture.name_of(id)?;
        Some(TopicPartition::new(name.clone(), partition))
    }

    fn with_name(&self, place: Place, act: impl FnOnce(&Shared, TopicPartition)) {
        if let Some(partition) = self.name(place) {
            act(&self.shared, partition);
        }
    }
}

fn renews(words: &Words) -> bool {
    let all = words.values().flatten();
    all.flat_map(|said| &said.what).any(|what| *what == RENEW)
}

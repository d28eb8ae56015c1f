//! From partitions in line for a broker to requests for it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use kafka_wire::records::Codecs;
use tokio::time::Instant;

use super::Sender;
use super::request::{self, Load, Parcel, Work};
use crate::producer::lane::Take;
use crate::producer::topics::Partition;

/// A way to a broker: one of the producer's connections to it. A partition keeps to one, so that its batches stay in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Route {
    /// The broker.
    pub(super) node: i32,
    /// Which connection.
    pub(super) connection: u8,
}

/// A way to a broker as the sender sees it.
#[derive(Default)]
pub(super) struct Sink {
    /// Partitions with something for it.
    pub(super) line: VecDeque<Arc<Partition>>,
    /// Whether a request is being put in line for the socket.
    pub(super) is_sending: bool,
    /// Requests that have no answer yet.
    pub(super) in_flight: usize,
    /// Nothing is sent to it before (KIP-219).
    pub(super) muted_until: Option<Instant>,
    /// Compressors, unless a request has them.
    pub(super) codecs: Option<Box<Codecs>>,
}

impl Sender {
    /// Fills and sends a request for every broker that can take one.
    pub(super) async fn dispatch(&mut self, now: Instant) {
        let routes: Vec<Route> = self.sinks.keys().copied().collect();
        for route in routes {
            while self.can_take(route, now) {
                let parcels = self.fill(route, now);
                if parcels.is_empty() {
                    break;
                }
                self.send(route, parcels).await;
            }
        }
    }

    fn can_take(&self, route: Route, now: Instant) -> bool {
        let most = self.cluster.config().max_in_flight;
        self.sinks.get(&route).is_some_and(|sink| {
            let is_muted = sink.muted_until.is_some_and(|until| until > now);
            !sink.line.is_empty() && !sink.is_sending && !is_muted && sink.in_flight < most
        })
    }

    /// One batch each of the partitions in line, as many as a request holds.
    fn fill(&mut self, route: Route, now: Instant) -> Vec<Parcel> {
        let mut parcels: Vec<Parcel> = Vec::new();
        let mut bytes = 0;
        let line = self
            .sinks
            .get_mut(&route)
            .map(|sink| std::mem::take(&mut sink.line));
        let mut line = line.unwrap_or_default();
        while let Some(partition) = line.pop_front() {
            self.leaves_line(&partition);
            if partition.leader() != Some(route.node) {
                self.put_in_line(&partition);
                continue;
            }
            if !self.is_admitted(&partition) {
                continue;
            }
            let identity = self.identity_now();
            let take = {
                let mut batches = partition.lane();
                if !parcels.is_empty()
                    && bytes + batches.head_bytes() > self.config.max_request_size
                {
                    None
                } else {
                    Some(batches.take(route.node, now, self.patience, identity))
                }
            };
            match take {
                None => {
                    line.push_front(partition.clone());
                    self.is_in_line(&partition);
                    break;
                }
                Some(Take::Batch(batch)) => {
                    bytes += batch.len();
                    self.look(&partition, now);
                    parcels.push(Parcel { partition, batch });
                }
                Some(Take::Nothing) => {}
                // In a transaction it comes with the next one: what is numbered anew cannot be part of this.
                Some(Take::Identity(_)) if self.enlisting.is_some() => {}
                Some(Take::Identity(used)) => self.wait_for_identity(partition, used),
            }
        }
        // Partitions that are still ready, and came back meanwhile, go behind those that were not reached.
        if let Some(sink) = self.sinks.get_mut(&route) {
            line.append(&mut sink.line);
            sink.line = line;
        }
        parcels
    }

    pub(super) fn is_in_line(&mut self, partition: &Partition) {
        if let Some(tracked) = self.tracked.get_mut(&partition.id) {
            tracked.is_in_line = true;
        }
    }

    /// Sends what was filled. As a rule the connection stands and takes it at once.
    async fn send(&mut self, route: Route, parcels: Vec<Parcel>) {
        let sink = self.sinks.entry(route).or_default();
        sink.is_sending = true;
        sink.in_flight += 1;
        let load = Load {
            route,
            parcels,
            codecs: sink
                .codecs
                .take()
                .unwrap_or_else(|| Box::new(Codecs::with_levels(self.config.compression_levels))),
            standing: self.enlisting.as_ref().map(|it| it.standing.clone()),
        };
        let (cluster, config) = (self.cluster.clone(), self.config.clone());
        let mut sending: Work = Box::pin(request::send(cluster, config, load));
        match poll_fn(|context| Poll::Ready(sending.as_mut().poll(context))).await {
            Poll::Ready(event) => self.handle(event, Instant::now()),
            Poll::Pending => self.work.push(sending),
        }
    }
}

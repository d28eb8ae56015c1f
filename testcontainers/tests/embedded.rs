//! The embedded broker over real TCP, asked by a client of forty lines: what Kafka would answer, and what the control hook makes of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

#[path = "embedded/client.rs"]
mod client;
#[path = "embedded/cluster.rs"]
mod cluster;
#[path = "embedded/control.rs"]
mod control;
#[path = "embedded/fetch.rs"]
mod fetch;
#[path = "embedded/groups.rs"]
mod groups;
#[path = "embedded/hostile.rs"]
mod hostile;
#[path = "embedded/produce.rs"]
mod produce;
#[path = "embedded/topics.rs"]
mod topics;
#[path = "embedded/transactional.rs"]
mod transactional;
#[path = "embedded/transactions.rs"]
mod transactions;
#[path = "embedded/versions.rs"]
mod versions;

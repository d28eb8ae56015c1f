//! A Kafka client: messages and record batches of `kafka-wire` on one side, a cluster on the other. Owns every Kafka socket.
//!
//! # The map
//!
//! | module | what it holds |
//! |---|---|
//! | [`Client`] (`client`), `config`, `error`, `retry` | the front door; how to reach a cluster; what goes wrong; how long to wait |
//! | `net` | stream, requests in flight (pure), the task that owns a socket, the handle to it |
//! | `cluster` | metadata (pure) and the task that keeps it fresh, connections by broker and purpose, coordinators |

mod client;
mod cluster;
mod config;
mod error;
mod net;
mod retry;

pub use client::{Client, ClientStats};
pub use config::{ClientConfig, ConfigError, Security};
pub use error::Error;
pub use kafka_wire::ErrorCode;

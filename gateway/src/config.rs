//! What the gateway was told to do: routes, plugins, and the snapshot that requests see.
//!
//! Entities arrive as text ([`declarative`]; later from the Admin APIs), are checked and filled by one schema
//! engine ([`schema`]), become plain typed structs ([`route`], [`plugin`], [`kafka_upstream`],
//! [`kafka_consume`]) and end in an immutable [`snapshot::Snapshot`]. Nothing here does network I/O or knows HTTP
//! connections; a configuration that is not wholly valid never becomes a snapshot.

pub mod declarative;
pub mod format;
pub mod kafka_consume;
pub mod kafka_upstream;
pub mod plugin;
mod registry;
pub mod route;
pub mod schema;
pub mod secret;
pub mod shared;
pub mod snapshot;

//! Sockets: one task owns each, and nothing outside this module touches one.
//!
//! [`resolve`] finds addresses, [`stream`] opens one, [`driver`] is the task that owns the socket, [`inflight`] the pure account of what is
//! unanswered, [`usage`] of who used it when and [`rest`] of when it does nothing, and [`connection`] the handle that everybody else holds.

pub(crate) mod connection;
mod driver;
mod inflight;
pub(crate) mod resolve;
mod rest;
pub(crate) mod stream;
mod usage;

//! Sockets: one task owns each, and nothing outside this module touches one.
//!
//! [`resolve`] finds addresses, [`stream`] opens one, [`driver`] is the task that owns the socket, [`inflight`] the pure account of what is
//! unanswered, [`usage`] of who used it when and [`rest`] of when it does nothing, [`connection`]
//! the handle that everybody else holds, and [`pending`] the answer that he awaits.

pub(crate) mod connection;
pub(crate) mod driver;
mod inflight;
pub(crate) mod pending;
pub(crate) mod resolve;
mod rest;
pub(crate) mod stream;
mod usage;

//! Sockets: one task owns each, and nothing outside this module touches one.
//!
//! [`stream`] opens it, [`driver`] is the task that owns it, [`inflight`] the pure account of what is unanswered, and
//! [`connection`] the handle that everybody else holds.

pub(crate) mod connection;
mod driver;
mod inflight;
mod stream;

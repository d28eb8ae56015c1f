//! What can be seen of the running gateway.
//!
//! ```text
//! metrics.rs    every meter, in one place (G-52)
//! exchange.rs   one request and its answer: counted, timed, and one line in the access log when it ends
//! access.rs     that line, as JSON
//! log.rs        where log lines go
//! health.rs     alive, ready, metrics: the answers on `health.listen` (G-60)
//! ```
//!
//! Lines carry the request's id, and never a query, a header, a body or a secret (G-35).

mod access;
mod exchange;
mod health;
mod log;
mod metrics;

pub use exchange::Exchange;
pub(crate) use health::{Health, State};
pub use log::{LogGuard, Sink, init, layers};
pub use metrics::{Answered, Metrics, OfReason, OfRoute, OfTopic, Produced};

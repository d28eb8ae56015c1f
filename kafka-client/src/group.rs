//! Groups: which member reads which partition, and how far each has come.
//!
//! [`classic`] is one member of the classic protocol as a pure state machine, [`driver`] the task that carries out what it wants and
//! keeps the heart beating, [`assignor`] divides partitions when the member leads, [`offsets`] asks for and stores positions,
//! [`committer`] stores them in order.
//!
//! Minimal here, at its final place: the classic protocol with eager rebalancing and the range assignor. Cooperative rebalancing, other
//! assignors, the protocol of KIP-848 and share groups are to join it beside `classic`.

pub(crate) mod assignor;
pub(crate) mod classic;
pub(crate) mod committer;
pub(crate) mod driver;
pub(crate) mod metadata;
pub(crate) mod offsets;

//! Groups: which member reads which partition, and how far each has come.
//!
//! [`classic`] and [`modern`] are one member of either protocol as pure state machines: in the one a member leads and divides, in the
//! other (KIP-848) the coordinator does. [`driver`] is the task that carries out what they want and keeps the heart beating, [`assignor`]
//! divides partitions when the member leads, [`offsets`] asks for and stores positions, [`committer`] stores them in order.

pub(crate) mod assignor;
pub(crate) mod classic;
pub(crate) mod committer;
pub(crate) mod driver;
pub(crate) mod metadata;
pub(crate) mod modern;
pub(crate) mod offset;
pub(crate) mod offsets;

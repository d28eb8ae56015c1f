//! Protocols that travel inside the byte fields of group messages, between members rather than to a broker.

pub mod consumer_protocol;

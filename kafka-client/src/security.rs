//! Who the client is, to the brokers: what the application says ([`sasl`]), and how a connection logs in with it ([`login`]).
//!
//! Every connection logs in after `ApiVersions`, with `SaslHandshake` and `SaslAuthenticate` (KIP-43, KIP-152); what is in these messages is
//! `kafka_wire::sasl`'s affair. A session that the broker limits is renewed on the same connection before it ends (KIP-368): [`renewal`]
//! says when, and takes the turn of all other requests meanwhile.

pub(crate) mod login;
pub(crate) mod renewal;
pub(crate) mod sasl;

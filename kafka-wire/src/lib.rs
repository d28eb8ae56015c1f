//! Apache Kafka's wire protocol: messages and record batches as bytes and back.
//!
//! Nothing here does I/O, reads a clock, starts a task or logs. The client encodes requests and decodes answers; a broker (the
//! embedded one of `kafka-testcontainers`) uses the same tables in the other direction.
//!
//! # The map
//!
//! | module | what it holds |
//! |---|---|
//! | [`encode_request`], [`decode_response`], … (`frame`) | the doors: frames in and out, for both sides |
//! | `header` | what stands before every request and answer |
//! | [`Request`], [`ApiKey`], [`ApiRanges`] (`api`) | what an API is, and the version that both sides speak |
//! | [`messages`] | one file per API: request, answer, their structures, as rows of a table |
//! | `table`, [`rows`] | `wire_struct!`, the macro behind the rows; the rows as data, to be held against Kafka's schema files |
//! | `primitives`, `encoder` | integers, strings, arrays, nullable and compact forms; nom starts here |
//! | [`records`] | record batches: header, lazy walk, builder, compression |
//! | [`sasl`] | logins: PLAIN, SCRAM and OAUTHBEARER as pure exchanges, both sides |
//! | [`group`] | protocols that travel inside bytes fields: subscriptions and assignments of consumer groups |
//! | `error`, `error_code`, `uuid`, `secret` | what goes wrong, and small types of the wire |
//!
//! To learn the protocol from the source, read `frame.rs`, `header.rs`, `primitives.rs` and `table.rs` in this order: each opens
//! with the layout of its bytes. Then any file under `messages/` reads like Kafka's own definition of that API.
//!
//! # A frame, read
//!
//! A frame comes without its four bytes of length; [`split_frame`] cuts it off a buffer.
//!
//! ```
//! use bytes::Bytes;
//! use kafka_wire::decode_response;
//! use kafka_wire::messages::api_versions::ApiVersionsRequest;
//!
//! //                               correlation  error  count       key   min   max
//! let frame = Bytes::from_static(&[0, 0, 0, 7,  0, 0,  0, 0, 0, 1, 0, 3, 0, 0, 0, 13]);
//! let (correlation_id, answer) = decode_response::<ApiVersionsRequest>(&frame, 0)?;
//! assert_eq!(correlation_id, 7);
//! assert_eq!((answer.api_keys[0].api_key, answer.api_keys[0].max_version), (3, 13));
//!
//! // Bytes that are no such answer get an error that says where and why.
//! let error = decode_response::<ApiVersionsRequest>(&frame.slice(..15), 0).unwrap_err();
//! assert_eq!(error.to_string(), "ApiVersionsResponse v0: api_keys: impossible length 1 at byte 2");
//! # Ok::<(), kafka_wire::DecodeError>(())
//! ```
//!
//! # A request, written and read
//!
//! A row such as `3+ name: Option<String> = …` says: from version 3 on the message has this field, here, and it may be null. What
//! follows from the table, for every version and in both directions: which fields exist, their order, their classic or compact
//! form (KIP-482), which defaults stand for fields that a version lacks, and an error for a value that the version cannot carry.
//!
//! ```
//! use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
//! use kafka_wire::{decode_request, decode_request_header, encode_request};
//!
//! let topic = MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
//! let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
//! let frame = encode_request(&request, 12, 7, Some("me"))?.to_bytes();
//!
//! // The other side gets the frame without its length.
//! let (header, body) = decode_request_header(&frame.slice(4..))?;
//! assert_eq!((header.request_api_version, header.correlation_id), (12, 7));
//! assert_eq!(decode_request::<MetadataRequest>(&body, 12)?, request);
//!
//! // Version 8 was the first that can ask for this.
//! let request = MetadataRequest { include_topic_authorized_operations: true, ..request };
//! let error = encode_request(&request, 7, 8, Some("me")).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "MetadataRequest v7: include_topic_authorized_operations: set, but not in this version"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A broker, over a plain socket
//!
//! `examples/talk.rs`, whole:
//!
//! ```no_run
#![doc = include_str!("../examples/talk.rs")]
//! ```
//!
//! # The APIs
//!
//! Those of Kafka 4.3, at every version that its brokers still speak; a test makes this list from the table.
//!
#![doc = include_str!("apis.md")]

mod api;
mod encoder;
mod error;
mod error_code;
mod frame;
pub mod group;
mod header;
pub mod messages;
mod primitives;
pub mod records;
pub mod rows;
pub mod sasl;
mod secret;
mod table;
mod uuid;

pub use api::{Api, ApiKey, ApiRanges, NEVER, RecodeError, Request, UnsupportedVersion};
pub use error::{DecodeError, DecodeReason, EncodeError, EncodeReason};
pub use error_code::ErrorCode;
pub use frame::{
    Frame, FrameError, correlation_id, decode_request, decode_request_header, decode_response,
    encode_request, encode_response, frame_length, split_frame,
};
pub use header::{RequestHeader, ResponseHeader};
pub use secret::{Secret, SecretText};
pub use table::Message;
pub use uuid::Uuid;

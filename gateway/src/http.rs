//! What every answer and every request body have in common, whichever plugin deals with them.
//!
//! ```text
//! body.rs        the body of an answer: nothing, bytes, or a stream
//! upload.rs      the body of a request, read within the limits (G-12, G-41, G-44)
//! problem.rs     what can go wrong, and the one answer of the contract for each (gateway-rules.md §7)
//! template.rs    the negotiated error page (kong-admin.md §7 rule 6)
//! reply.rs       small makers of answers, and the headers that all of them carry (G-11)
//! request_id.rs  32 hexadecimal digits that name a request in its answer and in the log
//! peer.rs        the connection a request came by: its address, and when bytes have been written to it
//! identity.rs    headers that only the gateway may set (G-13)
//! origin.rs      which web pages may open streams (G-20)
//! topic.rs       which topic names a request may ask for (G-30, G-31)
//! ```
//!
//! Nothing here knows Kafka, routes or sockets.

mod body;
mod identity;
mod origin;
mod peer;
mod problem;
mod reply;
mod request_id;
mod template;
mod topic;
mod upload;

pub use body::{Body, Cut};
pub use identity::strip_identity;
pub use origin::{OriginRule, origin_allowed};
pub use peer::{Gone, Peer, Written};
pub use problem::Problem;
pub use reply::{JSON, Reply, json, method_not_allowed_headers, with_status};
pub use request_id::RequestId;
pub use topic::{TopicError, check_topic};
pub use upload::{Upload, UploadLimits};

pub(crate) use reply::finish;

//! Whole frames, header and body, without the table.

use bytes::Bytes;

use super::definitions::{self, Definition};
use super::writer::{self, Value};

/// Correlation id of every frame made here.
pub(crate) const CORRELATION_ID: i32 = 0x0102_0304;

/// Kafka's definitions by name.
pub(crate) struct Kafka(Vec<Definition>);

impl Kafka {
    /// All of them.
    pub(crate) fn load() -> Self {
        Self(definitions::load())
    }

    /// The definition called `name`.
    pub(crate) fn find(&self, name: &str) -> &Definition {
        self.0
            .iter()
            .find(|definition| definition.name == name)
            .unwrap_or_else(|| panic!("Kafka has no {name}"))
    }

    /// `body` with the header that a client puts before a request of `api`.
    pub(crate) fn request_frame(
        &self,
        api: &str,
        version: i16,
        client_id: Option<&str>,
        body: &[u8],
    ) -> Bytes {
        let definition = self.find(&format!("{api}Request"));
        let header = Value::Structure(vec![
            Value::Fixed(definition.api_key.unwrap().to_be_bytes().into()),
            Value::Fixed(version.to_be_bytes().into()),
            Value::Fixed(CORRELATION_ID.to_be_bytes().into()),
            client_id.map_or(Value::Null, |id| Value::Sized(id.into())),
        ]);
        let header_version = if definition.flexible.contain(version) {
            2
        } else {
            1
        };
        let header = writer::write(self.find("RequestHeader"), header_version, &header);
        [&header, body].concat().into()
    }

    /// `body` with the header that a broker puts before an answer of `api`.
    pub(crate) fn response_frame(&self, api: &str, version: i16, body: &[u8]) -> Bytes {
        let flexible = self
            .find(&format!("{api}Response"))
            .flexible
            .contain(version);
        // A broker answers `ApiVersions` before it knows what the client understands: never with tags in the header.
        let header_version = i16::from(flexible && api != "ApiVersions");
        let header = Value::Structure(vec![Value::Fixed(CORRELATION_ID.to_be_bytes().into())]);
        let header = writer::write(self.find("ResponseHeader"), header_version, &header);
        [&header, body].concat().into()
    }
}

//! The access log: one JSON object per line, written straight from the event's fields.

use std::fmt;
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Context, Layer};

use super::log::Sink;

/// The target of access lines, for filters: `RUST_LOG=info,access=off`.
pub(super) const TARGET: &str = "access";

/// Writes the events of [`TARGET`]. The general formatter costs several times what answering a request may.
#[derive(Debug)]
pub(super) struct AccessLayer {
    sink: Sink,
}

impl AccessLayer {
    pub(super) fn new(sink: Sink) -> AccessLayer {
        AccessLayer { sink }
    }
}

impl<S: Subscriber> Layer<S> for AccessLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut line = Line(Vec::with_capacity(320));
        line.0.extend_from_slice(b"{\"timestamp\":\"");
        let mut now = String::with_capacity(32);
        // Writing to memory cannot fail.
        let _ = SystemTime.format_time(&mut Writer::new(&mut now));
        line.0.extend_from_slice(now.as_bytes());
        line.0.extend_from_slice(b"\",\"target\":\"access\"");
        event.record(&mut line);
        line.0.extend_from_slice(b"}\n");
        self.sink.put(&line.0);
    }
}

/// A JSON object in the making.
struct Line(Vec<u8>);

impl Line {
    /// A member whose value needs no quotes.
    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        let _ = write!(self.0, ",\"{}\":{value}", field.name());
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, ",\"{}\":", field.name());
        let _ = serde_json::to_writer(&mut self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

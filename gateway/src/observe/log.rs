//! Where log lines go: through a bounded buffer and one thread to standard error, so that no request ever waits for
//! a slow terminal, pipe or disk.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use super::access::{AccessLayer, TARGET};

/// Lines waiting to be written. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sink(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    dropped: u64,
    is_closed: bool,
}

impl Sink {
    /// Adds whole lines. When the buffer is full they are dropped and counted, and the count is written later.
    pub fn put(&self, lines: &[u8]) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bytes.len() + lines.len() > BUFFER_BYTES {
            state.dropped += 1;
            return;
        }
        let was_empty = state.bytes.is_empty();
        state.bytes.extend_from_slice(lines);
        drop(state);
        if was_empty {
            self.0.changed.notify_one();
        }
    }

    /// Takes what there is, without waiting; for tests that look at the log.
    pub fn take(&self) -> Vec<u8> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut state.bytes)
    }

    /// Waits for lines and takes them; `None` when it is closed and empty.
    fn next(&self) -> Option<Vec<u8>> {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self
            .0
            .changed
            .wait_while(state, |state| state.bytes.is_empty() && !state.is_closed);
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
        let mut bytes = mem::take(&mut state.bytes);
        let dropped = mem::take(&mut state.dropped);
        if dropped > 0 {
            let line = format!(
                "{{\"target\":\"gateway::observe\",\"level\":\"WARN\",\"dropped_lines\":{dropped}}}\n"
            );
            bytes.extend_from_slice(line.as_bytes());
        }
        (!bytes.is_empty() || !state.is_closed).then_some(bytes)
    }

    fn close(&self) {
        self.0
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_closed = true;
        self.0.changed.notify_one();
    }
}

/// Log lines that nobody has written yet: beyond, they are dropped.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// How long lines may wait for company: one write serves many.
const GATHER: Duration = Duration::from_millis(20);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Sink;

    fn make_writer(&self) -> Sink {
        self.clone()
    }
}

/// Keeps the log going; dropping it writes what is left.
#[derive(Debug)]
pub struct LogGuard {
    sink: Sink,
    writer: Option<JoinHandle<()>>,
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.sink.close();
        if let Some(writer) = self.writer.take() {
            // It only ends early by a panic, and then there is nothing to wait for.
            let _ = writer.join();
        }
    }
}

/// The layers of the log over `sink`: JSON lines of everything from `level` up, or as `RUST_LOG` says.
pub fn layers<S>(sink: &Sink, level: LevelFilter) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let filter = move || {
        EnvFilter::builder()
            .with_default_directive(level.into())
            .from_env_lossy()
    };
    let general = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(sink.clone())
        .with_filter(filter_fn(|metadata| metadata.target() != TARGET).and(filter()));
    let access = AccessLayer::new(sink.clone())
        .with_filter(filter_fn(|metadata| metadata.target() == TARGET).and(filter()));
    general.and_then(access)
}

/// Sends the log of the whole process from `level` up, or as `RUST_LOG` says, to standard error; a panic is a line of
/// it too. A second call changes nothing.
pub fn init(level: LevelFilter) -> LogGuard {
    let sink = Sink::default();
    let subscriber = tracing_subscriber::registry().with(layers(&sink, level));
    // Somebody was first; their log is as good.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or_default();
        tracing::error!(place, message, "panic");
    }));
    let writer = std::thread::Builder::new().name("log".to_owned()).spawn({
        let sink = sink.clone();
        move || write_out(&sink)
    });
    LogGuard {
        sink,
        writer: writer.ok(),
    }
}

fn write_out(sink: &Sink) {
    let mut error = io::stderr();
    while let Some(bytes) = sink.next() {
        // There is nowhere left to complain to.
        let _ = error.write_all(&bytes);
        std::thread::sleep(GATHER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(sink: &Sink) -> Vec<serde_json::Value> {
        let text = String::from_utf8(sink.take()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn an_access_line_is_one_json_object() {
        let sink = Sink::default();
        let subscriber = tracing_subscriber::registry().with(layers(&sink, LevelFilter::INFO));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: TARGET, path = "/a\"\n", status = 200_u16, bytes = 7_u64, complete = true);
            tracing::warn!(topic = "t", "something else");
        });
        let found = lines(&sink);
        assert_eq!(found[0]["path"], "/a\"\n");
        assert_eq!(found[0]["status"], 200);
        assert_eq!(found[0]["complete"], true);
        assert_eq!(found[1]["topic"], "t");
        assert_eq!(found[1]["message"], "something else");
        assert_eq!(found.len(), 2, "no line is written twice");
    }

    #[test]
    fn a_full_buffer_drops_lines_and_says_how_many() {
        let sink = Sink::default();
        sink.put(&vec![b'x'; BUFFER_BYTES]);
        sink.put(b"lost\n");
        sink.close();
        let written = String::from_utf8(sink.next().unwrap()).unwrap();
        assert!(written.contains("\"dropped_lines\":1"));
        assert!(!written.contains("lost\n"));
        assert_eq!(sink.next(), None);
    }
}

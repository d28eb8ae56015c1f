//! The control hook: a test sees every request before the broker does, and says what becomes of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::{DecodeError, EncodeError, Request, decode_request, encode_response};

/// A request, as the hook sees it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// The node that got it.
    pub node: i32,
    /// Which API; see `kafka_wire::ApiKey`.
    pub api_key: i16,
    /// Its version, whether the broker offers it or not.
    pub api_version: i16,
    /// Chosen by the client.
    pub correlation_id: i32,
    /// Who asks.
    pub client_id: Option<&'a str>,
    /// The request behind its header.
    pub body: &'a Bytes,
    /// Number of the connection: each gets its own, over all nodes and restarts.
    pub connection: u64,
}

impl Seen<'_> {
    /// Whether it is a request of API `R`.
    pub fn is<R: Request>(&self) -> bool {
        self.api_key == R::KEY
    }

    /// The request in full.
    ///
    /// # Errors
    /// The body is not an `R`.
    pub fn request<R: Request>(&self) -> Result<R, DecodeError> {
        decode_request::<R>(self.body, self.api_version)
    }

    /// An answer of the test's own to a request of API `R`.
    ///
    /// # Errors
    /// The version of the request cannot carry it.
    pub fn answer<R: Request>(&self, response: &R::Response) -> Result<Control, EncodeError> {
        let frame = encode_response::<R>(response, self.api_version, self.correlation_id)?;
        Ok(Control::Answer(frame.to_bytes().slice(4..)))
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// The broker does what it always does.
    Pass,
    /// The same, so much later; later requests of the connection wait.
    Delay(Duration),
    /// The work is done at once; the answer comes so much later.
    DelayAnswer(Duration),
    /// Nothing is done and nothing answered; the connection stays.
    Drop,
    /// Nothing is done; the connection ends.
    Close,
    /// Nothing is done; this is the answer: header and body, without the length in front. See [`Seen::answer`].
    Answer(Bytes),
    /// The same, and the connection ends after it.
    AnswerThenClose(Bytes),
    /// The work is done, and one bit in the middle of the answer is wrong; the correlation id stays.
    Corrupt,
    /// The work is done, and one bit of the byte at this place of the answer is wrong, counted behind the length; beyond the end, the last byte.
    CorruptAt(usize),
    /// The work is done; nothing is answered, the connection stays.
    PassThenDrop,
    /// The work is done; instead of an answer, the connection ends.
    PassThenClose,
    /// The work is done; after so many bytes of the answer, counted from its length, the connection ends.
    PassThenCut(usize),
}

type Hook = dyn FnMut(&Seen<'_>) -> Control + Send;

/// The place of the hook.
#[derive(Default)]
pub(super) struct Controls {
    /// The hook is locked on its own, so that it may take itself out of its place.
    hook: Mutex<Option<Arc<Mutex<Hook>>>>,
}

impl Controls {
    pub(super) fn set(&self, hook: impl FnMut(&Seen<'_>) -> Control + Send + 'static) {
        self.put(Some(Arc::new(Mutex::new(hook))));
    }

    pub(super) fn clear(&self) {
        self.put(None);
    }

    /// What the hook says; without one, [`Control::Pass`].
    pub(super) fn ask(&self, seen: &Seen<'_>) -> Control {
        let hook = self
            .hook
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(hook) = hook else {
            return Control::Pass;
        };
        let mut hook = hook.lock().unwrap_or_else(PoisonError::into_inner);
        (*hook)(seen)
    }

    fn put(&self, hook: Option<Arc<Mutex<Hook>>>) {
        // What was there is dropped after the lock: it may hold a broker.
        let _before = std::mem::replace(
            &mut *self.hook.lock().unwrap_or_else(PoisonError::into_inner),
            hook,
        );
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls").finish_non_exhaustive()
    }
}

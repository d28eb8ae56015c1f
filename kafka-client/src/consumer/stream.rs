//! A consumer as a stream, for those who like it better than calling `poll`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use futures_core::Stream;
use futures_util::stream::unfold;

use crate::consumer::record::Record;
use crate::consumer::{Consumer, Event};
use crate::error::Error;

/// What [`Consumer::events`] and [`Consumer::records`] give. Ends when the client was shut down, after that error.
#[must_use = "a stream does nothing unless it is polled"]
pub struct ConsumerStream<'a, T>(Pin<Box<dyn Stream<Item = Result<T, Error>> + Send + 'a>>);

impl<T> Stream for ConsumerStream<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for ConsumerStream<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerStream").finish_non_exhaustive()
    }
}

impl Consumer {
    /// The events that [`poll`](Consumer::poll) would return, one after the other: what was taken from the stream is finished when the
    /// next is asked for. Dropping the stream loses nothing; the consumer goes on where it was.
    pub fn events(&mut self) -> ConsumerStream<'_, Event> {
        let events = unfold(Some(self), async |consumer| {
            let consumer = consumer?;
            let event = next(consumer).await;
            let goes_on = !matches!(event, Err(Error::Closed));
            Some((event, goes_on.then_some(consumer)))
        });
        ConsumerStream(Box::pin(events))
    }

    /// Copies of all records, one by one; a problem with one partition comes as its error. Those of one fetch answer are finished
    /// together, when the first of another is asked for. Dropping the stream drops what was copied and not taken: it counts as handed
    /// out, so `seek` to the first that is missing before going on.
    ///
    /// A member of a group gives partitions up without a word between two answers; [`events`](Consumer::events) tell.
    pub fn records(&mut self) -> ConsumerStream<'_, Record> {
        let begin = (Some(self), Vec::new().into_iter());
        let records = unfold(begin, async |(mut consumer, mut copied)| {
            loop {
                if let Some(record) = copied.next() {
                    return Some((record, (consumer, copied)));
                }
                let event = next(consumer.as_mut()?).await;
                match event {
                    Ok(event) => copied = copies(event),
                    Err(error) => {
                        consumer = consumer.filter(|_| !matches!(error, Error::Closed));
                        return Some((Err(error), (consumer, copied)));
                    }
                }
            }
        });
        ConsumerStream(Box::pin(records))
    }
}

async fn next(consumer: &mut Consumer) -> Result<Event, Error> {
    loop {
        if let Some(event) = consumer.poll(Duration::MAX).await? {
            return Ok(event);
        }
    }
}

fn copies(event: Event) -> vec::IntoIter<Result<Record, Error>> {
    let copies = match event {
        Event::Records(records) => records.owned().collect(),
        Event::PartitionError { error, .. } => vec![Err(error)],
        _ => Vec::new(),
    };
    copies.into_iter()
}

//! The consumer of one stream, in a task of its own: records come out one fetch answer at a time, and only as fast as
//! the stream takes them; offsets that the stream has finished go in and are committed.

use std::collections::HashMap;

use kafka_client::{Consumer, Error, Event, PartitionRecords, TopicPartition};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, timeout};

use super::finished::Unstored;
use super::source::{Opened, Source};
use super::{CLOSE_PATIENCE, COMMIT_PATIENCE, Offsets, chain};

/// What happens to a stream.
#[derive(Debug)]
pub(crate) enum News {
    /// These partitions are its own now, and no others.
    Assigned(Vec<TopicPartition>),
    /// Records of one of them.
    Records(PartitionRecords),
    /// All of them go to others, who wait until this is answered with what the stream has finished.
    Revoked(oneshot::Sender<Offsets>),
    /// All of them are others' already.
    Lost,
    /// Something is wrong. Reading goes on, unless the stream ends itself.
    Trouble(Error),
}

/// The stream's side. When it is dropped, what was finished is committed and the group is left.
#[derive(Debug)]
pub(crate) struct Feed {
    /// One in line: a stream that takes nothing more stops its reader, and that the fetches.
    news: mpsc::Receiver<News>,
    commands: mpsc::Sender<Command>,
}

/// What a reader is told.
#[derive(Debug)]
pub(super) enum Command {
    /// The stream has finished these; to be stored.
    Finished(Offsets),
    /// To be stored for somebody who wants to know what came of it.
    Commit(Offsets, oneshot::Sender<Option<Result<(), Error>>>),
}

impl Feed {
    /// A stream's side, and the reader to be spawned.
    pub(super) fn new(source: Source, seek: HashMap<TopicPartition, i64>) -> (Feed, Reader) {
        let (news, receiver) = mpsc::channel(1);
        let (sender, commands) = mpsc::channel(COMMANDS);
        let feed = Feed {
            news: receiver,
            commands: sender,
        };
        let reader = Reader {
            source,
            seek,
            news,
            commands,
            unstored: Unstored::default(),
            is_assigned: false,
        };
        (feed, reader)
    }

    /// What happens next. Dropping the future loses nothing. A reader that is gone, which can only be for a bug, is
    /// fatal trouble.
    pub(crate) async fn next(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            None => News::Trouble(Error::Closed),
        }
    }

    /// Has offsets stored soon. They are lost if many are in line already: tell the newest again later.
    pub(crate) fn finished(&self, offsets: Offsets) -> Result<(), Offsets> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.commands
            .try_send(Command::Finished(offsets))
            .map_err(|refused| match refused.into_inner() {
                Command::Finished(offsets) | Command::Commit(offsets, _) => offsets,
            })
    }

    /// The end of the stream: stores what it has finished at last.
    pub(crate) async fn close(self, offsets: Offsets) {
        // The reader looks at commands all the time but while it commits, which is bounded.
        let _ = timeout(
            COMMIT_PATIENCE,
            self.commands.send(Command::Finished(offsets)),
        )
        .await;
    }

    /// The way in for others; it does not keep the reader.
    pub(super) fn commands(&self) -> mpsc::WeakSender<Command> {
        self.commands.downgrade()
    }
}

/// Stores offsets by way of a reader; `None` if it is gone, or no member now.
pub(super) async fn commit(
    commands: &mpsc::Sender<Command>,
    offsets: Offsets,
) -> Option<Result<(), Error>> {
    let (reply, outcome) = oneshot::channel();
    commands.send(Command::Commit(offsets, reply)).await.ok()?;
    outcome.await.ok()?
}

/// Commands in line.
const COMMANDS: usize = 16;

/// The task of a feed.
pub(super) struct Reader {
    source: Source,
    /// Where partitions begin, at their first assignment.
    seek: HashMap<TopicPartition, i64>,
    news: mpsc::Sender<News>,
    commands: mpsc::Receiver<Command>,
    unstored: Unstored,
    is_assigned: bool,
}

impl Reader {
    /// Runs until the feed is dropped.
    pub(super) async fn run(mut self) {
        let Some(mut opened) = self.open().await else {
            return;
        };
        if let Some(partitions) = opened.assigned.take() {
            self.assigned(&mut opened.consumer, partitions).await;
        }
        let mut consumer = opened.consumer;
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(&mut consumer, command).await,
                    None => break,
                },
                event = next(&self.news, &mut consumer) => self.tell(&mut consumer, event).await,
            }
        }
        self.store(&mut consumer).await;
        if let Err(error) = consumer.close(CLOSE_PATIENCE).await {
            tracing::warn!(error = chain(&error), "the group was not left in order");
        }
    }

    /// Opens the source, again and again until it works or nobody wants it any more.
    async fn open(&mut self) -> Option<Opened> {
        loop {
            tokio::select! {
                biased;
                () = self.news.closed() => return None,
                opened = self.source.open() => match opened {
                    Ok(opened) => return Some(opened),
                    Err(error) => self.news.send(News::Trouble(error)).await.ok()?,
                },
            }
            // Commands wait: there is nothing to commit yet.
            let _ = timeout(REOPEN, self.news.closed()).await;
        }
    }

    async fn obey(&mut self, consumer: &mut Consumer, command: Command) {
        match command {
            Command::Finished(offsets) => {
                self.unstored.add(offsets);
                self.store(consumer).await;
            }
            Command::Commit(offsets, reply) => {
                let outcome = if self.is_assigned {
                    let offsets: Vec<_> = offsets.into_iter().collect();
                    Some(consumer.commit(&offsets).await)
                } else {
                    None
                };
                let _ = reply.send(outcome);
            }
        }
    }

    /// Passes an event on. There is room for it.
    async fn tell(&mut self, consumer: &mut Consumer, event: Result<Option<Event>, Error>) {
        let news = match event {
            // Time to look at what could not be stored.
            Ok(None) => return self.store(consumer).await,
            Ok(Some(Event::Records(records))) => {
                // Walked now: the consumer wants to know before the next `poll` if a record cannot be read.
                let _ = records.iter().find(Result::is_err);
                News::Records(records)
            }
            Ok(Some(Event::Assigned(partitions))) => {
                return self.assigned(consumer, partitions).await;
            }
            Ok(Some(Event::Revoked(_))) => return self.revoked(consumer).await,
            Ok(Some(Event::Lost(_))) => {
                self.is_assigned = false;
                self.unstored.clear();
                News::Lost
            }
            Ok(Some(Event::PartitionError { partition, error })) => {
                tracing::warn!(%partition, error = chain(&error), "a partition cannot be read");
                News::Trouble(error)
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "reading meets a difficulty");
                News::Trouble(error)
            }
        };
        let _ = self.news.send(news).await;
    }

    async fn assigned(&mut self, consumer: &mut Consumer, partitions: Vec<TopicPartition>) {
        self.is_assigned = true;
        for partition in &partitions {
            if let Some(offset) = self.seek.remove(partition) {
                consumer.seek(partition, offset);
            }
        }
        let _ = self.news.send(News::Assigned(partitions)).await;
    }

    /// Commits what the stream has finished before the partitions go to others.
    async fn revoked(&mut self, consumer: &mut Consumer) {
        let (reply, finished) = oneshot::channel();
        if self.news.send(News::Revoked(reply)).await.is_ok()
            && let Ok(Ok(offsets)) = timeout(REVOCATION, finished).await
        {
            self.unstored.add(offsets);
        }
        self.store(consumer).await;
        self.is_assigned = false;
        self.unstored.clear();
    }

    /// Stores what is finished; what cannot be stored now is tried again later.
    async fn store(&mut self, consumer: &mut Consumer) {
        let due = self.unstored.due();
        if due.is_empty() {
            return;
        }
        match timeout(COMMIT_PATIENCE, consumer.commit(&due)).await {
            Ok(Ok(())) => self.unstored.stored(due),
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "offsets are not committed");
            }
            Err(_) => tracing::warn!("the group's coordinator does not answer to a commit"),
        }
    }
}

/// The next event, once there is room for it. Dropping the future loses nothing.
async fn next(news: &mpsc::Sender<News>, consumer: &mut Consumer) -> Result<Option<Event>, Error> {
    // Only this task sends, so the room stays.
    match news.reserve().await {
        Ok(_room) => consumer.poll(TURN).await,
        Err(_) => std::future::pending().await,
    }
}

/// Time between two looks at what is left to do while nothing happens.
const TURN: Duration = Duration::from_secs(1);

/// Wait before a source that could not be opened is opened again.
const REOPEN: Duration = Duration::from_secs(1);

/// How long others wait for a stream that is busy with a slow client.
const REVOCATION: Duration = Duration::from_secs(5);

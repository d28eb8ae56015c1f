//! Why a cluster did not start, or a node did not do as told.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::Backend;

/// Why there is no cluster. Each is one sentence that says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// `KAFKA_BACKEND` holds something that is no backend.
    #[error("KAFKA_BACKEND={name} names no backend: it is one of embedded, process, docker")]
    UnknownBackend {
        /// What it holds.
        name: String,
    },

    /// The backend has a name, but nothing behind it yet.
    #[error(
        "the {backend} backend is not built yet: set KAFKA_BACKEND=process or KAFKA_BACKEND=embedded"
    )]
    NotBuilt {
        /// The backend asked for.
        backend: Backend,
    },

    /// The specification asks for something that this backend does not have.
    #[error("the {backend} backend has no {what}: set KAFKA_BACKEND=process")]
    Lacks {
        /// The backend.
        backend: Backend,
        /// What is asked for: `listener with SASL`.
        what: &'static str,
    },

    /// A program that a real broker needs is not on the `PATH`.
    #[error(
        "a real Kafka broker needs `{program}`, which is not on the PATH: install a JDK 17 or newer and Maven \
         (Debian: apt-get install openjdk-17-jdk-headless maven), or set KAFKA_BACKEND=embedded"
    )]
    NotInstalled {
        /// The first one missing: `java` or `mvn`.
        program: &'static str,
    },

    /// The environment names no folder for the cache of jars.
    #[error("there is no folder for Kafka's jars: set KAFKA_JARS_CACHE, XDG_CACHE_HOME or HOME")]
    NoCacheFolder,

    /// A program ran and failed.
    #[error("{what} failed ({status}): {output}")]
    Failed {
        /// What it was to do: `fetching Kafka's jars with mvn`.
        what: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last lines it printed.
        output: String,
    },

    /// A file, folder, port or program could not be used.
    #[error("cannot {doing} {path}", path = path.display())]
    Io {
        /// What was tried, as a verb: `read`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// The specification asks for a cluster without nodes.
    #[error("a cluster has at least one node")]
    NoNodes,

    /// A broker ended before it was ready.
    #[error("node {node} ended while it started ({status}): {log}")]
    Ended {
        /// The node.
        node: i32,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },

    /// The nodes did not find each other in time.
    #[error("the cluster was not ready within {after:?}, node {node} is missing: {log}")]
    NotReady {
        /// The limit that passed.
        after: Duration,
        /// The first node that did not know all the others.
        node: i32,
        /// The last lines of its log.
        log: String,
    },
}

/// Why a node did not do as told, or a cluster did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The cluster has no such node.
    #[error("the cluster has no node {node}")]
    Unknown {
        /// The node asked for.
        node: i32,
    },

    /// The node is not in a state in which this can be done, such as resuming one that is down.
    #[error("node {node} is {state}: it cannot {action}")]
    State {
        /// The node.
        node: i32,
        /// What it is: `running`, `paused` or `down`.
        state: &'static str,
        /// What was asked: `resume`.
        action: &'static str,
    },

    /// The signal could not be sent.
    #[error("cannot send SIG{signal} to node {node}")]
    Signal {
        /// The node.
        node: i32,
        /// The signal, as `kill` names it: `STOP`.
        signal: &'static str,
        /// Why not.
        source: io::Error,
    },

    /// The node did not come back.
    #[error("node {node} did not start again")]
    Start {
        /// The node.
        node: i32,
        /// Why not.
        source: Box<StartError>,
    },

    /// What was waited for did not happen in time.
    #[error("{what} did not happen within {after:?}")]
    Timeout {
        /// What was waited for: `a leader for every partition`.
        what: &'static str,
        /// The limit that passed.
        after: Duration,
    },

    /// The cluster refused.
    #[error("{api} was refused for {subject}: {code}")]
    Refused {
        /// The request, as Kafka names it: `CreateTopics`.
        api: &'static str,
        /// The topic.
        subject: String,
        /// Kafka's error, with its message where it gave one.
        code: String,
    },
}

impl StartError {
    /// For `map_err` on file operations.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

//! Kafka brokers to develop and test against, and a proxy that breaks the way to them.
//!
//! ```text
//! lib.rs error.rs
//! backend.rs       which kind of broker runs: KAFKA_BACKEND, or what this machine has
//! cluster.rs       ClusterSpec, Cluster: what a test holds, whatever the backend is
//!   cluster/nodes.rs       what it is made of: one arm per backend
//!   cluster/in_process.rs  the arm of the embedded broker
//! process.rs       real Apache Kafka on the local JVM
//!   process/node.rs        one node: up, paused or down
//!   process/guarded.rs     its JVM, and the guard that ends it when the test dies
//!   process/properties.rs  server.properties (pure)
//!   process/ports.rs       ports that stay ours while a broker is down
//!   process/recipe.rs      what is made once per Kafka version, and how `java` is called
//!   process/archive.rs     the class archive, with which a broker starts in half the time
//! sasl.rs          who may log in on a listener of its own
//! embedded.rs      a broker inside the test's own process; the map of its parts is there
//! jars.rs          Kafka's jars, fetched by Maven into a cache on first use
//! probe.rs         the few questions a cluster is asked: Metadata, CreateTopics
//! proxy.rs         the fault proxy: delay, slow down, cut, corrupt, black hole
//! ```
//!
//! A test starts a cluster, breaks it and drops it:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use kafka_testcontainers::{Cluster, ClusterSpec};
//!
//! let mut cluster = Cluster::start(ClusterSpec::nodes(3)).await?;
//! cluster.create_topic("orders", 6, 3).await?;
//! let leader = cluster.leader("orders", 0).await?;
//! cluster.kill(leader).await?; // SIGKILL
//! assert_ne!(cluster.leader("orders", 0).await?, leader);
//! cluster.restart(leader).await?;
//! # Ok(()) }
//! ```
//!
//! **Deliberately absent.** No client: whoever tests brings the one under test. No skipping: a test that
//! needs a broker and finds none fails with a sentence that says what to install. No fixed ports, nothing that
//! listens beyond loopback, nothing that outlives the test process, even one that is killed.
//!
//! **Docker's place.** [`Backend::Docker`] is a name without a machine behind it: asked for by name, it says so.
//! It joins as one more arm in `cluster/nodes.rs` beside the process backend, and comes first when nothing is asked for.

mod backend;
mod cluster;
pub mod embedded;
mod error;
pub mod jars;
mod probe;
mod process;
pub mod proxy;
mod sasl;

pub use backend::Backend;
pub use cluster::{Cluster, ClusterSpec};
pub use error::{NodeError, StartError};
pub use sasl::SaslListener;

//! One node: its ports and data, which last, and its JVM, which comes and goes.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::guarded::{Guarded, Signal};
use super::ports::Port;
use super::properties::{NodePorts, SaslPorts};
use super::recipe::Recipe;
use crate::proxy::Proxy;
use crate::{NodeError, StartError, jars};

/// A broker that may be up, paused or down.
#[derive(Debug)]
pub(crate) struct Node {
    id: i32,
    run: Run,
    client: Port,
    internal: Port,
    controller: Port,
    /// For clients that log in.
    sasl: Option<Port>,
    proxy: Option<Proxy>,
    /// Before the listener of those who log in.
    sasl_proxy: Option<Proxy>,
    folder: PathBuf,
}

#[derive(Debug)]
enum Run {
    Running(Guarded),
    Paused(Guarded),
    Down,
}

impl Node {
    /// A node that is down, with ports of its own and a folder inside `cluster`.
    pub(crate) fn new(id: i32, cluster: &Path) -> Result<Self, StartError> {
        let folder = cluster.join(format!("node-{id}"));
        fs::create_dir(&folder).map_err(StartError::io("create", &folder))?;
        Ok(Self {
            id,
            run: Run::Down,
            client: port()?,
            internal: port()?,
            controller: port()?,
            sasl: None,
            proxy: None,
            sasl_proxy: None,
            folder,
        })
    }

    /// Puts a proxy between each of the node's listeners and its clients, before it first starts.
    pub(crate) async fn put_proxies(&mut self) -> Result<(), StartError> {
        self.proxy = Some(proxy(&self.client).await?);
        if let Some(port) = &self.sasl {
            self.sasl_proxy = Some(proxy(port).await?);
        }
        Ok(())
    }

    /// Gives the node a listener for clients that log in, before it first starts.
    pub(crate) fn put_sasl(&mut self) -> Result<(), StartError> {
        self.sasl = Some(port()?);
        Ok(())
    }

    pub(crate) fn id(&self) -> i32 {
        self.id
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    pub(crate) fn sasl_proxy(&self) -> Option<&Proxy> {
        self.sasl_proxy.as_ref()
    }

    pub(crate) fn ports(&self) -> NodePorts {
        NodePorts {
            node: self.id,
            client: self.client.number(),
            advertised: self.advertised().port(),
            internal: self.internal.number(),
            controller: self.controller.number(),
            sasl: self.sasl_ports(),
        }
    }

    /// Where clients find it: its proxy, if it has one.
    pub(crate) fn advertised(&self) -> SocketAddr {
        self.proxy
            .as_ref()
            .map_or(self.client.address(), Proxy::address)
    }

    /// Where clients find it that log in: the proxy there, if it has one.
    pub(crate) fn sasl(&self) -> Option<SocketAddr> {
        let own = self.sasl.as_ref().map(Port::address)?;
        Some(self.sasl_proxy.as_ref().map_or(own, Proxy::address))
    }

    fn sasl_ports(&self) -> Option<SaslPorts> {
        Some(SaslPorts {
            own: self.sasl.as_ref()?.number(),
            advertised: self.sasl()?.port(),
        })
    }

    /// Where it answers for sure, if it answers at all.
    pub(crate) fn direct(&self) -> SocketAddr {
        self.client.address()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state() == "running"
    }

    /// What it has printed since it was made, across restarts. A file that cannot be read is an empty one.
    pub(crate) fn log(&self) -> String {
        fs::read(self.log_file())
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// Starts its JVM; does not wait for the broker in it. `cluster` is removed if we are gone before the JVM.
    pub(crate) fn start(&mut self, recipe: &Recipe, cluster: &Path) -> Result<(), StartError> {
        let mut arguments = recipe.java(&self.folder);
        arguments.push("kafka.Kafka".into());
        arguments.push(self.folder.join("server.properties").into());
        let jvm = Guarded::start("java", arguments, &self.log_file(), cluster)
            .map_err(StartError::io("run", "java"))?;
        tracing::debug!(node = self.id, pid = jvm.pid(), "broker starts");
        self.run = Run::Running(jvm);
        Ok(())
    }

    /// An error if it was started and has ended by itself.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        let Run::Running(jvm) = &self.run else {
            return Ok(());
        };
        match jvm.status() {
            None => Ok(()),
            Some(status) => Err(StartError::Ended {
                node: self.id,
                status,
                log: jars::last_lines(&self.log(), 20),
            }),
        }
    }

    /// SIGKILL; returns when it is dead.
    pub(crate) async fn kill(&mut self) -> Result<(), NodeError> {
        self.end(Signal::Kill, "be killed").await
    }

    /// SIGTERM; returns when it has shut down.
    pub(crate) async fn stop(&mut self) -> Result<(), NodeError> {
        if matches!(self.run, Run::Paused(_)) {
            self.resume()?;
        }
        self.end(Signal::Terminate, "be stopped").await
    }

    /// SIGSTOP; returns when it stands still.
    pub(crate) async fn pause(&mut self) -> Result<(), NodeError> {
        self.refuse_unless("running", "be paused")?;
        self.signal(Signal::Stop)?;
        if let Run::Running(jvm) = std::mem::replace(&mut self.run, Run::Down) {
            self.run = Run::Paused(jvm);
        }
        if let Run::Paused(jvm) = &self.run {
            tokio::time::timeout(END_LIMIT, jvm.stopped())
                .await
                .map_err(|_| NodeError::Timeout {
                    what: "the pause of a node",
                    after: END_LIMIT,
                })?;
        }
        Ok(())
    }

    /// SIGCONT.
    pub(crate) fn resume(&mut self) -> Result<(), NodeError> {
        self.refuse_unless("paused", "be resumed")?;
        self.signal(Signal::Continue)?;
        if let Run::Paused(jvm) = std::mem::replace(&mut self.run, Run::Down) {
            self.run = Run::Running(jvm);
        }
        Ok(())
    }

    async fn end(&mut self, signal: Signal, action: &'static str) -> Result<(), NodeError> {
        if self.state() == "down" {
            return Err(self.wrong_state(action));
        }
        self.signal(signal)?;
        if let Run::Running(jvm) | Run::Paused(jvm) = &mut self.run {
            tokio::time::timeout(END_LIMIT, jvm.ended())
                .await
                .map_err(|_| NodeError::Timeout {
                    what: "the end of a node",
                    after: END_LIMIT,
                })?;
        }
        self.run = Run::Down;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<(), NodeError> {
        tracing::debug!(node = self.id, signal = signal.name(), "signal");
        match &self.run {
            Run::Running(jvm) | Run::Paused(jvm) => {
                jvm.signal(signal).map_err(|source| NodeError::Signal {
                    node: self.id,
                    signal: signal.name(),
                    source,
                })
            }
            Run::Down => Ok(()),
        }
    }

    fn state(&self) -> &'static str {
        match &self.run {
            Run::Running(jvm) if jvm.status().is_none() => "running",
            Run::Paused(jvm) if jvm.status().is_none() => "paused",
            // It may have ended by itself.
            Run::Running(_) | Run::Paused(_) | Run::Down => "down",
        }
    }

    fn refuse_unless(&self, state: &str, action: &'static str) -> Result<(), NodeError> {
        if self.state() == state {
            return Ok(());
        }
        Err(self.wrong_state(action))
    }

    fn wrong_state(&self, action: &'static str) -> NodeError {
        NodeError::State {
            node: self.id,
            state: self.state(),
            action,
        }
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("broker.log")
    }
}

async fn proxy(before: &Port) -> Result<Proxy, StartError> {
    Proxy::start(before.address())
        .await
        .map_err(StartError::io("start a proxy on", "127.0.0.1"))
}

fn port() -> Result<Port, StartError> {
    Port::reserve().map_err(StartError::io("take a port of", "127.0.0.1"))
}

/// A controlled shutdown takes a second or two; a node whose quorum is gone takes 12.
const END_LIMIT: Duration = Duration::from_mins(1);

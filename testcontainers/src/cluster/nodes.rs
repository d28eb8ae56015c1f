//! What a cluster is made of: one arm per backend, and nothing that all of them do alike.

use std::net::SocketAddr;

use tokio::process::Command;

use super::ClusterSpec;
use super::in_process::InProcess;
use crate::embedded::Broker;
use crate::process::{Node, Processes};
use crate::proxy::Proxy;
use crate::{Backend, NodeError, StartError};

/// The nodes of a cluster, up or down. Dropping it ends them.
#[derive(Debug)]
pub(super) enum Nodes {
    Embedded(InProcess),
    Process(Box<Processes>),
}

impl Nodes {
    /// Starts every node; they need not be ready yet.
    pub(super) async fn start(spec: &ClusterSpec, backend: Backend) -> Result<Self, StartError> {
        match backend {
            Backend::Process => Ok(Self::Process(Box::new(Processes::start(spec).await?))),
            Backend::Embedded => Ok(Self::Embedded(InProcess::start(spec).await?)),
            Backend::Docker => Err(StartError::NotBuilt { backend }),
        }
    }

    pub(super) fn backend(&self) -> Backend {
        match self {
            Self::Embedded(_) => Backend::Embedded,
            Self::Process(_) => Backend::Process,
        }
    }

    pub(super) fn ids(&self) -> Vec<i32> {
        match self {
            Self::Embedded(cluster) => cluster.broker().node_ids(),
            Self::Process(cluster) => cluster.nodes().iter().map(Node::id).collect(),
        }
    }

    /// The nodes that run, and where they answer whatever their proxies do.
    pub(super) fn running(&self) -> Vec<(i32, SocketAddr)> {
        match self {
            Self::Embedded(cluster) => cluster.running(),
            Self::Process(cluster) => cluster
                .nodes()
                .iter()
                .filter(|node| node.is_running())
                .map(|node| (node.id(), node.direct()))
                .collect(),
        }
    }

    /// Where clients find a node.
    pub(super) fn advertised(&self, node: i32) -> Option<SocketAddr> {
        match self {
            Self::Embedded(cluster) => cluster.broker().advertised(node),
            Self::Process(cluster) => cluster.node(node).map(Node::advertised),
        }
    }

    /// Where clients that log in find a node.
    pub(super) fn sasl(&self, node: i32) -> Option<SocketAddr> {
        match self {
            Self::Embedded(_) => None,
            Self::Process(cluster) => cluster.node(node)?.sasl(),
        }
    }

    pub(super) fn proxy(&self, node: i32) -> Option<&Proxy> {
        match self {
            Self::Embedded(cluster) => cluster.proxy(node),
            Self::Process(cluster) => cluster.node(node)?.proxy(),
        }
    }

    /// The proxy before the listener of those who log in.
    pub(super) fn sasl_proxy(&self, node: i32) -> Option<&Proxy> {
        match self {
            Self::Embedded(_) => None,
            Self::Process(cluster) => cluster.node(node)?.sasl_proxy(),
        }
    }

    pub(super) fn log(&self, node: i32) -> Option<String> {
        match self {
            Self::Embedded(cluster) => Some(cluster.broker().logs(node)),
            Self::Process(cluster) => cluster.node(node).map(Node::log),
        }
    }

    /// The embedded cluster itself; `None` for others.
    pub(super) fn embedded(&self) -> Option<&Broker> {
        match self {
            Self::Embedded(cluster) => Some(cluster.broker()),
            Self::Process(_) => None,
        }
    }

    /// An error if a node that should run has ended by itself.
    pub(super) fn check(&self) -> Result<(), StartError> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Process(cluster) => cluster.nodes().iter().try_for_each(Node::check),
        }
    }

    pub(super) async fn kill(&mut self, node: i32) -> Result<(), NodeError> {
        match self {
            Self::Embedded(cluster) => cluster.kill(node).await,
            Self::Process(cluster) => cluster.node_mut(node)?.kill().await,
        }
    }

    pub(super) async fn stop(&mut self, node: i32) -> Result<(), NodeError> {
        match self {
            Self::Embedded(cluster) => cluster.broker().stop(node).await,
            Self::Process(cluster) => cluster.node_mut(node)?.stop().await,
        }
    }

    pub(super) async fn pause(&mut self, node: i32) -> Result<(), NodeError> {
        match self {
            Self::Embedded(cluster) => cluster.broker().pause(node),
            Self::Process(cluster) => cluster.node_mut(node)?.pause().await,
        }
    }

    pub(super) fn resume(&mut self, node: i32) -> Result<(), NodeError> {
        match self {
            Self::Embedded(cluster) => cluster.broker().resume(node),
            Self::Process(cluster) => cluster.node_mut(node)?.resume(),
        }
    }

    /// Starts a node that is down; it need not be ready yet.
    pub(super) async fn start_node(&mut self, node: i32) -> Result<(), NodeError> {
        match self {
            Self::Embedded(cluster) => cluster.broker().restart(node).await,
            Self::Process(cluster) => cluster.start_node(node),
        }
    }

    pub(super) fn tool(&self, class: &str) -> Option<Command> {
        match self {
            Self::Embedded(_) => None,
            Self::Process(cluster) => Some(cluster.tool(class)),
        }
    }
}

//! Real Apache Kafka on the local JVM: nodes that are broker and controller in one, each a process of its own.
//!
//! Everything lies in one folder that goes with the cluster. Knows nothing of topics: `cluster.rs` asks the nodes.

mod archive;
mod guarded;
mod node;
pub(crate) mod ports;
mod properties;
mod recipe;

use tempfile::TempDir;
use tokio::process::Command;

pub(crate) use self::node::Node;
use self::properties::{NodePorts, server_properties};
use self::recipe::Recipe;
use crate::backend::Installed;
use crate::cluster::ClusterSpec;
use crate::sasl::SaslListener;
use crate::{NodeError, StartError};

/// The nodes of one cluster. Dropping it kills them, and returns when they are dead and their data is gone.
#[derive(Debug)]
pub(crate) struct Processes {
    nodes: Vec<Node>,
    recipe: Recipe,
    folder: TempDir,
}

impl Processes {
    /// Starts every node; they are not ready yet.
    pub(crate) async fn start(spec: &ClusterSpec) -> Result<Self, StartError> {
        Installed::here().check()?;
        let recipe = Recipe::prepare().await?;
        // Boxed: making the archive starts a cluster of its own.
        let recipe = Box::pin(archive::add_to(recipe)).await;
        Self::start_with(spec, recipe).await
    }

    async fn start_with(spec: &ClusterSpec, recipe: Recipe) -> Result<Self, StartError> {
        let folder = tempfile::Builder::new()
            .prefix("kafka-")
            .tempdir()
            .map_err(StartError::io("create a folder in", std::env::temp_dir()))?;
        Recipe::write_java_folder(folder.path())?;
        let mut cluster = Self {
            nodes: Vec::new(),
            recipe,
            folder,
        };
        cluster.make_nodes(spec).await?;
        cluster.write_files(spec)?;
        let Self {
            nodes,
            recipe,
            folder,
        } = &mut cluster;
        for node in nodes {
            node.start(recipe, folder.path())?;
        }
        Ok(cluster)
    }

    async fn make_nodes(&mut self, spec: &ClusterSpec) -> Result<(), StartError> {
        for id in (1..).take(spec.nodes) {
            let mut node = Node::new(id, self.folder.path())?;
            if spec.sasl.is_some() {
                node.put_sasl()?;
            }
            if spec.proxied {
                node.put_proxies().await?;
            }
            self.nodes.push(node);
        }
        Ok(())
    }

    fn write_files(&self, spec: &ClusterSpec) -> Result<(), StartError> {
        // What the test asks for wins.
        let mut extra = spec
            .sasl
            .as_ref()
            .map(SaslListener::properties)
            .unwrap_or_default();
        extra.extend(spec.properties.clone());
        let cluster_id = recipe::cluster_id();
        let ports: Vec<NodePorts> = self.nodes.iter().map(Node::ports).collect();
        for (node, own) in self.nodes.iter().zip(&ports) {
            let data = node.folder().join("data");
            let text = server_properties(own, &ports, &data, &extra);
            recipe::write(&node.folder().join("server.properties"), &text)?;
            Recipe::write_java_folder(node.folder())?;
            self.recipe.write_data(&data, node.id(), &cluster_id)?;
        }
        Ok(())
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn node(&self, id: i32) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id() == id)
    }

    pub(crate) fn node_mut(&mut self, id: i32) -> Result<&mut Node, NodeError> {
        self.nodes
            .iter_mut()
            .find(|node| node.id() == id)
            .ok_or(NodeError::Unknown { node: id })
    }

    /// Starts a node that is down, on its old ports and data; it is not ready yet.
    pub(crate) fn start_node(&mut self, id: i32) -> Result<(), NodeError> {
        let recipe = self.recipe.clone();
        let folder = self.folder.path().to_owned();
        self.node_mut(id)?
            .start(&recipe, &folder)
            .map_err(|source| NodeError::Start {
                node: id,
                source: Box::new(source),
            })
    }

    /// Stops all nodes in order.
    async fn stop_all(&mut self) -> Result<(), NodeError> {
        for node in &mut self.nodes {
            node.stop().await?;
        }
        Ok(())
    }

    /// `java` with a class of Kafka's; ends when the command is dropped.
    pub(crate) fn tool(&self, class: &str) -> Command {
        let mut command = Command::new("java");
        command
            .args(self.recipe.java(self.folder.path()))
            .arg(class)
            .kill_on_drop(true);
        command
    }
}

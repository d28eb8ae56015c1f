//! The embedded broker as the nodes of a cluster, with their proxies.

use std::io;
use std::net::SocketAddr;

use super::ClusterSpec;
use crate::embedded::{Broker, Config};
use crate::proxy::Proxy;
use crate::{Backend, NodeError, StartError};

/// An embedded cluster. Dropping it ends it, whoever else has a handle.
#[derive(Debug)]
pub(super) struct InProcess {
    broker: Broker,
    /// One per node, in order, or none at all.
    proxies: Vec<Proxy>,
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.broker.shutdown();
    }
}

impl InProcess {
    pub(super) async fn start(spec: &ClusterSpec) -> Result<Self, StartError> {
        if spec.sasl.is_some() {
            return Err(StartError::Lacks {
                backend: Backend::Embedded,
                what: "listener with SASL",
            });
        }
        let mut config = Config::nodes(spec.nodes);
        let ignored = config
            .set_all(&spec.properties)
            .map_err(io::Error::other)
            .map_err(StartError::io("set", "the broker's properties"))?;
        if !ignored.is_empty() {
            tracing::debug!(
                ?ignored,
                "properties that the embedded broker does not know"
            );
        }
        let broker = Broker::start(config)
            .await
            .map_err(StartError::io("listen on", "127.0.0.1"))?;
        let mut cluster = Self {
            broker,
            proxies: Vec::new(),
        };
        if spec.proxied {
            cluster.put_proxies().await?;
        }
        Ok(cluster)
    }

    pub(super) fn broker(&self) -> &Broker {
        &self.broker
    }

    pub(super) fn running(&self) -> Vec<(i32, SocketAddr)> {
        let ids = self.broker.node_ids().into_iter();
        ids.filter(|id| self.broker.is_running(*id))
            .filter_map(|id| Some((id, self.broker.addr_of(id)?)))
            .collect()
    }

    pub(super) fn proxy(&self, node: i32) -> Option<&Proxy> {
        let at = usize::try_from(node.checked_sub(1)?).ok()?;
        self.proxies.get(at)
    }

    /// Returns when every socket of the node is closed.
    pub(super) async fn kill(&self, node: i32) -> Result<(), NodeError> {
        self.broker.kill(node)?;
        self.broker.ended(node).await
    }

    async fn put_proxies(&mut self) -> Result<(), StartError> {
        for node in self.broker.node_ids() {
            let Some(address) = self.broker.addr_of(node) else {
                continue;
            };
            let proxy = Proxy::start(address)
                .await
                .map_err(StartError::io("start a proxy on", "127.0.0.1"))?;
            let advertised = self.broker.advertise(node, proxy.address());
            advertised
                .map_err(io::Error::other)
                .map_err(StartError::io("advertise", "127.0.0.1"))?;
            self.proxies.push(proxy);
        }
        Ok(())
    }
}

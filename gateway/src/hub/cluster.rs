//! One client per cluster and identity: plugins that could not tell the difference share it, others never do (G-17).

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use kafka_client::{Client, ClientConfig, ConfigError};

use crate::config::kafka_consume::KafkaConsume;
use crate::settings::Settings;

/// Everything that connections depend on. In this version they have neither TLS nor credentials; both join here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    bootstrap: Vec<String>,
    cluster_name: Option<String>,
}

impl Identity {
    pub(super) fn of(config: &KafkaConsume) -> Identity {
        Identity {
            bootstrap: config
                .bootstrap_servers
                .iter()
                .map(ToString::to_string)
                .collect(),
            cluster_name: config.cluster_name.clone(),
        }
    }

    fn client_config(&self, settings: &Settings) -> ClientConfig {
        ClientConfig {
            bootstrap: self.bootstrap.clone(),
            client_id: "kafka-gateway".to_owned(),
            request_timeout: settings.kafka.request_timeout,
            connect_timeout: settings.kafka.connect_timeout,
            // Reading a topic that is not there is an error, not a way to make one.
            allow_auto_topic_creation: false,
            ..ClientConfig::default()
        }
    }
}

/// The clients in use.
#[derive(Debug, Default)]
pub(super) struct Clusters(Mutex<HashMap<Identity, Client>>);

impl Clusters {
    /// The client of `identity`. Nothing is sent before it is used.
    pub(super) fn client(
        &self,
        identity: Identity,
        settings: &Settings,
    ) -> Result<Client, ConfigError> {
        let mut clients = self.lock();
        if let Some(client) = clients.get(&identity) {
            return Ok(client.clone());
        }
        let client = Client::new(identity.client_config(settings))?;
        clients.insert(identity, client.clone());
        Ok(client)
    }

    /// Forgets all but `used`. Readers that still have one keep it until they end.
    pub(super) fn retain(&self, used: &HashSet<Identity>) {
        self.lock().retain(|identity, _| used.contains(identity));
    }

    /// Ends every connection.
    pub(super) async fn shutdown(&self) {
        let clients: Vec<Client> = self.lock().drain().map(|(_, client)| client).collect();
        for client in clients {
            client.shutdown().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Identity, Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

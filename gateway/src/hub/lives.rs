//! How long streams live: until the drain, or until their route or plugin changes (G-65).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::plugin::Plugin;
use crate::config::snapshot::{RouteEntry, Snapshot};

/// The signs that end streams, one for each route and plugin that has any.
#[derive(Debug)]
pub(crate) struct Lives {
    drain: CancellationToken,
    lives: Mutex<HashMap<(Uuid, Uuid), Life>>,
}

#[derive(Debug)]
struct Life {
    route: Arc<RouteEntry>,
    plugin: Arc<Plugin>,
    end: CancellationToken,
}

impl Lives {
    /// All end with `drain`.
    pub(crate) fn new(drain: CancellationToken) -> Lives {
        Lives {
            drain,
            lives: Mutex::default(),
        }
    }

    /// What ends a stream of `plugin` on `route`.
    pub(crate) fn of(&self, route: &Arc<RouteEntry>, plugin: &Arc<Plugin>) -> CancellationToken {
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        let life = lives
            .entry((route.route.id, plugin.id))
            .or_insert_with(|| Life {
                route: Arc::clone(route),
                plugin: Arc::clone(plugin),
                end: self.drain.child_token(),
            });
        // A request that began before a reload is as good as one of the old plugin.
        life.end.child_token()
    }

    /// Ends the streams of routes and plugins that `snapshot` does not have, or has otherwise.
    pub(crate) fn retain(&self, snapshot: &Snapshot) {
        let entries: HashMap<Uuid, &Arc<RouteEntry>> = snapshot
            .router
            .iter()
            .map(|entry| (entry.route.id, entry))
            .collect();
        let stays = |life: &Life| {
            entries.get(&life.route.route.id).is_some_and(|entry| {
                entry.route == life.route.route
                    && entry.plugins.iter().any(|plugin| {
                        plugin.id == life.plugin.id && plugin.config == life.plugin.config
                    })
            })
        };
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        lives.retain(|_, life| {
            let stays = stays(life);
            if !stays {
                life.end.cancel();
            }
            stays
        });
    }
}

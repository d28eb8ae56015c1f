//! The whole configuration at one moment, immutable. Its owner swaps it; a request keeps the one it began with.

use std::cmp::Reverse;
use std::sync::Arc;

use super::plugin::Plugin;
use super::route::Route;
use crate::routing::{Router, RouterError};

/// Everything a request needs to know of the configuration.
#[derive(Debug)]
pub struct Snapshot {
    /// Finds the route of a request.
    pub router: Router<Arc<RouteEntry>>,
}

/// A route and what runs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteEntry {
    /// The route.
    pub route: Route,
    /// Enabled plugins, highest priority first, one of each name: the route's own before the global one.
    pub plugins: Vec<Arc<Plugin>>,
}

impl Snapshot {
    /// Joins routes and plugins. Fails only when a route was not validated: its regular expression does not compile.
    pub fn new(routes: Vec<Route>, plugins: Vec<Plugin>) -> Result<Snapshot, RouterError> {
        let plugins: Vec<Arc<Plugin>> = plugins
            .into_iter()
            .filter(|plugin| plugin.enabled)
            .map(Arc::new)
            .collect();
        let entries = routes.into_iter().map(|route| {
            let entry = RouteEntry {
                plugins: plugins_of(&route, &plugins),
                route: route.clone(),
            };
            (route, Arc::new(entry))
        });
        Ok(Snapshot {
            router: Router::new(entries)?,
        })
    }
}

/// The plugins of `route`, best first: its own, and the global ones that are meant for one of its protocols.
fn plugins_of(route: &Route, plugins: &[Arc<Plugin>]) -> Vec<Arc<Plugin>> {
    let is_meant = |plugin: &Plugin| {
        let mut protocols = route.protocols.iter();
        plugin.route.is_none_or(|id| id == route.id)
            && protocols.any(|own| plugin.protocols.contains(own))
    };
    let mut chosen: Vec<Arc<Plugin>> = plugins
        .iter()
        .filter(|plugin| is_meant(plugin))
        .cloned()
        .collect();
    // Of two with one name the one with a route comes first, and is kept.
    chosen.sort_by_key(|plugin| (Reverse(plugin.priority()), plugin.route.is_none()));
    chosen.dedup_by_key(|plugin| plugin.name());
    chosen
}

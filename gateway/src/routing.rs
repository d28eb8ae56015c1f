//! Which route a request belongs to: one router for every dialect of configuration.
//!
//! [`normalise()`] brings a path to its one form, [`Router`] compares a [`RequestKey`] with the routes in the order
//! of kong-admin.md §7 and gives back what was stored with the first that matches. Nothing here reads a socket or
//! decides what becomes of the request, and no input can make it take more than linear time.

mod host;
mod matching;
mod normalise;
mod priority;

pub use host::HostPattern;
pub(crate) use host::{is_host, split_port};
pub(crate) use matching::header_regex;
pub use matching::{RequestKey, RouterError, path_regex};
pub use normalise::{PathError, normalise};

use matching::Matcher;

use crate::config::route::Route;

/// Routes in the order in which they are tried, each with a `T` of its owner.
#[derive(Debug)]
pub struct Router<T> {
    routes: Vec<(Matcher, T)>,
}

impl<T> Router<T> {
    /// Compiles the routes. Fails when a host or a regular expression is not valid, which validation finds before.
    pub fn new(routes: impl IntoIterator<Item = (Route, T)>) -> Result<Router<T>, RouterError> {
        let mut ranked = Vec::new();
        for (route, stored) in routes {
            ranked.push((priority::Rank::of(&route), Matcher::new(&route)?, stored));
        }
        ranked.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let routes = ranked
            .into_iter()
            .map(|(_, matcher, stored)| (matcher, stored))
            .collect();
        Ok(Router { routes })
    }

    /// What belongs to the best route that takes the request; `None` when no route does.
    ///
    /// The order is fixed when the router is made, so the first match is the best; the time is linear in the routes.
    pub fn find(&self, request: &RequestKey<'_>) -> Option<&T> {
        let (_, stored) = self
            .routes
            .iter()
            .find(|(matcher, _)| matcher.takes(request))?;
        Some(stored)
    }

    /// Everything stored, best route first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.routes.iter().map(|(_, stored)| stored)
    }
}

#[cfg(test)]
mod tests;

//! Kong's declarative format: all routes and plugins in one file, YAML or JSON (kong-admin.md §8).
//!
//! The file is read into a tree with places, checked by [`super::schema`], and becomes [`Declared`] only when nothing
//! at all is wrong with it; otherwise every [`Fault`] is reported at once. Services, consumers and certificates are
//! known, and refused by name: nothing that a file says is silently ignored. Ids that the file leaves out are made of
//! kind and name, so they are the same at every load. Nothing here opens a file.

mod loader;
mod plugins;

use super::plugin::Plugin;
use super::route::Route;
use super::snapshot::Snapshot;
use crate::input::{Fault, Node};
use crate::routing::RouterError;

/// What a file declares, valid as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Routes in the order of the file.
    pub routes: Vec<Route>,
    /// Plugins: those of the routes first, then the file's own list.
    pub plugins: Vec<Plugin>,
}

/// What the process settings allow a file to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InternalTopics {
    /// Topics that begin with `__` are refused (`produce.allow_internal_topics=false`, the default).
    Refuse,
    /// They are ordinary topics.
    Allow,
}

/// Reads the text of a declarative file; `file` is only named in faults. All faults come at once, in the order of
/// the file.
pub fn load(
    file: &str,
    text: &str,
    internal_topics: InternalTopics,
) -> Result<Declared, Vec<Fault>> {
    let root = Node::parse(file, text).map_err(|fault| vec![fault])?;
    loader::load(file, &root, internal_topics)
}

impl Declared {
    /// The snapshot that requests see.
    pub fn snapshot(self) -> Result<Snapshot, RouterError> {
        Snapshot::new(self.routes, self.plugins)
    }
}

#[cfg(test)]
mod tests;

//! Which of two routes that take the same request wins (kong-admin.md §7 rule 4).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use uuid::Uuid;

use crate::config::route::Route;

/// A route's place among the others; the smaller is tried first.
///
/// It is a fact of the route alone, not of the request: a route with a regular expression among its paths ranks as
/// one with a regular expression, and its longest path counts, whichever of them takes the request.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    kinds: Reverse<usize>,
    /// Which kinds are set, in the order that decides between equal numbers.
    which: Reverse<[bool; 5]>,
    plain_hosts: Reverse<bool>,
    regex_path: Reverse<bool>,
    headers: Reverse<usize>,
    regex_priority: Reverse<i64>,
    longest_path: Reverse<usize>,
    created_at: i64,
    id: Uuid,
}

impl Rank {
    pub(super) fn of(route: &Route) -> Rank {
        let hosts = route.hosts.as_deref().unwrap_or_default();
        let paths = route.paths.as_deref().unwrap_or_default();
        let methods = route.methods.as_deref().unwrap_or_default();
        let headers = route.headers.as_ref().map_or(0, BTreeMap::len);
        let which = [
            !hosts.is_empty(),
            headers > 0,
            !paths.is_empty(),
            !methods.is_empty(),
            false,
        ];
        let regex_path = paths.iter().any(|path| path.starts_with('~'));
        Rank {
            kinds: Reverse(which.iter().filter(|set| **set).count()),
            which: Reverse(which),
            plain_hosts: Reverse(!hosts.is_empty() && hosts.iter().all(|host| !host.contains('*'))),
            regex_path: Reverse(regex_path),
            headers: Reverse(headers),
            regex_priority: Reverse(if regex_path { route.regex_priority } else { 0 }),
            longest_path: Reverse(paths.iter().map(String::len).max().unwrap_or_default()),
            created_at: route.created_at,
            id: route.id,
        }
    }
}

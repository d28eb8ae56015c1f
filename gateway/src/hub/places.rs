//! How many streams there may be, in all and per client address (G-46).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The places there are. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max: usize,
    max_per_ip: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// A stream's place; dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    ip: IpAddr,
}

impl Places {
    /// So many in all, and from one address.
    pub(crate) fn new(max: usize, max_per_ip: usize) -> Places {
        Places(Arc::new(Inner {
            max,
            max_per_ip,
            taken: Mutex::default(),
        }))
    }

    /// A place for a stream to `ip`; `None` at a limit.
    pub(crate) fn take(&self, ip: IpAddr) -> Option<Place> {
        let mut taken = self.lock();
        let own = taken.by_ip.get(&ip).copied().unwrap_or_default();
        if taken.all >= self.0.max || own >= self.0.max_per_ip {
            return None;
        }
        taken.all += 1;
        taken.by_ip.insert(ip, own + 1);
        Some(Place {
            places: self.clone(),
            ip,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(own) = taken.by_ip.get_mut(&self.ip) {
            *own -= 1;
            if *own == 0 {
                taken.by_ip.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g46_limits_hold_in_all_and_per_address_until_a_place_is_free() {
        let (one, other): (IpAddr, IpAddr) =
            ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let places = Places::new(3, 2);
        let first = places.take(one).unwrap();
        let second = places.take(one).unwrap();
        assert!(places.take(one).is_none(), "two from one address");
        let third = places.take(other).unwrap();
        assert!(places.take(other).is_none(), "three in all");
        drop(first);
        let fourth = places.take(one).unwrap();
        drop((second, third, fourth));
        assert!(places.lock().by_ip.is_empty(), "nobody is remembered");
    }
}

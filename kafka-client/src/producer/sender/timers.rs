//! When the sender has to look at something again. Pure.

use std::collections::{BTreeSet, HashMap};

use tokio::time::Instant;

use super::sink::Route;

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Alarm {
    /// A partition, by its id.
    Partition(usize),
    /// A way to a broker, which was muted.
    Sink(Route),
    /// The producer's identity.
    Identity,
    /// Topics that nobody sends to.
    Forget,
    /// Buffers that are kept although nothing is sent.
    Spare,
}

/// At most one time for each alarm: the earliest that was asked for.
///
/// An alarm that is not needed any more rings all the same, once; whoever hears it looks and finds nothing.
#[derive(Debug, Default)]
pub(super) struct Timers {
    times: BTreeSet<(Instant, Alarm)>,
    armed: HashMap<Alarm, Instant>,
}

impl Timers {
    /// Has `alarm` ring at `at`, or earlier if it was to ring earlier.
    pub(super) fn arm(&mut self, alarm: Alarm, at: Instant) {
        if let Some(armed) = self.armed.get(&alarm) {
            if *armed <= at {
                return;
            }
            self.times.remove(&(*armed, alarm));
        }
        self.armed.insert(alarm, at);
        self.times.insert((at, alarm));
    }

    /// When the first of them rings.
    pub(super) fn next(&self) -> Option<Instant> {
        self.times.first().map(|(at, _)| *at)
    }

    /// One that rings at `now`.
    pub(super) fn ring(&mut self, now: Instant) -> Option<Alarm> {
        let (at, alarm) = *self.times.first()?;
        if at > now {
            return None;
        }
        self.times.pop_first();
        self.armed.remove(&alarm);
        Some(alarm)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rings_in_order_at_its_time_and_not_before() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut timers = Timers::default();
        timers.arm(Alarm::Partition(1), now + second * 2);
        timers.arm(
            Alarm::Sink(Route {
                node: 1,
                connection: 0,
            }),
            now + second,
        );

        assert_eq!(timers.next(), Some(now + second));
        assert_eq!(timers.ring(now), None);
        let later = now + second * 2;
        assert_eq!(
            timers.ring(later),
            Some(Alarm::Sink(Route {
                node: 1,
                connection: 0
            }))
        );
        assert_eq!(timers.ring(later), Some(Alarm::Partition(1)));
        assert_eq!((timers.ring(later), timers.next()), (None, None));
    }

    #[test]
    fn the_earliest_time_asked_for_stands() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut timers = Timers::default();
        timers.arm(Alarm::Identity, now + second);
        timers.arm(Alarm::Identity, now + second * 2);
        assert_eq!(timers.next(), Some(now + second));
        timers.arm(Alarm::Identity, now);
        assert_eq!(timers.ring(now), Some(Alarm::Identity));
        assert_eq!(timers.next(), None, "one alarm, one ring");
    }
}

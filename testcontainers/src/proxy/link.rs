//! Both directions of a connection, and when a plan takes effect on it. Pure.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::frames::{Asked, Frames, Head, Part, as_u64};
use super::lane::Lane;
use super::{Armed, Direction, Fault, Plan, Trigger};

/// A connection under a plan.
#[derive(Debug)]
pub(super) struct Link {
    plan: Arc<Armed>,
    /// The plan's one-time trigger has fired, here.
    is_fired: bool,
    up: Side,
    down: Side,
    asked: Asked,
}

#[derive(Debug)]
struct Side {
    lane: Lane,
    frames: Frames,
    /// The beginning of a head, held back because the frame may be the one that a trigger waits for.
    held: BytesMut,
    /// Bytes until [`Trigger::AfterBytes`] fires; `None` if it has, or is not the trigger.
    until: Option<u64>,
}

impl Link {
    pub(super) fn new(plan: Arc<Armed>, now: Instant) -> Self {
        let mut link = Self {
            plan: Arc::clone(&plan),
            is_fired: false,
            up: Side::new(Direction::Up, now),
            down: Side::new(Direction::Down, now),
            asked: Asked::default(),
        };
        link.set(plan, now);
        link
    }

    /// Puts a plan in the place of the one before.
    pub(super) fn set(&mut self, plan: Arc<Armed>, now: Instant) {
        self.plan = plan;
        self.is_fired = false;
        let Plan { up, down, on } = self.plan.plan;
        for (side, fault) in [(&mut self.up, up), (&mut self.down, down)] {
            side.until = None;
            side.lane.set(Fault::None, now);
            match on {
                Trigger::Now => {
                    side.take_effect(fault, &self.plan, now);
                    side.release(now);
                }
                Trigger::AfterBytes(bytes) => {
                    side.until = Some(bytes);
                    side.release(now);
                }
                Trigger::OnApi { .. } => {}
            }
        }
    }

    /// The lane up and the lane down.
    pub(super) fn lanes(&mut self) -> (&mut Lane, &mut Lane) {
        (&mut self.up.lane, &mut self.down.lane)
    }

    /// Whether nothing can come any more, in either direction.
    pub(super) fn is_over(&self) -> bool {
        self.up.lane.is_over() && self.down.lane.is_over()
    }

    /// Bytes that came in.
    pub(super) fn push(&mut self, direction: Direction, mut bytes: Bytes, now: Instant) {
        while !bytes.is_empty() {
            match self.side(direction).frames.next(&bytes) {
                Part::Plain(taken) => self.pass(direction, bytes.split_to(taken), now),
                Part::Unfinished(taken) => self.hold(direction, bytes.split_to(taken), now),
                Part::Begun(taken, head) => {
                    self.begin(direction, head, now);
                    self.pass(direction, bytes.split_to(taken), now);
                }
            }
        }
    }

    /// The sender has ended.
    pub(super) fn push_end(&mut self, direction: Direction, now: Instant) {
        let side = self.side(direction);
        side.release(now);
        side.lane.push_end(now);
    }

    /// A frame begins: the one that the trigger waits for?
    fn begin(&mut self, direction: Direction, head: Head, now: Instant) {
        let api = self.asked.api_of(head);
        let Trigger::OnApi {
            key,
            nth,
            direction: counted,
        } = self.plan.plan.on
        else {
            return;
        };
        if counted == direction && api == Some(key) && self.plan.is_nth(nth) {
            self.is_fired = true;
            let Plan { up, down, .. } = self.plan.plan;
            self.up.take_effect(up, &self.plan, now);
            self.down.take_effect(down, &self.plan, now);
            self.plan.take_effect();
        }
    }

    fn pass(&mut self, direction: Direction, bytes: Bytes, now: Instant) {
        let plan = Arc::clone(&self.plan);
        let fault = match direction {
            Direction::Up => plan.plan.up,
            Direction::Down => plan.plan.down,
        };
        let side = self.side(direction);
        side.release(now);
        side.push(bytes, fault, &plan, now);
    }

    fn hold(&mut self, direction: Direction, bytes: Bytes, now: Instant) {
        let waits = matches!(self.plan.plan.on, Trigger::OnApi { direction: counted, .. } if counted == direction);
        if waits && !self.is_fired {
            self.side(direction).held.extend_from_slice(&bytes);
        } else {
            self.pass(direction, bytes, now);
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }
}

impl Side {
    fn new(direction: Direction, now: Instant) -> Self {
        Self {
            lane: Lane::new(now),
            frames: Frames::new(direction),
            held: BytesMut::new(),
            until: None,
        }
    }

    /// Passes bytes; where [`Trigger::AfterBytes`] fires, `fault` takes effect between two of them.
    fn push(&mut self, mut bytes: Bytes, fault: Fault, plan: &Armed, now: Instant) {
        if let Some(until) = self.until {
            let before = usize::try_from(until).map_or(bytes.len(), |until| until.min(bytes.len()));
            self.lane.push(bytes.split_to(before), now);
            let left = until.saturating_sub(as_u64(before));
            self.until = Some(left).filter(|left| *left > 0);
            if left == 0 {
                self.take_effect(fault, plan, now);
            }
        }
        self.lane.push(bytes, now);
    }

    fn take_effect(&mut self, fault: Fault, plan: &Armed, now: Instant) {
        if fault != Fault::None {
            tracing::info!(?fault, "fault takes effect");
            self.lane.set(fault, now);
            plan.take_effect();
        }
    }

    /// Passes what was held back.
    fn release(&mut self, now: Instant) {
        let held = self.held.split().freeze();
        self.lane.push(held, now);
    }
}

#[cfg(test)]
mod tests;

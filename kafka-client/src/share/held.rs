//! Records that are locked for the member and with the application, and what it said of them. Pure.

use kafka_wire::messages::share_fetch::AcquiredRecords;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgement {
    /// It is finished.
    Accept,
    /// It is not, and may be handed out again, as often as the group allows (`group.share.delivery.count.limit`, 5).
    Release,
    /// It is not, and must not be handed out again.
    Reject,
    /// It is being worked on, and stays locked for another while (KIP-1222; Kafka 4.2). Not a last word: one of the others is to follow.
    Renew,
}

impl Acknowledgement {
    /// As the wire has it.
    pub(crate) fn wire(self) -> i8 {
        match self {
            Self::Accept => 1,
            Self::Release => 2,
            Self::Reject => 3,
            Self::Renew => RENEW,
        }
    }
}

/// [`Acknowledgement::Renew`] as the wire has it.
pub(super) const RENEW: i8 = 4;

/// What was said of a run of records: as the wire has it, either of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Offset of the first one.
    pub(crate) first: i64,
    /// Offset of the last one.
    pub(crate) last: i64,
    /// Of each of them, or one for all.
    pub(crate) what: Vec<i8>,
}

/// Records of one partition with the application.
#[derive(Debug, Default)]
pub(crate) struct Held {
    runs: Vec<Run>,
}

/// Records that were locked together.
#[derive(Debug)]
struct Run {
    first: i64,
    /// Of each record what was said, if anything.
    said: Vec<Option<Acknowledgement>>,
    /// Those of which the last word has been sent.
    sent: Vec<bool>,
}

impl Held {
    /// Those that a broker says are locked.
    pub(crate) fn new(acquired: &[AcquiredRecords]) -> Self {
        let runs = acquired.iter().map(|run| {
            let count = run
                .last_offset
                .saturating_sub(run.first_offset)
                .saturating_add(1);
            // A broker locks no more than it was asked for, or than a batch has.
            let count = usize::try_from(count)
                .unwrap_or_default()
                .min(MOST_OF_A_RUN);
            Run {
                first: run.first_offset,
                said: vec![None; count],
                sent: vec![false; count],
            }
        });
        Self {
            runs: runs.collect(),
        }
    }

    /// Says something of a record; false if it is not held, or the last word was sent.
    pub(crate) fn say(&mut self, offset: i64, what: Acknowledgement) -> bool {
        for run in &mut self.runs {
            let place = usize::try_from(offset.saturating_sub(run.first)).ok();
            let slot =
                place.and_then(|place| Some((run.said.get_mut(place)?, run.sent.get(place)?)));
            if let Some((slot, sent)) = slot {
                if !*sent {
                    *slot = Some(what);
                }
                return !*sent;
            }
        }
        false
    }

    /// What was said and not sent yet; it counts as sent.
    pub(crate) fn take_said(&mut self) -> Vec<Said> {
        self.take(|said| said)
    }

    /// The same, with `silence` said of all others.
    pub(crate) fn finish(mut self, silence: Acknowledgement) -> Vec<Said> {
        self.take(|said| match said {
            None | Some(Acknowledgement::Renew) => Some(silence),
            said => said,
        })
    }

    fn take(
        &mut self,
        word: impl Fn(Option<Acknowledgement>) -> Option<Acknowledgement>,
    ) -> Vec<Said> {
        let mut all = Vec::new();
        for run in &mut self.runs {
            let records = (run.first..).zip(run.said.iter_mut().zip(&mut run.sent));
            for (offset, (said, sent)) in records {
                let Some(what) = word(*said).filter(|_| !*sent) else {
                    continue;
                };
                *sent = what != Acknowledgement::Renew;
                *said = None;
                append(&mut all, offset, what.wire());
            }
        }
        for said in &mut all {
            said.shorten();
        }
        all
    }
}

impl Said {
    /// One word for all if it is the same for all.
    fn shorten(&mut self) {
        if self.what.windows(2).all(|two| two.first() == two.last()) {
            self.what.truncate(1);
        }
    }
}

fn append(all: &mut Vec<Said>, offset: i64, what: i8) {
    match all.last_mut() {
        Some(last) if last.last + 1 == offset => {
            last.last = offset;
            last.what.push(what);
        }
        _ => all.push(Said {
            first: offset,
            last: offset,
            what: vec![what],
        }),
    }
}

/// More records than a batch can hold of any use.
const MOST_OF_A_RUN: usize = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn held(runs: &[(i64, i64)]) -> Held {
        let runs = runs
            .iter()
            .map(|&(first_offset, last_offset)| AcquiredRecords {
                first_offset,
                last_offset,
                delivery_count: 1,
            });
        Held::new(&runs.collect::<Vec<_>>())
    }

    fn said(first: i64, last: i64, what: &[i8]) -> Said {
        let what = what.to_vec();
        Said { first, last, what }
    }

    #[test]
    fn silence_about_all_is_one_word() {
        let finished = held(&[(5, 9), (12, 12)]).finish(Acknowledgement::Accept);
        assert_eq!(finished, [said(5, 9, &[1]), said(12, 12, &[1])]);
    }

    #[test]
    fn words_stand_in_the_order_of_offsets() {
        let mut held = held(&[(5, 8)]);
        assert!(held.say(6, Acknowledgement::Reject));
        assert!(held.say(7, Acknowledgement::Reject));
        assert!(
            held.say(7, Acknowledgement::Release),
            "the last word counts"
        );
        assert!(!held.say(9, Acknowledgement::Accept), "not held");
        let finished = held.finish(Acknowledgement::Accept);
        assert_eq!(finished, [said(5, 8, &[1, 3, 2, 1])]);
    }

    #[test]
    fn what_was_sent_is_not_sent_again() {
        let mut held = held(&[(5, 8)]);
        held.say(5, Acknowledgement::Accept);
        held.say(7, Acknowledgement::Release);
        assert_eq!(held.take_said(), [said(5, 5, &[1]), said(7, 7, &[2])]);
        assert!(!held.say(5, Acknowledgement::Reject));
        let rest = held.finish(Acknowledgement::Accept);
        assert_eq!(rest, [said(6, 6, &[1]), said(8, 8, &[1])]);
    }

    #[test]
    fn renewing_is_not_the_last_word() {
        let mut held = held(&[(5, 5)]);
        held.say(5, Acknowledgement::Renew);
        assert_eq!(held.take_said(), [said(5, 5, &[4])]);
        assert_eq!(held.take_said(), []);
        assert_eq!(held.finish(Acknowledgement::Accept), [said(5, 5, &[1])]);
    }

    #[test]
    fn a_run_that_makes_no_sense_holds_nothing() {
        let mut held = held(&[(9, 5)]);
        assert!(!held.say(7, Acknowledgement::Accept));
        assert_eq!(held.finish(Acknowledgement::Accept), []);
    }
}

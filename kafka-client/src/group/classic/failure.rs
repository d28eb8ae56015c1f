//! What it means for a member that the coordinator said no, or nothing.

use kafka_wire::ErrorCode;
use tokio::time::Instant;

use super::{Member, Phase};
use crate::consumer::membership::Identity;
use crate::error::Error;
use crate::group::driver::Outcome;

impl Member {
    /// The coordinator could not be asked.
    pub(crate) fn failed(&mut self, error: Error, now: Instant) -> Outcome {
        self.not_before = Some(now + self.backoff.failed());
        Outcome {
            find_coordinator: error.is_retriable(),
            error: Some(error),
            ..Outcome::default()
        }
    }

    pub(super) fn refused(&mut self, api: &'static str, code: ErrorCode, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        match code {
            ErrorCode::REBALANCE_IN_PROGRESS => {
                self.heartbeat_due = now + self.config.heartbeat_interval;
                if self.phase == Phase::Stable {
                    self.begin_rebalance();
                }
                return outcome;
            }
            ErrorCode::UNKNOWN_MEMBER_ID => {
                self.identity = Identity::default();
                self.abandoned();
                self.reason = "the coordinator did not know the member";
                outcome.lost = true;
                return outcome;
            }
            ErrorCode::ILLEGAL_GENERATION => {
                self.identity.generation = -1;
                self.abandoned();
                self.reason = "the member missed a rebalance";
                outcome.lost = true;
                return outcome;
            }
            ErrorCode::FENCED_INSTANCE_ID => {
                self.owned.clear();
                self.phase = Phase::Fenced;
                outcome.lost = true;
            }
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => {
                outcome.find_coordinator = true;
            }
            _ => {}
        }
        self.not_before = Some(now + self.backoff.failed());
        outcome.error = Some(Error::Refused {
            api,
            subject: self.config.id.clone(),
            code,
            message: None,
        });
        outcome
    }
}

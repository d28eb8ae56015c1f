//! Leaving: for good, or for a while as static members may.

use kafka_wire::ErrorCode;

use super::{ConsumerGroup, Heartbeat, LEAVES_FOR_A_WHILE, Told};

impl ConsumerGroup {
    /// A member goes; a static one is asked for its name.
    pub(super) fn leave(&mut self, beat: &Heartbeat) -> Result<Told, ErrorCode> {
        match &beat.instance {
            None if self.members.contains_key(&beat.member) => {}
            None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(name) => match self.instances.get(name) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(holder) if *holder != beat.member => {
                    return Err(ErrorCode::FENCED_INSTANCE_ID);
                }
                Some(_) => {}
            },
        }
        if beat.epoch != LEAVES_FOR_A_WHILE {
            self.remove(&beat.member);
        } else if let Some(member) = self.members.get_mut(&beat.member) {
            member.pause();
        }
        Ok(Told {
            epoch: beat.epoch,
            assignment: None,
        })
    }
}

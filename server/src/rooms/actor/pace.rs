//! How often a room speaks and saves: less often where many listen, and where nobody waits.
//!
//! It must never hold anything back from a few people who write to each other, nor the save that a request waits for.
//! What comes to a crowded room, a request among it, may wait for the end of one rest.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::super::RoomMessage;
use super::{Actor, BATCH, Live};

/// What a room rests for each frame that it has sent. To send one takes some 5 to 10 µs, so a room whose members all
/// write spends at most a fifth of a processor on sending; what comes meanwhile leaves together, in one frame.
const REST_PER_FRAME: Duration = Duration::from_micros(50);
/// A shorter rest would not be worth its timer, which counts milliseconds.
const SHORTEST_REST: Duration = Duration::from_millis(1);

/// How long a room rests that has just sent `frames`, at most `longest`.
pub(super) fn rest_after(frames: usize, longest: Duration) -> Duration {
    let rest = REST_PER_FRAME.saturating_mul(u32::try_from(frames).unwrap_or(u32::MAX));
    if rest < SHORTEST_REST {
        Duration::ZERO
    } else {
        rest.min(longest)
    }
}

impl Actor {
    /// How long a save may wait for others: as long as each of its edits may, less what the oldest has waited for the save
    /// before. Other nodes hear of edits when they are saved.
    pub(super) fn patience(&self, live: &Live) -> Duration {
        if live.state.is_waited_for() || self.line.is_some() {
            Duration::ZERO
        } else {
            let waited = live.owes_since.map_or(Duration::ZERO, |since| since.elapsed());
            self.hub.settings.gather_saves.saturating_sub(waited)
        }
    }
}

/// Takes what waits in the mailbox, not before `at`.
pub(super) async fn receive(
    mailbox: &mut mpsc::Receiver<RoomMessage>,
    buffer: &mut Vec<RoomMessage>,
    at: Instant,
) -> usize {
    if at > Instant::now() {
        sleep_until(at).await;
    }
    mailbox.recv_many(buffer, BATCH).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_millis(50);

    #[test]
    fn a_few_people_are_served_at_once() {
        assert_eq!(rest_after(0, LONGEST), Duration::ZERO);
        assert_eq!(rest_after(19, LONGEST), Duration::ZERO);
    }

    #[test]
    fn a_crowd_is_served_together_and_within_a_bound() {
        assert_eq!(rest_after(20, LONGEST), Duration::from_millis(1));
        assert_eq!(rest_after(99, LONGEST), Duration::from_micros(4_950));
        assert_eq!(rest_after(usize::MAX, LONGEST), LONGEST);
        assert_eq!(
            rest_after(usize::MAX, Duration::ZERO),
            Duration::ZERO,
            "switched off"
        );
    }
}

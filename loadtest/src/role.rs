//! Roles: what each member of a swarm does, and how many rooms' worth of them there are.
//!
//! Invariant: writers and those who show presence have numbers of their own, consecutive within a room, so that a
//! receiver knows whose edits it should see. All that is drawn by lot comes from the round's seed.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

use crate::target::{Acknowledgement, Asking, Target};

/// What one member does.
#[derive(Clone, Debug)]
pub struct Role {
    /// The document it opens.
    pub document: String,
    /// Its Yjs client id.
    pub client: u64,
    /// Its number among the swarm's writers, and the time between two edits; `None` only reads.
    pub writes: Option<(u16, Duration)>,
    /// What is added to each edit, in bytes.
    pub padding: usize,
    /// Its number among those who show presence, and the time between two messages.
    pub shows: Option<(u16, Duration)>,
    /// The writers of its room: the number of the first, and how many.
    pub room_writers: (u16, usize),
    /// Those who show presence in its room: the number of the first, and how many.
    pub room_presence: (u16, usize),
    /// Whether it keeps all updates for the check at the end.
    pub replica: Sampled,
    /// Whether it reads.
    pub reading: Reading,
    /// A share (0 to 1) of each period to start with, so that members do not act in step.
    pub offset: f64,
    /// How the server acknowledges.
    pub acknowledgement: Acknowledgement,
    /// When it asks for that.
    pub asking: Asking,
}

/// Whether a member's updates are kept for the check at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// They are.
    Yes,
    /// They are only counted.
    No,
}

/// When a member reads what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// All the time.
    Always,
    /// Not while the swarm works; it catches up afterwards, and being cut off meanwhile is no fault of the server's.
    NotDuringWork,
}

/// Rooms whose replicas are kept and compared at the end.
const SAMPLED_ROOMS: usize = 5;

/// Rooms that are all alike.
#[derive(Clone, Copy, Debug)]
pub struct Rooms {
    /// How many.
    pub rooms: usize,
    /// Clients in each.
    pub per_room: usize,
    /// Of these, how many write.
    pub writers: usize,
    /// Edits per second of each writer.
    pub rate: f64,
    /// What is added to each edit, in bytes.
    pub padding: usize,
    /// Of the clients, how many show presence.
    pub presenters: usize,
    /// Presence messages per second of each of these.
    pub presence: f64,
    /// Of the clients, how many (the last ones) do not read during work.
    pub slow: usize,
}

impl Rooms {
    /// A role for each client.
    #[must_use]
    pub fn roles(&self, target: &Target, tag: &str, random: &mut StdRng) -> Vec<Role> {
        let period = |rate: f64| (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate));
        let mut roles = Vec::with_capacity(self.rooms * self.per_room);
        for room in 0..self.rooms {
            // At most 65,536 writers fit into a marker; beyond that numbers repeat and the check says so.
            let first_writer = (room * self.writers) as u16;
            let first_shown = (room * self.presenters) as u16;
            for member in 0..self.per_room {
                let writes = period(self.rate)
                    .filter(|_| member < self.writers)
                    .map(|period| (first_writer + member as u16, period));
                let shows = period(self.presence)
                    .filter(|_| member < self.presenters)
                    .map(|period| (first_shown + member as u16, period));
                let is_slow = member + self.slow >= self.per_room;
                let is_sample = room < SAMPLED_ROOMS && (member == 0 || member + 1 == self.per_room);
                roles.push(Role {
                    document: format!("{tag}-{room}"),
                    client: client_id(roles.len()),
                    writes,
                    padding: self.padding,
                    shows,
                    room_writers: (first_writer, self.writers),
                    room_presence: (first_shown, self.presenters),
                    replica: if is_sample { Sampled::Yes } else { Sampled::No },
                    reading: if is_slow {
                        Reading::NotDuringWork
                    } else {
                        Reading::Always
                    },
                    offset: random.random(),
                    acknowledgement: target.acknowledgement,
                    asking: target.asking,
                });
            }
        }
        roles
    }
}

/// Yjs client ids as long as real ones: 32 bits.
#[must_use]
pub fn client_id(index: usize) -> u64 {
    0x8000_0000 + 7_919 * index as u64
}

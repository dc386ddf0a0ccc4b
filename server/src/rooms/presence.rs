//! Who is here: the awareness states of one room, by the rules of the Yjs awareness protocol.
//!
//! An entry belongs to the member through which it came; only that member, or its silence, changes it or takes it away. The table
//! has no state of its own and never stores more than its limits allow.
//!
//! It must never read a clock (time comes in) or know what a state means.

use std::collections::HashMap;
use std::sync::Arc;

use weft_protocol::awareness::Entry;

use super::MemberId;

/// A client that was silent for this long is gone, in milliseconds (the clients' own rule).
pub(crate) const SILENT_AFTER_MS: u64 = 30_000;
/// A client whose owner was silent for this long may be taken over, in milliseconds: owners renew every 15 s.
const ABANDONED_AFTER_MS: u64 = 20_000;
/// The clock of a client that left is remembered this long, so that late echoes do not revive it, in milliseconds.
const REMEMBER_GONE_MS: u64 = 60_000;

#[derive(Debug)]
struct Known {
    clock: u64,
    /// `None` once the client has left.
    state: Option<Arc<str>>,
    owner: MemberId,
    heard_at_ms: u64,
}

/// The awareness table of one room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    clients: HashMap<u64, Known>,
    /// Clients whose entry has changed and was not sent yet.
    changed: Vec<u64>,
    /// Whose words all of these changes are, if they are one member's.
    author: Author,
}

/// Who has made the changes that were not sent yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Author {
    #[default]
    Nobody,
    One(MemberId),
    Several,
}

impl Presence {
    /// Takes in what `member` says; entries that are not newer, or not the member's to remove, are ignored. A member
    /// owns at most `max_clients` clients at a time; further ones are ignored.
    pub(crate) fn receive(
        &mut self,
        member: MemberId,
        entries: &[Entry<'_>],
        max_clients: usize,
        now_ms: u64,
    ) {
        let mut owned = self
            .clients
            .values()
            .filter(|known| known.owner == member && known.state.is_some())
            .count();
        for entry in entries {
            match self.clients.get_mut(&entry.client) {
                Some(known) if accepts(known, entry, member, now_ms) => {
                    if known.state.is_none() || known.owner != member {
                        if owned >= max_clients {
                            continue;
                        }
                        owned += 1;
                        // A client that reconnects speaks through a new member while the old one is not yet missed.
                        known.owner = member;
                    }
                    known.clock = entry.clock;
                    if known.state.as_deref() != entry.state {
                        known.state = entry.state.map(Arc::from);
                    }
                    known.heard_at_ms = now_ms;
                    self.changed.push(entry.client);
                    self.author = self.author.and(member);
                }
                Some(_) => {}
                // An unknown client counts as clock 0, and only a state makes it known.
                None if entry.clock > 0 && entry.state.is_some() && owned < max_clients => {
                    owned += 1;
                    let known = Known {
                        clock: entry.clock,
                        state: entry.state.map(Arc::from),
                        owner: member,
                        heard_at_ms: now_ms,
                    };
                    self.clients.insert(entry.client, known);
                    self.changed.push(entry.client);
                    self.author = self.author.and(member);
                }
                None => {}
            }
        }
    }

    /// Removes every client that `member` owns.
    pub(crate) fn leave(&mut self, member: MemberId, now_ms: u64) {
        self.remove_where(now_ms, |known| known.owner == member);
    }

    /// Removes clients that were silent too long, and forgets those that left long ago.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        self.remove_where(now_ms, |known| {
            now_ms.saturating_sub(known.heard_at_ms) >= SILENT_AFTER_MS
        });
        self.clients.retain(|_, known| {
            known.state.is_some() || now_ms.saturating_sub(known.heard_at_ms) < REMEMBER_GONE_MS
        });
    }

    /// Whether anything would ever expire.
    pub(crate) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// The member that made all changes since the last [`Self::take_changes`]; it need not hear them.
    pub(crate) fn sole_author(&self) -> Option<MemberId> {
        match self.author {
            Author::One(member) => Some(member),
            Author::Nobody | Author::Several => None,
        }
    }

    /// The entries that changed since the last call, each client once, with its latest state.
    pub(crate) fn take_changes(&mut self) -> Vec<Entry<'_>> {
        self.author = Author::Nobody;
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        changed
            .into_iter()
            .filter_map(|client| self.clients.get(&client).map(|known| entry(client, known)))
            .collect()
    }

    /// Whether [`Self::take_changes`] would return anything.
    pub(crate) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// All present clients.
    pub(crate) fn present(&self) -> Vec<Entry<'_>> {
        self.all().filter(|entry| entry.state.is_some()).collect()
    }

    /// The present clients of members that `is_meant` says.
    pub(crate) fn present_of(&self, is_meant: impl Fn(MemberId) -> bool) -> Vec<Entry<'_>> {
        let meant = self
            .clients
            .iter()
            .filter(|(_, known)| known.state.is_some() && is_meant(known.owner));
        meant.map(|(client, known)| entry(*client, known)).collect()
    }

    /// All present clients and those that left a short time ago: what a receiver needs that missed messages.
    pub(crate) fn present_and_gone(&self) -> Vec<Entry<'_>> {
        self.all().collect()
    }

    fn all(&self) -> impl Iterator<Item = Entry<'_>> {
        self.clients.iter().map(|(client, known)| entry(*client, known))
    }

    fn remove_where(&mut self, now_ms: u64, mut gone: impl FnMut(&Known) -> bool) {
        for (client, known) in &mut self.clients {
            if known.state.is_some() && gone(known) {
                // The clock stays: with a higher one a returning client would be invisible for two renewals.
                known.state = None;
                known.heard_at_ms = now_ms;
                self.changed.push(*client);
                self.author = Author::Several;
            }
        }
    }
}

impl Author {
    fn and(self, member: MemberId) -> Self {
        match self {
            Self::Nobody => Self::One(member),
            Self::One(other) if other == member => self,
            Self::One(_) | Self::Several => Self::Several,
        }
    }
}

fn entry(client: u64, known: &Known) -> Entry<'_> {
    Entry {
        client,
        clock: known.clock,
        state: known.state.as_deref(),
    }
}

/// Whether `entry` replaces what is known. Only the owner may change or remove a client: a laptop that wakes up declares
/// everybody else gone. But a client that reconnects speaks through a new member before its old one is missed: it gets
/// its place back once the old one has let a renewal pass.
fn accepts(known: &Known, entry: &Entry<'_>, member: MemberId, now_ms: u64) -> bool {
    let present = known.state.is_some();
    let owns = known.owner == member;
    match entry.state {
        None => present && owns && entry.clock >= known.clock,
        Some(_) => {
            let abandoned = now_ms.saturating_sub(known.heard_at_ms) >= ABANDONED_AFTER_MS;
            entry.clock > known.clock && (!present || owns || abandoned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: MemberId = MemberId(1);
    const BOB: MemberId = MemberId(2);

    fn said(client: u64, clock: u64, state: Option<&str>) -> [Entry<'_>; 1] {
        [Entry { client, clock, state }]
    }

    #[test]
    fn newer_entries_are_relayed_and_echoes_are_not() {
        let mut presence = Presence::default();
        presence.receive(ANN, &said(7, 1, Some("{}")), 8, 0);
        assert_eq!(presence.take_changes().len(), 1);
        presence.receive(BOB, &said(7, 1, Some("{}")), 8, 1);
        assert!(!presence.has_changes(), "an echo would be relayed for ever");
        presence.receive(ANN, &said(7, 2, Some("{}")), 8, 2);
        assert_eq!(
            presence.take_changes().len(),
            1,
            "an unchanged state at a newer clock is the renewal"
        );
    }

    #[test]
    fn only_the_owner_removes_a_client() {
        let mut presence = Presence::default();
        presence.receive(ANN, &said(7, 3, Some("{}")), 8, 0);
        presence.take_changes();
        presence.receive(BOB, &said(7, 4, None), 8, 1);
        assert!(!presence.has_changes());
        presence.leave(ANN, 2);
        assert_eq!(
            presence.take_changes(),
            said(7, 3, None),
            "the clock of a client that left is unchanged"
        );
        presence.receive(BOB, &said(7, 3, Some("{}")), 8, 3);
        assert!(!presence.has_changes(), "a late echo does not revive it");
    }

    #[test]
    fn a_client_that_reconnects_gets_its_place_back() {
        let mut presence = Presence::default();
        presence.receive(ANN, &said(7, 3, Some("{}")), 8, 0);
        presence.take_changes();
        presence.receive(BOB, &said(7, 4, Some("\"not me\"")), 8, ABANDONED_AFTER_MS - 1);
        assert!(!presence.has_changes(), "its owner lives");
        presence.receive(BOB, &said(7, 4, Some("{}")), 8, ABANDONED_AFTER_MS);
        assert_eq!(presence.take_changes().len(), 1);
        presence.leave(ANN, ABANDONED_AFTER_MS + 1);
        assert!(
            !presence.has_changes(),
            "the old connection takes nothing with it"
        );
    }

    #[test]
    fn the_silent_are_removed_and_later_forgotten() {
        let mut presence = Presence::default();
        presence.receive(ANN, &said(7, 3, Some("{}")), 8, 0);
        presence.take_changes();
        presence.expire(SILENT_AFTER_MS - 1);
        assert!(!presence.has_changes());
        presence.expire(SILENT_AFTER_MS);
        assert_eq!(presence.take_changes(), said(7, 3, None));
        presence.expire(SILENT_AFTER_MS + REMEMBER_GONE_MS);
        assert!(presence.is_empty());
    }

    #[test]
    fn a_member_owns_a_bounded_number_of_clients() {
        let mut presence = Presence::default();
        for client in 0..100 {
            presence.receive(ANN, &said(client, 1, Some("{}")), 8, 0);
        }
        assert_eq!(presence.present().len(), 8);
    }
}

//! The chain of the audit log: which bytes of an entry are hashed, and how a chain is checked.
//!
//! Invariant: the bytes of an entry are the same in every database, in an export and in every version: fields never change their place or
//! their form (docs/audit.md, and the vector below). Checking holds one entry at a time, however long the chain is.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::error::RecordError;
use super::row::{FromRow, Row};
use crate::model::WorkspaceId;

/// What the first hash of a chain is made of, before the id of the workspace.
const GENESIS: &[u8] = b"weft audit 1\n";
/// The length that stands for a field without a value.
const NOTHING: u32 = u32::MAX;

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose chain it is in.
    pub workspace: WorkspaceId,
    /// Its place in the chain, from 1 without a gap.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// What did it: `user`, `client`, `named`, `nobody` or `system`.
    pub actor_kind: String,
    /// Which of these.
    pub actor_id: Option<Uuid>,
    /// What was done: the type of an event, or one that begins with `auth.` or `audit.`.
    pub action: String,
    /// What it was done to.
    pub subject_kind: String,
    /// Which of these.
    pub subject_id: Option<Uuid>,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// What else is to be said, a JSON object without content.
    pub details: String,
    /// The place of the event that it is about.
    pub event_seq: Option<i64>,
    /// The hash of the entry before it.
    pub prev_hash: [u8; 32],
    /// Its own.
    pub hash: [u8; 32],
}

/// What is wrong with an entry of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditFlaw {
    /// One or more are missing before it, or it stands in another's place.
    #[error("entry {expected} is missing: {found} stands in its place")]
    Missing {
        /// The place that should have followed.
        expected: i64,
        /// The place that did.
        found: i64,
    },
    /// It does not follow the entry before it.
    #[error("entry {0} does not continue the one before it")]
    Broken(i64),
    /// It does not say what it said when it was written.
    #[error("entry {0} was changed")]
    Changed(i64),
    /// It is of another chain.
    #[error("entry {0} belongs to another workspace")]
    Foreign(i64),
    /// The chain ends elsewhere than it is known to.
    #[error("the chain ends at {found}, and not at {expected} as it is known to")]
    Cut {
        /// The place of the last entry that is known.
        expected: i64,
        /// The place of the last one that is there.
        found: i64,
    },
    /// The entry that was known is another one now.
    #[error("entry {0} is not the one that is known")]
    Replaced(i64),
    /// It is in the database although the archive has it.
    #[error("entry {0} stands beside the archive that has it")]
    Doubled(i64),
}

impl AuditEntry {
    /// The hash that it must have.
    pub fn expected_hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.prev_hash);
        let mut field = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => {
                // Every text is bounded far below this.
                let length = u32::try_from(bytes.len()).unwrap_or(NOTHING);
                hasher.update(length.to_be_bytes());
                hasher.update(bytes);
            }
            None => hasher.update(NOTHING.to_be_bytes()),
        };
        let id = |id: &Option<Uuid>| id.map(|id| *id.as_bytes());
        field(Some(self.workspace.0.as_bytes()));
        field(Some(&self.seq.to_be_bytes()));
        field(Some(self.id.as_bytes()));
        field(Some(&self.at_ms.to_be_bytes()));
        field(Some(self.actor_kind.as_bytes()));
        field(id(&self.actor_id).as_ref().map(<[u8; 16]>::as_slice));
        field(Some(self.action.as_bytes()));
        field(Some(self.subject_kind.as_bytes()));
        field(id(&self.subject_id).as_ref().map(<[u8; 16]>::as_slice));
        field(self.address.as_deref().map(str::as_bytes));
        field(self.user_agent.as_deref().map(str::as_bytes));
        field(self.request_id.as_deref().map(str::as_bytes));
        field(Some(self.details.as_bytes()));
        let event = self.event_seq.map(i64::to_be_bytes);
        field(event.as_ref().map(<[u8; 8]>::as_slice));
        hasher.finalize().into()
    }
}

impl FromRow for AuditEntry {
    fn from_row(row: &Row) -> Result<Self, RecordError> {
        Ok(Self {
            workspace: WorkspaceId(row.get("workspace_id")?),
            seq: row.get("seq")?,
            id: row.get("id")?,
            at_ms: row.get("at_ms")?,
            actor_kind: row.get("actor_kind")?,
            actor_id: row.get("actor_id")?,
            action: row.get("action")?,
            subject_kind: row.get("subject_kind")?,
            subject_id: row.get("subject_id")?,
            address: row.get("address")?,
            user_agent: row.get("user_agent")?,
            request_id: row.get("request_id")?,
            details: row.get("details")?,
            event_seq: row.get("event_seq")?,
            prev_hash: row.hash("prev_hash")?,
            hash: row.hash("hash")?,
        })
    }
}

/// A chain that is checked, entry by entry, from its first one on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditChain {
    workspace: WorkspaceId,
    seq: i64,
    hash: [u8; 32],
    /// The entry that somebody kept, until it was found.
    anchor: Option<(i64, [u8; 32])>,
}

impl AuditChain {
    /// The chain of a workspace before its first entry. `anchor` is the place and hash of an entry that is known.
    pub fn new(workspace: WorkspaceId, anchor: Option<(i64, [u8; 32])>) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(GENESIS);
        hasher.update(workspace.0.as_bytes());
        Self {
            workspace,
            seq: 0,
            hash: hasher.finalize().into(),
            anchor,
        }
    }

    /// The same behind an entry that was checked before, by its place and hash.
    pub(crate) fn behind(workspace: WorkspaceId, seq: i64, hash: [u8; 32]) -> Self {
        Self {
            workspace,
            seq,
            hash,
            anchor: None,
        }
    }

    /// The place of the last entry, 0 before the first.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The hash of the last entry.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// [`AuditFlaw`]: what is wrong with it.
    pub fn follow(&mut self, entry: &AuditEntry) -> Result<(), AuditFlaw> {
        let expected = self.seq.saturating_add(1);
        if entry.workspace != self.workspace {
            return Err(AuditFlaw::Foreign(entry.seq));
        }
        if entry.seq != expected {
            return Err(AuditFlaw::Missing {
                expected,
                found: entry.seq,
            });
        }
        if entry.prev_hash != self.hash {
            return Err(AuditFlaw::Broken(entry.seq));
        }
        if entry.hash != entry.expected_hash() {
            return Err(AuditFlaw::Changed(entry.seq));
        }
        if self
            .anchor
            .is_some_and(|(seq, hash)| seq == entry.seq && hash != entry.hash)
        {
            return Err(AuditFlaw::Replaced(entry.seq));
        }
        self.seq = entry.seq;
        self.hash = entry.hash;
        Ok(())
    }

    /// Says that there are no more.
    ///
    /// # Errors
    /// [`AuditFlaw::Cut`] if the entry that is known was not reached.
    pub fn finish(&self) -> Result<(), AuditFlaw> {
        match self.anchor {
            Some((expected, _)) if expected > self.seq => Err(AuditFlaw::Cut {
                expected,
                found: self.seq,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(chain: &AuditChain) -> AuditEntry {
        let mut entry = AuditEntry {
            workspace: WorkspaceId(Uuid::from_u128(1)),
            seq: chain.seq() + 1,
            id: Uuid::from_u128(2),
            at_ms: 1_800_000_000_000,
            actor_kind: "user".to_owned(),
            actor_id: Some(Uuid::from_u128(3)),
            action: "auth.login".to_owned(),
            subject_kind: "session".to_owned(),
            subject_id: None,
            address: Some("192.0.2.1".to_owned()),
            user_agent: None,
            request_id: Some("one".to_owned()),
            details: "{}".to_owned(),
            event_seq: None,
            prev_hash: chain.hash(),
            hash: [0; 32],
        };
        entry.hash = entry.expected_hash();
        entry
    }

    fn chain_of(length: usize) -> Vec<AuditEntry> {
        let mut chain = AuditChain::new(WorkspaceId(Uuid::from_u128(1)), None);
        let mut entries = Vec::new();
        for _ in 0..length {
            let next = entry(&chain);
            chain.follow(&next).unwrap();
            entries.push(next);
        }
        entries
    }

    fn check(entries: &[AuditEntry], anchor: Option<(i64, [u8; 32])>) -> Result<(), AuditFlaw> {
        let mut chain = AuditChain::new(WorkspaceId(Uuid::from_u128(1)), anchor);
        for entry in entries {
            chain.follow(entry)?;
        }
        chain.finish()
    }

    #[test]
    fn the_vector_of_the_documentation() {
        let first = &chain_of(1)[0];
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(first.prev_hash),
            "68edcbaefdd63ebd4d8da7a402aa13a6437517028574f559137efaa2bddba08a"
        );
        assert_eq!(
            hex(first.hash),
            "954196f915b3daf54975e7454e0aec8f20f74767d33ff23c0cc452a99c11d81f"
        );
    }

    #[test]
    fn whatever_is_done_to_a_chain_is_noticed() {
        let whole = chain_of(5);
        let known = (5, whole[4].hash);
        assert_eq!(check(&whole, Some(known)), Ok(()));

        let mut changed = whole.clone();
        changed[2].details = "{ }".to_owned();
        assert_eq!(check(&changed, None), Err(AuditFlaw::Changed(3)));
        changed[2].hash = changed[2].expected_hash();
        assert_eq!(check(&changed, None), Err(AuditFlaw::Broken(4)));

        let mut dropped = whole.clone();
        dropped.remove(2);
        let missing = AuditFlaw::Missing {
            expected: 3,
            found: 4,
        };
        assert_eq!(check(&dropped, None), Err(missing));

        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        let missing = AuditFlaw::Missing {
            expected: 2,
            found: 3,
        };
        assert_eq!(check(&swapped, None), Err(missing));

        // What was cut off shows only to whoever knows how far the chain went.
        assert_eq!(check(&whole[..3], None), Ok(()));
        let cut = AuditFlaw::Cut {
            expected: 5,
            found: 3,
        };
        assert_eq!(check(&whole[..3], Some(known)), Err(cut));
        assert_eq!(check(&whole, Some((3, [7; 32]))), Err(AuditFlaw::Replaced(3)));
    }

    #[test]
    fn where_one_field_ends_and_the_next_begins_is_hashed_too() {
        let one = chain_of(1).remove(0);
        let mut other = one.clone();
        other.address = None;
        other.user_agent = Some("192.0.2.1".to_owned());
        assert_ne!(one.expected_hash(), other.expected_hash());
        let mut other = one.clone();
        other.actor_kind = "use".to_owned();
        other.action = "rauth.login".to_owned();
        assert_ne!(one.expected_hash(), other.expected_hash());
    }
}

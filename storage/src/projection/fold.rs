//! What all appends of a commit change beside the log, board by board.
//!
//! Pure. Invariant: the last word about a card, an entry or a link counts, and each is named once; events stay in the
//! order of the appends.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::text::is_sound;
use super::{EntryKind, EntryRow, LinkRow, NewEvent, Projection, TaskRow};
use crate::model::{Append, WorkspaceId};

/// A board of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BoardKey {
    pub(super) workspace: WorkspaceId,
    pub(super) board: Uuid,
}

/// The ends and the kind of a link.
pub(super) type LinkKey<'a> = (&'a str, &'a str, &'a str);

/// What changes of one board.
#[derive(Debug, Default)]
pub(super) struct BoardChange<'a> {
    /// Every card that is shown, in the order in which they came.
    pub(super) shown: Vec<&'a str>,
    pub(super) tasks: BTreeMap<&'a str, &'a TaskRow>,
    pub(super) purged: BTreeSet<&'a str>,
    pub(super) entries: BTreeMap<(EntryKind, &'a str), &'a EntryRow>,
    pub(super) gone_entries: BTreeSet<(EntryKind, &'a str)>,
    pub(super) links: BTreeMap<LinkKey<'a>, &'a LinkRow>,
    pub(super) gone_links: BTreeSet<LinkKey<'a>>,
    /// Whether its log grows: then its seed has sprouted.
    pub(super) grows: bool,
}

/// What changes.
#[derive(Debug, Default)]
pub(super) struct Changes<'a> {
    pub(super) boards: BTreeMap<BoardKey, BoardChange<'a>>,
    pub(super) events: Vec<(BoardKey, &'a NewEvent)>,
}

/// The id of the project's document that a name in the log stands for, if it can be one.
pub(crate) fn id_of_name(name: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(name).ok()?;
    (id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == name).then_some(id)
}

impl<'a> Changes<'a> {
    /// The changes of accepted appends.
    pub(super) fn of(appends: &[&'a Append]) -> Self {
        let mut changes = Self::default();
        for append in appends {
            let (Some(projection), Some(board)) =
                (append.projection.as_deref(), id_of_name(append.name.as_str()))
            else {
                continue;
            };
            let key = BoardKey {
                workspace: append.workspace,
                board,
            };
            let change = changes.boards.entry(key).or_default();
            change.grows |= !append.updates.is_empty();
            change.add(projection);
            changes
                .events
                .extend(projection.events.iter().map(|event| (key, event)));
        }
        changes
    }
}

impl<'a> BoardChange<'a> {
    /// Adds what comes after all that is here already.
    pub(super) fn add(&mut self, projection: &'a Projection) {
        for row in projection.tasks.iter().filter(|row| is_sound(&row.card)) {
            self.shown.push(&row.card);
            self.purged.remove(row.card.as_str());
            self.tasks.insert(&row.card, row);
        }
        for card in projection.purged.iter().filter(|card| is_sound(card)) {
            self.tasks.remove(card.as_str());
            self.purged.insert(card);
        }
        for row in projection.entries.iter().filter(|row| is_sound(&row.id)) {
            let key = (row.kind, row.id.as_str());
            self.gone_entries.remove(&key);
            self.entries.insert(key, row);
        }
        for (kind, id) in projection.gone_entries.iter().filter(|(_, id)| is_sound(id)) {
            let key = (*kind, id.as_str());
            self.entries.remove(&key);
            self.gone_entries.insert(key);
        }
        for row in projection.links.iter().filter(|row| is_sound_link(row)) {
            self.gone_links.remove(&key_of(row));
            self.links.insert(key_of(row), row);
        }
        for row in projection.gone_links.iter().filter(|row| is_sound_link(row)) {
            self.links.remove(&key_of(row));
            self.gone_links.insert(key_of(row));
        }
    }
}

/// What a link is told from others by.
pub(super) fn key_of(row: &LinkRow) -> LinkKey<'_> {
    (&row.from, row.kind, &row.to)
}

fn is_sound_link(row: &LinkRow) -> bool {
    is_sound(&row.from) && is_sound(&row.to)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weft_protocol::id::DocumentName;

    use super::*;
    use crate::model::{DocumentId, Seq};

    fn link(from: &str, to: &str, cyclic: bool) -> LinkRow {
        LinkRow {
            from: from.to_owned(),
            kind: "blocks",
            to: to.to_owned(),
            cyclic,
        }
    }

    fn append(name: &str, projection: Projection) -> Append {
        Append {
            document: DocumentId(Uuid::from_u128(1)),
            workspace: WorkspaceId::DEFAULT,
            name: DocumentName::parse(name).unwrap(),
            expected_head: Seq::ZERO,
            updates: Vec::new(),
            projection: Some(Arc::new(projection)),
        }
    }

    #[test]
    fn a_name_is_an_id_only_as_it_is_written() {
        let id = Uuid::from_u128(0xabcd);
        assert_eq!(id_of_name(&id.to_string()), Some(id));
        for other in [
            id.simple().to_string(),
            id.to_string().to_uppercase(),
            format!("{{{id}}}"),
            "plan".to_owned(),
        ] {
            assert_eq!(id_of_name(&other), None, "{other}");
        }
    }

    #[test]
    fn the_last_word_counts() {
        let board = Uuid::from_u128(7).to_string();
        let first = append(
            &board,
            Projection {
                links: vec![link("a", "b", false), link("c", "d", false)],
                gone_entries: vec![(EntryKind::Lane, "l".to_owned())],
                ..Projection::default()
            },
        );
        let second = append(
            &board,
            Projection {
                links: vec![link("a", "b", true)],
                gone_links: vec![link("c", "d", false), link("a\0", "b", false)],
                ..Projection::default()
            },
        );
        let elsewhere = append("no board", Projection::default());
        let changes = Changes::of(&[&first, &second, &elsewhere]);
        assert_eq!(changes.boards.len(), 1);
        let change = changes.boards.values().next().unwrap();
        assert!(!change.grows);
        assert_eq!(change.links.len(), 1);
        assert!(change.links[&("a", "blocks", "b")].cyclic);
        assert_eq!(
            change.gone_links.iter().collect::<Vec<_>>(),
            [&("c", "blocks", "d")]
        );
        assert_eq!(change.gone_entries.len(), 1);
    }
}

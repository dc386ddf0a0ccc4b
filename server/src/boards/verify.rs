//! Whether the rows of a board say what its document shows.
//!
//! They do, because both change in one commit; this is for those who want to see it, and for the day when they do not.

use std::collections::BTreeMap;

use weft_storage::{EntryKind, EntryRow, LinkRow, Projection, TaskRow};

/// How many differences are named one by one.
pub(crate) const MAX_NAMED: usize = 100;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is shown and has no row.
    Missing,
    /// It has a row and is not shown.
    Surplus,
    /// The row says something else.
    Different,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `task`, `column`, `lane`, `label`, `field` or `link`.
    pub(crate) kind: &'static str,
    /// Its id in the document; of a link both ends and the kind.
    pub(crate) id: String,
    /// How.
    pub(crate) fault: Fault,
}

/// What was compared, and what differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// How many things are shown.
    pub(crate) shown: usize,
    /// What differs; of much only the first.
    pub(crate) differences: Vec<Difference>,
    /// How much that is in all.
    pub(crate) total: usize,
}

/// The rows of a board as they are stored.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// Its tasks.
    pub(crate) tasks: Vec<TaskRow>,
    /// What stands in its lists.
    pub(crate) entries: Vec<EntryRow>,
    /// Its relations.
    pub(crate) links: Vec<LinkRow>,
}

/// Compares `stored` with what is `shown`.
pub(crate) fn compare(shown: &Projection, stored: &Stored) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.count("task", &shown.tasks, &stored.tasks, |task| task.card.clone());
    for kind in [
        EntryKind::Column,
        EntryKind::Lane,
        EntryKind::Label,
        EntryKind::Field,
    ] {
        let of_kind = |entries: &[EntryRow]| -> Vec<EntryRow> {
            entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .cloned()
                .collect()
        };
        let (shown, stored) = (of_kind(&shown.entries), of_kind(&stored.entries));
        comparison.count(kind.as_str(), &shown, &stored, |entry| entry.id.clone());
    }
    let name = |link: &LinkRow| format!("{}|{}|{}", link.from, link.kind, link.to);
    comparison.count("link", &shown.links, &stored.links, name);
    comparison
}

impl Comparison {
    fn count<R: PartialEq>(
        &mut self,
        kind: &'static str,
        shown: &[R],
        stored: &[R],
        name: impl Fn(&R) -> String,
    ) {
        self.shown += shown.len();
        let mut rows: BTreeMap<String, &R> = stored.iter().map(|row| (name(row), row)).collect();
        for row in shown {
            let id = name(row);
            match rows.remove(&id) {
                Some(stored) if stored == row => {}
                Some(_) => self.add(kind, id, Fault::Different),
                None => self.add(kind, id, Fault::Missing),
            }
        }
        for id in rows.into_keys() {
            self.add(kind, id, Fault::Surplus);
        }
    }

    fn add(&mut self, kind: &'static str, id: String, fault: Fault) {
        self.total += 1;
        if self.differences.len() < MAX_NAMED {
            self.differences.push(Difference { kind, id, fault });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(to: &str, cyclic: bool) -> LinkRow {
        LinkRow {
            from: "a".to_owned(),
            kind: "blocks",
            to: to.to_owned(),
            cyclic,
        }
    }

    #[test]
    fn what_differs_is_named() {
        let shown = Projection {
            links: vec![link("b", false), link("c", false), link("d", false)],
            ..Projection::default()
        };
        let stored = |links: Vec<LinkRow>| Stored {
            links,
            ..Stored::default()
        };
        let same = compare(&shown, &stored(shown.links.clone()));
        assert_eq!((same.shown, same.total), (3, 0));
        let other = compare(
            &shown,
            &stored(vec![link("b", false), link("c", true), link("e", false)]),
        );
        let faults: Vec<_> = other
            .differences
            .iter()
            .map(|difference| (difference.id.as_str(), difference.fault))
            .collect();
        assert_eq!(
            faults,
            [
                ("a|blocks|c", Fault::Different),
                ("a|blocks|d", Fault::Missing),
                ("a|blocks|e", Fault::Surplus)
            ]
        );
    }
}

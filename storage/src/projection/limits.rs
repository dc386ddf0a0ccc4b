//! How much one append may change beside the log.
//!
//! Invariant: what passes has no text that a database refuses for its size, neither in a row nor in an index.

use super::{EntryRow, LinkRow, NewEvent, Projection, TaskRow};
use crate::config::MAX_UPDATE_BYTES;
use crate::error::StorageError;
use crate::plan::check_limit;

/// The longest id, order key or day, in bytes. Four of them fit into an entry of an index.
const MAX_ID_BYTES: usize = 255;
/// What a row takes beside its texts, in bytes.
const ROW_BYTES: usize = 128;

/// Checks a projection.
///
/// # Errors
/// [`StorageError::TooLarge`].
pub(crate) fn check(projection: &Projection) -> Result<(), StorageError> {
    let mut size = Size::default();
    projection.tasks.iter().for_each(|row| size.task(row));
    projection.purged.iter().for_each(|card| size.id(card));
    projection.entries.iter().for_each(|row| size.entry(row));
    projection.gone_entries.iter().for_each(|(_, id)| size.id(id));
    projection.links.iter().for_each(|row| size.link(row));
    projection.gone_links.iter().for_each(|row| size.link(row));
    projection.events.iter().for_each(|event| size.event(event));
    check_limit("the length of an id on a board", size.longest_id, MAX_ID_BYTES)?;
    check_limit("the size of a board's rows", size.bytes, MAX_UPDATE_BYTES)
}

#[derive(Default)]
struct Size {
    bytes: usize,
    longest_id: usize,
}

impl Size {
    fn id(&mut self, id: &str) {
        self.longest_id = self.longest_id.max(id.len());
        self.text(id);
    }

    fn text(&mut self, text: &str) {
        self.bytes = self.bytes.saturating_add(text.len()).saturating_add(ROW_BYTES);
    }

    fn task(&mut self, row: &TaskRow) {
        self.id(&row.card);
        self.id(&row.order_key);
        let ids = [&row.column, &row.due, &row.start, &row.parent];
        ids.into_iter().flatten().for_each(|id| self.id(id));
        let lists = [&row.assignees, &row.labels, &row.watchers];
        lists.into_iter().flatten().for_each(|id| self.id(id));
        self.text(&row.title);
        self.text(&row.view);
    }

    fn entry(&mut self, row: &EntryRow) {
        self.id(&row.id);
        self.text(&row.name);
        self.text(&row.view);
    }

    fn link(&mut self, row: &LinkRow) {
        self.id(&row.from);
        self.id(&row.to);
    }

    fn event(&mut self, event: &NewEvent) {
        event.card.iter().for_each(|card| self.id(card));
        self.text(&event.data);
    }
}

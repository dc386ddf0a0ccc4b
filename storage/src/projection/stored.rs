//! A projection as its rows say it, to be compared with what they say.

use super::text::{clean, is_sound, sound};
use super::{EntryRow, LinkRow, Projection, TaskRow};

impl Projection {
    /// All that the rows can say of this: tasks by card, entries by kind and place, links by their ends; texts as they
    /// are stored. What happened, and what is gone, is left out.
    #[must_use]
    pub fn as_stored(&self) -> Self {
        let mut tasks: Vec<TaskRow> = self.tasks.iter().filter_map(stored_task).collect();
        let mut entries: Vec<EntryRow> = self.entries.iter().filter_map(stored_entry).collect();
        let is_sound_link = |row: &&LinkRow| is_sound(&row.from) && is_sound(&row.to);
        let mut links: Vec<LinkRow> = self.links.iter().filter(is_sound_link).cloned().collect();
        tasks.sort_by(|one, other| one.card.cmp(&other.card));
        entries.sort_by(|one, other| {
            (one.kind.as_str(), one.position, &one.id).cmp(&(other.kind.as_str(), other.position, &other.id))
        });
        links.sort_by(|one, other| (&one.from, one.kind, &one.to).cmp(&(&other.from, other.kind, &other.to)));
        Self {
            tasks,
            entries,
            links,
            ..Self::default()
        }
    }
}

fn stored_task(row: &TaskRow) -> Option<TaskRow> {
    let text = |text: &Option<String>| text.as_deref().map(clean);
    let list = |ids: &[String]| sound(ids).into_iter().map(str::to_owned).collect();
    is_sound(&row.card).then(|| TaskRow {
        column: text(&row.column),
        order_key: clean(&row.order_key),
        title: clean(&row.title),
        due: text(&row.due),
        start: text(&row.start),
        estimate: row.estimate.filter(|estimate| estimate.is_finite()),
        parent: text(&row.parent),
        assignees: list(&row.assignees),
        labels: list(&row.labels),
        watchers: list(&row.watchers),
        view: clean(&row.view),
        ..row.clone()
    })
}

fn stored_entry(row: &EntryRow) -> Option<EntryRow> {
    is_sound(&row.id).then(|| EntryRow {
        name: clean(&row.name),
        view: clean(&row.view),
        ..row.clone()
    })
}

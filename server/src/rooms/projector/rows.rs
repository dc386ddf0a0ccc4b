//! Rows of what a board shows.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use weft_protocol::board::raw::LinkId;
use weft_protocol::board::schema::Priority;
use weft_protocol::board::view::{CardState, CardView, LinkView};
use weft_protocol::board::{Before, Board, CardId};
use weft_storage::{EntryKind, EntryRow, LinkRow, Projection, TaskRow};

/// A column, lane, label or custom field by its id.
pub(super) type EntryName = (EntryKind, String);

/// The row of a card, if the board has it.
pub(super) fn task(board: &Board, id: &CardId) -> Option<TaskRow> {
    let card = board.view.cards.get(id)?;
    let seat = board.seat(id);
    let text = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<Vec<_>>();
    Some(TaskRow {
        card: id.as_str().to_owned(),
        state: state(card.state),
        column: card.column.as_ref().map(|column| column.as_str().to_owned()),
        order_group: seat.as_ref().map_or(0, |seat| i64::from(seat.group.number())),
        order_key: seat
            .and_then(|seat| seat.key)
            .map_or_else(String::new, |key| key.as_str().to_owned()),
        title: card.title.clone(),
        priority: priority(card.priority),
        due: card.due.as_ref().map(|due| due.as_str().to_owned()),
        start: card.start.as_ref().map(|start| start.as_str().to_owned()),
        estimate: card.estimate,
        parent: card.parent.as_ref().map(|parent| parent.as_str().to_owned()),
        assignees: text(card.assignees.iter().map(|user| user.as_str()).collect()),
        labels: text(card.labels.iter().map(|label| label.as_str()).collect()),
        watchers: text(card.watchers.iter().map(|user| user.as_str()).collect()),
        checklist_total: count(card.checklist.len()),
        checklist_done: count(card.checklist.iter().filter(|item| item.done).count()),
        done: card.done.is_some(),
        view: text_of(card),
    })
}

/// What the rows call a state.
pub(super) fn state(state: CardState) -> &'static str {
    match state {
        CardState::Open => "open",
        CardState::Archived => "archived",
        CardState::Deleted => "deleted",
    }
}

fn priority(priority: Option<Priority>) -> i64 {
    match priority {
        None => 0,
        Some(Priority::Low) => 1,
        Some(Priority::Medium) => 2,
        Some(Priority::High) => 3,
        Some(Priority::Urgent) => 4,
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// JSON of what is shown, which always has one.
fn text_of(shown: &impl Serialize) -> String {
    serde_json::to_string(shown).unwrap_or_else(|_| "{}".to_owned())
}

/// The entries that `before` says are shown otherwise now.
pub(super) fn names(before: &Before) -> impl Iterator<Item = EntryName> {
    let name = |kind, id: &str| (kind, id.to_owned());
    let columns = before
        .columns
        .keys()
        .map(move |id| name(EntryKind::Column, id.as_str()));
    let lanes = before
        .lanes
        .keys()
        .map(move |id| name(EntryKind::Lane, id.as_str()));
    let labels = before
        .labels
        .keys()
        .map(move |id| name(EntryKind::Label, id.as_str()));
    let fields = before
        .fields
        .keys()
        .map(move |id| name(EntryKind::Field, id.as_str()));
    columns.chain(lanes).chain(labels).chain(fields)
}

/// Everything that stands in the lists of this kind.
pub(super) fn shown(board: &Board, kind: EntryKind) -> Vec<EntryRow> {
    let view = &board.view;
    let row = |position: usize, id: &str, name: &str, text: String| EntryRow {
        kind,
        id: id.to_owned(),
        position: count(position),
        name: name.to_owned(),
        category: "",
        view: text,
    };
    match kind {
        EntryKind::Column => {
            let columns = view.columns.iter().enumerate();
            columns
                .map(|(at, column)| EntryRow {
                    category: column.category.as_str(),
                    ..row(at, column.id.as_str(), &column.title, text_of(&column.head()))
                })
                .collect()
        }
        EntryKind::Lane => {
            let lanes = view.lanes.iter().enumerate();
            lanes
                .map(|(at, lane)| row(at, lane.id.as_str(), &lane.title, text_of(lane)))
                .collect()
        }
        EntryKind::Label => {
            let labels = view.labels.iter().enumerate();
            labels
                .map(|(at, label)| row(at, label.id.as_str(), &label.name, text_of(label)))
                .collect()
        }
        EntryKind::Field => {
            let fields = view.fields.iter().enumerate();
            fields
                .map(|(at, field)| row(at, field.id.as_str(), &field.name, text_of(field)))
                .collect()
        }
    }
}

/// Puts the rows of `names` into `projection`, or that they are gone.
pub(super) fn entries(board: &Board, names: BTreeSet<EntryName>, projection: &mut Projection) {
    for kind in [
        EntryKind::Column,
        EntryKind::Lane,
        EntryKind::Label,
        EntryKind::Field,
    ] {
        let mut wanted: BTreeSet<&str> = names
            .iter()
            .filter(|(of, _)| *of == kind)
            .map(|(_, id)| id.as_str())
            .collect();
        if wanted.is_empty() {
            continue;
        }
        for row in shown(board, kind) {
            if wanted.remove(row.id.as_str()) {
                projection.entries.push(row);
            }
        }
        let gone = wanted.into_iter().map(|id| (kind, id.to_owned()));
        projection.gone_entries.extend(gone);
    }
}

/// Puts the rows of these relations into `projection`, or that they are gone.
pub(super) fn links(board: &Board, names: BTreeSet<LinkId>, projection: &mut Projection) {
    for name in names {
        match board.view.link(&name) {
            Some(shown) => projection.links.push(link(shown)),
            None => projection.gone_links.push(LinkRow {
                from: name.from.as_str().to_owned(),
                kind: name.kind.as_str(),
                to: name.to.as_str().to_owned(),
                cyclic: false,
            }),
        }
    }
}

/// A relation as a row.
pub(super) fn link(link: &LinkView) -> LinkRow {
    LinkRow {
        from: link.from.as_str().to_owned(),
        kind: link.kind.as_str(),
        to: link.to.as_str().to_owned(),
        cyclic: link.cyclic,
    }
}

/// What of a card's view other events tell, or nobody needs to be told.
pub(super) const TOLD_ELSEWHERE: [&str; 8] = [
    "state",
    "column",
    "archived",
    "deleted",
    "done",
    "assignees",
    "children",
    "files",
];

/// A card's view as JSON, for comparing.
pub(super) fn json_of(card: &CardView) -> Value {
    serde_json::to_value(card).unwrap_or(Value::Null)
}

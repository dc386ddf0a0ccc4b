//! What happened on a board, told from what was shown before and is shown now.
//!
//! Invariant: a change that shows nothing different tells nothing; what one card did is told once, whoever wrote it.

use serde_json::{Map, Value, json};
use uuid::Uuid;
use weft_protocol::board::before::{CardBefore, ColumnHead, Placed};
use weft_protocol::board::seat::{Group, Seat};
use weft_protocol::board::view::{CardState, CardView, ItemView};
use weft_protocol::board::{Before, Board, CardId};
use weft_storage::NewEvent;

use super::Doer;
use super::rows::{self, TOLD_ELSEWHERE, json_of};

/// Adds to `events` what happened between `before` and `board`.
pub(super) fn tell(before: &Before, board: &Board, doer: Doer, events: &mut Vec<NewEvent>) {
    let mut teller = Teller { doer, events };
    teller.columns(before, board);
    teller.lists(before);
    let moved = board.moved(before);
    for (id, old) in &before.cards {
        teller.card(id, old.as_ref(), board);
        if moved.contains(id)
            && let Some(old) = old
        {
            teller.moved(id, old, before, board);
        }
    }
    for id in &before.descriptions {
        let was_there = before.cards.get(id).is_none_or(Option::is_some);
        if was_there && board.view.cards.contains_key(id) {
            teller.tell("task.updated", Some(id), json!({"changed": ["description"]}));
        }
    }
    teller.links(before, board);
}

struct Teller<'t> {
    doer: Doer,
    events: &'t mut Vec<NewEvent>,
}

impl Teller<'_> {
    fn tell(&mut self, kind: &'static str, card: Option<&CardId>, data: Value) {
        let actor = match self.doer {
            Doer::Somebody(actor) => actor,
            Doer::Repair => None,
        };
        self.events.push(NewEvent {
            id: Uuid::nil(),
            kind,
            actor,
            card: card.map(|card| card.as_str().to_owned()),
            data: data.to_string(),
        });
    }

    fn card(&mut self, id: &CardId, old: Option<&CardBefore>, board: &Board) {
        let new = board.view.cards.get(id);
        match (old, new) {
            (None, Some(new)) => {
                let after = json!({
                    "title": new.title, "state": rows::state(new.state), "column": new.column,
                    "assignees": new.assignees, "parent": new.parent,
                });
                self.tell("task.created", Some(id), json!({"after": after}));
            }
            (Some(old), None) if old.view.state != CardState::Deleted => {
                self.tell(
                    "task.deleted",
                    Some(id),
                    json!({"before": {"title": old.view.title}}),
                );
            }
            (Some(old), Some(new)) => {
                self.life(id, &old.view, new);
                self.people(id, &old.view, new);
                self.checklist(id, &old.view.checklist, &new.checklist);
                self.members(id, &old.view, new);
            }
            _ => {}
        }
    }

    /// From open to archived, deleted, done, and back.
    fn life(&mut self, id: &CardId, old: &CardView, new: &CardView) {
        let kind = match (old.state, new.state) {
            (CardState::Open, CardState::Archived) => Some("task.archived"),
            (CardState::Archived, CardState::Open) => Some("task.unarchived"),
            (CardState::Deleted, CardState::Open | CardState::Archived) => Some("task.restored"),
            (CardState::Open | CardState::Archived, CardState::Deleted) => Some("task.deleted"),
            _ => None,
        };
        if let Some(kind) = kind {
            let (before, after) = (rows::state(old.state), rows::state(new.state));
            let data = json!({"before": {"state": before}, "after": {"state": after}});
            self.tell(kind, Some(id), data);
        }
        match (&old.done, &new.done) {
            (None, Some(done)) => self.tell("task.completed", Some(id), json!({"after": {"done": done}})),
            (Some(done), None) => self.tell("task.reopened", Some(id), json!({"before": {"done": done}})),
            _ => {}
        }
    }

    /// That somebody has put an open card elsewhere. One that stands in a column only for want of its own has not moved
    /// when columns came or went, and a repair moves nothing.
    fn moved(&mut self, id: &CardId, old: &CardBefore, before: &Before, board: &Board) {
        let (Some(from), Some(to)) = (&old.seat, board.seat(id)) else {
            return;
        };
        let stands_in = |seat: &Seat| matches!(seat.group, Group::Stranded | Group::StrandedUnkeyed);
        let went_along = !before.columns.is_empty() && (stands_in(from) || stands_in(&to));
        if self.doer == Doer::Repair || went_along {
            return;
        }
        let place = |seat: &Seat| json!({"column": seat.column, "after": seat.previous});
        self.tell(
            "task.moved",
            Some(id),
            json!({"before": place(from), "after": place(&to)}),
        );
    }

    fn people(&mut self, id: &CardId, old: &CardView, new: &CardView) {
        for user in new.assignees.iter().filter(|user| !old.assignees.contains(user)) {
            self.tell("task.assigned", Some(id), json!({"after": {"assignee": user}}));
        }
        for user in old.assignees.iter().filter(|user| !new.assignees.contains(user)) {
            self.tell("task.unassigned", Some(id), json!({"before": {"assignee": user}}));
        }
    }

    fn checklist(&mut self, id: &CardId, old: &[ItemView], new: &[ItemView]) {
        if old == new {
            return;
        }
        let was_done = |item: &ItemView| old.iter().any(|other| other.id == item.id && other.done);
        for item in new.iter().filter(|item| item.done && !was_done(item)) {
            let data = json!({"item": {"id": item.id, "text": item.text}});
            self.tell("checklist.item_completed", Some(id), data);
        }
    }

    /// Everything else that a card says, by the names it has in the state of the board.
    fn members(&mut self, id: &CardId, old: &CardView, new: &CardView) {
        let (Value::Object(old), Value::Object(new)) = (json_of(old), json_of(new)) else {
            return;
        };
        let differs = |(name, value): &(&String, &Value)| {
            !TOLD_ELSEWHERE.contains(&name.as_str()) && new.get(*name) != Some(*value)
        };
        let changed: Vec<&String> = old.iter().filter(differs).map(|(name, _)| name).collect();
        if changed.is_empty() {
            return;
        }
        let some_of = |all: &Map<String, Value>| {
            let members = changed
                .iter()
                .filter_map(|name| Some(((*name).clone(), all.get(*name)?.clone())));
            Value::Object(members.collect())
        };
        self.tell(
            "task.updated",
            Some(id),
            json!({"before": some_of(&old), "after": some_of(&new)}),
        );
    }

    fn columns(&mut self, before: &Before, board: &Board) {
        for (id, old) in &before.columns {
            let new = board.view.column(id).map(|(position, column)| Placed {
                position,
                view: column.head(),
            });
            match (old, new) {
                (None, Some(new)) => self.tell("column.created", None, json!({"after": column(&new)})),
                (Some(old), None) => self.tell("column.deleted", None, json!({"before": column(old)})),
                (Some(old), Some(new)) if column(old) != column(&new) && self.doer != Doer::Repair => {
                    let data = json!({"before": column(old), "after": column(&new)});
                    self.tell("column.updated", None, data);
                }
                _ => {}
            }
        }
    }

    /// Lanes, labels and custom fields: that they changed, not how.
    fn lists(&mut self, before: &Before) {
        let changed = [
            ("lanes", !before.lanes.is_empty()),
            ("labels", !before.labels.is_empty()),
            ("fields", !before.fields.is_empty()),
        ];
        let changed: Vec<&str> = changed
            .into_iter()
            .filter_map(|(name, has_changed)| has_changed.then_some(name))
            .collect();
        if !changed.is_empty() && self.doer != Doer::Repair {
            self.tell("board.updated", None, json!({"changed": changed}));
        }
    }

    fn links(&mut self, before: &Before, board: &Board) {
        for (id, old) in &before.links {
            let kind = match (old, board.view.link(id)) {
                (None, Some(_)) => "dependency.added",
                (Some(_), None) => "dependency.removed",
                _ => continue,
            };
            let mut data = json!({"from": id.from, "kind": id.kind, "to": id.to});
            if self.doer == Doer::Repair {
                data["reason"] = json!("cycle");
            }
            self.tell(kind, Some(&id.from), data);
        }
    }
}

/// A column as events show it. Whether it has too many cards is theirs to tell.
fn column(column: &Placed<ColumnHead>) -> Value {
    let head = &column.view;
    json!({
        "id": head.id, "title": head.title, "category": head.category, "color": head.color, "wip": head.wip,
        "position": column.position,
    })
}

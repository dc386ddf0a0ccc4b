//! Many small changes as people remember them: one.
//!
//! Somebody who types a title makes an event for every pause. Consecutive changes of the same members of the same thing
//! by the same person, each at most a minute after the one before, are told as one: from what was before the first to
//! what was after the last. Invariant: only neighbours become one, so the order of what happened stays.

use serde_json::{Map, Value};
use weft_storage::records::Event;

use super::shapes::data_of;

/// How long after a change the next one is a part of it, in milliseconds.
const PAUSE_MS: i64 = 60_000;

/// Changes that are told as one.
#[derive(Debug)]
pub(super) struct Group {
    /// The last of them.
    pub(super) newest: Event,
    /// The place of the first of them.
    pub(super) first_seq: i64,
    /// When the first of them was.
    pub(super) started_at_ms: i64,
    /// How many they are.
    pub(super) count: u32,
    /// What they say together.
    pub(super) data: Map<String, Value>,
}

/// Takes events, newest first, and groups them.
#[derive(Debug, Default)]
pub(super) struct Grouper {
    /// The newest first; the last one may still grow.
    pub(super) groups: Vec<Group>,
}

impl Grouper {
    /// The event before all that were taken.
    pub(super) fn take(&mut self, event: Event) {
        let data = data_of(&event);
        if let Some(last) = self.groups.last_mut()
            && last.continues(&event, &data)
        {
            last.first_seq = event.seq;
            last.started_at_ms = event.created_at_ms;
            last.count = last.count.saturating_add(1);
            if let Some(before) = data.get("before") {
                last.data.insert("before".to_owned(), before.clone());
            }
            return;
        }
        self.groups.push(Group {
            first_seq: event.seq,
            started_at_ms: event.created_at_ms,
            count: 1,
            data,
            newest: event,
        });
    }
}

impl Group {
    /// Whether the group goes on from `earlier`, which is right before it.
    fn continues(&self, earlier: &Event, data: &Map<String, Value>) -> bool {
        let is_change = matches!(
            self.newest.kind.as_str(),
            "task.updated"
                | "task.moved"
                | "column.updated"
                | "board.updated"
                | "comment.updated"
                | "project.updated"
                | "team.updated"
                | "workspace.updated"
                | "document.renamed"
        );
        is_change
            && self.newest.kind == earlier.kind
            && self.newest.actor == earlier.actor
            && self.newest.task_id == earlier.task_id
            && self.newest.document_id == earlier.document_id
            && self.newest.project_id == earlier.project_id
            && self.newest.team_id == earlier.team_id
            && self.started_at_ms.saturating_sub(earlier.created_at_ms) <= PAUSE_MS
            && subject(&self.data) == subject(data)
    }
}

/// What a change is about: which members it changes, or of which comment or column.
fn subject(data: &Map<String, Value>) -> (Vec<&String>, Vec<Option<&Value>>) {
    let after = data.get("after").and_then(Value::as_object);
    let members = after.into_iter().flat_map(Map::keys).collect();
    let named = vec![
        data.get("comment_id"),
        data.get("changed"),
        after.and_then(|after| after.get("id")),
    ];
    (members, named)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;
    use weft_storage::WorkspaceId;

    use super::*;

    fn event(seq: i64, at: i64, actor: u128, kind: &str, data: Value) -> Event {
        Event {
            workspace: WorkspaceId::DEFAULT,
            seq,
            id: Uuid::from_u128(1),
            kind: kind.to_owned(),
            team_id: None,
            project_id: None,
            document_id: None,
            task_id: Some(Uuid::from_u128(2)),
            card: None,
            actor: Some(Uuid::from_u128(actor)),
            data: data.to_string(),
            created_at_ms: at,
        }
    }

    fn title(before: &str, after: &str) -> Value {
        json!({ "before": { "title": before }, "after": { "title": after } })
    }

    /// The first place and the count of each group, oldest first.
    fn groups(events: Vec<Event>) -> Vec<(i64, u32)> {
        let mut grouper = Grouper::default();
        events.into_iter().rev().for_each(|event| grouper.take(event));
        let shown = grouper.groups.iter().rev();
        shown.map(|group| (group.first_seq, group.count)).collect()
    }

    #[test]
    fn changes_of_one_member_by_one_person_are_one() {
        let events = vec![
            event(1, 0, 1, "task.updated", title("", "L")),
            event(2, 60_000, 1, "task.updated", title("L", "Lo")),
            event(3, 120_000, 1, "task.updated", title("Lo", "Loom")),
        ];
        let mut grouper = Grouper::default();
        events.into_iter().rev().for_each(|event| grouper.take(event));
        assert_eq!(grouper.groups.len(), 1);
        let group = &grouper.groups[0];
        assert_eq!((group.first_seq, group.newest.seq, group.count), (1, 3, 3));
        assert_eq!(Value::Object(group.data.clone()), title("", "Loom"));
    }

    #[test]
    fn what_differs_is_told_apart() {
        let other = json!({ "before": { "due": null }, "after": { "due": "2026-01-01" } });
        for (second, at, actor, kind) in [
            (title("a", "b"), 60_001, 1, "task.updated"),
            (title("a", "b"), 1, 2, "task.updated"),
            (other.clone(), 1, 1, "task.updated"),
            (title("a", "b"), 1, 1, "task.moved"),
        ] {
            let first = event(1, 0, 1, "task.updated", title("", "a"));
            assert_eq!(
                groups(vec![first, event(2, at, actor, kind, second)]),
                [(1, 1), (2, 1)]
            );
        }
        // Somebody else in between.
        let between = vec![
            event(1, 0, 1, "task.updated", title("", "a")),
            event(2, 1, 2, "task.updated", other),
            event(3, 2, 1, "task.updated", title("a", "b")),
        ];
        assert_eq!(groups(between), [(1, 1), (2, 1), (3, 1)]);
        // What is no change of something is never one.
        let twice = |seq| event(seq, seq, 1, "task.created", title("", "a"));
        assert_eq!(groups(vec![twice(1), twice(2)]), [(1, 1), (2, 1)]);
    }
}

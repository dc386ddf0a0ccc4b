//! What happens on boards: columns, tasks, relations. Ids in `data` are those of the board's document.

use serde_json::json;

use super::{EventType, Member, changed, choice, event, list, member, name, part, some_of, text};
use crate::auth::permission::Action;

const CARD: &str = "0198c0de-0000-7000-8000-00000000000c";
const COLUMN: &str = "0198c0de-0000-7000-8000-00000000000d";
const PERSON: &str = "0198c0de-0000-7000-8000-00000000000e";

pub(super) fn types() -> Vec<EventType> {
    let mut all = columns();
    all.extend(changes());
    all.extend(lives());
    all.extend(around());
    all
}

fn column() -> [Member; 6] {
    let category = ["backlog", "unstarted", "started", "completed", "cancelled"];
    [
        name("id"),
        text("title"),
        choice("category", &category),
        text("color").or_null(),
        some_of("wip").or_null(),
        super::number("position"),
    ]
}

fn columns() -> Vec<EventType> {
    let shown = json!({
        "id": COLUMN, "title": "Doing", "category": "started", "color": null, "wip": { "limit": 3, "mode": "soft" },
        "position": 1,
    });
    vec![
        event(
            "column.created",
            "A board has another column, or one that was deleted is back.",
            Action::ViewDocument,
            &[part("after", &column())],
            json!({ "after": shown }),
        ),
        event(
            "column.updated",
            "A column of a board changed or was moved.",
            Action::ViewDocument,
            &changed(&column()),
            json!({ "before": shown, "after": shown }),
        ),
        event(
            "column.deleted",
            "A column of a board was deleted.",
            Action::ViewDocument,
            &[part("before", &column())],
            json!({ "before": shown }),
        ),
    ]
}

fn state() -> Member {
    choice("state", &["open", "archived", "deleted"])
}

fn changes() -> Vec<EventType> {
    let place = || [name("column").or_null(), name("after").or_null()];
    vec![
        event(
            "task.created",
            "A task was made.",
            Action::ViewDocument,
            &[part(
                "after",
                &[
                    text("title"),
                    state(),
                    name("column").or_null(),
                    list("assignees", name("")),
                    name("parent").or_null(),
                ],
            )],
            json!({ "after": {
                "title": "Warp the loom", "state": "open", "column": COLUMN, "assignees": [], "parent": null,
            } }),
        ),
        event(
            "task.updated",
            "What a task says changed. `before` and `after` hold what did; a description is only named in `changed`.",
            Action::ViewDocument,
            &[
                some_of("before").or_missing(),
                some_of("after").or_missing(),
                list("changed", text("")).or_missing(),
            ],
            json!({ "before": { "due": null }, "after": { "due": "2026-12-01" } }),
        ),
        event(
            "task.moved",
            "A task was moved: to another column, or behind another task of its column (`after`; null is the top).",
            Action::ViewDocument,
            &changed(&place()),
            json!({ "before": { "column": COLUMN, "after": null }, "after": { "column": COLUMN, "after": CARD } }),
        ),
        event(
            "task.assigned",
            "Somebody works on a task from now on.",
            Action::ViewDocument,
            &[part("after", &[name("assignee")])],
            json!({ "after": { "assignee": PERSON } }),
        ),
        event(
            "task.unassigned",
            "Somebody works on a task no longer.",
            Action::ViewDocument,
            &[part("before", &[name("assignee")])],
            json!({ "before": { "assignee": PERSON } }),
        ),
    ]
}

fn lives() -> Vec<EventType> {
    let turn = |kind, about, before: &str, after: &str| {
        event(
            kind,
            about,
            Action::ViewDocument,
            &changed(&[state()]),
            json!({ "before": { "state": before }, "after": { "state": after } }),
        )
    };
    let stamp = json!({ "at": "2026-11-28T10:00:00Z", "by": PERSON });
    let done = || member("done", json!({ "type": "object" }));
    vec![
        event(
            "task.completed",
            "A task is done.",
            Action::ViewDocument,
            &[part("after", &[done()])],
            json!({ "after": { "done": stamp } }),
        ),
        event(
            "task.reopened",
            "A task is done no longer.",
            Action::ViewDocument,
            &[part("before", &[done()])],
            json!({ "before": { "done": stamp } }),
        ),
        turn("task.archived", "A task was archived.", "open", "archived"),
        turn(
            "task.unarchived",
            "A task came back out of the archive.",
            "archived",
            "open",
        ),
        event(
            "task.deleted",
            "A task was put in the trash, or removed for good by somebody else than the server.",
            Action::ViewDocument,
            &[
                part("before", &[state().or_missing(), text("title").or_missing()]),
                part("after", &[state()]).or_missing(),
            ],
            json!({ "before": { "state": "open" }, "after": { "state": "deleted" } }),
        ),
        turn(
            "task.restored",
            "A task was taken out of the trash.",
            "deleted",
            "open",
        ),
    ]
}

fn around() -> Vec<EventType> {
    let relation = |kind, about| {
        event(
            kind,
            about,
            Action::ViewDocument,
            &[
                name("from"),
                choice("kind", &["blocks", "precedes", "duplicates", "relates"]),
                name("to"),
                choice("reason", &["cycle"]).or_missing(),
            ],
            json!({ "from": CARD, "kind": "blocks", "to": CARD }),
        )
    };
    vec![
        relation("dependency.added", "Two tasks are related."),
        relation(
            "dependency.removed",
            "Two tasks are related no longer; because it closed a circle if there is a `reason`.",
        ),
        event(
            "checklist.item_completed",
            "An item of a task's checklist is done.",
            Action::ViewDocument,
            &[part("item", &[name("id"), text("text")])],
            json!({ "item": { "id": CARD, "text": "Wind the warp" } }),
        ),
    ]
}

//! What new boards begin with: what is planned is shown, and what cannot be shown is no plan.

use serde_json::{Value as Json, json};
use weft_protocol::board::change::{ChangeError, What, found};
use weft_protocol::board::plan::Plan;
use weft_protocol::board::schema::limit;
use weft_protocol::board::{Board, Editor, RepairReport, json};

use crate::check::{invariants, repairs_well};
use crate::support::Replica;

fn plan() -> Json {
    json!({
        "columns": [
            { "id": "todo", "title": "To do", "category": "unstarted", "wip": { "limit": 1, "mode": "hard" } },
            { "id": "done", "title": "Done", "category": "completed", "color": "green" },
        ],
        "lanes": [{ "id": "fast", "name": "Fast" }],
        "labels": [{ "id": "bug", "name": "Bug", "color": "#ff0000" }, { "id": "idea", "name": "Idea" }],
        "fields": [
            { "id": "size", "name": "Size", "type": "select", "options": [{ "id": "l", "name": "Large" }] },
            { "id": "hours", "name": "Hours", "type": "number" },
            { "id": "paid", "name": "Paid", "type": "checkbox" },
        ],
        "cards": [
            {
                "id": "loom", "title": "Loom", "column": "todo", "lane": "fast", "priority": "high",
                "due": "2026-03-01", "start": "2026-02-01T08:00:00Z", "estimate": 2.5, "color": "red",
                "assignees": ["ada", "bob"], "labels": ["bug", "idea"], "watchers": ["cleo"],
                "checklist": [
                    { "id": "i1", "text": "warp" }, { "id": "i2", "text": "weft", "done": true, "list": "Yarn" },
                ],
                "values": { "size": "l", "hours": 3, "paid": true },
            },
            { "id": "part", "title": "Shuttle", "column": "todo", "parent": "loom" },
            {
                "id": "old", "title": "Old", "column": "done",
                "archived": { "at": "2026-01-01T00:00:00Z", "by": "ada" }, "done": { "at": null, "by": null },
            },
            { "id": "third", "title": "Third", "column": "todo" },
        ],
        "links": [{ "from": "loom", "kind": "blocks", "to": "old" }, { "from": "old", "kind": "relates", "to": "part" }],
    })
}

fn planted(plan: &Plan, client: u64) -> Result<Replica, ChangeError> {
    let mut replica = Replica::new(client);
    replica.write(|txn| found(txn, "board-1").unwrap());
    replica.edit(|editor| editor.plant(plan))?;
    Ok(replica)
}

#[test]
fn what_is_planned_is_shown() {
    let plan: Plan = serde_json::from_value(plan()).unwrap();
    let replica = planted(&plan, 1).unwrap();
    let board = replica.board();
    invariants(&board);
    repairs_well(&replica);
    assert_eq!(replica.repair(), RepairReport::default());
    let view = json::value(&board.view).unwrap();
    assert_eq!(view["columns"][0]["cards"], json!(["loom", "part", "third"]));
    assert_eq!(view["columns"][0]["over_limit"], json!(true));
    assert_eq!(view["columns"][1]["cards"], json!([]));
    assert_eq!(view["archive"], json!(["old"]));
    assert_eq!(view["lanes"], json!([{ "id": "fast", "title": "Fast" }]));
    assert_eq!(
        view["labels"][0],
        json!({ "id": "bug", "name": "Bug", "color": "#ff0000" })
    );
    assert_eq!(view["fields"][0]["options"][0]["name"], json!("Large"));
    assert_eq!(
        view["cards"]["loom"],
        json!({
            "state": "open", "column": "todo", "lane": "fast", "title": "Loom", "described": false,
            "priority": "high", "due": "2026-03-01", "start": "2026-02-01T08:00:00Z", "estimate": 2.5, "color": "red",
            "cover": null, "archived": null, "done": null, "deleted": null, "parent": null, "children": ["part"],
            "assignees": ["ada", "bob"], "labels": ["bug", "idea"], "watchers": ["cleo"],
            "checklist": [
                { "id": "i1", "text": "warp", "done": false, "list": "" },
                { "id": "i2", "text": "weft", "done": true, "list": "Yarn" },
            ],
            "values": { "size": "l", "hours": 3.0, "paid": true }, "files": {},
        })
    );
    assert_eq!(view["links"].as_array().unwrap().len(), 2);
    assert_eq!(view["cards"]["old"]["done"], json!({ "at": null, "by": null }));
}

#[test]
fn planting_the_same_again_gives_the_same_board() {
    let plan: Plan = serde_json::from_value(plan()).unwrap();
    let (one, other) = (planted(&plan, 1).unwrap(), planted(&plan, 2).unwrap());
    assert_eq!(one.board().raw, other.board().raw);
    let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(plan, again);
}

#[test]
fn a_board_with_something_on_it_is_not_planted() {
    let mut replica = Replica::server(1);
    let before = replica.board();
    let result = replica.edit(|editor: &mut Editor<'_, '_>| editor.plant(&Plan::default()));
    assert_eq!(result, Err(ChangeError::BoardExists));
    assert_eq!(replica.board(), before);
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[test]
fn what_cannot_be_shown_is_no_plan() {
    let with = |pointer: &str, value: Json| {
        let mut plan = plan();
        *plan.pointer_mut(pointer).expect(pointer) = value;
        serde_json::from_value::<Plan>(plan).map(|plan| plan.check())
    };
    let long = |chars: usize| json!("x".repeat(chars));
    let missing = |what, id: &str| ChangeError::NotFound {
        what,
        id: id.to_owned(),
    };
    for (pointer, value, error) in [
        ("/cards/0/column", json!("gone"), missing(What::Column, "gone")),
        ("/cards/0/lane", json!("gone"), missing(What::Lane, "gone")),
        ("/cards/0/labels/0", json!("gone"), missing(What::Label, "gone")),
        ("/cards/1/parent", json!("gone"), missing(What::Card, "gone")),
        ("/cards/1/parent", json!("part"), ChangeError::ParentCycle),
        (
            "/cards/0/title",
            long(501),
            ChangeError::TooLong {
                what: What::Card,
                limit: limit::TITLE_CHARS,
            },
        ),
        (
            "/columns/0/title",
            long(101),
            ChangeError::TooLong {
                what: What::Column,
                limit: limit::NAME_CHARS,
            },
        ),
        (
            "/columns/0/wip/limit",
            json!(0),
            ChangeError::Invalid(What::Limit),
        ),
        (
            "/columns/1/color",
            json!("Rot"),
            ChangeError::Invalid(What::Color),
        ),
        (
            "/cards/0/estimate",
            json!(-1),
            ChangeError::Invalid(What::Estimate),
        ),
        (
            "/cards/0/values/size",
            json!("xl"),
            ChangeError::Invalid(What::Value),
        ),
        (
            "/cards/0/values/hours",
            json!("3"),
            ChangeError::Invalid(What::Value),
        ),
        (
            "/fields/1/options",
            json!([{ "id": "l", "name": "L" }]),
            ChangeError::Invalid(What::Field),
        ),
        ("/links/0/to", json!("loom"), ChangeError::SelfLink),
        ("/links/0/to", json!("gone"), missing(What::Card, "gone")),
        (
            "/links/1",
            json!({ "from": "part", "kind": "relates", "to": "old" }),
            ChangeError::Invalid(What::Link),
        ),
        (
            "/links/1",
            json!({ "from": "old", "kind": "blocks", "to": "loom" }),
            ChangeError::DependencyCycle,
        ),
    ] {
        let with_options = pointer == "/fields/1/options";
        let mut plan = plan();
        if with_options {
            plan["fields"][1]["options"] = value;
        } else {
            *plan.pointer_mut(pointer).expect(pointer) = value;
        }
        let plan: Plan = serde_json::from_value(plan).expect(pointer);
        assert_eq!(plan.check(), Err(error), "{pointer}");
        assert!(planted(&plan, 1).is_err());
    }
    let twice = |list: &str| {
        let mut plan = plan();
        let first = plan[list][0].clone();
        plan[list].as_array_mut().unwrap().push(first);
        let plan: Plan = serde_json::from_value(plan).unwrap();
        plan.check()
    };
    for list in ["columns", "lanes", "labels", "fields", "cards"] {
        assert!(matches!(twice(list), Err(ChangeError::Exists { .. })), "{list}");
    }
    assert_eq!(twice("links"), Err(ChangeError::Invalid(What::Link)));
    for (pointer, value) in [
        ("/cards/0/id", json!("a|b")),
        ("/cards/0/due", json!("2026-02-30")),
        ("/cards/0/priority", json!("none")),
        ("/columns/0/category", json!("later")),
    ] {
        assert!(with(pointer, value).is_err(), "{pointer}");
    }
}

#[test]
fn a_full_board_is_planted_without_looking_at_it_for_each_card() {
    let cards: Vec<Json> = (0..limit::OPEN_CARDS)
        .map(|at| json!({ "id": format!("c{at}"), "title": format!("Card {at}"), "column": "todo" }))
        .collect();
    let columns = json!([{ "id": "todo", "title": "To do", "category": "unstarted" }]);
    let plan: Plan = serde_json::from_value(json!({ "columns": columns, "cards": cards })).unwrap();
    let replica = planted(&plan, 1).unwrap();
    let Board { view, .. } = replica.board();
    assert_eq!(view.columns[0].cards.len(), limit::OPEN_CARDS);
    let order = view.columns[0].cards.iter().enumerate();
    order.for_each(|(at, card)| assert_eq!(card.as_str(), format!("c{at}")));
    let one_more: Vec<Json> = (0..=limit::OPEN_CARDS)
        .map(|at| json!({ "id": format!("c{at}"), "title": "x", "column": "todo" }))
        .collect();
    let plan: Plan = serde_json::from_value(json!({ "columns": columns, "cards": one_more })).unwrap();
    assert!(matches!(plan.check(), Err(ChangeError::TooMany { .. })));
}

//! A board as Trello exports it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use weft_protocol::board::Plan;
use weft_protocol::board::raw::Value;
use weft_protocol::board::schema::{Category, FieldType};

use super::{at, counting, person, planted};
use crate::boards::Minter;
use crate::boards::import::{Draft, Report, Unreadable, read_trello};

fn board() -> Json {
    json!({
        "id": "b0", "name": "Carpets", "desc": "", "closed": false, "prefs": { "background": "blue" },
        "lists": [
            { "id": "l2", "name": "Doing", "closed": false, "pos": 32768.0 },
            { "id": "l1", "name": "To Do", "closed": false, "pos": 16384 },
            { "id": "l3", "name": "Old", "closed": true, "pos": 1 },
        ],
        "labels": [
            { "id": "g1", "idBoard": "b0", "name": "wool", "color": "green_dark", "uses": 1 },
            { "id": "g2", "idBoard": "b0", "name": "", "color": "sky" },
            { "id": "g3", "name": "plain", "color": null },
        ],
        "members": [{ "id": "m1", "username": "Ada", "fullName": "Ada L" }, { "id": "m2", "username": "nobody" }],
        "customFields": [
            { "id": "f1", "name": "Cost", "type": "number" },
            { "id": "f2", "name": "Size", "type": "list", "options": [
                { "id": "o1", "value": { "text": "Large" }, "color": "red", "pos": 1 },
            ] },
            { "id": "f3", "name": "Paid", "type": "checkbox" },
            { "id": "f4", "name": "Shipped", "type": "date" },
            { "id": "f5", "name": "Smell", "type": "olfactory" },
        ],
        "cards": [
            { "id": "c2", "name": "Second", "desc": "", "idList": "l1", "closed": false, "pos": 2, "due": null,
              "dueComplete": false, "idLabels": [], "idMembers": ["m1", "m2"], "attachments": [{ "id": "a1", "url": "x" }] },
            { "id": "c1", "name": "First", "desc": "# Knots\n\n- *many*", "idList": "l1", "closed": false, "pos": 1,
              "due": "2026-03-01T09:30:00.000Z", "dueComplete": true, "start": "2026-02-01T00:00:00.000Z",
              "idLabels": ["g1", "g2", "gone"], "idMembers": [], "cover": { "color": "pink", "idAttachment": null },
              "customFieldItems": [
                  { "id": "x", "idCustomField": "f1", "value": { "number": "12.5" }, "idValue": null },
                  { "id": "y", "idCustomField": "f2", "value": null, "idValue": "o1" },
                  { "id": "z", "idCustomField": "f3", "value": { "checked": "true" } },
                  { "id": "w", "idCustomField": "f4", "value": { "date": "2026-04-01T00:00:00.000Z" } },
                  { "id": "v", "idCustomField": "f1", "value": { "number": "plenty" } },
              ] },
            { "id": "c3", "name": "Archived", "idList": "l2", "closed": true, "pos": 1 },
            { "id": "c4", "name": "Of an old list", "idList": "l3", "closed": false, "pos": 1 },
            { "id": "c5", "name": "Of no list", "idList": "l9", "closed": false, "pos": 1 },
        ],
        "checklists": [
            { "id": "k2", "idCard": "c1", "name": "Later", "pos": 2, "checkItems": [
                { "id": "i3", "name": "cut", "state": "incomplete", "pos": 1 },
            ] },
            { "id": "k1", "idCard": "c1", "name": "Yarn", "pos": 1, "checkItems": [
                { "id": "i2", "name": "weft", "state": "incomplete", "pos": 2 },
                { "id": "i1", "name": "warp", "state": "complete", "pos": 1 },
            ] },
        ],
        "actions": [{ "type": "commentCard", "data": { "text": "hm" } }, { "type": "updateCard", "data": {} }],
    })
}

fn draft(board: &Json) -> Result<Draft, Unreadable> {
    let mut next = counting();
    read_trello(
        board.to_string().as_bytes(),
        &at(),
        Some(&person(9)),
        &mut Minter::new(&mut next),
    )
}

fn read(board: &Json) -> (Plan, Report) {
    let draft = draft(board).unwrap();
    assert_eq!(draft.title.as_deref(), Some("Carpets"));
    assert_eq!(draft.people().into_iter().collect::<Vec<_>>(), ["ada", "nobody"]);
    let (plan, report) = draft.settle(&BTreeMap::from([("ada".to_owned(), person(1))]));
    assert_eq!(plan.check(), Ok(()));
    (plan, report)
}

#[expect(clippy::too_many_lines, reason = "one case, read from top to bottom")]
#[test]
fn a_board_of_trello_becomes_one_of_ours() {
    let (plan, report) = read(&board());
    let columns: Vec<_> = plan
        .columns
        .iter()
        .map(|column| (column.title.as_str(), column.category))
        .collect();
    assert_eq!(
        columns,
        [("To Do", Category::Unstarted), ("Doing", Category::Started)]
    );
    let labels: Vec<_> = plan
        .labels
        .iter()
        .map(|label| (label.name.as_str(), label.color.as_deref()))
        .collect();
    assert_eq!(
        labels,
        [
            ("wool", Some("green-dark")),
            ("sky", Some("sky")),
            ("plain", None)
        ]
    );
    let kinds: Vec<_> = plan.fields.iter().map(|field| field.r#type).collect();
    assert_eq!(
        kinds,
        [
            FieldType::Number,
            FieldType::Select,
            FieldType::Checkbox,
            FieldType::Date
        ]
    );

    let view = planted(&plan).view;
    let titles = |ids: &[weft_protocol::board::CardId]| {
        ids.iter()
            .map(|id| view.cards[id].title.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(titles(&view.columns[0].cards), ["First", "Second"]);
    let mut archive = titles(&view.archive);
    archive.sort();
    assert_eq!(archive, ["Archived", "Of an old list"]);
    let first = plan.cards.iter().find(|card| card.title == "First").unwrap();
    assert!(
        first
            .description
            .as_ref()
            .unwrap()
            .to_string()
            .contains("heading")
    );
    assert_eq!(first.due.as_ref().unwrap().as_str(), "2026-03-01T09:30:00.000Z");
    assert!(first.done.is_some() && first.start.is_some());
    assert_eq!((first.labels.len(), first.color.as_deref()), (2, Some("pink")));
    let items: Vec<_> = first
        .checklist
        .iter()
        .map(|item| (item.list.as_str(), item.text.as_str(), item.done))
        .collect();
    assert_eq!(
        items,
        [
            ("Yarn", "warp", true),
            ("Yarn", "weft", false),
            ("Later", "cut", false)
        ]
    );
    let value = |at: usize| first.values.get(&plan.fields[at].id).cloned();
    assert_eq!(value(0), Some(Value::Number(12.5)));
    assert_eq!(
        value(1),
        Some(Value::Text(plan.fields[1].options[0].id.to_string()))
    );
    assert_eq!(value(2), Some(Value::Flag(true)));
    let second = plan.cards.iter().find(|card| card.title == "Second").unwrap();
    assert_eq!(second.assignees, [person(1)]);

    let mut reasons: Vec<_> = report
        .left_out
        .iter()
        .map(|left| (left.field, left.code))
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            ("assignee", "UNKNOWN_PERSON"),
            ("attachment", "NOT_SUPPORTED"),
            ("column", "NOT_FOUND"),
            ("comment", "NOT_SUPPORTED"),
            ("field", "INVALID_VALUE"),
            ("field", "NOT_SUPPORTED"),
        ]
    );
}

#[test]
fn what_is_no_board_is_refused() {
    for other in [
        json!([]),
        json!({ "lists": 1, "cards": [] }),
        json!({ "cards": [] }),
        json!("x"),
    ] {
        assert!(
            matches!(draft(&other), Err(Unreadable::NoBoard { .. })),
            "{other}"
        );
    }
    let mut next = counting();
    let deep = "[".repeat(100_000);
    let mut mint = Minter::new(&mut next);
    assert!(read_trello(deep.as_bytes(), &at(), None, &mut mint).is_err());
    let cards: Vec<Json> = (0..5_001)
        .map(|at| json!({ "id": format!("c{at}"), "idList": "l1" }))
        .collect();
    let mut many = board();
    many["cards"] = cards.into();
    assert_eq!(draft(&many).unwrap_err(), Unreadable::TooManyCards);
}

#[test]
fn a_board_without_lists_has_a_column_for_its_cards() {
    let mut board = board();
    board["lists"] = json!([{ "id": "l1", "name": "Gone", "closed": true }]);
    let (plan, _) = read(&board);
    assert_eq!(plan.columns.len(), 1);
    assert!(plan.cards.iter().all(|card| card.archived.is_some()));
}

//! Boards there and back: planted, copied, exported, imported.

mod exports;
mod tables;
mod trello;

use std::collections::BTreeMap;

use uuid::Uuid;
use weft_protocol::board::change::{Hand, found};
use weft_protocol::board::id::{CardId, UserId};
use weft_protocol::board::moment::Moment;
use weft_protocol::board::raw::Stamp;
use weft_protocol::board::{Board, Plan};
use yrs::{Doc, Transact};

use super::copy::{Cards, freshen, people, plan_of, retain_people};
use super::{Minter, user};

/// Ids that count.
fn counting() -> impl FnMut() -> Uuid {
    let mut next = 0_u128;
    move || {
        next += 1;
        Uuid::from_u128(next)
    }
}

fn at() -> Moment {
    Moment::parse("2026-11-28T09:30:00Z").unwrap()
}

fn person(number: u128) -> UserId {
    user(Uuid::from_u128(0xfeed_0000 + number))
}

/// The board that a plan is, descriptions aside.
fn planted(plan: &Plan) -> Board {
    let doc = Doc::new();
    let mut txn = doc.transact_mut();
    found(&mut txn, "board").unwrap();
    let mut dice = |_| 0;
    let hand = Hand {
        stamp: Stamp::default(),
        dice: &mut dice,
    };
    let mut board = Board::read(&txn);
    let (planted, _) = board.edit(&mut txn, hand, |editor| editor.plant(plan)).unwrap();
    planted.unwrap();
    board
}

fn full() -> Plan {
    serde_json::from_value(serde_json::json!({
        "columns": [
            { "id": "todo", "title": "To do", "category": "unstarted", "wip": { "limit": 9, "mode": "soft" } },
            { "id": "done", "title": "Done", "category": "completed", "color": "green" },
        ],
        "lanes": [{ "id": "fast", "name": "Fast" }],
        "labels": [{ "id": "bug", "name": "Bug", "color": "red" }, { "id": "idea", "name": "Idea" }],
        "fields": [
            { "id": "size", "name": "Size", "type": "select", "options": [{ "id": "l", "name": "Large" }] },
            { "id": "who", "name": "Customer", "type": "person" },
            { "id": "hours", "name": "Hours", "type": "number" },
        ],
        "cards": [
            {
                "id": "loom", "title": "=Loom", "column": "todo", "lane": "fast", "priority": "high",
                "due": "2026-03-01", "start": "2026-02-01T08:00:00Z", "estimate": 2.5, "color": "red",
                "assignees": [person(1).as_str(), person(2).as_str()], "labels": ["bug", "idea"],
                "watchers": [person(3).as_str()],
                "checklist": [
                    { "id": "i1", "text": "warp" }, { "id": "i2", "text": "weft", "done": true, "list": "Yarn" },
                ],
                "values": { "size": "l", "who": person(2).as_str(), "hours": -3.0 },
            },
            { "id": "part", "title": "Shuttle", "column": "todo", "parent": "loom" },
            { "id": "over", "title": "Over", "column": "done", "done": { "at": "2026-01-01T00:00:00Z", "by": "ada" } },
        ],
        "links": [
            { "from": "loom", "kind": "blocks", "to": "over" }, { "from": "over", "kind": "relates", "to": "part" },
        ],
    }))
    .unwrap()
}

#[test]
fn a_copy_says_what_its_board_says() {
    let plan = full();
    let board = planted(&plan);
    assert_eq!(plan_of(&board.view, &BTreeMap::new(), Cards::Open), plan);
    let bare = plan_of(&board.view, &BTreeMap::new(), Cards::None);
    assert!(bare.cards.is_empty() && bare.links.is_empty());
    assert_eq!((bare.columns, bare.fields), (plan.columns, plan.fields));
}

#[test]
fn a_fresh_copy_shares_nothing_but_people() {
    let plan = full();
    let mut next = counting();
    let fresh = freshen(plan.clone(), &mut Minter::new(&mut next));
    assert_eq!(fresh.check(), Ok(()));
    let text = serde_json::to_string(&fresh).unwrap();
    for old in [
        "todo", "fast", "bug", "idea", "size", "who", "loom", "part", "over", "i1", "i2", "l",
    ] {
        assert!(!text.contains(&format!("\"{old}\"")), "{old} in {text}");
    }
    // Under either ids the same is shown.
    let shape = |plan: &Plan| {
        let board = planted(plan);
        let card = |id: &CardId| {
            let card = &board.view.cards[id];
            let parent = card
                .parent
                .as_ref()
                .map(|parent| board.view.cards[parent].title.clone());
            (
                card.title.clone(),
                card.values.len(),
                card.labels.len(),
                card.lane.is_some(),
                parent,
            )
        };
        let columns = board.view.columns.iter();
        columns
            .map(|column| {
                (
                    column.title.clone(),
                    column.cards.iter().map(card).collect::<Vec<_>>(),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(shape(&fresh), shape(&plan));
    assert_eq!(people(&fresh), people(&plan));
}

#[test]
fn people_who_may_not_see_a_copy_are_not_on_it() {
    let mut plan = full();
    let all: Vec<UserId> = people(&plan).into_iter().collect();
    assert_eq!(all, [person(1), person(2), person(3)]);
    retain_people(&mut plan, |user| *user == person(1));
    assert_eq!(plan.cards[0].assignees, [person(1)]);
    assert!(plan.cards[0].watchers.is_empty());
    assert_eq!(
        plan.cards[0].values.len(),
        2,
        "the customer is gone, the rest stays"
    );
}

#[test]
fn cards_of_a_board_without_columns_are_copied_too() {
    let mut board = planted(&full());
    board.raw.columns.clear();
    let board = Board::of(board.raw);
    let plan = plan_of(&board.view, &BTreeMap::new(), Cards::Kept);
    assert_eq!(plan.check(), Ok(()));
    assert_eq!((plan.columns.len(), plan.cards.len()), (1, 3));
}

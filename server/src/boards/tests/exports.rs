//! Exports, and that our own come back.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use weft_protocol::board::Plan;
use weft_protocol::board::id::Id;
use weft_protocol::board::plan::PlannedCard;

use super::{at, counting, full, person};
use crate::boards::Minter;
use crate::boards::export::{Around, csv, json};
use crate::boards::import::{Unreadable, read_csv, read_weft};

fn around() -> Around {
    let key = |card: &str, key: &str| (card.parse_id(), key.to_owned());
    Around {
        keys: BTreeMap::from([
            key("loom", "LOOM-1"),
            key("part", "LOOM-2"),
            key("over", "LOOM-3"),
        ]),
        people: BTreeMap::from([(person(1), "ada".to_owned()), (person(2), "-bob".to_owned())]),
    }
}

trait ParseId {
    fn parse_id<K>(&self) -> Id<K>;
}

impl ParseId for str {
    fn parse_id<K>(&self) -> Id<K> {
        Id::parse(self).unwrap()
    }
}

fn described() -> Plan {
    let mut plan = full();
    plan.cards[0].description = Some(json!({
        "type": "doc",
        "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": "+ more" }] }],
    }));
    plan
}

fn rows(table: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = ::csv::Reader::from_reader(table);
    let names = reader.headers().unwrap().clone();
    let row = |record: Result<::csv::StringRecord, _>| {
        let record = record.unwrap();
        names
            .iter()
            .map(str::to_owned)
            .zip(record.iter().map(str::to_owned))
            .collect()
    };
    reader.records().map(row).collect()
}

#[test]
fn a_table_says_what_people_call_things() {
    let table = csv::write(&described(), &around()).unwrap();
    let rows = rows(&table);
    assert_eq!(rows.len(), 3);
    let expected = [
        ("key", "LOOM-1"),
        ("title", "'=Loom"),
        ("description", "\\+ more"),
        ("column", "To do"),
        ("category", "unstarted"),
        ("lane", "Fast"),
        ("labels", "Bug; Idea"),
        ("assignees", "ada; -bob"),
        ("priority", "high"),
        ("start", "2026-02-01T08:00:00Z"),
        ("due", "2026-03-01"),
        ("estimate", "2.5"),
        ("parent", ""),
        ("checklist", "[ ] warp\n[x] weft"),
        ("done", ""),
        ("archived", ""),
        ("field:Size", "Large"),
        ("field:Customer", "'-bob"),
        ("field:Hours", "-3"),
    ];
    for (name, cell) in expected {
        assert_eq!(rows[0][name], cell, "{name}");
    }
    assert_eq!(
        (rows[1]["parent"].as_str(), rows[2]["done"].as_str()),
        ("LOOM-1", "2026-01-01T00:00:00Z")
    );
}

#[test]
fn no_cell_is_a_formula_and_all_come_back() {
    let wild = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "'=1",
        "''=1",
        "'quoted'",
        "plain",
        "a,b;c\n\"d\"",
        "=cmd|'/C calc'!A0",
    ];
    let mut plan = full();
    let card = |(at, title): (usize, &&str)| {
        PlannedCard::new(format!("c{at}").parse_id(), *title, "todo".parse_id())
    };
    plan.cards = wild.iter().enumerate().map(card).collect();
    plan.links.clear();
    let table = csv::write(&plan, &Around::default()).unwrap();
    for (row, title) in rows(&table).iter().zip(wild) {
        assert!(
            !row["title"].starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{title:?}"
        );
    }
    let mut next = counting();
    let back = read_csv(&table, &at(), None, &mut Minter::new(&mut next)).unwrap();
    let (back, report) = back.settle(&BTreeMap::new());
    assert_eq!(report.left_out_total, 0, "{report:?}");
    let tidy = |title: &str| title.trim().replace(['\n', '\t'], " ").trim().to_owned();
    for (card, title) in back.cards.iter().zip(wild) {
        assert_eq!(card.title, tidy(title));
    }
}

#[test]
fn our_own_json_comes_back_under_new_ids() {
    let plan = described();
    let exported = json::write(&plan, "Carpets", "2026-11-28T09:30:00.000Z", &around()).unwrap();
    let read: Json = serde_json::from_slice(&exported).unwrap();
    assert_eq!(
        (&read["weft_board"], &read["keys"]["loom"]),
        (&json!(1), &json!("LOOM-1"))
    );
    let mut next = counting();
    let draft = read_weft(&exported, &mut Minter::new(&mut next)).unwrap();
    assert_eq!(draft.title.as_deref(), Some("Carpets"));
    let (back, report) = draft.settle(&BTreeMap::new());
    assert_eq!((back.check(), report.left_out_total), (Ok(()), 0));
    assert_eq!(back.cards[0].description, plan.cards[0].description);
    let ids = |plan: &Plan| plan.cards.iter().map(|card| card.id.clone()).collect::<Vec<_>>();
    assert!(ids(&back).iter().all(|id| !ids(&plan).contains(id)));
}

#[test]
fn what_our_export_never_says_is_refused() {
    let refused = |change: fn(&mut Json)| {
        let exported = json::write(&full(), "x", "y", &Around::default()).unwrap();
        let mut value: Json = serde_json::from_slice(&exported).unwrap();
        change(&mut value);
        let mut next = counting();
        read_weft(value.to_string().as_bytes(), &mut Minter::new(&mut next)).map(drop)
    };
    assert_eq!(refused(|_| {}), Ok(()));
    assert!(matches!(
        refused(|value| value["board"]["cards"][0]["column"] = json!("gone")),
        Err(Unreadable::Impossible(_))
    ));
    assert!(matches!(
        refused(|value| value["board"]["cards"][0]["secret"] = json!(1)),
        Err(Unreadable::NoBoard { .. })
    ));
    let nul = refused(|value| value["board"]["cards"][0]["title"] = json!("a\0b"));
    assert_eq!(nul, Ok(()));
}

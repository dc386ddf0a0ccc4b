//! Documents that no honest program writes: the right names with everything wrong behind them.

use std::collections::HashMap;
use std::sync::Arc;

use rand::Rng;
use rand::rngs::StdRng;
use weft_protocol::board::schema::{field, root};
use yrs::types::text::TextPrelim;
use yrs::{
    Any, Array, ArrayPrelim, Map, MapPrelim, MapRef, Text, Transact, TransactionMut, WriteTxn,
    XmlElementPrelim, XmlFragment, XmlFragmentPrelim, XmlTextPrelim,
};

use crate::support::Replica;

const IDS: [&str; 9] = ["a", "b", "c", "d", "e", "c0", "c1", "x|y", "ä"];

const FIELDS: [&str; 31] = [
    field::TITLE,
    field::NAME,
    field::POS,
    field::COLOR,
    field::DEL,
    field::CATEGORY,
    field::WIP,
    field::TYPE,
    field::OPTIONS,
    field::PLACE,
    field::PLACE,
    field::LANE,
    field::DESC,
    field::PRIO,
    field::DUE,
    field::START,
    field::EST,
    field::COVER,
    field::ARCH,
    field::DONE,
    field::PARENT,
    field::PARENT,
    field::ASSIGNEES,
    field::LABELS,
    field::WATCHERS,
    field::CHECK,
    field::TEXT,
    field::LIST,
    field::VALUES,
    field::FILES,
    "x_unknown",
];

const MOMENTS: [&str; 10] = [
    "2026-02-28",
    "2026-02-29",
    "2028-02-29",
    "1900-02-29",
    "2026-04-31",
    "2026-13-01",
    "2026-12-31T23:59:60Z",
    "2026-12-31T23:59:59Z",
    "2026-12-31T23:59:59.999Z",
    "2026-12-31T24:00:00Z",
];

fn one<'l, T>(rng: &mut StdRng, list: &'l [T]) -> &'l T {
    &list[rng.random_range(0..list.len())]
}

/// A JSON value that might, or might not, fit somewhere.
fn value(rng: &mut StdRng, depth: u32) -> Any {
    const TEXTS: [&str; 22] = [
        "",
        "a",
        "b",
        "c0",
        "c1",
        "a0",
        "a1",
        "a00",
        "Zz",
        "started",
        "high",
        "soft",
        "text",
        "select",
        "number",
        "red",
        "#12aB9f",
        "#12",
        "2026-02-28",
        "2026-02-30",
        "2026-02-28T01:02:03Z",
        "𝒳\u{0}é",
    ];
    match rng.random_range(0..if depth > 2 { 9 } else { 13 }) {
        0 => Any::Null,
        1 => Any::Undefined,
        2 => Any::from(rng.random_bool(0.7)),
        3 => Any::from(rng.random_range(-2_i64..9)),
        4 => Any::from(
            [
                0.5,
                -0.0,
                1e300,
                f64::NAN,
                f64::INFINITY,
                -1.0,
                9_007_199_254_740_992.0,
            ][rng.random_range(0..7)],
        ),
        5 => Any::from([i64::MAX, i64::MIN, 1 << 53, (1 << 53) - 1, 1 << 41][rng.random_range(0..5)]),
        6 => Any::Buffer(Arc::from([1, 2, 3].as_slice())),
        7 | 8 => Any::from(*one(rng, &TEXTS)),
        9 | 10 => {
            let count = rng.random_range(0..4);
            Any::from((0..count).map(|_| value(rng, depth + 1)).collect::<Vec<_>>())
        }
        _ => {
            const NAMES: [&str; 9] = ["p", "prev", "t", "at", "by", "limit", "mode", "name", "size"];
            let count = rng.random_range(0..5);
            let entries = (0..count).map(|_| ((*one(rng, &NAMES)).to_owned(), value(rng, depth + 1)));
            Any::from(entries.collect::<HashMap<_, _>>())
        }
    }
}

/// What a careful forger puts into `name`: nearly right.
fn nearly(rng: &mut StdRng, name: &str) -> Option<Any> {
    let t = Any::from(*one(rng, &[0_i64, 1, 1, 2, 1 << 41, (1 << 53) - 1, -1]));
    let (id, other) = (Any::from(*one(rng, &IDS)), Any::from(*one(rng, &IDS)));
    let object = |members: Vec<(&str, Any)>| {
        Any::from(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<HashMap<_, _>>(),
        )
    };
    Some(match name {
        field::PLACE => {
            let key = Any::from(*one(rng, &["a0", "a0", "a1", "a00", "zzz", "Zz", ""]));
            Any::from(vec![id, key])
        }
        field::PARENT => object(vec![("p", id), ("prev", other), ("t", t)]),
        field::DEL | field::ARCH | field::DONE => object(vec![("at", Any::from("2026-02-28")), ("by", id)]),
        field::WIP => object(vec![("limit", t), ("mode", Any::from("soft"))]),
        field::POS => Any::from(*one(rng, &["a0", "a0", "a1", "b", "a00"])),
        field::TYPE => Any::from(*one(
            rng,
            &["text", "number", "date", "checkbox", "select", "person", "future"],
        )),
        field::LANE | field::COVER => id,
        field::DUE | field::START => Any::from(*one(rng, &MOMENTS)),
        field::EST => Any::from(*one(rng, &[0.0, -0.0, 2.5, 1e6, 1e6 + 1.0, -1.0])),
        field::COLOR => Any::from(*one(
            rng,
            &["red", "#00ff0A", "#00ff0", "Red", "x-1", "1x", "-x", ""],
        )),
        _ => return None,
    })
}

/// Puts something under `name`.
fn put(txn: &mut TransactionMut<'_>, rng: &mut StdRng, map: &MapRef, name: &str, depth: u32) {
    if rng.random_bool(0.45)
        && let Some(value) = nearly(rng, name)
    {
        map.insert(txn, name, value);
        return;
    }
    match rng.random_range(0..16) {
        14 => drop(map.insert(txn, name, XmlTextPrelim::new("forged"))),
        15 => drop(map.insert(txn, name, "forged 𝒳".repeat(rng.random_range(1..20)))),
        0 => drop(map.insert(txn, name, TextPrelim::new("forged 𝒳 text"))),
        1 => {
            let text = map.insert(txn, name, TextPrelim::new("forged"));
            text.insert_embed(txn, 2, Any::from(3));
            text.format(txn, 0, 2, HashMap::from([("bold".into(), Any::from(true))]));
        }
        2 => drop(map.insert(txn, name, ArrayPrelim::from([Any::from("c0"), Any::from("a0")]))),
        3 => {
            let fragment = map.insert(txn, name, XmlFragmentPrelim::default());
            fragment.push_back(txn, XmlElementPrelim::empty("p"));
        }
        4 => drop(map.insert(txn, name, XmlElementPrelim::empty("p"))),
        5..9 if depth < 3 => {
            let nested = map.insert(txn, name, MapPrelim::default());
            fill(txn, rng, &nested, depth + 1);
        }
        _ => drop(map.insert(txn, name, value(rng, 0))),
    }
}

/// Fills a map with names that mean something, and some that do not.
fn fill(txn: &mut TransactionMut<'_>, rng: &mut StdRng, map: &MapRef, depth: u32) {
    for _ in 0..rng.random_range(0..10) {
        if depth > 1 && rng.random_bool(0.5) {
            let name = *one(rng, &IDS);
            put(txn, rng, map, name, depth);
        } else {
            let name = *one(rng, &FIELDS);
            put(txn, rng, map, name, depth);
        }
    }
}

fn fill_root(txn: &mut TransactionMut<'_>, rng: &mut StdRng, name: &'static str) {
    let map = txn.get_or_insert_map(name);
    for _ in 0..rng.random_range(0..9) {
        if name == root::LINKS && rng.random_bool(0.8) {
            let kind = *one(
                rng,
                &["blocks", "blocks", "blocks", "relates", "precedes", "future"],
            );
            let link = format!("{}|{kind}|{}", one(rng, &IDS), one(rng, &IDS));
            let value = nearly(rng, field::PARENT).unwrap_or(Any::Null);
            map.insert(txn, link, value);
        } else if rng.random_bool(0.8) {
            let nested = map.insert(txn, *one(rng, &IDS), MapPrelim::default());
            fill(txn, rng, &nested, 1);
        } else {
            let id = *one(rng, &IDS);
            put(txn, rng, &map, id, 1);
        }
    }
}

/// A document of that kind.
pub(crate) fn document(rng: &mut StdRng) -> Replica {
    let forged = Replica::new(rng.random_range(1..1 << 31));
    let mut txn = forged.doc.transact_mut();
    for name in [
        root::META,
        root::COLUMNS,
        root::LANES,
        root::LABELS,
        root::FIELDS,
        root::CARDS,
        root::LINKS,
    ] {
        for _ in 0..rng.random_range(0..3) {
            fill_root(&mut txn, rng, name);
        }
        // A root can be a list besides, or instead.
        if rng.random_bool(0.1) {
            let list = txn.get_or_insert_array(name);
            list.push_back(&mut txn, value(rng, 0));
        }
    }
    drop(txn);
    forged
}

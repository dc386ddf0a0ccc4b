//! States and what is shown of them, in files that both sides read: one made here, one by the TypeScript side.
//!
//! `WEFT_BOARD_VECTORS=200` writes the file anew with so many states. Each line has a Yjs update in base64 and the view
//! as JSON without members that are empty, null, false or zero.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use weft_protocol::board::json;
use yrs::updates::decoder::Decode;
use yrs::{Transact, Update};

use crate::forge;
use crate::ops::act;
use crate::support::{Replica, card, meet, setting};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../web/src/board")
        .join(name)
}

/// Without what says nothing, to keep the file small.
fn prune(value: Value) -> Value {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) => true,
    };
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, prune(value)));
            Value::Object(members.filter(|(_, value)| says(value)).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(prune).collect()),
        other => other,
    }
}

/// What is shown, with numbers as JavaScript writes them.
fn view(replica: &Replica) -> Value {
    let text = serde_json::to_string(&json::value(&replica.board().view).unwrap()).unwrap();
    prune(serde_json::from_str(&text).unwrap())
}

/// A state of the kind that its number stands for.
fn state(at: u64) -> Replica {
    let mut rng = StdRng::seed_from_u64(at);
    if at % 3 == 2 {
        return forge::document(&mut rng);
    }
    let mut replicas = vec![Replica::server(1000 + rng.random_range(0..1000))];
    for at in 0..rng.random_range(2..6) {
        let (name, column) = (format!("k{at}"), format!("c{}", at % 3));
        replicas[0].edit(|editor| editor.create_card(&card(&name, &column)).unwrap());
    }
    for at in 1..3 {
        replicas.push(Replica::joining(
            at * 10_000 + rng.random_range(0..9_000),
            &replicas[0],
        ));
    }
    let mut serial = 0;
    for _ in 0..rng.random_range(1..40) {
        let at = rng.random_range(0..replicas.len());
        act(&mut replicas[at], &mut rng, &mut serial);
    }
    meet(&replicas);
    replicas.swap_remove(0)
}

#[test]
fn the_board_vectors_are_what_is_shown() {
    let fresh = setting("WEFT_BOARD_VECTORS", 0);
    if fresh > 0 {
        let lines = (0..fresh).map(|at| {
            let replica = state(at);
            let line = json!({"update": BASE64.encode(replica.state()), "view": view(&replica)});
            format!("{line}\n")
        });
        fs::write(path("vectors.ndjson"), lines.collect::<String>()).unwrap();
    }
    let (states, cards) = compare("vectors.ndjson");
    assert!(states >= 200 && cards > 500, "{states} states, {cards} cards");
}

/// What the moves of the TypeScript side leave behind is shown here as there.
#[test]
fn boards_of_the_page_are_shown_alike() {
    let (states, cards) = compare("moves.ndjson");
    assert!(states >= 40 && cards > 100, "{states} states, {cards} cards");
}

/// Compares each state of a file with what the file says is shown. How many states, and cards in them.
fn compare(name: &str) -> (usize, usize) {
    let text = fs::read_to_string(path(name)).unwrap();
    let mut cards = 0;
    for (at, line) in text.lines().enumerate() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let update = BASE64.decode(vector["update"].as_str().unwrap()).unwrap();
        let replica = Replica::new(1);
        replica
            .doc
            .transact_mut()
            .apply_update(Update::decode_v1(&update).unwrap())
            .unwrap();
        let shown = serde_json::to_string(&view(&replica)).unwrap();
        assert_eq!(
            floats(serde_json::from_str(&shown).unwrap()),
            floats(vector["view"].clone()),
            "{name}:{}",
            at + 1
        );
        cards += replica.board().view.cards.len();
    }
    (text.lines().count(), cards)
}

/// All numbers alike: JavaScript writes `3` for what is `3.0` here.
fn floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => Value::Array(list.into_iter().map(floats).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name, floats(value)))
                .collect(),
        ),
        other => other,
    }
}

//! Honest updates to start from: made by `yrs` out of seeded edits, and those of the vectors.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use yrs::types::Attrs;
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Array, ArrayPrelim, ClientID, Doc, Map, MapPrelim, OffsetKind, Options, ReadTxn, StateVector, Text,
    TextPrelim, Transact, TransactionMut, Update, XmlElementPrelim, XmlFragment, XmlTextPrelim,
};

/// The clients that write; forged updates use the same, so that references meet.
pub(crate) const CLIENTS: [u64; 5] = [1, 2, 3, 0xffff_fffe, (1 << 53) - 1];

/// Updates, small and large, and full states, of documents with every kind of content.
pub(crate) fn updates() -> Vec<Vec<u8>> {
    let mut all = from_vectors();
    for seed in 0..4 {
        all.extend(from_edits(seed));
    }
    all.push(base_document());
    all
}

/// A document with a bit of everything, by all clients.
pub(crate) fn base_document() -> Vec<u8> {
    from_edits(99).pop().unwrap()
}

fn from_vectors() -> Vec<Vec<u8>> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/protocol-vectors.json")).unwrap();
    let mut found = Vec::new();
    for entry in vectors["documents"].as_array().unwrap() {
        found.push(hex::decode(entry["update_v1"].as_str().unwrap()).unwrap());
    }
    for case in vectors["sync_cases"].as_array().unwrap() {
        for (key, value) in case.as_object().unwrap() {
            match value {
                Value::Array(list) => {
                    found.extend(list.iter().map(|v| hex::decode(v.as_str().unwrap()).unwrap()))
                }
                Value::String(text) if key.contains("update_v1") => found.push(hex::decode(text).unwrap()),
                _ => {}
            }
        }
    }
    found
}

/// Five clients edit at the same time; each hears of everything in the same order, but late. Returns the edits in that
/// order and then the full states.
fn from_edits(seed: u64) -> Vec<Vec<u8>> {
    let mut all = history(seed, &WORDS);
    let whole = Doc::new();
    let mut txn = whole.transact_mut();
    for update in &all {
        txn.apply_update(Update::decode_v1(update).unwrap()).unwrap();
    }
    all.push(txn.encode_state_as_update_v1(&StateVector::default()));
    all
}

/// Words with characters of all lengths. Clients may cut the emoji in half, so that states need not become equal.
pub(crate) const WORDS: [&str; 4] = ["hello ", "ü日", "👍🏽", "x"];
/// Words that cannot be cut in half.
pub(crate) const PLAIN_WORDS: [&str; 4] = ["hello ", "ü日", "yes", "x"];

/// The edits of five clients, in an order in which each can be applied.
pub(crate) fn history(seed: u64, words: &[&str; 4]) -> Vec<Vec<u8>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let docs: Vec<Doc> = CLIENTS
        .iter()
        .map(|client| {
            let mut options = Options::with_client_id(ClientID::new(*client));
            options.skip_gc = rng.random_bool(0.3);
            options.offset_kind = OffsetKind::Utf16;
            Doc::with_options(options)
        })
        .collect();
    let mut heard = vec![0; docs.len()];
    let mut updates: Vec<Vec<u8>> = Vec::new();
    for _ in 0..60 {
        let author = &docs[rng.random_range(0..docs.len())];
        let mut txn = author.transact_mut();
        for _ in 0..rng.random_range(1..4) {
            edit(&mut txn, words, &mut rng);
        }
        updates.push(txn.encode_update_v1());
        drop(txn);
        for (doc, heard) in docs.iter().zip(&mut heard) {
            let until = rng.random_range(*heard..=updates.len());
            for update in &updates[*heard..until] {
                doc.transact_mut()
                    .apply_update(Update::decode_v1(update).unwrap())
                    .unwrap();
            }
            *heard = until;
        }
    }
    updates
}

fn edit(txn: &mut TransactionMut<'_>, words: &[&str; 4], rng: &mut StdRng) {
    use yrs::WriteTxn;
    let text = txn.get_or_insert_text("text");
    let map = txn.get_or_insert_map("map");
    let array = txn.get_or_insert_array("array");
    let xml = txn.get_or_insert_xml_fragment("xml");
    let length = text.len(txn);
    let at = rng.random_range(0..=length);
    let key = ["a", "b", "c"][rng.random_range(0..3)];
    match rng.random_range(0..16) {
        0..=3 => text.insert(txn, at, words[rng.random_range(0..4)]),
        4 if length > 3 => text.remove_range(txn, at.min(length - 2), 2),
        5 if length > 3 => {
            let attributes = Attrs::from([("bold".into(), Any::Bool(rng.random()))]);
            text.format(txn, at.min(length - 2), 2, attributes);
        }
        6 => drop(text.insert_embed(txn, at, Any::from_json(r#"{"image":"x.png","n":[1,2]}"#).unwrap())),
        7 => drop(map.insert(txn, key, rng.random_range(0..1_000))),
        8 => drop(map.insert(txn, key, MapPrelim::from([("title", "card"), ("state", "open")]))),
        9 => drop(map.insert(txn, key, TextPrelim::new("nested"))),
        10 => drop(map.remove(txn, key)),
        11 => drop(array.push_back(txn, Any::from_json(r#"{"k":[1,"two",null,{"d":3.5}]}"#).unwrap())),
        12 => drop(array.push_back(txn, ArrayPrelim::from(["inner", "items"]))),
        13 if array.len(txn) > 1 => array.remove(txn, 0),
        14 => {
            let element = xml.push_back(txn, XmlElementPrelim::empty("p"));
            element.push_back(txn, XmlTextPrelim::new("paragraph"));
        }
        15 => {
            let guid = format!("sub-{}", rng.random_range(0..4));
            drop(map.insert(
                txn,
                key,
                Doc::with_options(Options {
                    guid: guid.into(),
                    ..Options::default()
                }),
            ));
        }
        _ => {}
    }
}

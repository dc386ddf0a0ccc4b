//! What a server does with an update, in small: scan, decode, apply, write the state, load it again, go on editing.

use std::borrow::Cow;
use std::collections::VecDeque;

use rand::Rng;
use rand::rngs::StdRng;
use weft_protocol::gate::Gate;
use weft_protocol::scan::{UpdateFacts, UpdateLimits, document_nesting, scan_state_vector, scan_update};
use weft_protocol::teardown::delete_everything;
use yrs::types::ToJson;
use yrs::types::text::YChange;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    Array, Doc, GetString, Map, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update, WriteTxn,
};

/// A document under attack.
pub(crate) struct Victim {
    doc: Doc,
    gate: Gate,
    abandoned: bool,
}

impl Victim {
    /// A victim that holds `state`.
    pub(crate) fn new(state: &[u8]) -> Self {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        });
        doc.transact_mut()
            .apply_update(Update::decode_v1(state).unwrap())
            .unwrap();
        Self {
            doc,
            gate: Gate::default(),
            abandoned: false,
        }
    }

    /// Scans `update` and applies what can be applied if it passes. `None` if the scan refused it.
    pub(crate) fn receive(&mut self, update: &[u8]) -> Option<UpdateFacts> {
        let facts = scan_update(update, &UpdateLimits::default()).ok()?;
        let mut txn = self.doc.transact_mut();
        let mut queue = VecDeque::from([update.to_vec()]);
        while let Some(next) = queue.pop_front() {
            let mut ready: VecDeque<Vec<u8>> = match self.gate.admit(&next, || txn.state_vector().encode_v1())
            {
                Ok(parts) => parts.into_iter().map(Cow::into_owned).collect(),
                Err(_) => continue,
            };
            while let Some(part) = ready.pop_front() {
                scan_update(&part, &UpdateLimits::default())
                    .expect("the gate wrote an update that does not pass");
                // `yrs` may still refuse it with an error; what it must not do is fail.
                if !Update::decode_v1(&part).is_ok_and(|part| txn.apply_update(part).is_ok()) {
                    self.gate.forget();
                    queue.append(&mut ready);
                }
            }
        }
        let (blocks, deletions) = (txn.store().pending_update(), txn.store().pending_ds());
        assert!(
            blocks.is_none() && deletions.is_none(),
            "the gate let through what has to wait: {blocks:?} {deletions:?} in {:?}",
            txn.state_vector()
        );
        let delta = txn.encode_update_v1();
        scan_update(&delta, &UpdateLimits::trusted_state()).expect("yrs wrote a delta that does not pass");
        Some(facts)
    }

    /// Nothing is done with the document any more: `yrs` failed over it.
    pub(crate) fn abandon(&mut self) {
        self.abandoned = true;
    }

    /// Deletes everything, without which a document with subdocuments would never be freed.
    pub(crate) fn dissolve(&self) {
        let mut txn = self.doc.transact_mut();
        let farewell = delete_everything(&txn.state_vector().encode_v1()).expect("yrs wrote it");
        txn.apply_update(Update::decode_v1(&farewell).expect("a valid update"))
            .expect("applies");
    }

    /// Whether something is missing.
    pub(crate) fn is_waiting(&self) -> bool {
        self.gate.is_waiting()
    }

    /// Answers a client with this state vector, if it passes.
    pub(crate) fn answer(&self, state_vector: &[u8]) -> bool {
        let passes = scan_state_vector(state_vector, 10_000).is_ok();
        if passes {
            let state_vector = StateVector::decode_v1(state_vector).unwrap();
            let diff = self.doc.transact().encode_state_as_update_v1(&state_vector);
            scan_update(&diff, &UpdateLimits::trusted_state()).expect("yrs wrote a diff that does not pass");
        }
        passes
    }

    /// Edits, reads, writes the state, and loads it into a new document that takes this one's place.
    pub(crate) fn live_on(&mut self, rng: &mut StdRng) {
        let mut txn = self.doc.transact_mut();
        let (text, array, map) = (
            txn.get_or_insert_text("text"),
            txn.get_or_insert_array("array"),
            txn.get_or_insert_map("map"),
        );
        let length = text.len(&txn);
        text.insert(&mut txn, rng.random_range(0..=length), "more");
        array.push_back(&mut txn, 7);
        map.remove(&mut txn, ["a", "b", "c"][rng.random_range(0..3)]);
        drop(txn);

        // Lists are not read: `yrs` never comes back from reading an array into which somebody put an emoji as text.
        let _ = (
            text.get_string(&self.doc.transact()),
            map.len(&self.doc.transact()),
        );
        self.restart();
    }

    /// What a reader sees.
    pub(crate) fn content(&self) -> String {
        let (text, array) = (
            self.doc.get_or_insert_text("text"),
            self.doc.get_or_insert_array("array"),
        );
        let (map, xml) = (
            self.doc.get_or_insert_map("map"),
            self.doc.get_or_insert_xml_fragment("xml"),
        );
        let txn = self.doc.transact();
        let values =
            [array.to_json(&txn), map.to_json(&txn)].map(|value| serde_json::to_value(value).unwrap());
        let marks = text.diff(&txn, YChange::identity);
        format!(
            "{values:?} {} {:?} {}",
            text.get_string(&txn),
            marks.len(),
            xml.get_string(&txn)
        )
    }

    /// Writes the state and loads it into a new document that takes this one's place.
    pub(crate) fn restart(&mut self) {
        let txn = self.doc.transact();
        let state = txn.encode_state_as_update_v1(&StateVector::default());
        let state_vector = txn.state_vector().encode_v1();
        drop(txn);
        scan_state_vector(&state_vector, usize::MAX).expect("yrs wrote a state vector that does not pass");
        scan_update(&state, &UpdateLimits::trusted_state()).expect("yrs wrote a state that does not pass");
        document_nesting(&state).expect("yrs wrote a state that does not pass");
        let before = std::mem::replace(self, Self::new(&state));
        for update in before.gate.waiting() {
            self.receive(update)
                .expect("the gate holds an update that does not pass");
        }
        assert!(
            self.gate.waiting_bytes() <= before.gate.waiting_bytes(),
            "more waits than before"
        );
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.abandoned {
            self.dissolve();
        }
    }
}

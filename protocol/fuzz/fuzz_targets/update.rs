//! Several updates in a row through scan and gate into a `yrs` document, which is written and loaded again. Two bytes
//! in front of each say how long it is.
//!
//! What counts is memory safety. `yrs` panics over some updates whose references connect what does not belong
//! together; servers catch that and lock the document, so here it ends the run of this input only.
#![no_main]

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::abort;
use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use weft_protocol::gate::Gate;
use weft_protocol::scan::{UpdateLimits, document_nesting, scan_update};
use weft_protocol::teardown::delete_everything;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, ReadTxn, StateVector, Transact, Update};

static QUIET: Once = Once::new();

fn load(state: &[u8]) -> Doc {
    let doc = Doc::new();
    if let Ok(update) = Update::decode_v1(state) {
        let _ = doc.transact_mut().apply_update(update);
    }
    doc
}

fn attack(mut input: &[u8]) {
    let doc = load(&[1, 1, 1, 0, 4, 1, 4, b't', b'e', b'x', b't', 5, b'h', b'e', b'l', b'l', b'o', 0]);
    let mut gate = Gate::default();
    while let [low, high, rest @ ..] = input {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (update, rest) = rest.split_at(length);
        input = rest;
        if scan_update(update, &UpdateLimits::default()).is_err() {
            continue;
        }
        let mut txn = doc.transact_mut();
        let Ok(parts) = gate.admit(update, || txn.state_vector().encode_v1()) else { continue };
        for part in parts {
            if !Update::decode_v1(&part).is_ok_and(|part| txn.apply_update(part).is_ok()) {
                gate.forget();
                break;
            }
        }
    }
    let state = doc.transact().encode_state_as_update_v1(&StateVector::default());
    if document_nesting(&state).is_err() {
        abort();
    }
    for doc in [doc, load(&state)] {
        let state_vector = doc.transact().state_vector().encode_v1();
        let Ok(all) = delete_everything(&state_vector) else { abort() };
        let Ok(all) = Update::decode_v1(&all) else { abort() };
        let _ = doc.transact_mut().apply_update(all);
    }
}

fuzz_target!(|input: &[u8]| {
    // libFuzzer's own hook would take a caught panic for a crash.
    QUIET.call_once(|| set_hook(Box::new(|_| {})));
    let _ = catch_unwind(AssertUnwindSafe(|| attack(input)));
});

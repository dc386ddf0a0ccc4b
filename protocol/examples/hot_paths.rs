//! The paths that every message takes, each with fixed inputs, for counting instructions (`loadtest/counts.sh`).
//!
//! `hot_paths NAME TIMES` does one of them so many times; two runs with different numbers tell what one costs.
//! Invariant: the same arguments do the same work, on every machine. It must never print or measure anything itself.

use std::hint::black_box;
use std::process::ExitCode;

use weft_protocol::awareness::{self, AwarenessLimits, Entry};
use weft_protocol::gate::{Gate, WaitingLimits};
use weft_protocol::lib0::{write_buffer, write_var_uint};
use weft_protocol::scan::{UpdateLimits, scan_update};
use weft_protocol::{hocuspocus, ywebsocket};
use yrs::updates::decoder::Decode;
use yrs::{Doc, ReadTxn, Transact, Update};

const CLIENT: u64 = 0x8000_0001;
const ROOT: &[u8] = b"load";
const NAME: &str = "projects/loom/plan";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let times = arguments.next().and_then(|times| times.parse().ok());
    match times {
        Some(times) if run(&name, times) => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

/// Does `name` so many times; false if there is no such path.
fn run(name: &str, times: u32) -> bool {
    match name {
        "decode-y" => {
            let frame = ywebsocket::update(&key_press(100));
            repeat(times, || ywebsocket::decode(&frame).is_ok());
        }
        "decode-hocuspocus" => {
            let frame = hocuspocus::update(NAME, &key_press(100));
            repeat(times, || hocuspocus::decode(&frame).is_ok());
        }
        "scan-key-press" => {
            let update = key_press(100);
            let limits = UpdateLimits::default();
            repeat(times, || scan_update(&update, &limits).is_ok());
        }
        "scan-block-of-history" => {
            let state = state_of(1_000);
            let limits = UpdateLimits::trusted_state();
            repeat(times, || scan_update(&state, &limits).is_ok());
        }
        "admit-key-press" => admit(times),
        "apply-key-press" => apply(times),
        "encode-update-y" => {
            let update = key_press(100);
            repeat(times, || ywebsocket::update(&update).len());
        }
        "encode-update-hocuspocus" => {
            let update = key_press(100);
            repeat(times, || hocuspocus::update(NAME, &update).len());
        }
        "presence" => presence(times),
        "load-state" => {
            let state = state_of(1_000);
            repeat(times, || load(&state));
        }
        "encode-state" => {
            let doc = Doc::new();
            integrate(&doc, &state_of(1_000));
            repeat(times, || {
                doc.transact()
                    .encode_state_as_update_v1(&yrs::StateVector::default())
                    .len()
            });
        }
        _ => return false,
    }
    true
}

fn repeat<T>(times: u32, mut once: impl FnMut() -> T) {
    for _ in 0..times {
        black_box(once());
    }
}

/// One character typed behind the one before.
fn key_press(clock: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, CLIENT);
    write_var_uint(&mut out, clock);
    if let Some(before) = clock.checked_sub(1) {
        out.push(0x84);
        write_var_uint(&mut out, CLIENT);
        write_var_uint(&mut out, before);
    } else {
        out.push(4);
        write_var_uint(&mut out, 1);
        write_buffer(&mut out, ROOT);
    }
    write_buffer(&mut out, b"x");
    write_var_uint(&mut out, 0);
    out
}

/// A document whose blocks do not melt together: each character stands before the one typed earlier.
fn state_of(blocks: u64) -> Vec<u8> {
    let mut out = Vec::new();
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, blocks);
    write_var_uint(&mut out, CLIENT);
    write_var_uint(&mut out, 0);
    out.push(4);
    write_var_uint(&mut out, 1);
    write_buffer(&mut out, ROOT);
    write_buffer(&mut out, b"x");
    for clock in 1..blocks {
        out.push(0x44);
        write_var_uint(&mut out, CLIENT);
        write_var_uint(&mut out, clock - 1);
        write_buffer(&mut out, b"x");
    }
    write_var_uint(&mut out, 0);
    out
}

/// Key presses through the gate, one after another.
fn admit(times: u32) {
    let mut gate = Gate::new(WaitingLimits::default());
    for clock in 0..u64::from(times) {
        let update = key_press(clock);
        let admitted = gate.admit(&update, Vec::new);
        black_box(admitted.is_ok_and(|admitted| admitted.len() == 1));
    }
}

/// Key presses into a document, each in a transaction of its own, and what others are sent of it.
fn apply(times: u32) {
    let doc = Doc::new();
    for clock in 0..u64::from(times) {
        let Ok(update) = Update::decode_v1(&key_press(clock)) else {
            return;
        };
        let mut transaction = doc.transact_mut();
        if transaction.apply_update(update).is_err() {
            return;
        }
        black_box(transaction.encode_update_v1().len());
    }
}

fn presence(times: u32) {
    let state = r##"{"user":{"name":"Ada Weaver","color":"#30bced"},"cursor":{"anchor":17,"head":42}}"##;
    let body = awareness::encode([Entry {
        client: CLIENT,
        clock: 7,
        state: Some(state),
    }]);
    let limits = AwarenessLimits {
        max_entries: 32,
        max_state_bytes: 65_536,
    };
    repeat(times, || {
        let entries = awareness::decode(&body, &limits).unwrap_or_default();
        awareness::encode(entries).len()
    });
}

fn load(state: &[u8]) -> bool {
    let doc = Doc::new();
    integrate(&doc, state)
}

fn integrate(doc: &Doc, state: &[u8]) -> bool {
    Update::decode_v1(state).is_ok_and(|update| doc.transact_mut().apply_update(update).is_ok())
}

//! Updates that are sound in structure and hostile in meaning: random references among a few clients and clocks, so
//! that they meet, cross lists, go in circles, and point into the middle of things.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use weft_protocol::lib0::{write_buffer, write_var_string, write_var_uint};

use crate::seeds::CLIENTS;

/// One forged update.
pub(crate) fn forge(rng: &mut StdRng) -> Vec<u8> {
    let mut out = Vec::new();
    let mut clients: Vec<u64> = CLIENTS.iter().copied().filter(|_| rng.random_bool(0.4)).collect();
    if rng.random_bool(0.7) {
        clients.reverse();
    }
    write_var_uint(&mut out, clients.len() as u64);
    for client in &clients {
        let blocks = rng.random_range(1..8);
        write_var_uint(&mut out, blocks);
        write_var_uint(&mut out, *client);
        let start = if rng.random_bool(0.3) { 0 } else { clock(rng) };
        write_var_uint(&mut out, start);
        let mut next = start;
        for _ in 0..blocks {
            next += block(&mut out, *client, next, rng);
        }
    }
    deletions(&mut out, rng);
    out
}

/// Mostly small, so that references meet what is there.
fn clock(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..10) {
        0..=6 => rng.random_range(0..24),
        7 | 8 => rng.random_range(0..90),
        _ => [(1 << 31) - 40, 1_000, 1 << 20][rng.random_range(0..3)],
    }
}

fn block(out: &mut Vec<u8>, client: u64, at: u64, rng: &mut StdRng) -> u64 {
    match rng.random_range(0..12) {
        0 => {
            let length = rng.random_range(1..6);
            out.push(0);
            write_var_uint(out, length);
            length
        }
        1 => {
            let length = rng.random_range(1..6);
            out.push(10);
            write_var_uint(out, length);
            length
        }
        _ => item(out, client, at, rng),
    }
}

fn item(out: &mut Vec<u8>, client: u64, at: u64, rng: &mut StdRng) -> u64 {
    let kind: u8 = *[1, 3, 4, 4, 4, 5, 6, 7, 7, 8, 8, 9].choose(rng).unwrap();
    let (left, right, key) = (rng.random_bool(0.6), rng.random_bool(0.4), rng.random_bool(0.4));
    out.push(kind | u8::from(left) << 7 | u8::from(right) << 6 | u8::from(key) << 5);
    if left {
        reference(out, client, at, rng);
    }
    if right {
        reference(out, client, at, rng);
    }
    if !left && !right {
        if rng.random_bool(0.5) || (at == 0 && rng.random_bool(0.5)) {
            write_var_uint(out, 1);
            write_var_string(
                out,
                ["text", "map", "array", "xml", "new"][rng.random_range(0..5)],
            );
        } else {
            write_var_uint(out, 0);
            reference(out, client, at, rng);
        }
        if key {
            write_var_string(out, ["a", "b", "c"][rng.random_range(0..3)]);
        }
    }
    content(out, kind, rng)
}

fn reference(out: &mut Vec<u8>, client: u64, at: u64, rng: &mut StdRng) {
    let mut target = *CLIENTS.choose(rng).unwrap();
    let mut clock = clock(rng);
    if rng.random_bool(0.4) && at > 0 {
        target = client;
        clock = at - 1;
    }
    if target == client && clock >= at {
        if at == 0 {
            target = CLIENTS[usize::from(CLIENTS[0] == client)];
        } else {
            clock = rng.random_range(0..at);
        }
    }
    write_var_uint(out, target);
    write_var_uint(out, clock);
}

fn content(out: &mut Vec<u8>, kind: u8, rng: &mut StdRng) -> u64 {
    match kind {
        1 => {
            let length = rng.random_range(1..6);
            write_var_uint(out, length);
            return length;
        }
        3 => write_buffer(out, &[1, 2, 3]),
        4 => {
            let text = ["x", "hello", "👍", "a👍🏽b", "日本語"][rng.random_range(0..5)];
            write_var_string(out, text);
            return text.encode_utf16().count() as u64;
        }
        5 => write_var_string(out, r#"{"image":[1]}"#),
        6 => {
            write_var_string(out, ["bold", "italic"][rng.random_range(0..2)]);
            write_var_string(out, ["true", "null"][rng.random_range(0..2)]);
        }
        7 => {
            let type_ref = [0, 1, 2, 3, 4, 6][rng.random_range(0..6)];
            out.push(type_ref);
            if type_ref == 3 {
                write_var_string(out, "p");
            }
        }
        8 => {
            let values = rng.random_range(1..4);
            write_var_uint(out, values);
            for _ in 0..values {
                out.extend(
                    [
                        &[126][..],
                        &[125, 7],
                        &[119, 1, b'v'],
                        &[117, 1, 118, 1, 1, b'k', 120],
                    ]
                    .choose(rng)
                    .unwrap()
                    .iter(),
                );
            }
            return values;
        }
        _ => {
            write_var_string(out, ["sub-0", "sub-1"][rng.random_range(0..2)]);
            out.extend([118, 1, 8]);
            out.extend(b"autoLoad");
            out.push(120);
        }
    }
    1
}

fn deletions(out: &mut Vec<u8>, rng: &mut StdRng) {
    let clients: Vec<u64> = CLIENTS.iter().copied().filter(|_| rng.random_bool(0.3)).collect();
    write_var_uint(out, clients.len() as u64);
    for client in clients {
        let ranges = rng.random_range(0..4);
        write_var_uint(out, client);
        write_var_uint(out, ranges);
        let mut from = 0;
        for _ in 0..ranges {
            let start = from + rng.random_range(0..12);
            let length = if rng.random_bool(0.05) {
                1 << 20
            } else {
                rng.random_range(1..9)
            };
            write_var_uint(out, start);
            write_var_uint(out, length);
            from = start + length;
        }
    }
}

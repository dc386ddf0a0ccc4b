//! Damage: what a broken or hostile peer makes of honest bytes.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Values at which arithmetic breaks, as lib0 integers.
const EDGES: [&[u8]; 12] = [
    &[0],
    &[1],
    &[0x7f],
    &[0xff, 0x7f],
    &[0xff, 0xff, 0xff, 0xff, 0x07],
    &[0x80, 0x80, 0x80, 0x80, 0x08],
    &[0xfe, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ],
];

/// One to four injuries to a member of `corpus`, which is not empty.
pub(crate) fn mutate(corpus: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = corpus.choose(rng).unwrap().clone();
    for _ in 0..rng.random_range(1..=4) {
        injure(&mut bytes, corpus, rng);
    }
    bytes
}

fn injure(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut StdRng) {
    if bytes.is_empty() {
        bytes.extend(corpus.choose(rng).unwrap());
        return;
    }
    let at = rng.random_range(0..bytes.len());
    match rng.random_range(0..10) {
        0 => bytes[at] ^= 1 << rng.random_range(0..8),
        1 => bytes[at] = rng.random(),
        2 => bytes[at] = rng.random_range(0..8),
        3 => bytes[at] = bytes[at].wrapping_add([1, 255][rng.random_range(0..2)]),
        4 => bytes.truncate(at),
        5 => drop(bytes.splice(at..=at, EDGES.choose(rng).unwrap().iter().copied())),
        6 => drop(bytes.splice(at..at, EDGES.choose(rng).unwrap().iter().copied())),
        7 => {
            let end = (at + rng.random_range(1..16)).min(bytes.len());
            drop(bytes.drain(at..end));
        }
        8 => {
            let donor = corpus.choose(rng).unwrap();
            let from = rng.random_range(0..=donor.len());
            let to = (from + rng.random_range(0..48)).min(donor.len());
            drop(bytes.splice(at..at, donor[from..to].iter().copied()));
        }
        _ => {
            let end = (at + rng.random_range(1..24)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, piece));
        }
    }
}

//! Hostile bytes, by the million: whatever the decoders and the scan let through must be harmless to `yrs`, to memory
//! and to the clock.
//!
//! `WEFT_HOSTILE_ROUNDS` multiplies the work (1 is a minute or so, on two cores), `WEFT_SEED` is where the random
//! numbers begin. A failure prints the seed, the round, and the bytes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod forge;
mod mutate;
mod seeds;
mod victim;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use peak_alloc::PeakAlloc;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use weft_protocol::awareness::{self, AwarenessLimits};
use weft_protocol::{hocuspocus, ywebsocket};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, ReadTxn, Transact, Update};

use crate::victim::Victim;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test at a time, since memory is counted for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// The most that the whole process may ever hold more than at the start of a test, in bytes.
const MAX_MEMORY: usize = 64 << 20;
/// The longest that one input may take.
const MAX_MILLISECONDS: u128 = 100;

const THREADS: u64 = 2;
const FRAMES: usize = 500_000;
const STATE_VECTORS: usize = 100_000;
const UPDATES: usize = 400_000;
const FORGED: usize = 200_000;
/// Histories of 60 updates.
const ORDERS: usize = 200;
/// How many hostile updates one document has to bear.
const ATTACKS: usize = 6;

#[expect(
    clippy::disallowed_methods,
    reason = "the test itself is configured, not the crate"
)]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |value| value.parse().expect("a number"))
}

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures real time"
)]
fn milliseconds(work: impl FnOnce()) -> u128 {
    let begin = std::time::Instant::now();
    work();
    begin.elapsed().as_millis()
}

/// Runs `work` for each round, on all threads; each round has its own random numbers.
fn rounds(name: &str, count: usize, work: impl Fn(&mut StdRng, &mut Vec<Vec<u8>>) + Sync) {
    let (factor, seed) = (setting("WEFT_HOSTILE_ROUNDS", 1), setting("WEFT_SEED", 1));
    println!("{name}: WEFT_SEED={seed}, {count} inputs × {factor}");
    let count = count as u64 * factor;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        for part in 0..THREADS {
            let work = &work;
            scope.spawn(move || {
                for round in (part..count).step_by(THREADS as usize) {
                    one_round(seed.wrapping_mul(0x9e37_79b9).wrapping_add(round), work);
                }
            });
        }
    });
}

/// A slow round gets two more chances, since the machine may have been busy with something else.
fn one_round(seed: u64, work: &(impl Fn(&mut StdRng, &mut Vec<Vec<u8>>) + Sync)) {
    // Each round is measured by itself: documents that yrs does not free add up over a long run.
    let memory_before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut inputs = Vec::new();
    let mut fastest = u128::MAX;
    for _ in 0..3 {
        inputs.clear();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            milliseconds(|| work(&mut StdRng::seed_from_u64(seed), &mut inputs))
        }));
        match outcome {
            Ok(time) => fastest = fastest.min(time),
            Err(_) => fail(seed, "panicked", &inputs),
        }
        if fastest <= MAX_MILLISECONDS {
            break;
        }
    }
    if fastest > MAX_MILLISECONDS {
        fail(seed, &format!("took {fastest} ms"), &inputs);
    }
    if MEMORY.peak_usage() >= memory_before + MAX_MEMORY {
        fail(seed, "took too much memory", &inputs);
    }
}

fn fail(seed: u64, what: &str, inputs: &[Vec<u8>]) -> ! {
    let inputs: Vec<String> = inputs.iter().map(hex::encode).collect();
    panic!("round {seed} {what}:\n{}", inputs.join("\n"));
}

#[test]
fn frames_and_awareness_are_read_without_harm() {
    let limits = AwarenessLimits::default();
    let body = awareness::encode([
        awareness::Entry {
            client: 1,
            clock: 3,
            state: Some(r#"{"user":{"name":"Ada"},"cursor":[1,2]}"#),
        },
        awareness::Entry {
            client: u64::from(u32::MAX),
            clock: 1,
            state: None,
        },
    ]);
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    for update in seeds::updates().into_iter().filter(|update| update.len() < 300) {
        corpus.push(ywebsocket::update(&update).into());
        corpus.push(hocuspocus::update("doc-1", &update).into());
    }
    corpus.push(ywebsocket::awareness(&body).into());
    corpus.push(hocuspocus::awareness("doc-1\0session", &body).into());
    corpus.push(hocuspocus::stateless("doc-1", "{}").into());
    corpus.push(hocuspocus::sync_step_one("doc-1", &[1, 1, 5]).into());
    corpus.push(b"\x05doc-1\x02\x00\x06secret\x054.8.0".to_vec());
    corpus.push(vec![102, 1, 0]);
    corpus.push(body);
    let read = AtomicUsize::new(0);
    rounds("frames", FRAMES, |rng, inputs| {
        let bytes = mutate::mutate(&corpus, rng);
        inputs.push(bytes.clone());
        let mut useful = awareness::decode(&bytes, &limits).is_ok();
        if let Ok(frame) = ywebsocket::decode(&bytes) {
            useful |= !matches!(frame, ywebsocket::ClientFrame::Ignored { .. });
            if let ywebsocket::ClientFrame::Awareness(body) = frame {
                let _ = awareness::decode(body, &limits);
            }
        }
        if let Ok(hocuspocus::ClientFrame::Message(message)) = hocuspocus::decode(&bytes) {
            assert!(message.name.starts_with(message.document));
            useful = true;
        }
        read.fetch_add(usize::from(useful), Ordering::Relaxed);
    });
    let read = read.into_inner();
    println!("frames: {read} were still readable");
    assert!(
        read > FRAMES / 10,
        "the corpus is so broken that it tests nothing"
    );
}

#[test]
fn state_vectors_are_answered_without_harm() {
    let base = seeds::base_document();
    let honest = {
        let doc = Doc::new();
        doc.transact_mut()
            .apply_update(Update::decode_v1(&base).unwrap())
            .unwrap();
        doc.transact().state_vector().encode_v1()
    };
    let corpus = [honest, vec![0], vec![1, 1, 5], vec![2, 1, 2, 3, 4]];
    let victim = Victim::new(&base);
    let answered = AtomicUsize::new(0);
    rounds("state vectors", STATE_VECTORS, |rng, inputs| {
        let bytes = mutate::mutate(&corpus, rng);
        inputs.push(bytes.clone());
        answered.fetch_add(usize::from(victim.answer(&bytes)), Ordering::Relaxed);
    });
    let answered = answered.into_inner();
    println!("state vectors: {answered} were answered");
    assert!(
        answered > STATE_VECTORS / 10,
        "the corpus is so broken that it tests nothing"
    );
}

#[test]
fn honest_updates_in_any_order_come_to_the_same() {
    rounds("orders", ORDERS, |rng, inputs| {
        // Emoji that were cut in half look different in different orders, so only plain words are compared.
        let plain = rng.random();
        let words = if plain { &seeds::PLAIN_WORDS } else { &seeds::WORDS };
        let mut updates = seeds::history(rng.random(), words);
        let mut straight = Victim::new(&[0, 0]);
        for update in &updates {
            straight.receive(update).unwrap();
            assert!(!straight.is_waiting());
        }
        updates.shuffle(rng);
        let mut shuffled = Victim::new(&[0, 0]);
        for update in updates {
            inputs.push(update.clone());
            shuffled.receive(&update).unwrap();
            if rng.random_bool(0.1) {
                shuffled.restart();
            }
        }
        assert!(!shuffled.is_waiting());
        if plain {
            assert_eq!(shuffled.content(), straight.content());
        }
    });
}

#[test]
fn damaged_updates_that_pass_the_scan_do_no_harm() {
    let (base, corpus) = (seeds::base_document(), seeds::updates());
    let (sent, passed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    rounds("damaged updates", UPDATES / ATTACKS, |rng, inputs| {
        let mut victim = Victim::new(if rng.random_bool(0.5) { &base } else { &[0, 0] });
        for _ in 0..ATTACKS {
            inputs.push(mutate::mutate(&corpus, rng));
            let outcome = victim.receive(inputs.last().unwrap());
            sent.fetch_add(1, Ordering::Relaxed);
            passed.fetch_add(usize::from(outcome.is_some()), Ordering::Relaxed);
        }
        victim.live_on(rng);
        victim.live_on(rng);
    });
    let (sent, passed) = (sent.into_inner(), passed.into_inner());
    println!("damaged updates: {passed} of {sent} passed the scan");
    assert!(
        passed > sent / 20,
        "the corpus is so broken that it tests nothing"
    );
}

/// Forged updates are sound in themselves but connect what does not belong together, such as a list and an entry of a
/// map. Without the document no scan can see that, and `yrs` may panic over it. Whoever applies updates catches that
/// and locks the document; so here too. It must stay a panic: no abort, no endless loop, no heap of memory.
#[test]
fn forged_updates_cost_a_document_at_most() {
    let base = seeds::base_document();
    let (documents, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    rounds("forged updates", FORGED / ATTACKS, |rng, inputs| {
        let mut victim = Victim::new(if rng.random_bool(0.5) { &base } else { &[0, 0] });
        let mut forged: Vec<Vec<u8>> = (0..ATTACKS).map(|_| forge::forge(rng)).collect();
        forged.push(mutate::mutate(&forged, rng));
        let survived = catch_unwind(AssertUnwindSafe(|| {
            for update in &forged {
                victim.receive(update);
            }
            victim.live_on(rng);
            victim.dissolve();
        }));
        inputs.append(&mut forged);
        documents.fetch_add(1, Ordering::Relaxed);
        if survived.is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
            victim.abandon();
        }
    });
    let (documents, lost) = (documents.into_inner(), lost.into_inner());
    println!("forged updates: {lost} of {documents} documents lost");
    assert!(
        lost <= documents / 1_000,
        "{lost} of {documents} documents were lost"
    );
}

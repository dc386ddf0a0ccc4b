//! The gate: what a document can take passes at once and uncopied, the rest waits exactly as long as it must.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::borrow::Cow;

use weft_protocol::gate::{Gate, GateError, WaitingLimits};

/// One character of client `client` at `clock`, behind `(left, left_clock)`.
fn behind(client: u8, clock: u8, left: u8, left_clock: u8) -> Vec<u8> {
    vec![1, 1, client, clock, 0x84, left, left_clock, 1, b'x', 0]
}

/// The first character of a client, in the root "a".
fn first(client: u8) -> Vec<u8> {
    vec![1, 1, client, 0, 4, 1, 1, b'a', 1, b'x', 0]
}

/// Admits to a gate in front of a document that has what was admitted before.
fn admit(gate: &mut Gate, update: &[u8], state_vector: &[u8]) -> Vec<Vec<u8>> {
    let admitted = gate.admit(update, || state_vector.to_vec()).unwrap();
    admitted.into_iter().map(Cow::into_owned).collect()
}

#[test]
fn what_follows_passes_uncopied_and_without_a_look_at_the_document() {
    let mut gate = Gate::default();
    for update in [
        first(1),
        behind(1, 1, 1, 0),
        behind(2, 0, 1, 1),
        vec![0, 1, 2, 1, 0, 1],
    ] {
        let admitted = gate
            .admit(&update, || panic!("nothing seems to be missing"))
            .unwrap();
        assert!(matches!(admitted.as_slice(), [Cow::Borrowed(same)] if *same == update.as_slice()));
    }
    assert!(!gate.is_waiting());
}

#[test]
fn what_waits_comes_out_in_order_when_the_missing_part_comes() {
    let mut gate = Gate::default();
    let (a0, a1, b0) = (first(1), behind(1, 1, 1, 0), behind(2, 0, 1, 1));
    assert!(admit(&mut gate, &b0, &[0]).is_empty());
    assert!(admit(&mut gate, &a1, &[0]).is_empty());
    assert!(admit(&mut gate, &a1, &[0]).is_empty(), "the same again");
    assert_eq!(
        (gate.waiting().len(), gate.waiting_bytes()),
        (2, a1.len() + b0.len())
    );
    assert_eq!(admit(&mut gate, &a0, &[0]), [a0, a1, b0]);
    assert_eq!((gate.is_waiting(), gate.waiting_bytes()), (false, 0));
}

#[test]
fn an_update_with_a_gap_is_cut_there() {
    let mut gate = Gate::default();
    // Client 1: clock 0, a gap of one, clock 2 behind it; and clocks 0 to 3 deleted.
    let update = [
        &[1, 3, 1, 0, 4, 1, 1, b'a', 1, b'x', 10, 1, 0x84, 1, 1, 1, b'y'][..],
        &[1, 1, 1, 0, 3],
    ]
    .concat();
    let ready = [&first(1)[..10], &[1, 1, 1, 0, 1]].concat();
    assert_eq!(admit(&mut gate, &update, &[0]), [ready]);
    assert!(gate.is_waiting());
    let rest = admit(&mut gate, &behind(1, 1, 1, 0), &[1, 1, 1]);
    let late = [&[1, 1, 1, 2, 0x84, 1, 1, 1, b'y'][..], &[1, 1, 1, 1, 2]].concat();
    assert_eq!(rest, [behind(1, 1, 1, 0), late]);
    assert!(!gate.is_waiting());
}

#[test]
fn clients_of_one_update_may_need_each_other() {
    // Client 2 (first in the update) needs client 1, whose second block needs client 2.
    let update = [
        2, 1, 2, 0, 0x84, 1, 0, 1, b'b', 2, 1, 0, 4, 1, 1, b'a', 1, b'x', 0x84, 2, 0, 1, b'c', 0,
    ];
    let mut gate = Gate::default();
    assert_eq!(admit(&mut gate, &update, &[0]), [update]);
    // The same in a circle can never be applied.
    let circle = [2, 1, 2, 0, 0x84, 1, 0, 1, b'b', 1, 1, 0, 0x84, 2, 0, 1, b'c', 0];
    let mut gate = Gate::default();
    assert!(admit(&mut gate, &circle, &[0]).is_empty());
    assert!(gate.is_waiting());
}

#[test]
fn the_document_is_asked_before_something_waits() {
    let mut gate = Gate::default();
    assert_eq!(admit(&mut gate, &behind(3, 7, 1, 0), &[2, 1, 1, 3, 7]).len(), 1);
    gate.forget();
    assert!(admit(&mut gate, &behind(3, 9, 1, 0), &[2, 1, 1, 3, 8]).is_empty());
}

#[test]
fn only_so_much_waits() {
    let mut gate = Gate::new(WaitingLimits {
        max_updates: 1,
        max_bytes: 1_000,
    });
    assert!(admit(&mut gate, &behind(2, 5, 1, 1), &[0]).is_empty());
    assert_eq!(
        gate.admit(&behind(3, 5, 1, 1), || vec![0]),
        Err(GateError::TooMuchWaiting)
    );
    assert_eq!(gate.waiting().len(), 1);
    let mut gate = Gate::new(WaitingLimits {
        max_updates: 10,
        max_bytes: 15,
    });
    assert!(admit(&mut gate, &behind(2, 5, 1, 1), &[0]).is_empty());
    assert_eq!(
        gate.admit(&behind(3, 5, 1, 1), || vec![0]),
        Err(GateError::TooMuchWaiting)
    );
}

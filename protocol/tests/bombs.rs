//! Hand-made attacks, one by one: each is refused before `yrs` sees it.

use weft_protocol::awareness::{self, AwarenessLimits};
use weft_protocol::lib0::write_var_uint;
use weft_protocol::scan::{ScanError, UpdateLimits, document_nesting, scan_state_vector, scan_update};

fn scan(update: &[u8]) -> Result<u32, ScanError> {
    scan_update(update, &UpdateLimits::default()).map(|facts| facts.nesting)
}

/// An update of client 1 with one block in the root "a", whose content is `kind` and `content`.
fn one_block(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut update = vec![1, 1, 1, 0, kind, 1, 1, b'a'];
    update.extend_from_slice(content);
    update.push(0);
    update
}

/// `depth` arrays of one element, one inside the other.
fn nested_value(depth: usize) -> Vec<u8> {
    let mut value = vec![1];
    value.extend([117, 1].repeat(depth));
    value.push(126);
    value
}

/// `depth` types of client 1, each in the one before; the first is in a root or in something that is not there.
fn nested_types(depth: u32, first_parent: &[u8]) -> Vec<u8> {
    let mut update = vec![1];
    write_var_uint(&mut update, u64::from(depth));
    update.extend([1, 0]);
    for clock in 0..depth {
        update.push(7);
        if clock == 0 {
            update.extend_from_slice(first_parent);
        } else {
            update.extend([0, 1]);
            write_var_uint(&mut update, u64::from(clock - 1));
        }
        update.push(0);
    }
    update.push(0);
    update
}

const IN_ROOT: &[u8] = &[1, 1, b'a'];
const IN_MISSING: &[u8] = &[0, 9, 9];

#[test]
fn the_known_killers_are_refused() {
    let refused = |hex: &str| scan(&hex::decode(hex).unwrap()).unwrap_err();
    assert_eq!(
        refused("010166ffffffff0f040101740668656c6c6f2000"),
        ScanError::ClockTooLarge
    );
    assert_eq!(
        refused("010266feffffff0f07010161020400660d066e657374656400"),
        ScanError::ClockTooLarge
    );
    assert_eq!(
        refused("010265feffffff0fc6655b655c01620474727565c6655e655f0162046e756c6c00"),
        ScanError::ClockTooLarge
    );
}

#[test]
fn giants_of_a_few_bytes_are_refused() {
    for count in [
        &[0xff, 0xff, 0xff, 0x7a][..],
        &[0xff, 0xff, 0xff, 0xff, 0x07],
        &[0xff; 9],
    ] {
        assert!(scan(count).is_err());
        assert!(scan_state_vector(count, usize::MAX).is_err());
        assert!(awareness::decode(count, &AwarenessLimits::default()).is_err());
        assert!(scan(&[&[1], count].concat()).is_err(), "blocks of a client");
        assert!(scan(&one_block(8, count)).is_err(), "values");
        assert!(scan(&one_block(4, count)).is_err(), "text");
        assert!(
            scan(&one_block(8, &[&[1, 118], count].concat())).is_err(),
            "a map"
        );
        assert!(scan(&[&[0], count].concat()).is_err(), "a delete set");
    }
}

#[test]
fn values_nest_up_to_the_limit() {
    assert!(scan(&one_block(8, &nested_value(32))).is_ok());
    assert_eq!(
        scan(&one_block(8, &nested_value(33))),
        Err(ScanError::ValueTooDeep)
    );
    assert_eq!(
        scan(&one_block(8, &nested_value(10_000))),
        Err(ScanError::ValueTooDeep)
    );
    let json = |depth: usize| {
        let mut content = Vec::new();
        let text = "[".repeat(depth) + &"]".repeat(depth);
        write_var_uint(&mut content, text.len() as u64);
        content.extend(text.bytes());
        one_block(5, &content)
    };
    assert!(scan(&json(32)).is_ok());
    assert_eq!(scan(&json(33)), Err(ScanError::ValueTooDeep));
    assert_eq!(scan(&json(100_000)), Err(ScanError::ValueTooDeep));
}

/// 609 bytes that made `yrs` ask for 82 GB: each map claims as many entries as bytes remain.
#[test]
fn maps_that_claim_the_rest_of_the_update_are_refused() {
    let mut content = vec![1];
    for level in 0..60_u8 {
        content.extend([118, 240 - level * 4, 1, 1, b'k']);
    }
    content.resize(600, 126);
    assert!(scan(&one_block(8, &content)).is_err());
}

#[test]
fn types_nest_up_to_the_limit() {
    for parent in [IN_ROOT, IN_MISSING] {
        assert_eq!(scan(&nested_types(100, parent)), Ok(100));
        assert_eq!(scan(&nested_types(101, parent)), Err(ScanError::NestedTooDeep));
        assert_eq!(scan(&nested_types(5_000, parent)), Err(ScanError::NestedTooDeep));
        assert_eq!(document_nesting(&nested_types(200_000, parent)), Ok(200_000));
    }
}

#[test]
fn what_hangs_from_something_unknown_is_told_apart() {
    let facts = |update: &[u8]| scan_update(update, &UpdateLimits::default()).unwrap();
    assert!(!facts(&nested_types(5, IN_ROOT)).grafts);
    assert!(facts(&nested_types(5, IN_MISSING)).grafts);
    // A chain of 3 in a root, and one of 4 that waits: together they may become 7.
    let rooted = nested_types(3, IN_ROOT);
    let waiting = nested_types(4, IN_MISSING);
    let mut both = vec![2];
    both.extend_from_slice(&rooted[1..rooted.len() - 1]);
    let mut second = waiting[1..waiting.len() - 1].to_vec();
    second[1] = 2;
    for inner in 1..4 {
        // The parents of client 2's types are its own.
        let at = second.len() - 5 * (4 - inner) + 2;
        second[at] = 2;
    }
    both.extend(second);
    both.push(0);
    assert_eq!((facts(&both).nesting, document_nesting(&both)), (4, Ok(7)));
}

/// Two types that claim to be inside each other, and a million neighbours in a row: the walk ends, and has no stack to
/// overflow.
#[test]
fn circles_and_long_rows_end() {
    let circle = [2, 1, 2, 0, 7, 0, 1, 0, 0, 1, 1, 0, 7, 0, 2, 0, 0, 0];
    assert!(scan(&circle).is_ok());
    let mut row = vec![1];
    write_var_uint(&mut row, 1_000_000);
    row.extend([1, 0, 4, 1, 1, b'a', 1, b'x']);
    for clock in 1..999_999_u64 {
        row.extend([0x84, 1]);
        write_var_uint(&mut row, clock - 1);
        row.extend([1, b'x']);
    }
    row.extend([0x87, 1]);
    write_var_uint(&mut row, 999_998);
    row.extend([0, 0]);
    assert_eq!(scan(&row), Ok(1));
}

//! The rules of the scan, one by one: the smallest update that keeps a rule passes, the smallest that breaks it does
//! not.

use weft_protocol::lib0::{DecodeError, write_var_uint};
use weft_protocol::scan::{ScanError, UpdateLimits, scan_state_vector, scan_update};

fn scan(update: &[u8]) -> Result<(), ScanError> {
    scan_update(update, &UpdateLimits::default()).map(drop)
}

/// Two characters of client 1 in the root "a".
const TEXT: &[u8] = &[1, 1, 1, 0, 4, 1, 1, b'a', 2, b'h', b'i', 0];

#[test]
fn facts_are_told() {
    let facts = scan_update(TEXT, &UpdateLimits::default()).unwrap();
    assert_eq!(
        (facts.blocks, facts.clients, facts.has_deletions, facts.nesting),
        (1, 1, false, 0)
    );
    assert!(!facts.is_empty());
    assert!(scan_update(&[0, 0], &UpdateLimits::default()).unwrap().is_empty());
    let deletion = scan_update(&[0, 1, 1, 1, 0, 2], &UpdateLimits::default()).unwrap();
    assert!(deletion.has_deletions && !deletion.is_empty());
    let gap_alone = scan_update(&[1, 1, 1, 0, 10, 5, 0], &UpdateLimits::default()).unwrap();
    assert!(gap_alone.is_empty());
}

#[test]
fn truncated_and_overlong_updates_are_refused() {
    for length in 0..TEXT.len() {
        assert!(scan(&TEXT[..length]).is_err(), "{length}");
    }
    assert_eq!(scan(&[TEXT, &[0]].concat()), Err(ScanError::TrailingBytes));
    assert_eq!(
        scan(&[0xff]),
        Err(ScanError::Malformed(DecodeError::UnexpectedEnd))
    );
}

#[test]
fn clients_and_clocks_keep_their_width() {
    let with = |client: u64, clock: u64, length: u64| {
        let mut update = vec![1, 1];
        write_var_uint(&mut update, client);
        write_var_uint(&mut update, clock);
        update.push(0);
        write_var_uint(&mut update, length);
        update.push(0);
        update
    };
    let last = (1 << 31) - 1;
    assert_eq!(scan(&with((1 << 53) - 1, 0, last)), Ok(()));
    assert_eq!(
        scan(&with(1 << 53, 0, 1)),
        Err(ScanError::Malformed(DecodeError::IntegerTooLarge))
    );
    assert_eq!(scan(&with(1, last - 1, 1)), Ok(()));
    assert_eq!(scan(&with(1, last, 1)), Err(ScanError::ClockTooLarge));
    assert_eq!(scan(&with(1, 0, last + 1)), Err(ScanError::ClockTooLarge));
    assert_eq!(scan(&with(1, 0, 0)), Err(ScanError::EmptyBlock));
}

#[test]
fn nothing_is_empty_or_twice() {
    assert_eq!(scan(&[1, 0, 1, 0, 0]), Err(ScanError::EmptySection));
    assert_eq!(
        scan(&[2, 1, 1, 0, 0, 1, 1, 1, 5, 0, 1, 0]),
        Err(ScanError::DuplicateClient)
    );
    assert_eq!(scan(&[2, 1, 1, 0, 0, 1, 1, 2, 5, 0, 1, 0]), Ok(()));
    assert_eq!(
        scan(&[0, 2, 1, 1, 0, 1, 1, 1, 5, 1]),
        Err(ScanError::DuplicateClient)
    );
    assert_eq!(scan(&[0, 1, 1, 1, 0, 0]), Err(ScanError::EmptyRange));
    assert_eq!(
        scan(&[1, 1, 1, 0, 4, 1, 1, b'a', 0, 0]),
        Err(ScanError::EmptyBlock),
        "text"
    );
    assert_eq!(
        scan(&[1, 1, 1, 0, 8, 1, 1, b'a', 0, 0]),
        Err(ScanError::EmptyBlock),
        "values"
    );
}

#[test]
fn deleted_ranges_ascend() {
    assert_eq!(scan(&[0, 1, 1, 2, 0, 2, 2, 2]), Ok(()));
    assert_eq!(scan(&[0, 1, 1, 2, 0, 3, 2, 2]), Err(ScanError::UnorderedRanges));
    assert_eq!(scan(&[0, 1, 1, 2, 5, 1, 2, 1]), Err(ScanError::UnorderedRanges));
}

#[test]
fn blocks_refer_to_the_past() {
    let beside = |client: u8, clock: u8| [1, 1, 1, 5, 0x84, client, clock, 1, b'x', 0];
    assert_eq!(scan(&beside(1, 4)), Ok(()));
    assert_eq!(scan(&beside(1, 5)), Err(ScanError::ForwardReference));
    assert_eq!(scan(&beside(2, 5)), Ok(()), "another client's");
    assert_eq!(
        scan(&[1, 1, 1, 5, 4, 0, 1, 5, 1, b'x', 0]),
        Err(ScanError::ForwardReference),
        "parent"
    );
}

#[test]
fn kinds_are_known_and_read_alike_by_all() {
    let block = |content: &[u8]| [&[1, 1, 1, 0][..], content, &[0]].concat();
    let in_root = |kind: u8, content: &[u8]| block(&[&[kind, 1, 1, b'a'][..], content].concat());
    assert_eq!(
        scan(&in_root(2, &[1, 1, b'1'])),
        Err(ScanError::UnsupportedContent { kind: 2 })
    );
    assert_eq!(
        scan(&in_root(11, &[0])),
        Err(ScanError::UnsupportedContent { kind: 11 })
    );
    for info in [12, 15, 0x14, 0x8a, 0x80] {
        assert_eq!(scan(&in_root(info, &[1])), Err(ScanError::UnknownBlock { info }));
    }
    for type_ref in [0, 1, 2, 4, 6] {
        assert_eq!(scan(&in_root(7, &[type_ref])), Ok(()));
    }
    assert_eq!(scan(&in_root(7, &[3, 1, b'p'])), Ok(()));
    for type_ref in [5, 7, 8, 9, 15, 255] {
        assert_eq!(
            scan(&in_root(7, &[type_ref])),
            Err(ScanError::UnsupportedType { type_ref })
        );
    }
    assert_eq!(
        scan(&block(&[4, 2, 1, b'a', 1, b'x'])),
        Err(ScanError::UnknownParent { kind: 2 })
    );
    assert_eq!(
        scan(&in_root(8, &[1, 99])),
        Err(ScanError::UnknownValue { tag: 99 })
    );
    assert_eq!(scan(&in_root(5, &[1, b'{'])), Err(ScanError::InvalidJson));
    assert_eq!(
        scan(&in_root(4, &[1, 0xff])),
        Err(ScanError::Malformed(DecodeError::InvalidUtf8))
    );
}

#[test]
fn numbers_are_limited() {
    let limits = UpdateLimits::default();
    let two_blocks = [1, 2, 1, 0, 0, 1, 0, 1, 0];
    let gap = [1, 2, 1, 0, 10, 1, 0, 1, 0];
    let subdocument = [1, 1, 1, 0, 9, 1, 1, b'a', 1, b'g', 118, 0, 0];
    let two_clients = [2, 1, 1, 0, 0, 1, 1, 2, 5, 0, 1, 0];
    for (update, limits, error) in [
        (
            &two_blocks[..],
            UpdateLimits {
                max_blocks: 1,
                ..limits
            },
            ScanError::TooManyBlocks,
        ),
        (
            &gap,
            UpdateLimits {
                max_skips: 0,
                ..limits
            },
            ScanError::TooManySkips,
        ),
        (
            &subdocument,
            UpdateLimits {
                max_subdocuments: 0,
                ..limits
            },
            ScanError::TooManySubdocuments,
        ),
        (
            &two_clients,
            UpdateLimits {
                max_clients: 1,
                ..limits
            },
            ScanError::TooManyClients,
        ),
        (
            TEXT,
            UpdateLimits {
                max_bytes: TEXT.len() - 1,
                ..limits
            },
            ScanError::TooLarge,
        ),
    ] {
        assert_eq!(scan(update), Ok(()));
        assert_eq!(scan_update(update, &limits), Err(error));
    }
}

#[test]
fn state_vectors_are_checked() {
    assert_eq!(scan_state_vector(&[0], 0), Ok(()));
    assert_eq!(scan_state_vector(&[2, 1, 5, 2, 0], 2), Ok(()));
    assert_eq!(
        scan_state_vector(&[2, 1, 5, 2, 0], 1),
        Err(ScanError::TooManyClients)
    );
    assert_eq!(scan_state_vector(&[1, 1, 5, 0], 2), Err(ScanError::TrailingBytes));
    assert_eq!(
        scan_state_vector(&[1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f], 2),
        Err(ScanError::ClockTooLarge)
    );
    assert!(scan_state_vector(&[], 2).is_err());
}

//! Order keys.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use weft_protocol::board::key::{
    KeyError, LONG_KEY_BYTES, MAX_KEY_BYTES, OrderKey, between, between_with, group, settle, spread,
};

use crate::support::setting;

fn key(text: &str) -> OrderKey {
    OrderKey::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn optional(text: &str) -> Option<OrderKey> {
    (!text.is_empty()).then(|| key(text))
}

/// Low, high, and what the published algorithm puts between them.
const KNOWN: [(&str, &str, &str); 22] = [
    ("", "", "a0"),
    ("", "a0", "Zz"),
    ("", "Zz", "Zy"),
    ("a0", "", "a1"),
    ("a1", "", "a2"),
    ("a0", "a1", "a0V"),
    ("a1", "a2", "a1V"),
    ("a0V", "a1", "a0l"),
    ("Zz", "a0", "ZzV"),
    ("Zz", "a1", "a0"),
    ("", "Y00", "Xzzz"),
    ("bzz", "", "c000"),
    ("a0", "a0V", "a0G"),
    ("a0", "a0G", "a08"),
    ("b125", "b129", "b127"),
    ("a0", "a1V", "a1"),
    ("Zz", "a01", "a0"),
    ("", "a0V", "a0"),
    ("", "b999", "b99"),
    (
        "",
        "A000000000000000000000000001",
        "A000000000000000000000000000V",
    ),
    ("zzzzzzzzzzzzzzzzzzzzzzzzzzy", "", "zzzzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("zzzzzzzzzzzzzzzzzzzzzzzzzzz", "", "zzzzzzzzzzzzzzzzzzzzzzzzzzzV"),
];

#[test]
fn board_keys_are_those_of_the_published_algorithm() {
    for (low, high, expected) in KNOWN {
        let found = between(optional(low).as_ref(), optional(high).as_ref());
        assert_eq!(found, Ok(key(expected)), "between {low:?} and {high:?}");
    }
    let run = |low: &str, high: &str, count| {
        let keys = spread(optional(low).as_ref(), optional(high).as_ref(), count).unwrap();
        keys.iter().map(OrderKey::as_str).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(run("", "", 5), "a0 a1 a2 a3 a4");
    assert_eq!(run("a4", "", 10), "a5 a6 a7 a8 a9 aA aB aC aD aE");
    assert_eq!(run("", "a0", 5), "Zv Zw Zx Zy Zz");
    assert_eq!(
        run("a0", "a2", 20),
        "a04 a08 a0G a0K a0O a0V a0Z a0d a0l a0t a1 a14 a18 a1G a1O a1V a1Z a1d a1l a1t"
    );
}

#[test]
fn board_keys_that_are_none_are_refused() {
    let long = format!("a0{}", "1".repeat(MAX_KEY_BYTES - 1));
    let huge = "z".repeat(1 << 20);
    let bad = [
        "",
        "0",
        "a",
        "a00",
        "a1 ",
        "b1",
        "a0-",
        "äa",
        "A00000000000000000000000000",
        &long,
        &huge,
    ];
    for text in bad {
        assert_eq!(OrderKey::parse(text), Err(KeyError::Invalid), "{:.40}", text);
    }
    assert_eq!(key(&long[..MAX_KEY_BYTES]).as_str().len(), MAX_KEY_BYTES);
}

#[test]
fn equal_and_reversed_board_keys_have_nothing_between_them() {
    for (low, high) in [("a0", "a0"), ("a1", "a0"), ("a0V", "a0G"), ("b00", "Zz")] {
        let (low, high) = (key(low), key(high));
        let mut dice = |_| 0;
        for found in [
            between(Some(&low), Some(&high)).map(drop),
            between_with(Some(&low), Some(&high), &mut dice).map(drop),
            group(Some(&low), Some(&high), 3, &mut dice).map(drop),
            spread(Some(&low), Some(&high), 3).map(drop),
        ] {
            assert_eq!(found, Err(KeyError::NotAscending));
        }
    }
}

/// Keys at random places of a list, until there is no room; and the list after it was settled.
#[test]
fn board_keys_stay_between_their_neighbours() {
    let seed = setting("WEFT_SEED", 1);
    println!("WEFT_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut full = 0;
    for round in 0..200 {
        let mut list: Vec<OrderKey> = Vec::new();
        let spot = rng.random_range(0..4);
        for _ in 0..300 {
            let at = match spot {
                0 => list.len(),
                1 => 0,
                2 => list.len() / 2,
                _ => rng.random_range(0..=list.len()),
            };
            let (low, high) = (at.checked_sub(1).map(|at| &list[at]), list.get(at));
            let count = rng.random_range(1..4);
            let mut dice_rng = StdRng::seed_from_u64(rng.random());
            let found = match rng.random_range(0..3) {
                0 => spread(low, high, count),
                1 => group(low, high, count, &mut |bound| dice_rng.random_range(0..bound)),
                _ => {
                    between_with(low, high, &mut |bound| dice_rng.random_range(0..bound)).map(|key| vec![key])
                }
            };
            match found {
                Ok(keys) => drop(list.splice(at..at, keys)),
                Err(error) => {
                    assert_eq!(error, KeyError::NoRoom, "round {round}");
                    full += 1;
                    settle_list(&mut list);
                }
            }
        }
        assert!(
            list.windows(2).all(|pair| pair[0] < pair[1]),
            "round {round}: {list:?}"
        );
        settle_list(&mut list);
        assert!(
            list.windows(2).all(|pair| pair[0] < pair[1]),
            "round {round}: {list:?}"
        );
        assert!(
            list.iter().all(|key| key.as_str().len() <= LONG_KEY_BYTES),
            "round {round}"
        );
    }
    assert!(full > 0, "no round met the end of the room");
}

fn settle_list(list: &mut [OrderKey]) {
    let keys: Vec<_> = list.iter().cloned().map(Some).collect();
    for (at, key) in settle(&keys) {
        list[at] = key;
    }
}

#[test]
fn settled_board_keys_ascend_whatever_they_were() {
    let seed = setting("WEFT_SEED", 1);
    println!("WEFT_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for round in 0..3000 {
        let count = rng.random_range(0..12);
        let length = [3, 6, 40, 62][rng.random_range(0..4)];
        let few = rng.random_range(1..=62);
        let mut keys: Vec<Option<OrderKey>> = (0..count)
            .map(|_| {
                let head = b"AZazb"[rng.random_range(0..5)];
                let rest = (0..rng.random_range(1..=length)).map(|_| digits[rng.random_range(0..few)]);
                let text: Vec<u8> = std::iter::once(head).chain(rest).collect();
                OrderKey::parse(std::str::from_utf8(&text).unwrap()).ok()
            })
            .collect();
        keys.sort_by_key(|key| (key.is_none(), key.clone()));
        let changes = settle(&keys);
        let mut settled = keys.clone();
        for (at, key) in &changes {
            assert_ne!(
                settled[*at].as_ref(),
                Some(key),
                "round {round}: a write that changes nothing"
            );
            settled[*at] = Some(key.clone());
        }
        let settled: Vec<OrderKey> = settled.into_iter().map(Option::unwrap).collect();
        assert!(
            settled.windows(2).all(|pair| pair[0] < pair[1]),
            "round {round}: {keys:?} → {settled:?}"
        );
        assert!(
            settled.iter().all(|key| key.as_str().len() <= LONG_KEY_BYTES),
            "round {round}"
        );
        let again: Vec<_> = settled.into_iter().map(Some).collect();
        assert_eq!(settle(&again), [], "round {round}: not settled");
    }
    assert_eq!(settle(&vec![None; 100_000]).len(), 100_000);
}

#[test]
fn random_digits_keep_two_inserts_apart() {
    let (low, high) = (key("a0"), key("a1"));
    let mut rng = StdRng::seed_from_u64(7);
    let mut ties = 0;
    for _ in 0..2000 {
        let mut draw = |bound| rng.random_range(0..bound);
        let one = between_with(Some(&low), Some(&high), &mut draw).unwrap();
        let other = between_with(Some(&low), Some(&high), &mut draw).unwrap();
        ties += usize::from(one == other);
    }
    assert_eq!(ties, 0);
    // Also where the upper key begins with what is between.
    let (low, high) = (key("a0"), key("a00001"));
    let found = between_with(Some(&low), Some(&high), &mut |bound| bound - 1).unwrap();
    assert!(low < found && found < high, "{found}");
}

#[test]
fn groups_do_not_interleave() {
    let (low, high) = (key("a0"), key("a1"));
    let mut rng = StdRng::seed_from_u64(9);
    for _ in 0..2000 {
        let mut draw = |bound| rng.random_range(0..bound);
        let one = group(Some(&low), Some(&high), 5, &mut draw).unwrap();
        let other = group(Some(&low), Some(&high), 5, &mut draw).unwrap();
        let (first, last) = if one < other { (one, other) } else { (other, one) };
        assert!(first[4] < last[0], "{first:?} {last:?}");
    }
}

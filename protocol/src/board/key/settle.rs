//! New keys for those in a list that are missing, equal or long.
//!
//! Invariant: afterwards the keys of the list ascend strictly, in the order of the list, and none is long. The result
//! depends on the list alone, so two who settle the same list write the same keys.

use super::{LONG_KEY_BYTES, OrderKey, SETTLED_KEY_BYTES, spread};

/// What has to change in a list with these keys, in the order in which it is shown: positions and their new keys.
///
/// A key stays if it is above those before it that stay, and not long. The others come between their neighbours;
/// where there is not enough room, neighbours get new keys too, ever more of them.
pub fn settle(keys: &[Option<OrderKey>]) -> Vec<(usize, OrderKey)> {
    let mut stays = kept(keys);
    let mut fresh: Vec<Option<OrderKey>> = vec![None; keys.len()];
    let mut at = 0;
    while at < keys.len() {
        if stays[at] {
            at += 1;
            continue;
        }
        let start = stays[..at]
            .iter()
            .rposition(|stay| *stay)
            .map_or(0, |before| before + 1);
        let end = stays[at..]
            .iter()
            .position(|stay| *stay)
            .map_or(keys.len(), |after| at + after);
        let low = start.checked_sub(1).and_then(|before| keys[before].as_ref());
        let high = keys.get(end).and_then(Option::as_ref);
        let whole = start == 0 && end == keys.len();
        match spread(low, high, end - start) {
            Ok(found) if whole || found.iter().all(|key| key.len() <= SETTLED_KEY_BYTES) => {
                for (slot, key) in fresh[start..end].iter_mut().zip(found) {
                    *slot = Some(key);
                }
                at = end;
            }
            _ if whole => break,
            _ => {
                let more = end - start;
                let from = start.saturating_sub(more);
                stays[from..start].fill(false);
                let until = keys.len().min(end + more);
                stays[end..until].fill(false);
                at = from;
            }
        }
    }
    fresh
        .into_iter()
        .enumerate()
        .filter_map(|(at, key)| Some((at, key?)))
        .collect()
}

/// Which keys can stay.
fn kept(keys: &[Option<OrderKey>]) -> Vec<bool> {
    let mut last: Option<&OrderKey> = None;
    let mut stays = Vec::with_capacity(keys.len());
    for key in keys {
        let stay = key
            .as_ref()
            .filter(|key| key.len() <= LONG_KEY_BYTES && last.is_none_or(|last| last < *key));
        stays.push(stay.is_some());
        last = stay.or(last);
    }
    stays
}

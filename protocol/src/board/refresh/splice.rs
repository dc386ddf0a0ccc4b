//! Taking much out of a list, or putting much in, in one pass.
//!
//! Invariant: one thing costs what moving the rest of the list by one costs; many cost one pass over the list.

/// Takes out what is at `positions`, which ascend.
pub(super) fn take_out<V>(list: &mut Vec<V>, positions: &[usize]) {
    if let [at] = positions {
        if *at < list.len() {
            list.remove(*at);
        }
        return;
    }
    let mut gone = positions.iter().peekable();
    let mut at = 0;
    list.retain(|_| {
        let goes = gone.next_if(|position| **position == at).is_some();
        at += 1;
        !goes
    });
}

/// Puts values where they belong: in front of what was at their positions, which ascend.
pub(super) fn put_in<V>(list: &mut Vec<V>, values: Vec<(usize, V)>) {
    if values.len() == 1 {
        for (at, value) in values {
            list.insert(at.min(list.len()), value);
        }
        return;
    }
    let mut whole = Vec::with_capacity(list.len() + values.len());
    let mut rest = std::mem::take(list).into_iter();
    let mut taken = 0;
    for (at, value) in values {
        whole.extend(rest.by_ref().take(at.saturating_sub(taken)));
        taken = taken.max(at);
        whole.push(value);
    }
    whole.extend(rest);
    *list = whole;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_and_come_where_they_are_told() {
        for (gone, left) in [
            (vec![], vec![0, 1, 2, 3]),
            (vec![0], vec![1, 2, 3]),
            (vec![0, 3], vec![1, 2]),
            (vec![1, 2], vec![0, 3]),
            (vec![0, 1, 2, 3], vec![]),
        ] {
            let mut list = vec![0, 1, 2, 3];
            take_out(&mut list, &gone);
            assert_eq!(list, left);
            let values = gone
                .iter()
                .enumerate()
                .map(|(before, at)| (at - before, *at))
                .collect();
            put_in(&mut list, values);
            assert_eq!(list, [0, 1, 2, 3]);
        }
    }
}

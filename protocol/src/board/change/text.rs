//! Writing a text by what differs.
//!
//! Invariant: only what is between the common beginning and the common end is replaced, so that what others write at
//! the same time stays where it was.

use yrs::types::text::TextPrelim;
use yrs::{GetString, Map, MapRef, OffsetKind, Out, Text, TransactionMut};

/// Makes the shared text `name` of `parent` say `wanted`.
pub(super) fn rewrite(txn: &mut TransactionMut<'_>, parent: &MapRef, name: &str, wanted: &str) {
    let Some(Out::YText(shared)) = parent.get(txn, name) else {
        parent.insert(txn, name, TextPrelim::new(wanted));
        return;
    };
    let now = shared.get_string(txn);
    if shared.len(txn) != length(&now, txn.doc().offset_kind()) {
        // Something that is no text is in it, so positions do not tell.
        if now != wanted {
            parent.insert(txn, name, TextPrelim::new(wanted));
        }
        return;
    }
    let offsets = txn.doc().offset_kind();
    let same = |(one, other): &(char, char)| one == other;
    let head: usize = now
        .chars()
        .zip(wanted.chars())
        .take_while(same)
        .map(|(one, _)| one.len_utf8())
        .sum();
    let (rest, new) = (&now[head..], &wanted[head..]);
    let tail = rest.chars().rev().zip(new.chars().rev()).take_while(same);
    let tail: usize = tail.map(|(one, _)| one.len_utf8()).sum();
    let (gone, new) = (&rest[..rest.len() - tail], &new[..new.len() - tail]);
    let at = length(&now[..head], offsets);
    if !gone.is_empty() {
        shared.remove_range(txn, at, length(gone, offsets));
    }
    if !new.is_empty() {
        shared.insert(txn, at, new);
    }
}

/// The length of `text` as the document counts. Texts here are far shorter than 2^32.
fn length(text: &str, offsets: OffsetKind) -> u32 {
    let length = match offsets {
        OffsetKind::Bytes => text.len(),
        OffsetKind::Utf16 => text.chars().map(char::len_utf16).sum(),
    };
    u32::try_from(length).unwrap_or(u32::MAX)
}

//! A long editing history whose pieces do not melt together: what a document looks like after a year.
//!
//! Every operation inserts one character behind a random earlier one of the same client, so that neither the updates
//! nor the document's state shrink to a few blocks.
//! Invariant: the same numbers give the same bytes. Updates must be sent in their order: each builds on earlier ones.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use weft_protocol::lib0::{write_buffer, write_var_uint};

use crate::role::client_id;
use crate::writer::ROOT;

const SEED: u64 = 7;
const CONTENT_STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;

/// `operations` updates of `clients` clients that take turns.
#[must_use]
pub fn history(operations: usize, clients: usize) -> Vec<Vec<u8>> {
    let mut random = StdRng::seed_from_u64(SEED);
    let clients = clients.max(1);
    (0..operations)
        .map(|index| {
            let clock = (index / clients) as u64;
            let origin = (clock > 0).then(|| random.random_range(0..clock));
            let character = random.random_range(b'a'..=b'z');
            insert(client_id(index % clients), clock, origin, character)
        })
        .collect()
}

/// The same history in larger updates, `size` operations in each.
///
/// # Errors
/// If an operation is no update.
pub fn batched(operations: &[Vec<u8>], size: usize) -> Result<Vec<Vec<u8>>, yrs::encoding::read::Error> {
    operations
        .chunks(size.max(1))
        .map(yrs::merge_updates_v1)
        .collect()
}

fn insert(client: u64, clock: u64, origin: Option<u64>, character: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, client);
    write_var_uint(&mut out, clock);
    match origin {
        Some(origin) => {
            out.push(CONTENT_STRING | HAS_ORIGIN);
            write_var_uint(&mut out, client);
            write_var_uint(&mut out, origin);
        }
        None => {
            out.push(CONTENT_STRING);
            write_var_uint(&mut out, 1);
            write_buffer(&mut out, ROOT.as_bytes());
        }
    }
    write_buffer(&mut out, &[character]);
    write_var_uint(&mut out, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::Replica;

    #[test]
    fn a_history_makes_a_document_with_every_character() {
        let updates = history(1_000, 8);
        assert_eq!(updates, history(1_000, 8), "the same numbers give the same bytes");
        let text = Replica::from_updates(&updates).expect("valid updates").text();
        assert_eq!(text.len(), 1_000);
        let batches = batched(&updates, 64).expect("valid updates");
        assert_eq!(batches.len(), 16);
        assert_eq!(
            Replica::from_updates(&batches).expect("valid updates").text(),
            text
        );
    }
}

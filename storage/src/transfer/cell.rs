//! A value of any column, in the form that SQLite has for it, and what a table's rows come to.
//!
//! Invariant: two tables have the same [`Digest`] exactly if they hold the same rows (in any order), up to SHA-256.

use sha2::{Digest as _, Sha256};

/// A value. Ids are their 16 bytes, booleans 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// How much memory it takes, roughly.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) | Self::Real(_) => 16,
            Self::Text(text) => 16 + text.len(),
            Self::Bytes(bytes) => 16 + bytes.len(),
        }
    }

    fn add_to(&self, hash: &mut Sha256) {
        let (kind, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, &[]),
            Self::Integer(number) => (1, &number.to_be_bytes()),
            Self::Real(number) => (2, &number.to_bits().to_be_bytes()),
            Self::Text(text) => (3, text.as_bytes()),
            Self::Bytes(bytes) => (4, bytes),
        };
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
}

/// A row.
pub(super) type Cells = Vec<Cell>;

/// What a table's rows come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    sum: u128,
}

impl Digest {
    /// Adds a row.
    pub(super) fn add(&mut self, cells: &[Cell]) {
        let mut hash = Sha256::new();
        for cell in cells {
            cell.add_to(&mut hash);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize()[..16]);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[Cells]) -> Digest {
        let mut digest = Digest::default();
        for row in rows {
            digest.add(row);
        }
        digest
    }

    #[test]
    fn rows_count_and_their_order_does_not() {
        let (a, b) = (
            vec![Cell::Integer(1), Cell::Text("x".to_owned())],
            vec![Cell::Null, Cell::Bytes(b"x".to_vec())],
        );
        let both = digest(&[a.clone(), b.clone()]);
        assert_eq!(both, digest(&[b.clone(), a.clone()]));
        for other in [
            vec![a.clone()],
            vec![a.clone(), a.clone()],
            vec![a.clone(), vec![Cell::Null, Cell::Text("x".to_owned())]],
            vec![a, b.clone(), b],
            vec![],
        ] {
            assert_ne!(both, digest(&other), "{other:?}");
        }
    }
}

//! Letting go of a document.
//!
//! A `yrs` document that holds a subdocument holds itself: the subdocument's block owns its parent. Dropping such a
//! document frees nothing. Deleting the block does, so before a document is dropped everything in it is deleted.
//!
//! Invariant: what [`delete_everything`] makes is for a document that is about to be dropped. It must never be stored
//! or sent.

use crate::lib0::{Reader, write_var_uint};
use crate::scan::{ScanError, scan_state_vector};

/// The update that deletes all that a document with this state vector has.
///
/// # Errors
/// [`ScanError`] if `state_vector` is none.
pub fn delete_everything(state_vector: &[u8]) -> Result<Vec<u8>, ScanError> {
    scan_state_vector(state_vector, usize::MAX)?;
    let mut reader = Reader::new(state_vector);
    let mut clocks = Vec::new();
    for _ in 0..reader.var_uint()? {
        let (client, clock) = (reader.var_uint()?, reader.var_uint()?);
        clocks.extend((clock > 0).then_some((client, clock)));
    }
    let mut update = vec![0];
    write_var_uint(&mut update, clocks.len() as u64);
    for (client, clock) in clocks {
        write_var_uint(&mut update, client);
        update.extend([1, 0]);
        write_var_uint(&mut update, clock);
    }
    Ok(update)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{UpdateLimits, scan_update};

    #[test]
    fn it_deletes_each_client_from_the_start_to_its_clock() {
        let update = delete_everything(&[3, 1, 5, 2, 0, 0xac, 0x02, 9]).unwrap();
        assert_eq!(update, [0, 2, 1, 1, 0, 5, 0xac, 0x02, 1, 0, 9]);
        assert!(
            scan_update(&update, &UpdateLimits::default())
                .unwrap()
                .has_deletions
        );
        assert!(delete_everything(&[3, 1, 5]).is_err());
    }
}
